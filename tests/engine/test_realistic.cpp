// The realistic flow as a whole: all off it is Poisson, its children are those of theory, it sees the background alone,
// and what it hides stays hidden.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "engine/market/venue.hpp"
#include "tests/engine/play.hpp"

namespace {

using namespace mm;

using RealisticVenue = Venue<RealisticFlow, MediumOrderBook>;

// What happened, and when.
struct Happening {
    Nanoseconds time;
    char kind;  // L, C, T
    Order order;

    bool operator==(const Happening&) const = default;
};

struct Log {
    const RealisticVenue* venue = nullptr;
    std::vector<Happening> all;

    void submitted(Handle, const Order& order) { all.push_back({venue->now(), 'L', order}); }
    void cancelled(Handle, const Order& order) { all.push_back({venue->now(), 'C', order}); }
    void reduced(Handle, const Order&) {}
    void filled(const Fill& fill) {
        all.push_back({venue->now(), 'T', {fill.maker_side, fill.maker_party, fill.price, fill.lots}});
    }
    std::vector<Happening> of(char kind) const {
        std::vector<Happening> some;
        std::ranges::copy_if(all, std::back_inserter(some), [&](const Happening& each) { return each.kind == kind; });
        return some;
    }
};

struct World {
    explicit World(const RealisticParams& flow_params, std::uint64_t seed = 1)
        : params(book_of(flow_params)),
          flow(flow_params, params.initial_mid_ticks),
          venue(params, flow),
          log{&venue, {}} {
        venue.open(Random(seed, 0, 0), Nobody{});
    }
    static BookParams book_of(const RealisticParams& flow) {
        BookParams book{.initial_mid_ticks = 1000, .initial_spread_ticks = 4, .warmup_s = 20, .fees = {}};
        book.realistic = flow;
        book.validate();
        return book;
    }
    void run_for(double seconds) { venue.run_until(later(venue.now(), seconds * kSecond), log); }

