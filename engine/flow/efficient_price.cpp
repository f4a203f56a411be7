#include "engine/flow/efficient_price.hpp"

#include <cmath>

#include "engine/core/check.hpp"

namespace mm {

void EfficientPriceParams::validate() const {
    check_fields(*this);
    check(stale_distance <= edge, "stale_distance", "be <= edge", stale_distance);
}

EfficientPrice::EfficientPrice(const EfficientPriceParams& params, Ticks initial, Ticks floor)
    : step_(params.step),
      edge_(params.edge),
      stale_distance_(params.stale_distance),
      initial_steps_(std::llround(initial / params.step)),
      floor_steps_(std::llround(std::ceil(floor / params.step))),
      jumps_(params.volatility * params.volatility / (params.step * params.step)),
      withdrawals_(params.stale_hazard) {
}

void EfficientPrice::moved(State& state) const {
    const double value = this->value(state);
    state.worth = {static_cast<Ticks>(std::floor(value - edge_)), static_cast<Ticks>(std::ceil(value + edge_))};
    state.fresh = {static_cast<Ticks>(std::floor(value - stale_distance_)),
                   static_cast<Ticks>(std::ceil(value + stale_distance_))};
}

}  // namespace mm
