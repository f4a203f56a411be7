#include "engine/market/reduced_form.hpp"

#include <algorithm>
#include <cmath>

namespace mm {

ReducedFormMarkets::ReducedFormMarkets(std::size_t size, const Scenario& scenario, const Agent& agent)
    : params_(std::get<ReducedFormParams>(scenario.market)),
      agent_(&agent),
      dt_(scenario.decision_interval_s),
      relative_volatility_(params_.volatility / params_.initial_mid),
      episode_steps_(scenario.episode_steps),
      max_lots_(scenario.max_lots()),
      drift_(params_.drift, params_.drift_leaving_rate, dt_),
      random_(size),
      mid_(size),
      inventory_(size),
      step_(size),
      level_(size) {
}

Counters ReducedFormMarkets::counters() const {
    return {.memory_per_market = sizeof(Random) + 2 * sizeof(double) + 2 * sizeof(std::uint32_t)};
}

void ReducedFormMarkets::reset(std::size_t i, const Random& random, bool staggered) {
    random_[i] = random;
    mid_[i] = params_.initial_mid;
    inventory_[i] = 0;
    level_[i] = static_cast<std::uint32_t>(drift_.middle());
    step_[i] = staggered ? random_[i].below(episode_steps_) : 0;
}

double ReducedFormMarkets::fill_probability(double depth, double rate) const {
    const double reach = std::exp(-params_.decay * depth);
    switch (params_.fill_mode) {
        case FillMode::exponential:
            return -std::expm1(-rate * reach * dt_);
        case FillMode::linear:
            return std::min(1.0, rate * reach * dt_);
        case FillMode::mbt:
            return std::min(1.0, rate * dt_ * std::min(1.0, reach));
    }
    return 0;
}

void ReducedFormMarkets::play(std::size_t begin, std::size_t end, const Depths* depths, double* statistics) {
    for (std::size_t i = begin; i < end; ++i, ++depths, statistics += kStatistics) {
        const double tilt = params_.drift_rate_sensitivity * alpha(i);
        const double before = inventory_[i];
        // Always the same four draws, so that policies compared on one seed see the same market.
        const double bid_draw = random_[i].uniform(), ask_draw = random_[i].uniform();
        const double shock = random_[i].normal();
        const bool quotes_bid = before<max_lots_, quotes_ask = before> - max_lots_;
        const int bought = quotes_bid && bid_draw < fill_probability(depths->bid, params_.rate * (1 - tilt));
        const int sold = quotes_ask && ask_draw < fill_probability(depths->ask, params_.rate * (1 + tilt));
        const double change = drift_.drift(level_[i]) * dt_ + params_.volatility * std::sqrt(dt_) * shock +
                              params_.impact * (sold - bought);
        const double after = before + bought - sold;
        inventory_[i] = after;
        mid_[i] += change;
        level_[i] = static_cast<std::uint32_t>(drift_.next(level_[i], random_[i].uniform()));
        ++step_[i];
        statistics[kPnlChange] = bought * depths->bid + sold * depths->ask + after * change;
        statistics[kInventory] = after;
        statistics[kMid] = mid_[i];
        statistics[kBidFilled] = bought;
        statistics[kAskFilled] = sold;
        statistics[kFees] = 0;
        statistics[kBidDepth] = quotes_bid ? depths->bid : 0;
        statistics[kAskDepth] = quotes_ask ? depths->ask : 0;
        agent_->charge(before, after, statistics);
    }
}

void ReducedFormMarkets::observe(std::size_t begin, std::size_t end, float* rows) const {
    for (std::size_t i = begin; i < end; ++i, rows += kColumns.size())
        agent_->observe(step_[i], inventory_[i], alpha(i), rows);
}

}  // namespace mm
