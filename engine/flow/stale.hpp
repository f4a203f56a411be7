// Quotes at the best price that the value has come close to, or passed, are withdrawn in haste.
#pragma once

#include <algorithm>
#include <tuple>

#include "engine/core/describe.hpp"
#include "engine/core/types.hpp"
#include "engine/flow/placement.hpp"

namespace mm {

// At hazard x min(1, (distance - gap) / width) for each order at the best price, while the value is so near.
struct StaleParams {
    double hazard = 0;
    double distance = 0;
    double width = 1;

    static constexpr auto fields() {
        return std::tuple{Field{"hazard", &StaleParams::hazard, at_least(0), "1/s per order"},
                          Field{"distance", &StaleParams::distance, any(), "ticks"},
                          Field{"width", &StaleParams::width, above(0), "ticks"}};
    }
    void validate() const { check_fields(*this); }

    // Of one order at a side's best price, 1/s.
    double hazard_of(Side side, const Sight& sight) const {
        return hazard * std::clamp((distance - sight.gap(side)) / width, 0.0, 1.0);
    }
};

}  // namespace mm
