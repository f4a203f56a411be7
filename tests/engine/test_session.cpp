// We at a venue: what becomes of our orders in their queues, and when what we send arrives.
#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "engine/market/agenda.hpp"
#include "engine/market/desk.hpp"
#include "engine/market/session.hpp"
#include "engine/market/venue.hpp"

namespace {

using namespace mm;

constexpr Ticks kMid = 1000;
constexpr Party kOurs = Party::agent, kOther = static_cast<Party>(2);
constexpr Wish kNothing{};
constexpr Nanoseconds kMs = 1'000'000;

// A background that never does anything by itself.
BookParams idle() {
    BookParams params;
    params.initial_mid_ticks = kMid;
    params.flow.emplace().poisson = {.distance = {1, 2},
                                     .limit_rate = {1e-12},
                                     .cancel_hazard = {0},
                                     .market_rate = 0,
                                     .limit_sizes = {{1}, {1}},
                                     .market_sizes = {{1}, {1}}};
    return params;
}

// One order in its queue.
struct Place {
    Party party;
    Lots lots;

    bool operator==(const Place&) const = default;
};
constexpr Place ours(Lots lots) {
    return {kOurs, lots};
}
constexpr Place theirs(Lots lots) {
    return {Party::background, lots};
}

// A venue, and us and another party of ours at it.
class Floor {
    using VenueKind = Venue<PlainFlow, CompactOrderBook>;

  public:
    explicit Floor(const Latency& latency = {}, const Latency& others = {})
        : session(kOurs, latency), other(kOther, others) {
        Random random(1, 0, 0);
        venue.restart(random);
        session.restart(Stream(random));
        other.restart(Stream(random));
        bid(kMid - 10, 1);
        ask(kMid + 10, 1);
    }

    // The background comes.
    Handle bid(Ticks price, Lots lots) {
        return venue.limit(Side::bid, price, lots, Party::background, TimeInForce::gtc, *this).resting;
    }
    Handle ask(Ticks price, Lots lots) {
        return venue.limit(Side::ask, price, lots, Party::background, TimeInForce::gtc, *this).resting;
    }
    void sell(Lots lots) { venue.take(Side::ask, 1, lots, Party::background, *this); }
    void buy(Lots lots) { venue.take(Side::bid, 2 * kMid, lots, Party::background, *this); }

    // All that is due, up to a time and at it.
    void run_until(Nanoseconds time) {
        while (agenda.next() <= time) {
            venue.run_until(agenda.next(), *this);
            const Task task = agenda.pop();
            Session& at = task.party == kOurs ? session : other;
            at.arrive(task, venue, [this](Side side) { return room_[index(side)]; }, *this);
        }
        venue.run_until(time, *this);
    }
    // Sends what is wanted, and waits for it.
    void quote(const Wish& bid, const Wish& ask = kNothing) {
        REQUIRE(session.send_quotes(venue.now(), bid, ask, agenda));
        run_until(venue.now());
    }
    void take(Side side, const Wish& wish) {
        REQUIRE(session.send_take(venue.now(), side, wish, agenda));
        run_until(venue.now());
    }
    void limit_room(Side side, Lots lots) { room_[index(side)] = lots; }

    std::vector<Place> queue(Ticks price) const {
        std::vector<Place> places;
        const auto& book = venue.book();
        for (Handle handle = book.front(price); handle; handle = book.following(handle))
            places.push_back({book.order(handle).party, book.order(handle).lots});
        return places;
    }
    Lots resting(Side side) const { return session.resting(side, venue.book()); }

    void filled(const Fill& fill) {
        if (fill.maker_party == kOurs || fill.taker_party == kOurs) desk.filled(fill, venue.now(), venue.mid2_before());
        told.emplace_back("fill");
    }
    void submitted(Handle, const Order& order) { tell(order, " comes"); }
    void cancelled(Handle, const Order& order) { tell(order, " goes"); }
    void reduced(Handle, const Order& order) { tell(order, " shrinks"); }