    BookParams params;
    RealisticFlow flow;
    RealisticVenue venue;
    Log log;
};

std::unique_ptr<World> world(const RealisticParams& params, std::uint64_t seed = 1) {
    return std::make_unique<World>(params, seed);
}

// Nothing depends on the book but what cannot trade with it: orders of one class around the best prices.
RealisticParams all_off() {
    RealisticParams params = realistic_flow();
    params.placement.imbalance = params.takers.imbalance = 0;
    params.takers.spread_power = 0;
    params.takers.collar = 1000;
    params.patience = {.hazard = {0.5}, .inside = {1}, .at_best = {1}, .near = {1}, .deep = {1}, .near_ticks = 1};
    params.metaorders.reset();
    params.value.reset();
    params.impact.reset();
    params.stale.reset();
    params.informed.reset();
    params.hawkes.reset();
    params.reactions.reset();
    params.log_activity.reset();
    params.intraday.reset();
    return params;
}

struct Gaps {
    double rate, variation;  // 1/s; standard deviation over mean
};
Gaps gaps(const std::vector<Happening>& events, double seconds) {
    double sum = 0, squares = 0;
    for (std::size_t i = 1; i < events.size(); ++i) {
        const double gap = static_cast<double>(events[i].time - events[i - 1].time) / kSecond;
        sum += gap;
        squares += gap * gap;
    }
    const auto n = static_cast<double>(events.size() - 1);
    return {static_cast<double>(events.size()) / seconds, std::sqrt(squares / n - sum * sum / (n * n)) / (sum / n)};
}

TEST_CASE("with every layer off, limit orders and market orders are Poisson") {
    const auto plain = world(all_off());
    constexpr double kSeconds = 4000;
    plain->run_for(kSeconds);
    plain->venue.book().validate();
    const Gaps limits = gaps(plain->log.of('L'), kSeconds);
    CHECK(limits.rate == doctest::Approx(30).epsilon(0.02));
    CHECK(limits.variation == doctest::Approx(1).epsilon(0.02));
    std::vector<Happening> takes;  // the fills of one order are one
    for (const Happening& fill : plain->log.of('T'))
        if (takes.empty() || takes.back().time != fill.time) takes.push_back(fill);
    const Gaps markets = gaps(takes, kSeconds);
    CHECK(markets.rate == doctest::Approx(8).epsilon(0.03));
    CHECK(markets.variation == doctest::Approx(1).epsilon(0.03));
    CHECK(plain->venue.counters().rejected == 0);
}

TEST_CASE("children are as many as theory says, and bunched") {
    RealisticParams params = all_off();
    params.hawkes = realistic_flow().hawkes;
    params.reactions = ReactionsParams{.follow = 0.4, .follow_decay = 200, .refill_decay = 100};
    const auto [limits, markets] = params.mean_rates();
    CHECK(markets == doctest::Approx(8 / 0.5));
    const auto excited = world(params);
    constexpr double kSeconds = 4000;
    excited->run_for(kSeconds);
    const double cancels = gaps(excited->log.of('C'), kSeconds).rate, found = gaps(excited->log.of('L'), kSeconds).rate;
    // The formula counts each limit order as cancelled; what was filled has prompted nothing.
    const double expected = (30 + 0.2 * cancels + (0.4 + 0.4) * markets) / (1 - 0.2);
    CHECK(found == doctest::Approx(expected).epsilon(0.04));
    CHECK(found < limits);
    CHECK(gaps(excited->log.of('L'), kSeconds).variation > 1.1);
    CHECK(excited->venue.counters().rejected == 0);
}

TEST_CASE("activity that would explode is refused, and the matrix is named") {
    RealisticParams params = realistic_flow();
    params.hawkes.value().branching[0] = {0.6, 0.4, 0.3};
    CHECK(params.spectral_radius() == doctest::Approx(0.6 + 0.3 + 0.1 + 0.2 * 0.05));
    CHECK_THROWS_WITH_AS(params.validate(),
                         doctest::Contains("[[LL + LC + refill + renew x 0.05, LM + follow + renew], [ML + MC, MM]]"),
                         std::invalid_argument);
    params.hawkes.value().branching = {{{0.2, 0, 0}, {0, 1.1, 0}, {0, 0, 0}}};
    CHECK_THROWS_AS(params.validate(), std::invalid_argument);
    params.hawkes.value().branching = {{{0.5, 1, 0.2}, {0.4, 0.5, 0}, {0, 0, 0}}};  // neither alone
    params.reactions.reset();
    CHECK(params.spectral_radius() == doctest::Approx(0.5 * (1.2 + std::sqrt(0.04 + 1.6))));
    CHECK_THROWS_AS(params.validate(), std::invalid_argument);
}

TEST_CASE("a layer without what it needs is refused") {
    RealisticParams params = realistic_flow();
    params.value.reset();
    CHECK_THROWS_WITH_AS(params.validate(), doctest::Contains("be left out where there is no value"),
                         std::invalid_argument);
    BookParams book = World::book_of(all_off());
    book.signal = SignalParams{};
    CHECK_THROWS_WITH_AS(book.validate(), doctest::Contains("signal must be left out"), std::invalid_argument);
    book.signal.reset();
    book.flow = plain_flow();
    CHECK_THROWS_WITH_AS(book.validate(), doctest::Contains("flow must be left out"), std::invalid_argument);
}

TEST_CASE("who follows a trade quotes on the taker's side, after the delay that is asked for") {
    RealisticParams params = all_off();
    params.takers.rate = 0.05;
    params.placement.rate = 2;
    params.reactions = ReactionsParams{.follow = 1, .follow_decay = 1000};
    const auto market = world(params);
    market->run_for(20'000);
    int soon = 0, same_side = 0, takes = 0;
    const auto& all = market->log.all;
    for (std::size_t i = 0; i + 1 < all.size(); ++i) {
        if (all[i].kind != 'T' || (all[i + 1].kind == 'T' && all[i + 1].time == all[i].time)) continue;
        ++takes;
        for (std::size_t j = i + 1; j < all.size() && all[j].time < all[i].time + 10'000'000; ++j) {
            if (all[j].kind != 'L') continue;
            ++soon;
            same_side += all[j].order.side != all[i].order.side;  // the maker's is the other one
            break;
        }
    }
    CHECK(takes > 500);
    CHECK(soon >= 0.99 * takes);
    CHECK(same_side >= 0.98 * takes);
}

// Informed traders are the ones who sell above the value and buy below it; the others do not know it.
TEST_CASE("quotes on the wrong side of the value are taken, by those who know it") {
    const auto market = world(realistic_flow());
    int wrong = 0, all = 0;
    for (int i = 0; i < 20'000; ++i) {
        market->run_for(0.05);
        const double value = market->venue.value();
        wrong += value > market->venue.reference(Side::ask) + 1 || value < market->venue.reference(Side::bid) - 1;
        ++all;
    }
    RealisticParams params = realistic_flow();
    params.informed.reset();
    params.stale.reset();
    const auto slow = world(params);
    int wrong_without = 0;
    for (int i = 0; i < 20'000; ++i) {
        slow->run_for(0.05);
        const double value = slow->venue.value();
        wrong_without += value > slow->venue.reference(Side::ask) + 1 || value < slow->venue.reference(Side::bid) - 1;
    }
    CHECK(wrong < 0.25 * wrong_without);
    CHECK(wrong_without > 0.02 * all);
}

TEST_CASE("one seed is one market, another seed another") {
    const auto one = world(realistic_flow(), 3), same = world(realistic_flow(), 3), other = world(realistic_flow(), 4);
    for (World* market : {one.get(), same.get(), other.get()}) market->run_for(100);
    CHECK(one->log.all == same->log.all);
    CHECK(one->log.all != other->log.all);
    CHECK(one->log.all.size() > 2000);
}

// Quotes that nobody trades with must not change a bit of what the others do; those that trade change only what follows
// from that.
TEST_CASE("nobody looks at our quotes") {
    const auto alone = world(realistic_flow(), 5), with_us = world(realistic_flow(), 5);
    Random whim(5, 5, 0);
    std::vector<Handle> ours;
    std::size_t compared = 0;
    bool traded = false;
    for (int i = 0; i < 600 && !traded; ++i) {
        for (const Handle order : ours)
            if (with_us->venue.book().holds(order)) with_us->venue.cancel(order, Nobody{});
        ours.clear();
        for (const Side side : kSides) {  // large, and further away than anybody goes
            const Ticks price = with_us->venue.reference(side) - sign(side) * static_cast<Ticks>(40 + whim.below(60));
            ours.push_back(
                with_us->venue.limit(side, price, 500, Party::agent, TimeInForce::post_only, Nobody{}).resting);
        }
        alone->run_for(0.1);
        with_us->run_for(0.1);
        for (const Happening& each : with_us->log.all) traded = traded || each.order.party != Party::background;
        REQUIRE(alone->log.all == with_us->log.all);
        compared = alone->log.all.size();
    }
    CHECK(!traded);
    CHECK(compared > 1000);
}

TEST_CASE("a quote at the touch changes nothing until it trades") {
    int runs = 0;
    for (std::uint64_t seed = 0; seed < 50; ++seed) {
        const auto alone = world(realistic_flow(), seed), with_us = world(realistic_flow(), seed);
        const Side side = seed % 2 == 0 ? Side::bid : Side::ask;
        const Ticks best = with_us->venue.reference(side), inside = best + sign(side);
        const bool room = with_us->venue.reference(Side::ask) - with_us->venue.reference(Side::bid) > 1;
        with_us->venue.limit(side, room ? inside : best, 3, Party::agent, TimeInForce::post_only, Nobody{});
        for (int i = 0; i < 200; ++i) {
            alone->run_for(0.01);
            with_us->run_for(0.01);
            bool traded = false;
            for (const Happening& each : with_us->log.all) traded = traded || each.order.party != Party::background;
            if (traded) break;
            REQUIRE(alone->log.all == with_us->log.all);
            ++runs;
        }
    }
    CHECK(runs > 500);
}

TEST_CASE("what falls due together with too many is counted, never silent") {
    RealisticParams params = realistic_flow();
    params.hawkes.value().decay = {200, 5, 0.01};  // a hundred seconds
    CHECK_THROWS_WITH_AS(params.validate(), doctest::Contains("children that hawkes has to come must be <= 128"),
                         std::invalid_argument);
    const RealisticFlow flow(params, 1000);  // unchecked
    BookParams book = World::book_of(realistic_flow());
    book.warmup_s = 600;
    const auto venue = std::make_unique<RealisticVenue>(book, flow);
    venue->open(Random(1, 0, 0), Nobody{});
    CHECK(venue->counters().rejected > 0);
    venue->book().validate();
}

TEST_CASE("a day has its course") {
    RealisticParams params = all_off();
    params.intraday = IntradayParams{
        .session_s = 3000, .base = 0.5, .opening = 2, .opening_scale = 0.05, .closing = 0, .closing_scale = 1};
    const auto market = world(params);  // opened 20 s ago
    market->run_for(130);
    const std::size_t early = market->log.of('L').size();
    market->run_for(1370);
    const std::size_t before = market->log.of('L').size();
    market->run_for(1000);
    const std::size_t late = market->log.of('L').size() - before;
    CHECK(static_cast<double>(late) == doctest::Approx(0.5 * 30 * 1000).epsilon(0.03));
    const double u = 0.5 * 130 + 2 * 150 * (std::exp(-20 / 150.0) - std::exp(-1));
    CHECK(static_cast<double>(early) == doctest::Approx(30 * u).epsilon(0.05));
}

}  // namespace
