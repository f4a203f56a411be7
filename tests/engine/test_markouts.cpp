// The monitor of markouts against a list of all fills and all changes of the mid.
#include <doctest/doctest.h>

#include <algorithm>
#include <map>
#include <tuple>
#include <vector>

#include "engine/core/random.hpp"
#include "engine/maker/markouts.hpp"

namespace {

using namespace mm;

constexpr std::size_t kHorizons = kMarkoutHorizons.size();
using Record = Markouts::Record;
using Sum = Markouts::Sum;

struct Traded {
    Nanoseconds time;
    Side side;
    Ticks price;
    Lots lots;
    Ticks mid2;
};

struct Moved {
    Nanoseconds time;
    Ticks mid2;
};

// What was settled, by time, side and horizon.
using Settled = std::map<std::tuple<Nanoseconds, Side, std::size_t>, Sum>;

void add(Settled& settled, Nanoseconds time, Side side, std::size_t horizon, Money value, Money lots) {
    if (lots == 0) return;
    Sum& sum = settled[{time, side, horizon}];
    sum.value += value;
    sum.lots += lots;
}

// Settles all that is due up to `until` at its own time, as who runs a clock does.
void settle(Markouts& markouts, Nanoseconds until, Ticks mid2, Settled& settled) {
    while (markouts.next() <= until) {
        const Nanoseconds now = markouts.next();
        markouts.settle(now, mid2);
        CHECK(markouts.next() > now);
        const Markouts::Sums sums = markouts.take();
        for (Side side : kSides)
            for (std::size_t h = 0; h < kHorizons; ++h)
                add(settled, now, side, h, sums[index(side)][h].value, sums[index(side)][h].lots);
        if (now == kNever) return;
    }
}

Ticks mid2_before(const std::vector<Moved>& moves, Nanoseconds time) {
    const auto later = std::ranges::partition_point(moves, [&](const Moved& move) { return move.time < time; });
    return (later - 1)->mid2;
}

Settled by_brute_force(const std::vector<Traded>& fills, const std::vector<Moved>& moves) {
    Settled settled;
    for (const Traded& fill : fills) {
        for (std::size_t h = 0; h < kHorizons; ++h) {
            const Nanoseconds due = fill.time + kMarkoutHorizons[h];
            const Ticks mid2 = h == 0 ? fill.mid2 : mid2_before(moves, due);
            const Money value = sign(fill.side) * Money{fill.lots} * (Money{mid2} - 2 * Money{fill.price});
            add(settled, due, fill.side, h, value, fill.lots);
        }
    }
    return settled;
}

class World {
  public:
    explicit World(std::uint64_t seed) : random_(seed, 0, 0) {}

