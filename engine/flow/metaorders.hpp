// Large orders that are worked in pieces: market orders of one sign follow each other, for a number of pieces with a
// power-law tail, so that signs have a long memory (Lillo, Mike & Farmer 2005).
#pragma once

#include <cstdint>
#include <tuple>
#include <vector>

#include "engine/core/describe.hpp"
#include "engine/core/math.hpp"
#include "engine/core/random.hpp"
#include "engine/core/types.hpp"

namespace mm {

// P(at least n pieces) = n^-tail, up to the longest.
struct MetaordersParams {
    double tail = 1.5;
    std::int32_t longest = 1;

    static constexpr auto fields() {
        return std::tuple{Field{"tail", &MetaordersParams::tail, within(0.5, 8)},
                          Field{"longest", &MetaordersParams::longest, within(1, 10000), "market orders"}};
    }
    void validate() const { check_fields(*this); }
};

// What a run of n market orders of one sign says about the next: E[next sign x last sign], beyond the last entry too.
// Runs of two metaorders of the longest kind are in it: a shorter table takes the pieces of a long one by surprise,
// each again, and prices then drift for minutes.
using SignForecast = std::vector<double>;
SignForecast sign_forecast(const MetaordersParams& params);

class Metaorders {
  public:
    struct State {
        Side side = Side::bid;
        std::int32_t left = 0;
    };

    explicit Metaorders(const MetaordersParams& params) : params_(params) {}

    // Whose piece is next; it stays next until it is `sent`.
    Side next(State& state, Stream& stream) const {
        if (state.left > 0) return state.side;
        state.side = static_cast<Side>(stream.bits() >> 63);
        const double pieces = math::exp(-math::log(1 - stream.uniform()) / params_.tail);
        state.left = pieces < params_.longest ? static_cast<std::int32_t>(pieces) : params_.longest;
        return state.side;
    }
    void sent(State& state) const { --state.left; }

  private:
    MetaordersParams params_;
};

}  // namespace mm
