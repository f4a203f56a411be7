// Cancels: when each order is due, and that orders live as long after hours of a market as at its opening.
#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <map>
#include <set>
#include <tuple>
#include <vector>

#include "engine/book/order_book.hpp"
#include "engine/flow/cancels.hpp"

namespace {

using namespace mm;

// What is due, as one would explain it: the last time that each slot was given, and where we are among them.
template <class Due>
class NaiveDueTimes {
  public:
    void set(std::uint32_t due) { due_[Due::slot(due)] = due; }
    bool holds(std::uint32_t due) const {
        const auto found = due_.find(Due::slot(due));
        return found != due_.end() && found->second == due;
    }
    std::uint32_t next() const {
        std::uint32_t least = Due::kNotDue;
        for (const auto& [slot, due] : due_)
            if (due >= from_) least = std::min(least, due);
        return least;
    }
    void take(std::uint32_t due) { from_ = due + 1; }
    // What was due before is over; the rest is to come, once more if it came at that very tick.
    void shift(std::uint32_t ticks) {
        std::erase_if(due_, [&](const auto& each) { return Due::ticks(each.second) < ticks; });
        for (auto& [slot, due] : due_) due = Due::due(Due::ticks(due) - ticks, slot);
        from_ = 0;
    }
    std::set<std::uint32_t> all() const {
        std::set<std::uint32_t> all;
        for (const auto& [slot, due] : due_) all.insert(due);
        return all;
    }
    bool set_before(std::uint32_t slot) const { return due_.contains(slot); }

  private:
    std::map<std::uint32_t, std::uint32_t> due_;
    std::uint32_t from_ = 0;
};

// Orders come, fall due in order and are put off or forgotten; slots are used anew while their old time is still there.
template <std::uint32_t Slots>
class Pair {
    using Due = DueTimes<Slots>;

  public:
    explicit Pair(std::uint64_t seed) : random_(seed, Slots, 0) {}

    // Whether both said the same. For a while more comes than falls due, then less.
    bool step() {
        const std::uint32_t what = random_.below(1000);
        if (what == 0) return shift();
        return what < (++steps_ / 1000 % 2 == 0 ? 650U : 350U) ? come() : fall_due();
    }

    int shifts = 0, fell_due = 0, superseded = 0, looked_further = 0, empty = 0;

  private:
    bool come() {
        const std::uint32_t slot = random_.below(Slots);
        const std::uint32_t due = later(slot);
        superseded += naive_.set_before(slot);
        real_.set(due);
        naive_.set(due);
        return real_.holds(due) && real_.first() <= naive_.next();
    }

    // Goes on to the next time. If it holds it must be the earliest of all; or its slot has another by now.
    bool fall_due() {
        const std::uint32_t due = real_.take_first(), expected = naive_.next();
        if (due == Due::kNotDue) {
            ++empty;
            now_ = Due::kMostTicks;  // the end of the range has come
            return expected == Due::kNotDue && shift();
        }
        if (real_.first() == Due::kNotDue) {
            ++looked_further;
            real_.look_further();
        }
        now_ = Due::ticks(due);
        if (real_.holds(due) != naive_.holds(due) || real_.holds(due) != (due == expected)) return false;
        if (due != expected) return due < expected;
        ++fell_due;
        naive_.take(due);
        if (random_.below(3) != 0) return true;
        const std::uint32_t put_off = later(Due::slot(due));
        real_.set(put_off);
        naive_.set(put_off);
        return real_.first() <= naive_.next();
    }

    bool shift() {
        ++shifts;
        real_.shift(now_);
        naive_.shift(now_);
        now_ = 0;
        given_ = naive_.all();
        return real_.first() <= naive_.next();
    }

