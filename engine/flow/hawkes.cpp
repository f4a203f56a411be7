#include "engine/flow/hawkes.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <string>

#include "engine/core/check.hpp"

namespace mm {

void HawkesParams::validate() const {
    check_fields(*this);
    check(!decay.empty() && decay.size() <= kKernels, "decay", "hold 1 to 4 kernels", decay.size());
    check_entries(weight, decay.size(), "decays", "weight");
    check_sums_to_one(weight, "weight");
    const double radius = spectral_radius();
    check(radius < 1, "branching", "have a spectral radius < 1, or activity explodes", radius);
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

PerKind<double> HawkesParams::unprompted(const PerKind<double>& mean_rates) const {
    PerKind<double> shares{{1, 1, 1}};
    for (std::size_t child = 0; child < kKinds; ++child) {
        if (mean_rates.of[child] <= 0) continue;
        double prompted = 0;
        for (std::size_t parent = 0; parent < kKinds; ++parent)
            prompted += branching[child][parent] * mean_rates.of[parent] / mean_rates.of[child];
        check(prompted <= 1, std::string("the share of ") + kKindNames[child] + " orders that hawkes.branching prompts",
              "be <= 1", prompted);
        shares.of[child] = 1 - prompted;
    }
    return shares;
}

void HawkesParams::check_pending(const PerKind<double>& mean_rates) const {
    for (std::size_t k = 0; k < decay.size(); ++k)
        for (const auto& row : branching) {
            const double born = std::inner_product(row.begin(), row.end(), mean_rates.of.begin(), 0.0);
            check(born * weight[k] / decay[k] <= kMostPending, "the children of one kernel that hawkes has to come",
                  "be <= 8192 in the mean", born * weight[k] / decay[k]);
        }
}

Hawkes::Hawkes(const HawkesParams& params) {
    std::ranges::copy(params.decay, decay_.begin());
    for (std::size_t parent = 0; parent < kKinds; ++parent)
        offspring_[parent] = Offspring(params, static_cast<Kind>(parent));
}

Offspring::Offspring(const HawkesParams& params, Kind parent) {
    std::vector<double> means(kKernels * kKinds);
    for (std::size_t k = 0; k < params.decay.size(); ++k)
        for (std::size_t child = 0; child < kKinds; ++child)
            means[k * kKinds + child] = params.weight[k] * params.branching[child][index(parent)];
    const double mean = std::accumulate(means.begin(), means.end(), 0.0);
    if (mean == 0) return;
    double probability = std::exp(-mean), sum = 0;
    for (std::uint32_t n = 0; n < kMost; ++n) {
        sum += probability;
        at_most[n] = sum;
        probability *= mean / (n + 1);
    }
    most = kMost;
    which = Discrete(means);
}

}  // namespace mm
