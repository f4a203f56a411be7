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

// A vector register: one number for each kind and one that is not used, or one for each kernel. Spelled out, because a
// loop over four is unrolled before it could be vectorised.
using Lanes = float __attribute__((vector_size(16)));

// By kernel, in units of each kind's mean rate.
using Excitation = std::array<Lanes, kKernels>;

class Hawkes : public Layer<Excitation> {
  public:
    // `mean_rates` is how often each kind of event happens, 1/s. Refused if events of some kind would have more parents
    // than there are events.
    Hawkes(const HawkesParams& params, const PerKind<double>& mean_rates);

    Rates bend(const State& state, const Rates& rates) const {
        if (!active_) return rates;
        const Lanes factors = unprompted_ + ((state[0] + state[1]) + (state[2] + state[3]));
        Rates bent;
        for (std::size_t kind = 0; kind < kKinds; ++kind)
            bent.of[kind] = static_cast<std::int64_t>(static_cast<double>(rates.of[kind]) * double{factors[kind]});
        return bent;
    }

    void elapse(State& state, double seconds) const {
        if (!active_) return;
        const Lanes left = decayed(decay_ * static_cast<float>(seconds));
        for (std::size_t k = 0; k < kKernels; ++k) state[k] *= left[k];
    }

    void heard(State& state, const Proposal& event) const {
        const Excitation& jump = jump_[index(event.kind)];
        for (std::size_t k = 0; k < kKernels; ++k) state[k] += jump[k];
    }

    // exp(-x) for x >= 0, within 2e-7; not the library's, whose last bit differs between machines.
    static Lanes decayed(Lanes x);

  private:
    bool active_;
    Lanes unprompted_{};  // share of each kind's events that nothing prompts
    Lanes decay_{};
    std::array<Excitation, kKinds> jump_{};  // by parent
};

inline Lanes Hawkes::decayed(Lanes x) {
    // 2^-y = 2^-n 2^(u - 1/2) with y = x / ln 2 = n + 1/2 - u: one power by the exponent's bits, the other by a fit, to
    // 8e-8, summed in pairs: the next event waits for it. Beyond 2^-120 nothing is left to speak of.
    using Whole = std::int32_t __attribute__((vector_size(16)));
    const Lanes scaled = x * 1.44269504F, most = Lanes{} + 120.0F;
    const Lanes y = scaled < most ? scaled : most;
    const Whole n = __builtin_convertvector(y, Whole);
    const Lanes u = 0.5F - (y - __builtin_convertvector(n, Lanes)), u2 = u * u;
    const Lanes low = (0x1.6a09e8p-1F + 0x1.f5e45cp-2F * u) + u2 * (0x1.5be0a0p-3F + 0x1.41881ap-5F * u);
    const Lanes fit = low + (u2 * u2) * (0x1.c05fc0p-8F + 0x1.ec322ep-11F * u);
    return fit * std::bit_cast<Lanes>((127 - n) << 23);
}

}  // namespace mm
