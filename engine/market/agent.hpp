// What both kinds of market share about the agent: its episode clock, its reference quotes, its penalties.
#pragma once

#include <algorithm>
#include <cstdint>

#include "engine/market/columns.hpp"
#include "engine/market/scenario.hpp"

namespace mm {

// Depth of a quote from the mid on each side, in ticks (book) or price (reduced form).
struct Depths {
    double bid = 0;
    double ask = 0;
};

class Agent {
  public:
    explicit Agent(const Scenario& scenario) : scenario_(&scenario), maker_(scenario.maker) {}

    void start(std::uint32_t step) { step_ = step; }
    void advance() { ++step_; }
    bool finished() const { return step_ >= scenario_->episode_steps; }
    // Share of the episode that is left, tau/T.
    double time_to_go() const { return 1.0 - static_cast<double>(step_) / scenario_->episode_steps; }
    double inventory_ratio(double lots) const { return lots / scenario_->max_lots(); }

    // The depths an action asks for, given the state the market maker would quote from.
    Depths depths(const float* action, double mid, double inventory, double alpha, double volatility) const {
        const AgentParams& agent = scenario_->agent;
        Depths reference{scenario_->price_unit, scenario_->price_unit};
        if (agent.action == ActionReference::residual) {
            const double half = maker_.half_spread(volatility);
            const double shift = maker_.skew(inventory * scenario_->maker.lot, alpha);
            reference = {mid * (half - shift), mid * (half + shift)};
        }
        const auto offset = [&](float u) {
            return scenario_->price_unit * std::clamp(static_cast<double>(u), agent.action_low, agent.action_high);
        };
        return {reference.bid + offset(action[0]), reference.ask + offset(action[1])};
    }

    // Lots to quote on a side.
    Lots lots(Side side, double inventory) const {
        return maker_.size(side, inventory * scenario_->maker.lot) / scenario_->maker.lot;
    }

    // The inventory terms of the reward for a step that took the inventory from `before` to `after`. The terminal
    // penalty is paid as it changes: the sum over an episode that starts flat is the lump at its end, and learning
    // from it is faster.
    void charge(double before, double after, Statistics& statistics) const {
        const AgentParams& agent = scenario_->agent;
        statistics[kInventoryPenalty] = agent.inventory_penalty * after * after * scenario_->decision_interval_s;
        statistics[kTerminalCost] = agent.terminal_penalty * (after * after - before * before);
    }

    // Writes the columns every market has.
    void observe(double inventory, double alpha, float* row) const {
        common_columns(time_to_go(), inventory_ratio(inventory), alpha, row);
    }
    static void common_columns(double time_to_go, double inventory_ratio, double alpha, float* row) {
        row[0] = static_cast<float>(2 * time_to_go - 1);
        row[1] = static_cast<float>(2 * inventory_ratio);
        row[2] = static_cast<float>(alpha);
        row[3] = static_cast<float>(2 * inventory_ratio * time_to_go);
    }

  private:
    const Scenario* scenario_;
    AdaptiveMarketMaker maker_;
    std::uint32_t step_ = 0;
};

}  // namespace mm
