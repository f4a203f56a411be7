// One random stream for each (seed, market, episode): xoshiro256++ (Blackman & Vigna 2019), seeded by splitmix64.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

#include "engine/core/math.hpp"

namespace mm {

// The area below e^-x cut into 256 layers of equal area (Marsaglia & Tsang 2000, "The ziggurat method for generating
// random variables"). The lowest is a strip up to kTail and the tail behind it.
struct Ziggurat {
    static constexpr std::size_t kLayers = 256;
    static constexpr double kTail = 7.69711747013104972;

    struct Layer {
        double scale;  // 2^-53 of its width: a 53-bit draw times it lies in the layer
        double inner;  // up to here the layer lies wholly below the curve
    };

    constexpr Ziggurat() {
        height[0] = math::exp(-kTail);
        const double area = (kTail + 1) * height[0];
        layer[0] = {area / height[0] * 0x1p-53, kTail};  // as wide as its tail would make it
        for (std::size_t i = 1; i < kLayers; ++i) {
            const double width = layer[i - 1].inner;
            height[i] = i + 1 < kLayers ? height[i - 1] + area / width : 1.0;
            layer[i] = {width * 0x1p-53, -math::log(height[i])};
        }
    }

    std::array<Layer, kLayers> layer{};
    std::array<double, kLayers> height{};  // of its upper edge
};

__extension__ using Wide = unsigned __int128;

struct Split {
    std::uint64_t whole;
    std::uint32_t rest;
};

class Random {
  public:
    using State = std::array<std::uint64_t, 4>;

    Random() = default;
    explicit Random(const State& state) : state_(state) {}

    Random(std::uint64_t seed, std::uint64_t market, std::uint64_t episode) {
        std::uint64_t key = seed;
        key = mix(key) ^ market;
        key = mix(key) ^ episode;
        for (std::uint64_t& word : state_) word = mix(key);
    }

    const State& state() const { return state_; }

    std::uint64_t bits() {
        const std::uint64_t result = std::rotl(state_[0] + state_[3], 23) + state_[0];
        const std::uint64_t shifted = state_[1] << 17;
        state_[2] ^= state_[0];
        state_[3] ^= state_[1];
        state_[1] ^= state_[2];
        state_[0] ^= state_[3];
        state_[2] ^= shifted;
        state_[3] = std::rotl(state_[3], 45);
        return result;
    }

    // Uniform on [0, 1).
    double uniform() { return static_cast<double>(bits() >> 11) * 0x1p-53; }

    // Uniform integer on [0, n); the bias of multiply-shift is below n / 2^32.
    std::uint32_t below(std::uint32_t n) { return static_cast<std::uint32_t>(((bits() >> 32) * n) >> 32); }

    // Uniform on [0, n) with what the draw has left over, which is as good as a new one while n < 2^32.
    Split split(std::uint64_t n) {
        const Wide product = Wide{bits()} * n;
        return {static_cast<std::uint64_t>(product >> 64), static_cast<std::uint32_t>(product >> 32)};
    }

    // Exponential with mean 1; one draw, but for one case in a hundred.
    double exponential() {
        const std::uint64_t draw = bits();
        const std::size_t i = draw % Ziggurat::kLayers;
        const Ziggurat::Layer& layer = kZiggurat.layer[i];
        const double x = static_cast<double>(draw >> 11) * layer.scale;
        if (x < layer.inner) [[likely]]
            return x;
        Random rest = *this;  // a copy goes out of line, so that the state may stay in registers
        const double value = rest.beyond_inner(i, x);
        *this = rest;
        return value;
    }

  private:
    static constexpr Ziggurat kZiggurat{};

    // Of layer `i` a point at x that may lie above the curve: the tail has no memory and starts anew, a wedge is taken
    // with the share of its height that is below the curve.
    [[gnu::noinline, gnu::cold]] double beyond_inner(std::size_t i, double x) {
        if (i == 0) return Ziggurat::kTail + exponential();
        const double low = kZiggurat.height[i - 1], high = kZiggurat.height[i];
        return low + uniform() * (high - low) < math::exp(-x) ? x : exponential();
    }

    static std::uint64_t mix(std::uint64_t& key) {
        std::uint64_t z = (key += 0x9e3779b97f4a7c15U);
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
        z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
        return z ^ (z >> 31);
    }

    State state_{};
};

}  // namespace mm
