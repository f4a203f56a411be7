// Self-exciting activity: every event of the background raises the rates of what follows (Hawkes 1971; for order books
// Bacry, Mastromatteo & Muzy 2015). Rates are multiplied by factors whose mean is one, so the layer clusters events in
// time and leaves their long-run frequencies as they were.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <vector>

#include "engine/flow/layer.hpp"

namespace mm {

// An event of kind j has branching[i][j] children of kind i in the mean, at delays with density
// sum_k weight[k] decay[k] exp(-decay[k] t).
struct HawkesParams {
    std::vector<double> decay;   // 1/s, at most kKernels
    std::vector<double> weight;  // sums to 1
    std::array<std::array<double, kKinds>, kKinds> branching{};

    void validate() const;
    double spectral_radius() const;
};

inline constexpr std::size_t kKernels = 4;
using ByKernel [[gnu::vector_size(kKernels * sizeof(float))]] = float;  // in one register

struct Excitation {
    // In units of each kind's mean rate.
    std::array<ByKernel, kKinds> of{};
};

// exp(-x) for x >= 0, within 2e-7; not the library's, whose last bit differs between machines.
inline ByKernel decayed(ByKernel x) {
    using Integers [[gnu::vector_size(sizeof(ByKernel))]] = std::int32_t;
    // 2^-y = 2^-n 2^(u - 1/2) with y = x / ln 2 = n + 1/2 - u: one power by the exponent's bits, the other by a fit
    // (8e-8), summed so that little waits for little. Beyond 2^-120 nothing is left to speak of.
    const ByKernel scaled = x * 1.44269504F;
    const ByKernel y = scaled < 120.0F ? scaled : ByKernel{} + 120.0F;
    const Integers n = __builtin_convertvector(y, Integers);
    const ByKernel u = 0.5F - (y - __builtin_convertvector(n, ByKernel)), square = u * u;
    const ByKernel low = (0x1.6a09e8p-1F + 0x1.f5e45cp-2F * u) + square * (0x1.5be0a0p-3F + 0x1.41881ap-5F * u);
    const ByKernel power = low + (square * square) * (0x1.c05fc0p-8F + 0x1.ec322ep-11F * u);
    return power * std::bit_cast<ByKernel>((127 - n) << 23);
}

class Hawkes : public Layer<Excitation> {
  public:
    // `mean_rates` is how often each kind of event happens, 1/s. Refused if events of some kind would have more parents
    // than there are events.
    Hawkes(const HawkesParams& params, const PerKind<double>& mean_rates);

    Rates bend(const State& state, const Rates& rates) const {
        Factors factors = unprompted_;
        for (std::size_t kind = 0; kind < kKinds; ++kind) {
            const ByKernel& by_kernel = state.of[kind];
            factors.of[kind] += double{(by_kernel[0] + by_kernel[1]) + (by_kernel[2] + by_kernel[3])};
        }
        return rates * factors;
    }

    void elapse(State& state, double seconds) const {
        const ByKernel left = decayed(decay_ * static_cast<float>(seconds));
        for (ByKernel& by_kernel : state.of) by_kernel *= left;
    }

    void heard(State& state, const Proposal& event) const {
        const auto& jump = jump_[index(event.kind)];
        for (std::size_t kind = 0; kind < kKinds; ++kind) state.of[kind] += jump[kind];
    }

  private:
    Factors unprompted_;                                       // share of each kind's events that nothing prompts
    ByKernel decay_{};                                         // 1/s
    std::array<std::array<ByKernel, kKinds>, kKinds> jump_{};  // by parent, child
};

}  // namespace mm
