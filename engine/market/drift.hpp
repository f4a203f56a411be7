// The observed drift of the reduced-form mid: a continuous-time Markov chain over levels, seen once a step.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "engine/core/vector.hpp"

namespace mm {

class DriftChain {
  public:
    // A level is left at `leaving_rate` (1/s), for each neighbour with equal chance; a step lasts dt (s).
    DriftChain(const std::vector<double>& levels, double leaving_rate, double dt);

    static void check_levels(const std::vector<double>& levels);

    std::size_t size() const { return levels_.size(); }
    std::size_t middle() const { return levels_.size() / 2; }
    double drift(std::size_t level) const { return levels_[level]; }    // price/s
    double signal(std::size_t level) const { return signals_[level]; }  // drift / max |drift|
    // Moves n levels by one step each, by uniform draws.
    MM_VECTORISED inline void move(const double* draw, std::size_t n, std::uint64_t* level) const;
    // P(to | from) over one step, row by row: the matrix exponential of the generator. [size x size]
    const std::vector<double>& transition() const { return transition_; }

  private:
    std::vector<double> levels_, signals_, transition_;
    std::vector<double> cumulative_;  // P(at most to | from)
};

inline void DriftChain::move(const double* draw, std::size_t n, std::uint64_t* level) const {
    const std::size_t size = levels_.size();
    const double* __restrict cumulative = cumulative_.data();
    constexpr std::size_t kMost = 64;
    std::uint64_t next[kMost]{};
    for (std::size_t to = 0; to + 1 < size; ++to)
        for (std::size_t i = 0; i < n; ++i) next[i] += draw[i] < cumulative[level[i] * size + to] ? 0 : 1;
    for (std::size_t i = 0; i < n; ++i) level[i] = next[i];
}

}  // namespace mm
