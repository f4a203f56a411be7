// The observed drift of the reduced-form mid: a continuous-time Markov chain over levels, seen once a step.
#pragma once

#include <cstddef>
#include <vector>

namespace mm {

class DriftChain {
  public:
    // A level is left at `leaving_rate` (1/s), for each neighbour with equal chance; a step lasts dt (s).
    DriftChain(const std::vector<double>& levels, double leaving_rate, double dt);

    std::size_t size() const { return levels_.size(); }
    std::size_t middle() const { return levels_.size() / 2; }
    double drift(std::size_t level) const { return levels_[level]; }    // price/s
    double signal(std::size_t level) const { return signals_[level]; }  // drift / max |drift|
    // The level one step after `level`, by a uniform draw.
    std::size_t next(std::size_t level, double draw) const;
    // P(to | from) over one step, row by row: the matrix exponential of the generator. [size x size]
    const std::vector<double>& transition() const { return transition_; }

  private:
    std::vector<double> levels_, signals_, transition_;
};

}  // namespace mm
