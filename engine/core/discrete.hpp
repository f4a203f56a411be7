// Sampling from a finite distribution in O(1): Vose's alias method.
#pragma once

#include <cstdint>
#include <numeric>
#include <stdexcept>
#include <vector>

namespace mm {

class Discrete {
  public:
    Discrete() = default;

    // Weights need not sum to one; they must be non-negative with a positive sum.
    explicit Discrete(std::vector<double> weights) {
        const double total = std::accumulate(weights.begin(), weights.end(), 0.0);
        if (!(total > 0)) throw std::invalid_argument("a discrete distribution needs a positive sum of weights");
        count_ = static_cast<std::uint32_t>(weights.size());
        for (double& weight : weights) weight *= static_cast<double>(weights.size()) / total;
        fill(weights);
    }

    // The outcome that 32 random bits choose.
    std::uint32_t operator()(std::uint32_t bits) const {
        const std::uint64_t product = std::uint64_t{bits} * count_;  // what is left over is a draw too
        const auto i = static_cast<std::uint32_t>(product >> 32), rest = static_cast<std::uint32_t>(product);
        const Bucket& bucket = buckets_[i];
        const std::uint32_t other = -static_cast<std::uint32_t>(rest >= bucket.threshold);
        return i ^ ((i ^ bucket.alias) & other);  // without a jump: it could not be guessed
    }

  private:
    struct Bucket {
        std::uint32_t threshold;  // of the bits that the choice of a bucket has left over
        std::uint32_t alias;
    };

    void fill(std::vector<double>& weights) {
        std::vector<std::uint32_t> small, large;
        for (std::uint32_t i = 0; i < weights.size(); ++i) {
            buckets_.push_back({0, i});
            (weights[i] < 1.0 ? small : large).push_back(i);
        }
        while (!small.empty() && !large.empty()) {
            const std::uint32_t poor = small.back(), rich = large.back();
            small.pop_back();
            buckets_[poor] = {static_cast<std::uint32_t>(weights[poor] * 0x1p32), rich};
            weights[rich] -= 1.0 - weights[poor];
            if (weights[rich] >= 1.0) continue;
            large.pop_back();
            small.push_back(rich);
        }  // whose weight is one up to rounding keeps its own number as its alias
    }

    std::vector<Bucket> buckets_;
    std::uint32_t count_ = 0;  // of them
};

}  // namespace mm
