// One random stream for each (seed, market, episode): xoshiro256++ (Blackman & Vigna 2019), seeded by splitmix64.
#pragma once

#include <bit>
#include <cmath>
#include <cstdint>
#include <numbers>

namespace mm {

class Random {
  public:
    Random() = default;

    Random(std::uint64_t seed, std::uint64_t market, std::uint64_t episode) {
        std::uint64_t key = seed;
        key = mix(key) ^ market;
        key = mix(key) ^ episode;
        for (std::uint64_t& word : state_) word = mix(key);
    }

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

    // Exponential with the given rate.
    double exponential(double rate) { return -std::log1p(-uniform()) / rate; }

    // Standard normal (Box-Muller); always two draws, so that streams stay aligned between policies.
    double normal() {
        const double radius = std::sqrt(-2.0 * std::log1p(-uniform()));
        return radius * std::cos(2.0 * std::numbers::pi * uniform());
    }

  private:
    static std::uint64_t mix(std::uint64_t& key) {
        std::uint64_t z = (key += 0x9e3779b97f4a7c15U);
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
        z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
        return z ^ (z >> 31);
    }

    std::uint64_t state_[4]{};
};

}  // namespace mm
