// The market with a known optimum: exogenous mid, exponential fill probabilities, one lot a side.
//
// One step (Cartea & Jaimungal 2015, discretised): independent fills with p = 1 - exp(-lambda e^{-kappa depth} dt);
// q' = q + I_b - I_a; S' = S + a dt + sigma sqrt(dt) eps + xi (I_a - I_b); a' from its chain. The optimum of exactly
// this problem follows by backward induction, so nothing here may deviate from it.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "engine/core/random.hpp"
#include "engine/market/agent.hpp"
#include "engine/market/counters.hpp"
#include "engine/market/drift.hpp"

namespace mm {

class ReducedFormMarkets {
  public:
    static constexpr std::span<const char* const> kColumns{kReducedFormObservation};
    static constexpr std::size_t kChunk = 64;

    ReducedFormMarkets(std::size_t size, const Scenario& scenario, const Agent& agent);

    std::size_t size() const { return step_.size(); }
    Counters counters() const;
    // Starts an episode of market i, from the given step, with no inventory and the middle drift level.
    void reset(std::size_t i, const Random& random, bool staggered);
    View view(std::size_t i) const { return {mid_[i], inventory_[i], alpha(i), relative_volatility_, step_[i]}; }
    bool finished(std::size_t i) const { return agent_->finished(step_[i]); }
    // Plays one decision interval of markets begin to end; depths and statistics count from `begin`.
    void play(std::size_t begin, std::size_t end, const Depths* depths, double* statistics);
    void observe(std::size_t begin, std::size_t end, float* rows) const;

  private:
    double alpha(std::size_t i) const { return drift_.signal(level_[i]); }
    double fill_probability(double depth, double rate) const;

    ReducedFormParams params_;
    const Agent* agent_;
    double dt_;  // s
    double relative_volatility_;
    std::uint32_t episode_steps_;
    Lots max_lots_;
    DriftChain drift_;
    std::vector<Random> random_;
    std::vector<double> mid_, inventory_;
    std::vector<std::uint32_t> step_, level_;
};

}  // namespace mm