    // Often at the very tick of another, now and then as far away as can be said: time begins anew where it cannot.
    std::uint32_t later(std::uint32_t slot) {
        constexpr std::uint32_t kFar[] = {1, 4, 100, 100'000, Due::kMostTicks};
        const std::uint32_t wait = 1 + random_.below(kFar[random_.below(5)]);
        if (now_ + wait > Due::kMostTicks) shift();
        const std::uint32_t due = Due::due(now_ + wait, slot);
        return given_.insert(due).second ? due : later(slot);  // the same once more would come once more
    }

    Due real_;
    NaiveDueTimes<Due> naive_;
    std::uint32_t now_ = 0;          // ticks
    std::set<std::uint32_t> given_;  // since time began
    int steps_ = 0;
    Random random_;
};

template <std::uint32_t Slots>
void check_order() {
    CAPTURE(Slots);
    int shifts = 0, fell_due = 0, superseded = 0, looked_further = 0, empty = 0;
    for (std::uint64_t seed = 0; seed < 10; ++seed) {
        Pair<Slots> pair(seed);
        for (int step = 0; step < 10'000; ++step) REQUIRE(pair.step());
        shifts += pair.shifts;
        fell_due += pair.fell_due;
        superseded += pair.superseded;
        looked_further += pair.looked_further;
        empty += pair.empty;
    }
    CHECK(shifts > 50);
    CHECK(fell_due > 10'000);
    CHECK(superseded > 10'000);
    CHECK(looked_further > 100);
    CHECK(empty > 10);
}

TEST_CASE("due times come in order, whatever is set anew, falls on one tick, lies far off or is shifted") {
    check_order<64>();
    check_order<128>();
    check_order<1024>();
}

TEST_CASE("a due time says its tick and its slot") {
    using Due = DueTimes<128>;
    const Due none;
    CHECK(none.first() == Due::kNotDue);
    for (const std::uint32_t slot : {0U, 1U, 127U})
        for (const std::uint32_t ticks : {0U, 1U, 77'777U, Due::kMostTicks}) {
            const std::uint32_t due = Due::due(ticks, slot);
            CHECK(Due::ticks(due) == ticks);
            CHECK(Due::slot(due) == slot);
            CHECK(due != Due::kNotDue);
            CHECK_FALSE(none.holds(due));
        }
}

// How orders are cancelled: with the machinery for prompted cancels or without, and prompted or not.
template <bool MayBePrompted, bool Prompted>
struct Mode {
    static constexpr bool kMayBePrompted = MayBePrompted;
    static constexpr bool kPrompted = Prompted;
};

// Hazards by distance; the opposite best stays where it is.
PoissonParams with_hazards(const std::vector<double>& hazard) {
    return {.distance = {1, 2, 3, 4},
            .limit_rate = {1, 1, 1},
            .cancel_hazard = hazard,
            .market_rate = 0,
            .limit_sizes = {{1}, {1}},
            .market_sizes = {{1}, {1}}};
}

// A book with one ask, and bids at three distances from it as the test puts them there.
template <class How>
class World {
  public:
    World(const std::vector<double>& hazard, Nanoseconds start)
        : cancels_(with_hazards(hazard), How::kPrompted, kRate, 1), now_(start), random_(9, How::kPrompted, 0) {
        cancels_.restart(state_, book_, random_, now_);
        // Of ours: nobody cancels it for us.
        book_.limit(Side::ask, kAsk, 1, Party::agent, TimeInForce::gtc, kNobody);
        for (Ticks bid : {kAsk - 1, kAsk - 2, kAsk - 3})
            book_.limit(Side::bid, bid, 1, Party::agent, TimeInForce::gtc, kNobody);
        book_.cancel(book_.limit(Side::ask, kAsk, 1, Party::background, TimeInForce::gtc, kNobody).resting);
        REQUIRE(book_.reference(Side::ask) == kAsk);
    }

    void fill() {
        for (Ticks distance = 1; distance <= 3; ++distance)
            for (int i = 0; i < kOrders; ++i) place(distance);
    }

    // Cancels at each distance until a time; where wanted, an order comes for each that goes.
    std::array<int, 4> run_until(Nanoseconds end, bool refill) {
        std::array<int, 4> counts{};
        std::vector<Ticks> gone;
        const auto cancel = [&](Handle handle, const Order& order, Stream&) {
            in_order_ = in_order_ && order.party == Party::background;
            gone.push_back(kAsk - order.price);
            ++counts[static_cast<std::size_t>(gone.back())];
            book_.cancel(handle);
            return true;
        };
        while (state_.next < end) {
            in_order_ = in_order_ && state_.next >= now_;
            now_ = state_.next;
            cancels_.fire(state_, book_, now_, cancel);
            if (How::kPrompted) cancels_.act(state_, book_, cancel);
            if (refill)
                for (const Ticks distance : gone) place(distance);
            gone.clear();
        }
        now_ = end;
        CHECK(in_order_);
        return counts;
    }

    const CompactOrderBook& book() const { return book_; }

    static constexpr int kOrders = 10;     // at each distance
    static constexpr double kRate = 25.1;  // cancels/s that there are in all

  private:
    static constexpr Ticks kAsk = 1000;
    static constexpr auto kNobody = [](const Fill&) {};

    void place(Ticks distance) {
        const Handle order =
            book_.limit(Side::bid, kAsk - distance, 1, Party::background, TimeInForce::gtc, kNobody).resting;
        cancels_.born(state_, order, cancels_.fate(random_.bits()), now_);
    }

    Cancels<How::kMayBePrompted> cancels_;
    CompactOrderBook book_{kAsk};
    typename Cancels<How::kMayBePrompted>::template State<CompactOrderBook> state_;
    Nanoseconds now_;
    Random random_;
    bool in_order_ = true;  // times never go back, and nobody of ours goes
};

using ByThemselves = Mode<false, false>;
using NotPrompted = Mode<true, false>;
using Prompted = Mode<true, true>;
#define EVERY_MODE ByThemselves, NotPrompted, Prompted

constexpr Nanoseconds kStarts[] = {0, 5'000'000'000'000};  // of the random streams: a market may draw anew at any time

// Counts over `seconds`, where an order comes for each that goes.
template <class How>
void check_counts(const std::array<int, 4>& counts, const std::vector<double>& hazard, double seconds) {
    for (std::size_t d = 1; d <= 3; ++d) {
        CAPTURE(d);
        // Prompted orders age by a Poisson number of steps, at one of which they go and here come too.
        const double share = 1 - std::exp(-hazard[d - 1] / World<How>::kRate);
        const double rate = How::kPrompted ? World<How>::kRate * share : hazard[d - 1];
        const double expected = World<How>::kOrders * seconds * rate;
        const double variance = 1 / expected + (How::kPrompted ? 1 / (World<How>::kRate * seconds) : 0);
        CHECK(std::abs(counts[d] / expected - 1) < 4 * std::sqrt(variance));
    }
}

TEST_CASE_TEMPLATE("orders go at the hazard of their distance, after hours as at the opening", How, EVERY_MODE) {
    const std::vector<double> hazard{2, .5, .03};
    constexpr Nanoseconds kPart = 1'000'000'000'000;
    for (const Nanoseconds start : kStarts) {
        CAPTURE(start);
        World<How> world(hazard, start);
        world.fill();
        for (int part = 1; part <= 12; ++part) {  // far beyond the range of due times
            CAPTURE(part);
            check_counts<How>(world.run_until(start + part * kPart, true), hazard, kPart / kSecond);
        }
    }
}

TEST_CASE_TEMPLATE("orders that come after hours without any live as long", How, EVERY_MODE) {
    const std::vector<double> hazard{2, .5, .03};
    for (const Nanoseconds start : kStarts) {
        CAPTURE(start);
        World<How> world(hazard, start);
        CHECK(world.run_until(start + 9'000'000'000'000, false) == std::array<int, 4>{});
        world.fill();
        check_counts<How>(world.run_until(start + 10'000'000'000'000, true), hazard, 1000);
        for (int part = 0; part < 10; ++part) world.run_until(start + (11 + part) * 1'000'000'000'000, false);
        CHECK(world.book().live() == 4);  // ours are still there
    }
}

TEST_CASE_TEMPLATE("lives are exponential from the shortest to the longest", How, ByThemselves, NotPrompted) {
    constexpr int kRounds = 4000;
    constexpr std::array kAges{.001, .01, .1, .5, 1.0, 2.0, 4.0};  // means
    const std::vector<double> hazard{40, .2, 5};
    World<How> world(hazard, 0);
    std::array<std::array<double, 4>, kAges.size()> gone{};
    Nanoseconds start = 0;
    for (int round = 0; round < kRounds; ++round) {
        world.fill();
        // Each distance in its own unit of time: what is over is counted at times that ascend for all three.
        std::vector<std::tuple<Nanoseconds, std::size_t, std::size_t>> looks;
        for (std::size_t d = 1; d <= 3; ++d)
            for (std::size_t age = 0; age < kAges.size(); ++age)
                looks.emplace_back(start + std::llround(kAges[age] * kSecond / hazard[d - 1]), d, age);
        std::ranges::sort(looks);
        std::array<int, 4> so_far{};
        for (const auto& [time, d, age] : looks) {
            const auto counts = world.run_until(time, false);
            for (std::size_t each = 1; each <= 3; ++each) so_far[each] += counts[each];
            gone[age][d] += so_far[d];
        }
        start += 200'000'000'000;
        world.run_until(start, false);
        REQUIRE(world.book().live() == 4);
    }
    const double orders = kRounds * World<How>::kOrders;
    for (std::size_t d = 1; d <= 3; ++d)
        for (std::size_t age = 0; age < kAges.size(); ++age) {
            CAPTURE(d);
            CAPTURE(kAges[age]);
            const double share = 1 - std::exp(-kAges[age]);
            CHECK(std::abs(gone[age][d] - orders * share) < 4 * std::sqrt(orders * share * (1 - share)));
        }
}

TEST_CASE("where no hazard is, nobody ever goes") {
    World<ByThemselves> world({0, 0, 0}, 0);
    world.fill();
    CHECK(world.run_until(20'000'000'000'000, false) == std::array<int, 4>{});
}

}  // namespace
