// The market with a known optimum: exogenous mid, exponential fill probabilities, one lot a side.
//
// One step (Cartea & Jaimungal 2015, discretised): independent fills with p = 1 - exp(-lambda e^{-kappa depth} dt);
// q' = q + I_b - I_a; S' = S + a dt + sigma sqrt(dt) eps + xi (I_a - I_b); a' from its chain. The optimum of exactly
// this problem follows by backward induction, so nothing here may deviate from it.
#pragma once

#include <memory>
#include <span>

#include "engine/core/random.hpp"
#include "engine/market/agent.hpp"
#include "engine/market/drift.hpp"

namespace mm {

class ReducedFormMarket {
  public:
    static constexpr std::span<const char* const> kColumns{kReducedFormObservation};

    ReducedFormMarket(const Scenario& scenario, std::shared_ptr<const DriftChain> drift);

    // Starts an episode from the given step with no inventory and the middle drift level.
    void reset(const Random& random, bool staggered);
    // Plays one decision interval; `action` is (u_bid, u_ask) in price units.
    void step(const float* action, Statistics& statistics);
    bool finished() const { return agent_.finished(); }
    void observe(float* row) const { agent_.observe(inventory_, alpha(), row); }

  private:
    double alpha() const { return drift_->signal(level_); }
    double fill_probability(double depth, double rate) const;

    const Scenario* scenario_;
    const ReducedFormParams* params_;
    std::shared_ptr<const DriftChain> drift_;
    Agent agent_;
    Random random_;
    std::size_t level_ = 0;
    double mid_ = 0;
    int inventory_ = 0;  // lots
};

}  // namespace mm
