// Where orders go, by the formulae.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <vector>

#include "engine/flow/placement.hpp"

namespace {

using namespace mm;

constexpr int kDraws = 200'000;
constexpr PlacementParams kParams{.rate = 1,
                                  .inside = 0.2,
                                  .inside_gap = 10,
                                  .inside_power = 2,
                                  .most_inside = 0.6,
                                  .inside_reach = 0.3,
                                  .at_best = 0.25,
                                  .behind_power = 2,
                                  .behind_offset = 3,
                                  .farthest = 50,
                                  .edge = 0,
                                  .imbalance = 0.8};

Sight sight(Ticks spread, double value, double imbalance = 0) {
    return {.bid = 1000, .ask = 1000 + spread, .imbalance = imbalance, .value = value};
}

// Shares of orders by how many ticks behind the best they are placed; those that are not placed are missing.
std::map<Ticks, double> shares(const PlacementParams& params, Side side, const Sight& seen, bool inside = false) {
    const Placement placement(params);
    Stream stream(1, 2);
    std::map<Ticks, double> shares;
    for (int i = 0; i < kDraws; ++i)
        if (const auto price = placement.price(side, inside, seen, stream))
            shares[flip(side, seen.best(side) - *price)] += 1.0 / kDraws;
    return shares;
}
double inside_share(const std::map<Ticks, double>& shares) {
    double sum = 0;
    for (const auto& [behind, share] : shares) sum += behind < 0 ? share : 0;
    return sum;
}

TEST_CASE("inside the spread with the probability that the gap gives, on both sides alike") {
    for (const double gap : {1.0, 4.0, 8.0}) {
        const double expected = std::min(0.6, 0.2 * std::pow(2 * gap / 10, 2));
        CHECK(inside_share(shares(kParams, Side::bid, sight(20, 1000 + gap))) ==
              doctest::Approx(expected).epsilon(0.03));
        CHECK(inside_share(shares(kParams, Side::ask, sight(20, 1020 - gap))) ==
              doctest::Approx(expected).epsilon(0.03));
    }
    CHECK(inside_share(shares(kParams, Side::bid, sight(1, 1000.5))) == 0);  // no room
}

TEST_CASE("at the best, and behind it with a power law") {
    const auto found = shares(kParams, Side::bid, sight(2, 1000));
    CHECK(inside_share(found) == 0);  // the value is no further than the best
    CHECK(found.at(0) == doctest::Approx(0.25).epsilon(0.03));
    double total = 0;
    for (int i = 1; i <= 50; ++i) total += std::pow(i + 3, -2);
    for (const Ticks i : {1, 2, 5, 20})
        CHECK(found.at(i) == doctest::Approx(0.75 * std::pow(i + 3, -2) / total).epsilon(0.1));
    CHECK(found.rbegin()->first <= 50);
}

TEST_CASE("no order is worth less than its edge, and none crosses") {
    for (const bool random : {false, true}) {
        PlacementParams params = kParams;
        params.edge = 1.5;
        params.random_edge = random;
        for (const Side side : kSides) {
            // A value beyond the own best price: orders step back.
            const Sight seen = sight(4, side == Side::bid ? 998.7 : 1005.3);
            const Placement placement(params);
            Stream stream(3, 4);
            for (int i = 0; i < 10'000; ++i) {
                const Ticks price = *placement.price(side, true, seen, stream);
                const double edge = sign(side) * (seen.value - price);
                if (edge < (random ? 0 : 1.5)) FAIL("a price gives ", edge);
            }
            const Sight far = sight(4, side == Side::bid ? 1100 : 900);  // the value is beyond the other side
            for (int i = 0; i < 10'000; ++i) {
                const Ticks price = *placement.price(side, true, far, stream);
                if (sign(side) * (far.best(opposite(side)) - price) < 1) FAIL("a price crosses: ", price);
            }
        }
    }
}

TEST_CASE("a weak side is not improved") {
    const double usual = inside_share(shares(kParams, Side::bid, sight(20, 1008, 0.5)));
    CHECK(inside_share(shares(kParams, Side::bid, sight(20, 1008, -0.5))) ==
          doctest::Approx(usual * (1 - 0.8 * 0.5)).epsilon(0.03));
    CHECK(inside_share(shares(kParams, Side::ask, sight(20, 1012, -0.5))) == doctest::Approx(usual).epsilon(0.03));
}

TEST_CASE("who is sent inside goes there where there is room") {
    CHECK(inside_share(shares(kParams, Side::bid, sight(6, 1003), true)) == doctest::Approx(1));
    CHECK(inside_share(shares(kParams, Side::bid, sight(1, 1000.5), true)) == 0);
}

}  // namespace
