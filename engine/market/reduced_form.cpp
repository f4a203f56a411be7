#include "engine/market/reduced_form.hpp"

#include <algorithm>
#include <cmath>

#include "engine/core/check.hpp"

namespace mm {

ReducedFormMarket::ReducedFormMarket(const Scenario& scenario)
    : scenario_(&scenario), params_(&std::get<ReducedFormParams>(scenario.market)), agent_(scenario) {
    const std::vector<double>& drift = params_->drift;
    check(drift.size() <= signal_.size(), "drift", "hold at most 64 levels", drift.size());
    double largest = 0;
    for (double level : drift) largest = std::max(largest, std::abs(level));
    for (std::size_t i = 0; i < drift.size(); ++i) signal_[i] = largest > 0 ? drift[i] / largest : 0.0;
}

void ReducedFormMarket::reset(const Random& random, bool staggered) {
    random_ = random;
    mid_ = params_->initial_mid;
    inventory_ = 0;
    level_ = params_->drift.size() / 2;
    agent_.start(staggered ? random_.below(scenario_->episode_steps) : 0);
}

double ReducedFormMarket::fill_probability(double depth, double rate) const {
    const double dt = scenario_->decision_interval_s;
    const double reach = std::exp(-params_->decay * depth);
    switch (params_->fill_mode) {
        case FillMode::exponential: return -std::expm1(-rate * reach * dt);
        case FillMode::linear: return std::min(1.0, rate * reach * dt);
        case FillMode::mbt: return std::min(1.0, rate * dt * std::min(1.0, reach));
    }
    return 0;
}

void ReducedFormMarket::step(const float* action, Statistics& statistics) {
    const double dt = scenario_->decision_interval_s;
    const double tilt = params_->drift_rate_sensitivity * alpha();
    const Depths depth = agent_.depths(action, mid_, inventory_, alpha(), params_->volatility / params_->initial_mid);
    const Lots limit = scenario_->max_lots();
    const int before = inventory_;

    // Always the same four draws, so that policies compared on one seed see the same market.
    const double bid_draw = random_.uniform(), ask_draw = random_.uniform();
    const double shock = random_.normal();
    const bool quotes_bid = before < limit, quotes_ask = before > -limit;
    const int bought = quotes_bid && bid_draw < fill_probability(depth.bid, params_->rate * (1 - tilt));
    const int sold = quotes_ask && ask_draw < fill_probability(depth.ask, params_->rate * (1 + tilt));

    const double change = params_->drift[level_] * dt + params_->volatility * std::sqrt(dt) * shock +
                          params_->impact * (sold - bought);
    inventory_ = before + bought - sold;
    mid_ += change;
    move_drift();
    agent_.advance();

    statistics[kPnlChange] = bought * depth.bid + sold * depth.ask + inventory_ * change;
    statistics[kInventory] = inventory_;
    statistics[kMid] = mid_;
    statistics[kBidFilled] = bought;
    statistics[kAskFilled] = sold;
    statistics[kFees] = 0;
    statistics[kBidDepth] = quotes_bid ? depth.bid : 0;
    statistics[kAskDepth] = quotes_ask ? depth.ask : 0;
    agent_.charge(before, inventory_, statistics);
}

// A level is left at the leaving rate, for each neighbour with equal chance; at an end there is one neighbour.
void ReducedFormMarket::move_drift() {
    const double draw = random_.uniform();
    const std::size_t last = params_->drift.size() - 1;
    if (last == 0) return;
    const double leave = params_->drift_leaving_rate * scenario_->decision_interval_s;
    if (draw >= leave) return;
    if (level_ == 0) {
        level_ = 1;
    } else if (level_ == last) {
        level_ = last - 1;
    } else {
        level_ += draw < leave / 2 ? -std::size_t{1} : std::size_t{1};
    }
}

}  // namespace mm
