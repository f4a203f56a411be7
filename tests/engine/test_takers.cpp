// Who takes and who flees, by the formulae: uninformed takers, informed ones, stale quotes.
#include <doctest/doctest.h>

#include <cmath>

#include "engine/flow/informed.hpp"
#include "engine/flow/stale.hpp"
#include "engine/flow/takers.hpp"

namespace {

using namespace mm;

TakersParams params() {
    return {.rate = 0.5,
            .usual_spread = 8,
            .spread_power = 2,
            .most = 4,
            .imbalance = 0.8,
            .whole_queue = 0.2,
            .trimmed = 0.75,
            .collar = 10,
            .sizes = {{50, 500}, {0.5, 0.5}}};
}

Sight sight(double value) {
    return {.bid = 1000, .ask = 1010, .value = value};
}

TEST_CASE("more of them while the spread is tight, up to a bound") {
    const Takers takers(params());
    CHECK(takers.rate(8) == doctest::Approx(1));
    CHECK(takers.rate(16) == doctest::Approx(0.25));
    CHECK(takers.rate(4) == doctest::Approx(4));
    CHECK(takers.rate(1) == doctest::Approx(4));
    CHECK(takers.rate(100'000) == takers.rate(511));
}

TEST_CASE("those against the heavier queue are put off") {
    const Takers takers(params());
    Stream stream(1, 2);
    int off = 0;
    for (int i = 0; i < 100'000; ++i) off += takers.puts_off(Side::bid, -0.5, stream);
    CHECK(off == doctest::Approx(40'000).epsilon(0.02));
    for (int i = 0; i < 1000; ++i) CHECK(!takers.puts_off(Side::ask, -0.5, stream));
}

TEST_CASE("sizes look at the queue") {
    const Takers takers(params());
    Stream stream(3, 4);
    int whole = 0, small = 0, large = 0;
    constexpr int kCount = 100'000;
    for (int i = 0; i < kCount; ++i) {
        const Lots lots = takers.lots(100, stream);
        whole += lots == 100;
        small += lots == 50;
        large += lots == 500;
    }
    CHECK(whole + small + large == kCount);
    CHECK(small == doctest::Approx(kCount * 0.8 * 0.5).epsilon(0.02));
    CHECK(large == doctest::Approx(kCount * 0.8 * 0.5 * 0.25).epsilon(0.04));
}

TEST_CASE("nobody pays more than the collar from the mid") {
    const Takers takers(params());
    CHECK(takers.worst(Side::bid, sight(0)) == 1015);
    CHECK(takers.worst(Side::ask, sight(0)) == 995);
    const Sight odd{.bid = 1000, .ask = 1011};
    CHECK(takers.worst(Side::bid, odd) == 1015);  // 1015.5
    CHECK(takers.worst(Side::ask, odd) == 996);   // 995.5
}

TEST_CASE("who knows the value takes what stands on its wrong side, and nothing else") {
    const InformedParams informed{.rate = 30, .cost = 0.5, .whole_queue = 1};
    CHECK(informed.rate_against(Side::ask, sight(1010.4)) == 0);
    CHECK(informed.rate_against(Side::ask, sight(1010.6)) == 30);
    CHECK(informed.rate_against(Side::bid, sight(1010.6)) == 0);
    CHECK(informed.rate_against(Side::bid, sight(999.4)) == 30);
}

TEST_CASE("a quote is the more in haste the closer the value is") {
    const StaleParams stale{.hazard = 60, .distance = 2, .width = 4};
    CHECK(stale.hazard_of(Side::bid, sight(1005)) == 0);
    CHECK(stale.hazard_of(Side::bid, sight(1001)) == doctest::Approx(15));
    CHECK(stale.hazard_of(Side::bid, sight(990)) == 60);
    CHECK(stale.hazard_of(Side::ask, sight(1009)) == doctest::Approx(15));
    CHECK(stale.hazard_of(Side::ask, sight(1005)) == 0);
}

}  // namespace
