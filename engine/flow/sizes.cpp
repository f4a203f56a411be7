#include "engine/flow/sizes.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <numbers>
#include <numeric>

namespace mm {

namespace {

// Below which a standard normal number lies with probability p, by bisection.
double normal_quantile(double p) {
    double low = -8, high = 8;
    for (int i = 0; i < 60; ++i) {
        const double middle = 0.5 * (low + high);
        (0.5 * std::erfc(-middle / std::numbers::sqrt2) < p ? low : high) = middle;
    }
    return 0.5 * (low + high);
}

// So many equally likely sizes stand for the distribution: its largest is the quantile 1 - 1/2048.
constexpr int kQuantiles = 1024;

// Found once: a market of its own for every start draws sizes of its own.
const std::array<double, kQuantiles>& normal_quantiles() {
    static const auto kNormal = [] {
        std::array<double, kQuantiles> all{};
        for (int i = 0; i < kQuantiles; ++i) all[static_cast<std::size_t>(i)] = normal_quantile((i + 0.5) / kQuantiles);
        return all;
    }();
    return kNormal;
}

Lots lots_at(const LognormalSizes& sizes, double normal) {
    const double lots = sizes.median * std::exp(sizes.deviation * normal);
    return std::max<Lots>(1, static_cast<Lots>(std::lround(lots / sizes.unit))) * sizes.unit;
}

}  // namespace

void Sizes::validate() const {
    check_fields(*this);
    check_entries(probability, lots.size(), "lots", "probability");
    if (!lognormal || lognormal->share < 1) {
        check_sums_to_one(probability, "probability");  // so there is at least one
    } else {
        check(lots.empty(), "lots", "be empty where all sizes are lognormal", lots.size());
    }
    if (!lognormal) return;
    constexpr double kMost = 1e6;
    const double largest = lognormal->median * std::exp(4 * lognormal->deviation);
    check(largest < kMost, "the largest lognormal size", "be < 1e6 lots", largest);
}

Sizes Sizes::listed() const {
    if (!lognormal || lognormal->share == 0) return {lots, probability};
    std::map<Lots, double> sum;
    if (lognormal->share < 1)
        for (std::size_t i = 0; i < lots.size(); ++i) sum[lots[i]] += (1 - lognormal->share) * probability[i];
    for (const double normal : normal_quantiles()) sum[lots_at(*lognormal, normal)] += lognormal->share / kQuantiles;
    Sizes list;
    for (const auto& [size, share] : sum) {
        list.lots.push_back(size);
        list.probability.push_back(share);
    }
    return list;
}

double Sizes::mean() const {
    const Sizes list = listed();
    return std::inner_product(list.lots.begin(), list.lots.end(), list.probability.begin(), 0.0);
}

}  // namespace mm
