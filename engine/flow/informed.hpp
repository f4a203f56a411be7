// Traders who know the value and take a quote that stands on its wrong side (Glosten & Milgrom 1985; Copeland & Galai
// 1983). They teach the market nothing new: their orders do not move the value.
#pragma once

#include <tuple>

#include "engine/core/describe.hpp"
#include "engine/core/types.hpp"
#include "engine/flow/placement.hpp"

namespace mm {

struct InformedParams {
    double rate = 0;
    double cost = 0;         // that a trade must be worth at least
    double whole_queue = 0;  // share that takes the best queue, all of it; the others a size like anybody's at most

    static constexpr auto fields() {
        return std::tuple{Field{"rate", &InformedParams::rate, at_least(0), "1/s while it pays"},
                          Field{"cost", &InformedParams::cost, at_least(0), "ticks"},
                          Field{"whole_queue", &InformedParams::whole_queue, within(0, 1)}};
    }
    void validate() const { check_fields(*this); }

    // At which a side of the book is taken, 1/s: bids while the value lies below them.
    double rate_against(Side side, const Sight& sight) const { return sight.gap(side) < -cost ? rate : 0; }
};

}  // namespace mm
