// The market with a known optimum: exogenous mid, exponential fill probabilities, one lot a side.
//
// One step (Cartea & Jaimungal 2015, discretised): independent fills with p = 1 - exp(-lambda e^{-kappa depth} dt);
// q' = q + I_b - I_a; S' = S + a dt + sigma sqrt(dt) eps + xi (I_a - I_b); a' from its chain. The optimum of exactly
// this problem follows by backward induction, so nothing here may deviate from it.
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <vector>

#include "engine/core/random.hpp"
#include "engine/core/vector.hpp"
#include "engine/market/agent.hpp"
#include "engine/market/counters.hpp"
#include "engine/market/drift.hpp"

namespace mm {

// Many markets as a structure of arrays, so that vector instructions play several at a time.
class ReducedFormMarkets {
  public:
    static constexpr std::span<const char* const> kColumns{kReducedFormObservation};
    static constexpr std::span<const char* const> kStatisticNames{mm::kStatisticNames};
    static constexpr std::size_t kChunk = 64;

    // `vector_bits` as in with_vectors.
    ReducedFormMarkets(std::size_t size, const Scenario& scenario, const Agent& agent, int vector_bits);

    std::size_t size() const { return size_; }
    Counters counters() const;
    // Starts an episode of market i, from the given step, with no inventory and the middle drift level.
    void reset(std::size_t i, const Random& random, bool staggered);
    View view(std::size_t i) const { return {mid_[i], inventory_[i], signal_[i], relative_volatility_, step_[i]}; }
    bool finished(std::size_t i) const { return agent_->finished(step_[i]); }
    // Plays one decision interval of at most kChunk markets from `begin`, a multiple of 8, whose depths and statistics
    // come in rows of their own; every quote is of one lot. `end` is a multiple of 8 too, or the number of markets.
    void play(std::size_t begin, std::size_t end, const Depths* depths, const Shares* shares, double* statistics);
    void observe(std::size_t begin, std::size_t end, float* rows) const;

  private:
    struct Row;  // over the markets of a chunk
    struct Quotes;
    struct Draws;
    struct Streams;

    template <FillMode mode>
    MM_VECTORISED inline void play_chunk(std::size_t begin, std::size_t end, const Depths* depths, Row* columns);
    MM_VECTORISED static inline void draw(const Streams& streams, std::size_t lanes, Draws& draws);
    MM_VECTORISED static inline void draw(const Streams& streams, std::size_t lanes, Row& uniform);
    template <FillMode mode>
    MM_VECTORISED inline void trade(std::size_t begin, std::size_t lanes, const Quotes& quotes, const Draws& draws,
                                    Row* columns);
    MM_VECTORISED inline void move_drift(std::size_t begin, std::size_t lanes, const Row& uniform);
    static void write_rows(const Row* columns, std::size_t markets, double* rows);

    ReducedFormParams params_;
    const Agent* agent_;
    int vector_bits_;
    std::size_t size_;
    double dt_;         // s
    double diffusion_;  // of the mid in a step, price
    double relative_volatility_;
    std::uint32_t episode_steps_;
    double max_lots_;
    DriftChain drift_;
    // Of each market, and of up to seven that nobody sees, so that all vectors are full.
    std::array<std::vector<std::uint64_t>, 4> random_;
    std::vector<double> mid_, inventory_, signal_, trend_;  // trend: the mid's expected move in a step
    std::vector<std::uint64_t> level_;
    std::vector<std::uint32_t> step_;
};

}  // namespace mm
