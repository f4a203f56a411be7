// Sizes: a list, and a share that is lognormal.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <stdexcept>

#include "engine/core/random.hpp"
#include "engine/flow/sizes.hpp"

namespace {

using namespace mm;

Sizes mixture() {
    return {{100}, {1}, LognormalSizes{.share = 0.5, .median = 50, .deviation = 1, .unit = 1}};
}

TEST_CASE("a list that is not mixed stays as it is") {
    const Sizes sizes{{1, 4}, {0.25, 0.75}};
    CHECK(sizes.listed().lots == sizes.lots);
    CHECK(sizes.listed().probability == sizes.probability);
    CHECK(sizes.mean() == 3.25);
}

TEST_CASE("the lognormal share has its median, its mean and its shape") {
    const Sizes listed = mixture().listed();
    CHECK(std::accumulate(listed.probability.begin(), listed.probability.end(), 0.0) == doctest::Approx(1));
    // e^(1/2) times the median; the quantiles end before the last half per mille of it.
    CHECK(mixture().mean() == doctest::Approx(0.5 * 100 + 0.5 * 50 * std::exp(0.5)).epsilon(0.01));
    double below = 0;
    for (std::size_t i = 0; i < listed.lots.size() && listed.lots[i] <= 50; ++i) below += listed.probability[i];
    CHECK(below == doctest::Approx(0.25).epsilon(0.02));
    CHECK(std::ranges::is_sorted(listed.lots));
}

TEST_CASE("sizes are multiples of the unit, and none is 0") {
    const Sizes sizes{{7}, {1}, LognormalSizes{.share = 1, .median = 1, .deviation = 1.5, .unit = 10}};
    for (const Lots lots : sizes.listed().lots) CHECK((lots >= 10 && lots % 10 == 0));
}

TEST_CASE("what is drawn has the listed probabilities") {
    const Sizes listed = mixture().listed();
    const SizeSampler sampler(mixture());
    Stream stream(5, 6);
    std::map<Lots, int> counts;
    constexpr int kDraws = 400'000;
    for (int i = 0; i < kDraws; ++i) ++counts[sampler(stream)];
    for (std::size_t i = 0; i < listed.lots.size(); ++i) {
        const double expected = kDraws * listed.probability[i];
        CHECK(std::abs(counts[listed.lots[i]] - expected) < 6 * std::sqrt(expected) + 1);
    }
}

TEST_CASE("what would overflow is refused") {
    Sizes sizes = mixture();
    sizes.lognormal.value().median = 1e5;
    CHECK_THROWS_AS(sizes.validate(), std::invalid_argument);
    sizes.lognormal = LognormalSizes{.share = 1, .median = 1, .deviation = 1, .unit = 1};
    CHECK_THROWS_WITH_AS(sizes.validate(), "lots must be empty where all sizes are lognormal, but it is 1",
                         std::invalid_argument);
    sizes.lots.clear();
    sizes.probability.clear();
    CHECK_NOTHROW(sizes.validate());
    sizes.lognormal.value().median = 0;
    CHECK_THROWS_WITH_AS(sizes.validate(), "lognormal.median must be finite and > 0, but it is 0",
                         std::invalid_argument);
}

}  // namespace
