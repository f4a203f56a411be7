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

inline constexpr std::size_t kKernels = 4;  // one vector register of floats

struct Excitation {
    // In units of each kind's mean rate.
    std::array<std::array<float, kKernels>, kKinds> of{};
};

class Hawkes : public Layer<Excitation> {
  public:
    // `mean_rates` is how often each kind of event happens, 1/s. Refused if events of some kind would have more parents
    // than there are events.
    Hawkes(const HawkesParams& params, const PerKind<double>& mean_rates);

    Rates bend(const State& state, const Rates& rates) const {
        Factors factors = unprompted_;
        for (std::size_t kind = 0; kind < kKinds; ++kind) {
            const auto& by_kernel = state.of[kind];
            factors.of[kind] += double{(by_kernel[0] + by_kernel[1]) + (by_kernel[2] + by_kernel[3])};
        }
        return rates * factors;
    }

    void elapse(State& state, double seconds) const {
        std::array<float, kKernels> left{};
        for (std::size_t k = 0; k < kKernels; ++k) left[k] = decayed(decay_[k] * static_cast<float>(seconds));
        for (auto& by_kernel : state.of)
            for (std::size_t k = 0; k < kKernels; ++k) by_kernel[k] *= left[k];
    }

    void heard(State& state, const Proposal& event) const {
        const auto& jump = jump_[index(event.kind)];
        for (std::size_t kind = 0; kind < kKinds; ++kind)
            for (std::size_t k = 0; k < kKernels; ++k) state.of[kind][k] += jump[kind][k];
    }

  private:
    // exp(-x) for x >= 0, to 2e-7 of its value; not the library's, whose last bit differs between machines.
    static float decayed(float x);

    Factors unprompted_;  // share of each kind's events that nothing prompts
    std::array<float, kKernels> decay_{};
    std::array<std::array<std::array<float, kKernels>, kKinds>, kKinds> jump_{};  // by parent, child, kernel
};

inline float Hawkes::decayed(float x) {
    // 2^-y = 2^-n 2^-f with y = x / ln 2, f in [0, 1): the power by the exponent's bits, the rest by its Taylor series
    // about f = 1/2. Beyond 2^-120 nothing is left to speak of.
    const float y = x * 1.44269504F < 120.0F ? x * 1.44269504F : 120.0F;
    const int whole = static_cast<int>(y);
    const float t = (0.5F - (y - static_cast<float>(whole))) * 0.693147181F;
    const float series =
        1.0F + t * (1.0F + t * (0.5F + t * (1.0F / 6 + t * (1.0F / 24 + t * (1.0F / 120 + t * (1.0F / 720))))));
    return series * 0.707106781F * std::bit_cast<float>((127 - whole) << 23);
}

}  // namespace mm
