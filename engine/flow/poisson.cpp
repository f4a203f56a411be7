#include "engine/flow/poisson.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <string>

#include "engine/core/check.hpp"

namespace mm {

void Sizes::validate(const char* name) const {
    const std::string label(name);
    check(!lots.empty() && lots.size() == probability.size(), label, "have as many probabilities as lots",
          probability.size());
    for (Lots size : lots) check(size >= 1, label + ".lots", "be >= 1", size);
    for (double p : probability) check_least(p, 0, label + ".probability");
    const double total = std::accumulate(probability.begin(), probability.end(), 0.0);
    check(std::abs(total - 1) < 1e-6, label + ".probability", "sum to 1", total);
}

double Sizes::mean() const {
    double mean = 0;
    for (std::size_t i = 0; i < lots.size(); ++i) mean += probability[i] * lots[i];
    return mean;
}

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
    check_above(std::accumulate(limit_rate.begin(), limit_rate.end(), 0.0), 0, "the sum of limit_rate");
    limit_sizes.validate("limit_sizes");
    market_sizes.validate("market_sizes");
}

PoissonFlow::PoissonFlow(const PoissonParams& params) {
    params.validate();
    distance_ = params.distance;
    limit_rate_ = params.limit_rate;
    limit_lots_ = params.limit_sizes.lots;
    market_lots_ = params.market_sizes.lots;
    bin_sampler_ = Discrete(params.limit_rate);
    limit_size_ = Discrete(params.limit_sizes.probability);
    market_size_ = Discrete(params.market_sizes.probability);
    limit_arrivals_ = 2 * std::accumulate(limit_rate_.begin(), limit_rate_.end(), 0.0);
    arrival_rate_ = limit_arrivals_ + 2 * params.market_rate;
    largest_hazard_ = *std::max_element(params.cancel_hazard.begin(), params.cancel_hazard.end());
    typical_lots_ = std::max<Lots>(1, static_cast<Lots>(std::lround(params.limit_sizes.mean())));
    hazard_at_.assign(static_cast<std::size_t>(distance_.front()), params.cancel_hazard.front());
    for (std::size_t bin = 0; bin + 1 < distance_.size(); ++bin)
        hazard_at_.resize(static_cast<std::size_t>(distance_[bin + 1]), params.cancel_hazard[bin]);
}

std::vector<double> PoissonFlow::stationary_orders() const {
    std::vector<double> orders(hazard_at_.size(), 0.0);
    for (std::size_t bin = 0; bin < limit_rate_.size(); ++bin) {
        const double per_tick = limit_rate_[bin] / (distance_[bin + 1] - distance_[bin]);
        for (auto d = static_cast<std::size_t>(distance_[bin]); d < static_cast<std::size_t>(distance_[bin + 1]); ++d)
            orders[d] = hazard_at_[d] > 0 ? per_tick / hazard_at_[d] : 1.0;
    }
    return orders;
}

}  // namespace mm
