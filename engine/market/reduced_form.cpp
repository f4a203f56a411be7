#include "engine/market/reduced_form.hpp"

#include <algorithm>
#include <cmath>

namespace mm {

ReducedFormMarket::ReducedFormMarket(const Scenario& scenario, std::shared_ptr<const DriftChain> drift)
    : scenario_(&scenario),
      params_(&std::get<ReducedFormParams>(scenario.market)),
      drift_(std::move(drift)),
      agent_(scenario) {
}

void ReducedFormMarket::reset(const Random& random, bool staggered) {
    random_ = random;
    mid_ = params_->initial_mid;
    inventory_ = 0;
    level_ = drift_->middle();
    agent_.start(staggered ? random_.below(scenario_->episode_steps) : 0);
}

double ReducedFormMarket::fill_probability(double depth, double rate) const {
    const double dt = scenario_->decision_interval_s;
    const double reach = std::exp(-params_->decay * depth);
    switch (params_->fill_mode) {
        case FillMode::exponential:
            return -std::expm1(-rate * reach * dt);
        case FillMode::linear:
            return std::min(1.0, rate * reach * dt);
        case FillMode::mbt:
            return std::min(1.0, rate * dt * std::min(1.0, reach));
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
    const bool quotes_bid = before<limit, quotes_ask = before> - limit;
    const int bought = quotes_bid && bid_draw < fill_probability(depth.bid, params_->rate * (1 - tilt));
    const int sold = quotes_ask && ask_draw < fill_probability(depth.ask, params_->rate * (1 + tilt));

    const double change =
        drift_->drift(level_) * dt + params_->volatility * std::sqrt(dt) * shock + params_->impact * (sold - bought);
    inventory_ = before + bought - sold;
    mid_ += change;
    level_ = drift_->next(level_, random_.uniform());
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

}  // namespace mm
