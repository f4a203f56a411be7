// Fee schedules, worked by hand to the last billionth.
#include <doctest/doctest.h>

#include <limits>

#include "engine/maker/account.hpp"
#include "engine/maker/fees.hpp"

namespace {

using namespace mm;

constexpr WideMoney kOne = 1'000'000'000;  // tick x lot, in billionths

FeeSchedule by_value() {
    return FeeSchedule({.unit = FeeUnit::basis_points, .maker = {-1}, .taker = {2}});
}

struct HandWorked {
    Liquidity liquidity;
    Ticks price;
    Lots lots;
    WideMoney fee_nano;
};

// A basis point of one tick x lot is 100,000 billionths.
constexpr HandWorked kFills[] = {
    {Liquidity::maker, 1, 1, -100'000},
    {Liquidity::taker, 1, 1, 200'000},
    {Liquidity::maker, 10'000, 1, -kOne},
    {Liquidity::taker, 10'001, 3, 6'000'600'000},
    {Liquidity::maker, 12'345, 67, -82'711'500'000},
    {Liquidity::taker, 99'999, 7, 139'998'600'000},
    {Liquidity::maker, 6'000'000, 2'000'000, -1'200'000'000 * kOne},  // 20 bitcoin at 60,000.00
    {Liquidity::taker, 6'000'000, 2'000'000, 2'400'000'000 * kOne},
    {Liquidity::taker, 2'000'000'000, 2'000'000'000, 800'000'000'000'000 * kOne},
    {Liquidity::taker, -3'700, 1'000, 740 * kOne},  // oil in April 2020: a fee is no rebate
};

TEST_CASE("ten fills by hand at a rebate of one basis point and a fee of two") {
    const FeeSchedule schedule = by_value();
    for (const HandWorked& fill : kFills)
        CHECK(schedule.fee(fill.liquidity, fill.price, fill.lots, 0) == fill.fee_nano);
}

TEST_CASE("an account sums them to the last billionth") {
    const FeeSchedule schedule = by_value();
    Account account;
    for (const HandWorked& fill : kFills)
        account.fill(Side::bid, fill.price, fill.lots, schedule.fee(fill.liquidity, fill.price, fill.lots, 0));
    CHECK(account.fees_nano() == 800'001'200'000'802 * kOne + 287'800'000);
    CHECK(account.fees() == doctest::Approx(800001200000802.2878));
}

TEST_CASE("by the lot, in any fraction of a tick") {
    const FeeSchedule schedule({.maker = {-.25}, .taker = {.3}});
    CHECK(schedule.fee(Liquidity::maker, 100, 1, 0) == -250'000'000);
    CHECK(schedule.fee(Liquidity::maker, 5'000'000, 7, 0) == -1'750'000'000);
    CHECK(schedule.fee(Liquidity::taker, -5, 10, 0) == 3 * kOne);
    CHECK(schedule.fee(Liquidity::taker, 100, 2'000'000'000, 0) == 600'000'000 * kOne);
}

TEST_CASE("free by default") {
    CHECK(FeeSchedule().fee(Liquidity::maker, 100, 1000, 0) == 0);
    CHECK(FeeSchedule().fee(Liquidity::taker, 100, 1000, 1'000'000) == 0);
}

TEST_CASE("a rate finer than a billionth is rounded once, so that parts sum to the whole") {
    const FeeSchedule schedule({.maker = {1e-9 / 3}, .taker = {2e-9 / 3}});
    CHECK(schedule.fee(Liquidity::maker, 100, 3000, 0) == 0);
    CHECK(schedule.fee(Liquidity::taker, 100, 3000, 0) == 3000);
    CHECK(schedule.fee(Liquidity::taker, 100, 1000, 0) + schedule.fee(Liquidity::taker, 100, 2000, 0) == 3000);
}

TEST_CASE("a tier holds from its volume on, and for the whole fill that crosses it") {
    const FeeSchedule schedule(
        {.unit = FeeUnit::basis_points, .volume = {0, 1'000, 5'000'000'000}, .maker = {1, 0, -.5}, .taker = {5, 4, 3}});
    const auto maker = [&](Money traded_before) { return schedule.fee(Liquidity::maker, 10'000, 10, traded_before); };
    const auto taker = [&](Money traded_before) { return schedule.fee(Liquidity::taker, 10'000, 10, traded_before); };
    CHECK(maker(0) == 10 * kOne);
    CHECK(maker(995) == 10 * kOne);
    CHECK(maker(999) == 10 * kOne);
    CHECK(maker(1'000) == 0);
    CHECK(maker(4'999'999'999) == 0);
    CHECK(maker(5'000'000'000) == -5 * kOne);
    CHECK(taker(0) == 50 * kOne);
    CHECK(taker(1'000) == 40 * kOne);
    CHECK(taker(std::numeric_limits<Money>::max()) == 30 * kOne);
}

TEST_CASE("what is refused, with its sentence") {
    const auto refused = [](const FeeParams& params, const char* sentence) {
        CHECK_THROWS_WITH(FeeSchedule{params}, sentence);
    };
    constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
    constexpr FeeUnit kPoints = FeeUnit::basis_points;
    refused({.volume = {}, .maker = {}, .taker = {}}, "volume must hold at least one tier, but it is 0");
    refused({.volume = {5}}, "volume[0] must be 0, but it is 5");
    refused({.volume = {0, 9, 9}, .maker = {0, 0, 0}, .taker = {0, 0, 0}}, "volume must increase, but it is 9");
    refused({.maker = {0, 0}}, "maker must have one entry for each of the 1 tiers of volume, but it has 2");
    refused({.taker = {}}, "taker must have one entry for each of the 1 tiers of volume, but it has 0");
    refused({.maker = {kNan}}, "maker must be finite, but it is nan");
    refused({.taker = {1e10}}, "taker must lie within 10^9 ticks per lot of 0, but it is 1e+10");
    refused({.unit = kPoints, .maker = {-10001}}, "maker must lie within 10000 basis points of 0, but it is -10001");
    CHECK_NOTHROW(FeeSchedule({.maker = {-1e9}, .taker = {1e9}}));
    CHECK_NOTHROW(FeeSchedule({.unit = kPoints, .maker = {-1e4}, .taker = {1e4}}));
}

}  // namespace
