// What market orders tell about the value: only what their past did not foretell moves it, so that prices stay
// unpredictable although signs are not (Lillo & Farmer 2004; Bouchaud, Gefen, Potters & Wyart 2004).
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <tuple>
#include <utility>

#include "engine/core/describe.hpp"
#include "engine/core/math.hpp"
#include "engine/core/types.hpp"
#include "engine/flow/metaorders.hpp"

namespace mm {

// A market order of n lots and sign e moves the value by size (e - forecast_weight E[e | past]) (n / unit)^power.
struct ImpactParams {
    double size = 0;
    double power = 0;
    Lots unit = 1;
    double forecast_weight = 1;  // below 1 trades have momentum, above they are followed by a reversal

    static constexpr auto fields() {
        return std::tuple{Field{"size", &ImpactParams::size, at_least(0), "ticks"},
                          Field{"power", &ImpactParams::power, within(0, 1)},
                          Field{"unit", &ImpactParams::unit, at_least(1), "lots"},
                          Field{"forecast_weight", &ImpactParams::forecast_weight, within(0, 3)}};
    }
    void validate() const { check_fields(*this); }
};

class Impact {
  public:
    struct State {
        std::int8_t sign = 1;   // of the last market orders
        std::uint32_t run = 0;  // so many of them had it
    };

    Impact(const ImpactParams& params, SignForecast forecast) : params_(params), forecast_(std::move(forecast)) {}

    // Whether what has been foreseen moves nothing.
    bool fair() const { return params_.forecast_weight == 1; }
    // What a market order moves the value by, ticks.
    double move(State& state, Side side, Lots lots) const {
        const double size = math::exp(params_.power * math::log(static_cast<double>(lots) / params_.unit));
        const int by = sign(side);
        const double expected =
            state.run == 0 ? 0 : state.sign * forecast_[std::min<std::size_t>(state.run, forecast_.size()) - 1];
        state.run = by == state.sign ? state.run + 1 : 1;
        state.sign = static_cast<std::int8_t>(by);
        return params_.size * (by - params_.forecast_weight * expected) * size;
    }

  private:
    ImpactParams params_;
    SignForecast forecast_;
};

}  // namespace mm
