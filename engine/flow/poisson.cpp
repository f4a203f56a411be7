#include "engine/flow/poisson.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace mm {

namespace {

double sum(const std::vector<double>& values) {
    return std::accumulate(values.begin(), values.end(), 0.0);
}

// A value for each bin as one for each tick of distance; the first bin's holds below it too.
std::vector<double> by_tick(const std::vector<Ticks>& distance, const std::vector<double>& by_bin) {
    std::vector<double> ticks(static_cast<std::size_t>(distance.front()), by_bin.front());
    for (std::size_t bin = 0; bin < by_bin.size(); ++bin)
        ticks.resize(static_cast<std::size_t>(distance[bin + 1]), by_bin[bin]);
    return ticks;
}

// Weights of 2 x distance + side.
std::vector<double> for_both_sides(const std::vector<double>& rates) {
    std::vector<double> weights;
    for (double rate : rates) weights.insert(weights.end(), {rate, rate});
    return weights;
}

}  // namespace

void PoissonParams::validate() const {
    check_fields(*this);
    check(distance.size() >= 2, "distance", "hold at least two edges", distance.size());
    check_increases(distance, "distance");
    check_entries(limit_rate, distance.size() - 1, "bins of distance", "limit_rate");
    check_entries(cancel_hazard, distance.size() - 1, "bins of distance", "cancel_hazard");
    const double total = sum(limit_rate);
    check(std::isfinite(total) && total > 0, "limit_rate", "have a finite sum > 0", total);
}

std::vector<double> PoissonParams::limit_rate_by_tick() const {
    std::vector<double> per_tick;
    for (std::size_t bin = 0; bin < limit_rate.size(); ++bin)
        per_tick.push_back(limit_rate[bin] / (distance[bin + 1] - distance[bin]));
    std::vector<double> rates = by_tick(distance, per_tick);
    std::fill_n(rates.begin(), distance.front(), 0.0);
    return rates;
}

std::vector<double> PoissonParams::hazard_by_tick() const {
    return by_tick(distance, cancel_hazard);
}

std::vector<double> PoissonParams::stationary_orders() const {
    std::vector<double> orders = limit_rate_by_tick();
    const std::vector<double> hazard = hazard_by_tick();
    for (std::size_t d = 0; d < orders.size(); ++d) {
        if (orders[d] > 0) orders[d] = hazard[d] > 0 ? orders[d] / hazard[d] : 1.0;
    }
    return orders;
}

LimitOrders::LimitOrders(const PoissonParams& params, double share)
    : clock_(2 * share * sum(params.limit_rate)),
      choice_(for_both_sides(params.limit_rate_by_tick())),
      lots_(params.limit_sizes),
      typical_lots_(std::max<Lots>(1, static_cast<Lots>(std::lround(params.limit_sizes.mean())))) {
}

MarketOrders::MarketOrders(const PoissonParams& params, double share)
    : clock_(2 * share * params.market_rate), lots_(params.market_sizes), collar_(params.collar) {
}

}  // namespace mm