    Nanoseconds gap() {
        constexpr Nanoseconds kLongest[] = {1, 100, 100'000, 100'000'000, 2'000'000'000, 300'000'000'000};
        return between(0, kLongest[random_.below(6)] - 1);
    }
    Ticks next_mid2(Ticks mid2) {
        if (random_.below(50) == 0) return static_cast<Ticks>(between(-1'000'000'000, 1'000'000'000));
        return mid2 + static_cast<Ticks>(between(-3, 3));
    }
    Ticks price(Ticks mid2) {
        constexpr Ticks kFarthest[] = {3, 3, 40'000, 1'500'000'000};
        const Ticks far = kFarthest[random_.below(4)];
        return static_cast<Ticks>(mid2 / 2 + between(-far, far));
    }
    Lots lots() { return static_cast<Lots>(between(1, random_.below(2) == 0 ? 10 : 100'000)); }
    Side side() { return random_.below(2) == 0 ? Side::bid : Side::ask; }
    bool trades() { return random_.below(2) == 0; }

  private:
    std::int64_t between(std::int64_t low, std::int64_t high) {
        return low + static_cast<std::int64_t>(random_.bits() % static_cast<std::uint64_t>(high - low + 1));
    }

    Random random_;
};

TEST_CASE("every fill at every horizon, to the nanosecond and the half tick") {
    for (std::uint64_t seed = 0; seed < 50; ++seed) {
        World world(seed);
        std::vector<Record> ring(4096);
        Markouts markouts(ring);
        std::vector<Traded> fills;
        std::vector<Moved> moves = {{-1, 12'000'000}};
        Settled settled;
        Nanoseconds now = 0;
        for (int event = 0; event < 1000; ++event) {
            now += world.gap();
            const Ticks mid2 = moves.back().mid2;
            settle(markouts, now, mid2, settled);
            if (world.trades()) {
                const Traded fill{now, world.side(), world.price(mid2), world.lots(), mid2};
                markouts.fill(now, fill.side, fill.price, fill.lots, mid2);
                const Sum& sum = markouts.sums()[index(fill.side)][0];
                add(settled, now, fill.side, 0, sum.value, sum.lots);
                markouts.take();
                fills.push_back(fill);
            } else {
                moves.push_back({now, world.next_mid2(mid2)});
            }
        }
        settle(markouts, kNever - 1, moves.back().mid2, settled);
        CHECK(markouts.next() == kNever);
        CHECK(markouts.lost() == 0);
        CHECK(settled == by_brute_force(fills, moves));
    }
}

TEST_CASE("one fill by hand") {
    std::vector<Record> ring(4);
    Markouts markouts(ring);
    CHECK(markouts.next() == kNever);
    markouts.fill(500, Side::ask, 101, 3, 201);  // sold at half a tick above the mid
    CHECK(markouts.sums()[1][0] == Sum{3, 3});
    CHECK(markouts.next() == 100'000'500);
    markouts.settle(100'000'499, 999);
    CHECK(markouts.sums()[1][1] == Sum{});
    markouts.settle(100'000'500, 203);  // the mid rose to half a tick above our price
    CHECK(markouts.sums()[1][1] == Sum{-3, 3});
    CHECK(markouts.next() == 1'000'000'500);
    CHECK(markouts.sums()[0] == Markouts::Sums{}[0]);
    CHECK(markouts.take()[1][1] == Sum{-3, 3});
    CHECK(markouts.sums() == Markouts::Sums{});
    CHECK(markouts.next() == 1'000'000'500);  // what waits is not taken
}

TEST_CASE("a new episode knows nothing of the last") {
    std::vector<Record> ring(4);
    Markouts markouts(ring);
    markouts.fill(3'600'000'000'000, Side::bid, 6'000'000, 40'000, 12'000'001);
    markouts.clear();
    CHECK(markouts.next() == kNever);
    CHECK(markouts.sums() == Markouts::Sums{});
    markouts.fill(7, Side::bid, 100, 1, 200);
    markouts.settle(markouts.next(), 204);
    CHECK(markouts.sums()[0][1] == Sum{4, 1});
    CHECK(markouts.next() == 1'000'000'007);
}

// Fills of one lot, 1 ns apart, at prices that are near each other.
void fill_each_nanosecond(Markouts& markouts, Nanoseconds from, Nanoseconds to) {
    for (Nanoseconds now = from; now < to; ++now) markouts.fill(now, Side::bid, 100, 1, 200);
}

TEST_CASE("a full ring loses what is left of its oldest fills, and counts them") {
    std::vector<Record> ring(8);
    Markouts markouts(ring);
    fill_each_nanosecond(markouts, 0, 5);
    while (markouts.next() < kMarkoutHorizons[2]) markouts.settle(markouts.next(), 202);
    CHECK(markouts.lost() == 0);
    fill_each_nanosecond(markouts, 500'000'000, 500'000'100);
    const auto kept = static_cast<Money>(105 - markouts.lost());
    CHECK(kept >= 8);
    CHECK(kept <= 9);  // one is already out of the ring
    while (markouts.next() != kNever) markouts.settle(markouts.next(), 206);
    const auto& bought = markouts.sums()[0];
    CHECK(bought[0] == Sum{0, 105});
    CHECK(bought[1] == Sum{10 + 6 * kept, 5 + kept});  // the first five were settled in time
    for (std::size_t h = 2; h < kHorizons; ++h) CHECK(bought[h] == Sum{6 * kept, kept});
}

TEST_CASE("a ring that overflows at random settles or counts every fill") {
    for (std::uint64_t seed = 0; seed < 50; ++seed) {
        World world(seed);
        std::vector<Record> ring(16);
        Markouts markouts(ring);
        Settled settled;
        Nanoseconds now = 0;
        const int fills = 2000;
        for (int i = 0; i < fills; ++i) {
            now += world.gap();
            settle(markouts, now, 0, settled);
            markouts.fill(now, Side::ask, world.price(0), 40'000, 0);
        }
        settle(markouts, kNever - 1, 0, settled);
        Money lots[kHorizons] = {};
        for (const auto& [key, sum] : settled) lots[std::get<2>(key)] += sum.lots;
        CHECK(markouts.lost() > 0);
        CHECK(lots[kHorizons - 1] / 40'000 + static_cast<Money>(markouts.lost()) == fills);
        for (std::size_t h = 2; h < kHorizons; ++h) CHECK(lots[h] <= lots[h - 1]);
    }
}

TEST_CASE("a ring of another size is refused") {
    std::vector<Record> ring(48);
    CHECK_THROWS_WITH(Markouts{ring}, "the size of the ring must be a power of two, at least 4, but it is 48");
    ring.resize(2);
    CHECK_THROWS_WITH(Markouts{ring}, "the size of the ring must be a power of two, at least 4, but it is 2");
}

}  // namespace
