#include "engine/flow/poisson.hpp"

#include <cmath>
#include <numeric>

#include "engine/core/check.hpp"

namespace mm {

namespace {

double sum(const std::vector<double>& values) {
    return std::accumulate(values.begin(), values.end(), 0.0);
}

double largest(const std::vector<double>& values) {
    return *std::ranges::max_element(values);
}

// A value for each bin as one for each tick of distance; the first bin's holds below it too.
std::vector<double> by_tick(const std::vector<Ticks>& distance, const std::vector<double>& by_bin) {
    std::vector<double> ticks(static_cast<std::size_t>(distance.front()), by_bin.front());
    for (std::size_t bin = 0; bin < by_bin.size(); ++bin)
        ticks.resize(static_cast<std::size_t>(distance[bin + 1]), by_bin[bin]);
    return ticks;
}

// Rate of limit orders at each tick of distance, 1/s per side.
std::vector<double> limit_rates(const PoissonParams& params) {
    std::vector<double> per_tick;
    for (std::size_t bin = 0; bin < params.limit_rate.size(); ++bin)
        per_tick.push_back(params.limit_rate[bin] / (params.distance[bin + 1] - params.distance[bin]));
    std::vector<double> rates = by_tick(params.distance, per_tick);
    std::fill_n(rates.begin(), params.distance.front(), 0.0);
    return rates;
}

// Weights of 2 x distance + side.
std::vector<double> for_both_sides(const std::vector<double>& rates) {
    std::vector<double> weights;
    for (double rate : rates) weights.insert(weights.end(), {rate, rate});
    return weights;
}

// Rates are integers with 30 bits for their sum in a book of one order; 2^-30 of it is the unit's inverse.
double unit(const PoissonParams& params) {
    return 0x1p30 / (2 * sum(params.limit_rate) + 2 * params.market_rate + largest(params.cancel_hazard));
}

std::int64_t in_units(const PoissonParams& params, double rate) {
    return std::llround(rate * unit(params));
}

}  // namespace

void PoissonParams::validate() const {
    check(distance.size() >= 2 && distance.front() >= 1, "distance", "hold at least two edges from 1 tick on",
          distance.size());
    for (std::size_t i = 1; i < distance.size(); ++i)
        check(distance[i] > distance[i - 1], "distance", "increase", distance[i]);
    const std::size_t bins = distance.size() - 1;
    check(limit_rate.size() == bins, "limit_rate", "have one entry for each bin of distance", limit_rate.size());
    check(cancel_hazard.size() == bins, "cancel_hazard", "have one entry for each bin of distance",
          cancel_hazard.size());
    for (double rate : limit_rate) check_least(rate, 0, "limit_rate");
    for (double hazard : cancel_hazard) check_least(hazard, 0, "cancel_hazard");
    check_least(market_rate, 0, "market_rate");
    check_above(sum(limit_rate), 0, "the sum of limit_rate");
    limit_sizes.validate("limit_sizes");
    market_sizes.validate("market_sizes");
}

std::vector<double> PoissonParams::stationary_orders() const {
    std::vector<double> orders = limit_rates(*this);
    const std::vector<double> hazard = by_tick(distance, cancel_hazard);
    for (std::size_t d = 0; d < orders.size(); ++d) {
        if (orders[d] > 0) orders[d] = hazard[d] > 0 ? orders[d] / hazard[d] : 1.0;
    }
    return orders;
}

PoissonFlow::PoissonFlow(const PoissonParams& params)
    : distance_(for_both_sides(limit_rates(params))),
      limit_lots_(params.limit_sizes),
      market_lots_(params.market_sizes),
      unit_ns_(kSecond * unit(params)),
      limit_rate_(in_units(params, 2 * sum(params.limit_rate))),
      market_rate_(in_units(params, 2 * params.market_rate)),
      largest_hazard_(in_units(params, largest(params.cancel_hazard))),
      farthest_(params.distance.back() - 1),
      typical_lots_(std::max<Lots>(1, static_cast<Lots>(std::lround(params.limit_sizes.mean())))) {
    const double highest = largest(params.cancel_hazard);
    for (double hazard : by_tick(params.distance, params.cancel_hazard)) {
        const double share = highest > 0 ? hazard / highest : 0.0;
        cancel_threshold_.push_back(static_cast<std::uint32_t>(std::min(share * 0x1p32, 0x1p32 - 1)));
    }
}

}  // namespace mm