    const BookParams params = idle();
    const PlainFlow flow{params.flow.value(), params.initial_mid_ticks};
    VenueKind venue{params, flow};
    std::array<Task, 4> tasks{};
    Agenda agenda{tasks};
    const FeeSchedule fees{{.maker = {-1}, .taker = {3}}};
    std::array<Markouts::Record, 64> fills{};
    Desk desk{kOurs, fees, fills};
    Session session, other;
    std::vector<std::string> told;  // what happened

  private:
    void tell(const Order& order, const char* what) {
        told.push_back((order.side == Side::bid ? "bid " : "ask ") + std::to_string(order.price) + what);
    }

    std::array<Lots, 2> room_{1000, 1000};
};

TEST_CASE("a remainder keeps its place, and what is missing joins behind") {
    Floor floor;
    constexpr Ticks kBid = kMid - 3;
    floor.quote({kBid, 3});
    floor.bid(kBid, 2);
    floor.sell(1);
    CHECK(floor.queue(kBid) == std::vector{ours(2), theirs(2)});
    const Handle first = floor.session.first(Side::bid, floor.venue.book());
    floor.told.clear();
    floor.quote({kBid, 3});
    CHECK(floor.queue(kBid) == std::vector{ours(2), theirs(2), ours(1)});
    CHECK(floor.session.first(Side::bid, floor.venue.book()) == first);
    CHECK(floor.resting(Side::bid) == 3);
    CHECK(floor.told == std::vector<std::string>{"bid 997 comes"});  // and nobody else was touched

    floor.told.clear();
    floor.quote({kBid, 3});  // as it is already
    CHECK(floor.told.empty());
    floor.sell(3);
    CHECK(floor.queue(kBid) == std::vector{theirs(1), ours(1)});
    CHECK(floor.session.first(Side::bid, floor.venue.book()) != first);
    CHECK(floor.desk.position() == 3);
}

TEST_CASE("a smaller wish takes from the newest") {
    for (const Side side : kSides) {
        Floor floor;
        const Ticks price = kMid - 3 * sign(side);
        const auto quote = [&](Lots lots) {
            const Wish wish{price, lots};
            floor.quote(side == Side::bid ? wish : kNothing, side == Side::ask ? wish : kNothing);
        };
        const auto join = [&] { side == Side::bid ? floor.bid(price, 1) : floor.ask(price, 1); };
        quote(3);
        join();
        quote(5);
        join();
        quote(6);
        join();
        CHECK(floor.queue(price) == std::vector{ours(3), theirs(1), ours(2), theirs(1), ours(1), theirs(1)});
        quote(4);
        CHECK(floor.queue(price) == std::vector{ours(3), theirs(1), ours(1), theirs(1), theirs(1)});
        quote(2);
        CHECK(floor.queue(price) == std::vector{ours(2), theirs(1), theirs(1), theirs(1)});
        CHECK(floor.resting(side) == 2);
        quote(0);
        CHECK(floor.queue(price) == std::vector{theirs(1), theirs(1), theirs(1)});
        CHECK(floor.resting(side) == 0);
        CHECK(floor.session.posted(side) == kNoPrice);
        CHECK_FALSE(floor.session.first(side, floor.venue.book()));
        floor.venue.book().validate();
    }
}

TEST_CASE("another price moves all orders of a side, and those of the other side stay") {
    Floor floor;
    floor.quote({kMid - 3, 2}, {kMid + 3, 2});
    floor.bid(kMid - 3, 1);
    floor.ask(kMid + 3, 1);
    floor.quote({kMid - 3, 3}, {kMid + 3, 2});
    floor.bid(kMid - 2, 4);
    floor.quote({kMid - 2, 3}, {kMid + 3, 3});
    CHECK(floor.queue(kMid - 3) == std::vector{theirs(1)});
    CHECK(floor.queue(kMid - 2) == std::vector{theirs(4), ours(3)});
    CHECK(floor.queue(kMid + 3) == std::vector{ours(2), theirs(1), ours(1)});
    CHECK(floor.session.posted(Side::bid) == kMid - 2);
    CHECK(floor.session.posted(Side::ask) == kMid + 3);
}

TEST_CASE("where there is no room for one more order, the newest makes way for a larger one") {
    static_assert(Session::kOrders == 4);
    Floor floor;
    constexpr Ticks kAsk = kMid + 2;
    for (Lots lots = 1; lots <= 4; ++lots) {
        floor.quote(kNothing, {kAsk, lots});
        floor.ask(kAsk, 1);
    }
    std::vector expected{ours(1), theirs(1), ours(1), theirs(1), ours(1), theirs(1), ours(1), theirs(1)};
    CHECK(floor.queue(kAsk) == expected);
    floor.quote(kNothing, {kAsk, 5});
    expected[6] = theirs(1);
    expected[7] = ours(2);
    CHECK(floor.queue(kAsk) == expected);
    floor.ask(kAsk, 1);
    floor.quote(kNothing, {kAsk, 9});
    expected[7] = theirs(1);
    expected.push_back(ours(6));
    CHECK(floor.queue(kAsk) == expected);
    CHECK(floor.resting(Side::ask) == 9);
    floor.buy(2);  // the oldest is gone, and its place free
    floor.quote(kNothing, {kAsk, 10});
    expected.erase(expected.begin(), expected.begin() + 2);
    expected.push_back(ours(2));
    CHECK(floor.queue(kAsk) == expected);
    CHECK(floor.resting(Side::ask) == 10);
    floor.venue.book().validate();
}

TEST_CASE("a quote that would cross slides to the nearest price that does not") {
    Floor floor;  // the background at 990 and 1010
    floor.quote({kMid + 10, 1}, {kMid + 20, 1});
    CHECK(floor.session.posted(Side::bid) == kMid + 9);
    CHECK(floor.queue(kMid + 9) == std::vector{ours(1)});
    floor.quote({kMid - 20, 1}, {kMid - 30, 1});
    CHECK(floor.session.posted(Side::ask) == kMid - 9);
    floor.quote({kMid + 4, 1}, {kMid + 2, 1});  // they would cross each other
    CHECK(floor.session.posted(Side::bid) == kMid + 4);
    CHECK(floor.session.posted(Side::ask) == kMid + 5);
    floor.quote({kMid + 50, 1}, {kMid - 50, 1});
    CHECK(floor.session.posted(Side::bid) == kMid + 9);
    CHECK(floor.session.posted(Side::ask) == kMid + 10);
    CHECK(floor.desk.position() == 0);

    floor.quote(kNothing, {kMid + 2, 1});  // a bid that nobody wants is in nobody's way
    floor.quote({kMid + 4, 0}, {kMid + 2, 1});
    CHECK(floor.session.posted(Side::ask) == kMid + 2);
    floor.limit_room(Side::bid, 0);  // nor is one that there is no room for
    floor.quote({kMid + 4, 1}, {kMid + 2, 1});
    CHECK(floor.session.posted(Side::bid) == kNoPrice);
    CHECK(floor.session.posted(Side::ask) == kMid + 2);
}

TEST_CASE("while the background has nobody on a side, its last best price there still holds") {
    Floor floor;
    floor.buy(1);
    CHECK(floor.venue.book().background_empty(Side::ask));
    floor.quote({kMid + 20, 1}, {kMid - 20, 1});
    CHECK(floor.session.posted(Side::bid) == kMid + 9);
    CHECK(floor.session.posted(Side::ask) == kMid + 10);
}

TEST_CASE("both sides go before either comes back") {
    Floor floor;
    floor.quote({kMid - 3, 1}, {kMid + 3, 1});
    floor.told.clear();
    floor.quote({kMid + 3, 1}, {kMid + 5, 1});
    CHECK(floor.told == std::vector<std::string>{"bid 997 goes", "ask 1003 goes", "bid 1003 comes", "ask 1005 comes"});
    floor.told.clear();
    floor.quote({kMid - 6, 1}, {kMid - 4, 1});
    CHECK(floor.told == std::vector<std::string>{"bid 1003 goes", "ask 1005 goes", "bid 994 comes", "ask 996 comes"});
    CHECK(floor.desk.account().turnover() == 0);
}

TEST_CASE("quotes never take: one that meets another party of ours is refused, and counted") {
    Floor floor;
    floor.other.send_quotes(0, kNothing, {kMid + 1, 2}, floor.agenda);
    floor.run_until(0);
    const auto rejected = floor.venue.counters().rejected;
    floor.quote({kMid + 4, 2}, {kMid + 6, 1});
    CHECK(floor.resting(Side::bid) == 0);
    CHECK(floor.session.posted(Side::bid) == kNoPrice);
    CHECK(floor.session.posted(Side::ask) == kMid + 6);
    CHECK(floor.queue(kMid + 1) == std::vector{Place{kOther, 2}});
    CHECK(floor.venue.counters().rejected == rejected + 1);
    CHECK(floor.desk.account().turnover() == 0);
}

TEST_CASE("a taker trades up to its price and to its room, is charged as one, and nothing of it rests") {
    Floor floor;
    floor.ask(kMid + 2, 2);
    floor.ask(kMid + 3, 2);
    floor.ask(kMid + 4, 9);
    floor.take(Side::bid, {kMid + 1, 5});
    CHECK(floor.desk.position() == 0);
    floor.take(Side::bid, {kMid + 3, 5});
    CHECK(floor.desk.position() == 4);
    CHECK(floor.desk.account().cash() == -2 * (kMid + 2) - 2 * (kMid + 3));
    CHECK(floor.desk.account().fees_nano() == 12'000'000'000);
    CHECK(floor.queue(kMid + 3).empty());
    CHECK(floor.resting(Side::bid) == 0);

    floor.limit_room(Side::bid, 3);
    floor.take(Side::bid, {kMid + 9, 8});
    CHECK(floor.desk.position() == 7);
    for (const Lots none : {0, -2}) {
        floor.limit_room(Side::bid, none);
        floor.take(Side::bid, {kMid + 9, 8});
        CHECK(floor.desk.position() == 7);
    }
    floor.take(Side::ask, {1, 100});  // the other side has room of its own
    CHECK(floor.desk.position() == 6);
    CHECK(floor.desk.account().fees_nano() == 24'000'000'000);
}

TEST_CASE("a maker is charged as one, and there is no more of a quote than room for it") {
    Floor floor;
    floor.limit_room(Side::ask, 2);
    floor.quote({kMid - 1, 3}, {kMid + 1, 3});
    CHECK(floor.resting(Side::bid) == 3);
    CHECK(floor.resting(Side::ask) == 2);
    floor.buy(1);
    floor.sell(2);
    CHECK(floor.desk.position() == 1);
    CHECK(floor.desk.account().cash() == (kMid + 1) - 2 * (kMid - 1));
    CHECK(floor.desk.account().fees_nano() == -3'000'000'000);
    floor.limit_room(Side::bid, -1);
    floor.quote({kMid - 1, 3}, {kMid + 1, 3});
    CHECK(floor.resting(Side::bid) == 0);
}

TEST_CASE("a taker never trades with itself: what rests of it is taken out of its way") {
    Floor floor;
    floor.quote(kNothing, {kMid + 1, 2});
    floor.take(Side::bid, {kMid + 10, 1});
    CHECK(floor.resting(Side::ask) == 0);
    CHECK(floor.desk.position() == 1);
    CHECK(floor.desk.account().cash() == -(kMid + 10));
    floor.quote(kNothing, {kMid + 1, 2});
    CHECK(floor.resting(Side::ask) == 2);
    floor.venue.book().validate();
}

TEST_CASE("a cancel can lose its race: what trades before it arrives is ours") {
    Floor floor({.constant = 5 * kMs});
    floor.session.send_quotes(0, {kMid - 1, 2}, kNothing, floor.agenda);
    floor.run_until(20 * kMs);
    CHECK(floor.resting(Side::bid) == 2);
    floor.session.send_quotes(20 * kMs, kNothing, kNothing, floor.agenda);
    floor.run_until(25 * kMs - 1);
    floor.sell(1);
    CHECK(floor.desk.position() == 1);
    CHECK(floor.resting(Side::bid) == 1);
    floor.run_until(25 * kMs);
    CHECK(floor.resting(Side::bid) == 0);
    floor.sell(1);
    CHECK(floor.desk.position() == 1);

    // All of it may be gone by then.
    floor.session.send_quotes(25 * kMs, {kMid - 1, 2}, kNothing, floor.agenda);
    floor.run_until(40 * kMs);
    floor.session.send_quotes(40 * kMs, kNothing, kNothing, floor.agenda);
    floor.sell(2);
    CHECK(floor.desk.position() == 3);
    floor.run_until(60 * kMs);
    CHECK(floor.resting(Side::bid) == 0);
    CHECK(floor.desk.position() == 3);
    floor.venue.book().validate();
}

TEST_CASE("what is sent arrives after the latency, to the nanosecond, however much is under way") {
    constexpr Nanoseconds kLatency = 1'234'567'891;
    Floor floor({.constant = kLatency});
    std::array<Nanoseconds, 4> sent{};
    for (std::size_t i = 0; i < sent.size(); ++i) {
        sent[i] = floor.venue.now();
        CHECK(floor.session.send_quotes(sent[i], {kMid - 5 + static_cast<Ticks>(i), 1}, kNothing, floor.agenda));
        floor.run_until(floor.venue.now() + 100 * kMs + 1);
    }
    Ticks before = kNoPrice;
    for (std::size_t i = 0; i < sent.size(); ++i) {
        const Ticks price = kMid - 5 + static_cast<Ticks>(i);
        floor.run_until(sent[i] + kLatency - 1);
        CHECK(floor.session.posted(Side::bid) == before);
        CHECK(floor.queue(price).empty());
        floor.run_until(sent[i] + kLatency);
        CHECK(floor.session.posted(Side::bid) == price);
        CHECK(floor.queue(price) == std::vector{ours(1)});
        before = price;
    }
}

TEST_CASE("messages arrive in the order in which they were sent, whatever the jitter") {
    std::vector<Task> tasks(1000);
    Agenda agenda(tasks);
    Session session(kOurs, {.constant = kMs, .jitter_ns = 3.0 * kMs});
    Random random(3, 0, 0);
    session.restart(Stream(random));
    Nanoseconds now = 0;
    int overtaking = 0;  // messages that had to wait for one before them
    std::vector<Nanoseconds> sent;
    for (Ticks name = 0; name < 1000; ++name) {
        now += static_cast<Nanoseconds>(random.exponential() * kMs);
        sent.push_back(now);
        const bool takes = name % 3 == 0;
        CHECK((takes ? session.send_take(now, Side::ask, {name, 1}, agenda)
                     : session.send_quotes(now, {1, 1}, {name, 1}, agenda)));
    }
    Nanoseconds last = 0;
    for (Ticks name = 0; name < 1000; ++name) {
        const Task task = agenda.pop();
        REQUIRE(task.wish[1].price == name);
        CHECK(task.due >= sent[static_cast<std::size_t>(name)] + kMs);
        CHECK(task.due >= last);
        overtaking += task.due == last;
        last = task.due;
    }
    CHECK(overtaking > 300);
}

TEST_CASE("a message that is refused because too much is under way holds up nothing") {
    std::array<Task, 1> tasks;
    Agenda agenda(tasks);
    Session session(kOurs, {.constant = 0, .jitter_ns = 1e6 * kMs});
    Random random(4, 0, 0);
    session.restart(Stream(random));
    int sooner = 0;
    for (int i = 0; i < 100; ++i) {
        session.restart(Stream(random));
        REQUIRE(session.send_quotes(0, kNothing, kNothing, agenda));
        const Nanoseconds first = agenda.next();
        for (int refused = 0; refused < 100; ++refused) CHECK_FALSE(session.send_quotes(0, kNothing, kNothing, agenda));
        agenda.pop();
        REQUIRE(session.send_quotes(0, kNothing, kNothing, agenda));
        CHECK(agenda.next() >= first);
        sooner += agenda.pop().due == first;  // it would have come before the first one
    }
    CHECK(std::abs(sooner - 50) < 4 * 5);
}

TEST_CASE("latencies have their mean and their variance, and nothing comes before the constant") {
    constexpr int kMessages = 100'000;
    constexpr double kMean = 2.0 * kMs;
    std::array<Task, 1> tasks;
    Agenda agenda(tasks);
    Session session(kOurs, {.constant = 7 * kMs, .jitter_ns = kMean});
    Random random(5, 0, 0);
    session.restart(Stream(random));
    double sum = 0, squares = 0;
    for (int i = 0; i < kMessages; ++i) {
        const Nanoseconds now = i * Nanoseconds{1'000'000'000};  // far apart
        session.send_quotes(now, kNothing, kNothing, agenda);
        const auto jitter = static_cast<double>(agenda.pop().due - now - 7 * kMs) / kMean;
        CHECK(jitter >= 0);
        sum += jitter / kMessages;
        squares += jitter * jitter / kMessages;
    }
    CHECK(std::abs(sum - 1) < 4 / std::sqrt(kMessages));
    CHECK(std::abs(squares - 2) < 4 * std::sqrt(20.0 / kMessages));
}

TEST_CASE("of two parties that send at once, each is the first as often as its rate says") {
    constexpr int kRaces = 100'000;
    constexpr double kFirstMean = 1.0 * kMs, kSecondMean = 2.5 * kMs;
    Floor floor({.jitter_ns = kFirstMean}, {.jitter_ns = kSecondMean});
    constexpr Ticks kBid = kMid - 2;
    int first = 0;
    for (int race = 0; race < kRaces; ++race) {
        const Nanoseconds now = floor.venue.now();
        // Who sends first within the nanosecond must not matter.
        Session& one = race % 2 == 0 ? floor.session : floor.other;
        Session& two = race % 2 == 0 ? floor.other : floor.session;
        one.send_quotes(now, {kBid, 1}, kNothing, floor.agenda);
        two.send_quotes(now, {kBid, 1}, kNothing, floor.agenda);
        floor.run_until(now + 100 * kMs);
        const auto queue = floor.queue(kBid);
        REQUIRE(queue.size() == 2);
        first += queue[0].party == kOurs;
        floor.session.send_quotes(now + 100 * kMs, kNothing, kNothing, floor.agenda);
        floor.other.send_quotes(now + 100 * kMs, kNothing, kNothing, floor.agenda);
        floor.run_until(now + 300 * kMs);
        REQUIRE(floor.queue(kBid).empty());
        floor.told.clear();
    }
    const double expected = kSecondMean / (kFirstMean + kSecondMean);  // r1 / (r1 + r2)
    const double error = std::sqrt(expected * (1 - expected) / kRaces);
    CHECK(std::abs(first / double{kRaces} - expected) < 3 * error);
}

TEST_CASE("orders that fell out of the book's window are gone, and what is wanted comes anew") {
    Floor floor;
    const auto& book = floor.venue.book();
    const Ticks far = book.base() + CompactOrderBook::kWindow - 2;
    for (Lots lots = 1; lots <= static_cast<Lots>(Session::kOrders); ++lots) floor.quote(kNothing, {far, lots});
    CHECK(floor.queue(far).size() == Session::kOrders);
    // The background moves down, and our bid takes the window with it.
    floor.sell(1);
    floor.bid(kMid - 25, 1);
    floor.ask(kMid - 20, 1);
    floor.quote({kMid - 40, 1}, {far, 5});
    book.validate();
    CHECK_FALSE(book.inside(far));
    CHECK(floor.session.posted(Side::bid) == kMid - 40);
    CHECK(floor.resting(Side::bid) == 1);
    CHECK(floor.resting(Side::ask) == 0);
    CHECK(floor.session.posted(Side::ask) == kNoPrice);
    floor.quote(kNothing, {kMid - 15, 5});
    CHECK(floor.queue(kMid - 15) == std::vector{ours(5)});
    book.validate();
}

}  // namespace
