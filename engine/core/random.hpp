// Random streams: one for each (seed, market, episode), and small ones for each source of a market.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

#include "engine/core/math.hpp"

namespace mm {

// The area below e^-x cut into 256 layers of equal area (Marsaglia & Tsang 2000, "The ziggurat method for generating
// random variables"), for draws of so many bits. The lowest is a strip up to kTail and the tail behind it.
template <int bits>
struct Ziggurat {
    static constexpr std::size_t kLayers = 256;
    static constexpr double kTail = 7.69711747013104972;

    struct Layer {
        double scale;  // 2^-bits of its width: a draw times it lies in the layer
        double inner;  // up to here the layer lies wholly below the curve
    };

    constexpr Ziggurat() {
        constexpr double kDraw = 1.0 / (std::uint64_t{1} << bits);
        height[0] = math::exp(-kTail);
        const double area = (kTail + 1) * height[0];
        layer[0] = {area / height[0] * kDraw, kTail};  // as wide as its tail would make it
        for (std::size_t i = 1; i < kLayers; ++i) {
            const double width = layer[i - 1].inner;
            height[i] = i + 1 < kLayers ? height[i - 1] + area / width : 1.0;
            layer[i] = {width * kDraw, -math::log(height[i])};
        }
    }

    std::array<Layer, kLayers> layer{};
    std::array<double, kLayers> height{};  // of its upper edge
};

__extension__ using WideBits = unsigned __int128;

struct Split {
    std::uint64_t whole;
    std::uint32_t rest;
};

// The finaliser of splitmix64: 64 bits that look random for any other 64.
constexpr std::uint64_t mix(std::uint64_t z) {
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
    return z ^ (z >> 31);
}

// xoshiro256++ (Blackman & Vigna 2019).
class Xoshiro {
  public:
    using State = std::array<std::uint64_t, 4>;

    // A stream like any other: from a state of zeros every draw is 0, and a clock that waits for one stands still.
    Xoshiro() : Xoshiro(0, 0, 0) {}
    explicit Xoshiro(const State& state) : state_(state) {}

    // One stream for each (seed, market, episode), seeded by splitmix64.
    Xoshiro(std::uint64_t seed, std::uint64_t market, std::uint64_t episode) {
        std::uint64_t key = seed;
        key = step(key) ^ market;
        key = step(key) ^ episode;
        for (std::uint64_t& word : state_) word = step(key);
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

  private:
    static std::uint64_t step(std::uint64_t& key) { return mix(key += 0x9e3779b97f4a7c15U); }

    State state_{};
};

// A multiplicative congruential generator modulo 2^128, of which the upper half is the draw (Lehmer 1949; as lehmer64
// of Lemire 2019, which passes BigCrush): 16 bytes, so that each source of a market has its own. The draw is what
// stands there already, so that nothing waits for a multiplication.
class Lehmer {
  public:
    Lehmer() = default;
    Lehmer(std::uint64_t high, std::uint64_t low) : state_(WideBits{high} << 64 | low | 1) {}
    // The draws that belong to an index under a random key, whoever asks for them first.
    static Lehmer at(std::uint64_t key, std::uint64_t index) {
        const WideBits product = WideBits{key} * (index ^ 0x9e3779b97f4a7c15U);
        const auto high = static_cast<std::uint64_t>(product >> 64), low = static_cast<std::uint64_t>(product);
        return {high ^ low, low};
    }

    std::uint64_t bits() {
        const auto draw = static_cast<std::uint64_t>(state_ >> 64);
        state_ *= 0xda942042e4dd58b5U;
        return draw;
    }

  private:
    WideBits state_ = 1;  // odd
};

// What is drawn from random bits.
template <class Bits>
class Draws : public Bits {
  public:
    using Bits::Bits;
    using Bits::bits;
    Draws() = default;
    explicit Draws(const Bits& bits) : Bits(bits) {}

    // Uniform on [0, 1).
    double uniform() { return static_cast<double>(bits() >> 11) * 0x1p-53; }

    // Standard normal (Box & Muller 1958); two draws.
    double normal() {
        const double radius = -2 * math::log(1 - uniform());
        return __builtin_sqrt(radius) * math::cos_turns(uniform());
    }

    // Uniform integer on [0, n); the bias of multiply-shift is below n / 2^32.
    std::uint32_t below(std::uint32_t n) { return static_cast<std::uint32_t>(((bits() >> 32) * n) >> 32); }

    // Uniform on [0, n) with what the draw has left over, which is as good as a new one while n < 2^32.
    Split split(std::uint64_t n) {
        const WideBits product = WideBits{bits()} * n;
        return {static_cast<std::uint64_t>(product >> 64), static_cast<std::uint32_t>(product >> 32)};
    }

    // Exponential with mean 1; one draw, but for one case in a hundred.
    double exponential() {
        const std::uint64_t draw = bits();
        return exponential(kFine, draw % kLayers, draw >> 11);
    }
    // The same from 32 random bits, with 24 bits of precision; a draw in one case in a hundred.
    double exponential(std::uint32_t draw) { return exponential(kCoarse, draw % kLayers, draw >> 8); }

  private:
    static constexpr Ziggurat<53> kFine{};
    static constexpr Ziggurat<24> kCoarse{};
    static constexpr std::size_t kLayers = Ziggurat<53>::kLayers;

    // From a layer and a draw within it.
    template <int precision, class Integer>
    double exponential(const Ziggurat<precision>& ziggurat, std::size_t i, Integer draw) {
        const double x = static_cast<double>(draw) * ziggurat.layer[i].scale;
        if (x < ziggurat.layer[i].inner) [[likely]]
            return x;
        Draws rest = *this;  // a copy goes out of line, so that the state may stay in registers
        const double value = rest.beyond_inner(i, x);
        *this = rest;
        return value;
    }
    // Of layer `i` a point at x that may lie above the curve: the tail has no memory and starts anew, a wedge is taken
    // with the share of its height that is below the curve.
    [[gnu::noinline, gnu::cold]] double beyond_inner(std::size_t i, double x) {
        if (i == 0) return Ziggurat<53>::kTail + exponential();
        const double low = kFine.height[i - 1], high = kFine.height[i];
        return below_curve(low + uniform() * (high - low), high, x - kFine.layer[i].inner, x) ? x : exponential();
    }
    // y < e^-x, where the curve is at `top` so far before x. Mostly its parabola and its tangent there can tell.
    static bool below_curve(double y, double top, double before, double x) {
        const double tangent = top - top * before;
        if (y < tangent) return true;
        if (y > tangent + 0.5 * top * before * before) return false;
        return y < math::exp(-x);
    }
};

// One stream for each (seed, market, episode).
using Random = Draws<Xoshiro>;

// One stream for each source of a market.
class Stream : public Draws<Lehmer> {
  public:
    Stream() = default;
    Stream(std::uint64_t high, std::uint64_t low) : Draws<Lehmer>(high, low) {}
    // The next of the streams that `parent` begets.
    explicit Stream(const Lehmer& bits) : Draws<Lehmer>(bits) {}
    explicit Stream(Random& parent) : Stream{parent.bits(), parent.bits()} {}  // braces: in this order
};

}  // namespace mm
