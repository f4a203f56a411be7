#include "engine/flow/hawkes.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <string>

#include "engine/core/check.hpp"

namespace mm {

void HawkesParams::validate() const {
    check(!decay.empty() && decay.size() <= kKernels, "hawkes.decay", "hold 1 to 4 kernels", decay.size());
    check(weight.size() == decay.size(), "hawkes.weight", "have one entry for each decay", weight.size());
    for (double rate : decay) check_above(rate, 0, "hawkes.decay");
    for (double share : weight) check_least(share, 0, "hawkes.weight");
    const double total = std::accumulate(weight.begin(), weight.end(), 0.0);
    check(std::abs(total - 1) < 1e-6, "hawkes.weight", "sum to 1", total);
    for (const auto& row : branching)
        for (double children : row) check_least(children, 0, "hawkes.branching");
    const double radius = spectral_radius();
    check(radius < 1, "the spectral radius of hawkes.branching", "be < 1, or activity explodes", radius);
}

// By repeated squaring, ||A^m||^(1/m): converges whether or not the matrix is reducible or periodic.
double HawkesParams::spectral_radius() const {
    constexpr int kSquarings = 40;
    auto power = branching;
    double log_radius = 0, share = 1;  // A^m = e^(log_radius m) power, share = 1 / m
    for (int round = 0; round <= kSquarings; ++round) {
        double norm = 0;
        for (const auto& row : power) norm = std::max(norm, std::accumulate(row.begin(), row.end(), 0.0));
        if (norm == 0) return 0;
        log_radius += share * std::log(norm);
        for (auto& row : power)
            for (double& entry : row) entry /= norm;
        decltype(power) square{};
        for (std::size_t i = 0; i < kKinds; ++i)
            for (std::size_t k = 0; k < kKinds; ++k)
                for (std::size_t j = 0; j < kKinds; ++j) square[i][j] += power[i][k] * power[k][j];
        power = square;
        share /= 2;
    }
    return std::exp(log_radius);
}

Hawkes::Hawkes(const HawkesParams& params, const PerKind<double>& mean_rates) : active_(!params.decay.empty()) {
    for (std::size_t child = 0; child < kKinds; ++child) {
        double prompted = 0;
        for (std::size_t parent = 0; parent < kKinds; ++parent) {
            if (mean_rates.of[child] <= 0) continue;
            const double children = params.branching[child][parent] / mean_rates.of[child];
            prompted += children * mean_rates.of[parent];
            for (std::size_t k = 0; k < params.decay.size(); ++k)
                jump_[parent][k][child] = static_cast<float>(children * params.weight[k] * params.decay[k]);
        }
        check(prompted <= 1, std::string("the share of ") + kKindNames[child] + " orders that hawkes.branching prompts",
              "be <= 1", prompted);
        unprompted_[child] = static_cast<float>(1 - prompted);
    }
    for (std::size_t k = 0; k < params.decay.size(); ++k) decay_[k] = static_cast<float>(params.decay[k]);
}

}  // namespace mm
