// Sampling from a finite distribution in O(1): Vose's alias method.
#pragma once

#include <cstdint>
#include <numeric>
#include <stdexcept>
#include <vector>

#include "engine/core/random.hpp"

namespace mm {

class Discrete {
  public:
    Discrete() = default;

    // Weights need not sum to one; they must be non-negative with a positive sum.
    explicit Discrete(const std::vector<double>& weights) : threshold_(weights.size()), alias_(weights.size()) {
        const double total = std::accumulate(weights.begin(), weights.end(), 0.0);
        if (!(total > 0)) throw std::invalid_argument("a discrete distribution needs a positive sum of weights");
        std::vector<std::uint32_t> small, large;
        for (std::uint32_t i = 0; i < weights.size(); ++i) {
            alias_[i] = i;
            threshold_[i] = weights[i] / total * static_cast<double>(weights.size());
            (threshold_[i] < 1.0 ? small : large).push_back(i);
        }
        while (!small.empty() && !large.empty()) {
            const std::uint32_t poor = small.back(), rich = large.back();
            small.pop_back();
            alias_[poor] = rich;
            threshold_[rich] -= 1.0 - threshold_[poor];
            if (threshold_[rich] < 1.0) {
                large.pop_back();
                small.push_back(rich);
            }
        }
        for (std::uint32_t i : small) threshold_[i] = 1.0;  // what rounding left over
        for (std::uint32_t i : large) threshold_[i] = 1.0;
    }

    std::uint32_t operator()(Random& random) const {
        const std::uint32_t i = random.below(static_cast<std::uint32_t>(threshold_.size()));
        return random.uniform() < threshold_[i] ? i : alias_[i];
    }

  private:
    std::vector<double> threshold_;
    std::vector<std::uint32_t> alias_;
};

}  // namespace mm
