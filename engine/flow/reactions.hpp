// What follows an event at once: quotes after a trade, after a best price that is gone, after a cancel.
#pragma once

#include <tuple>

#include "engine/core/describe.hpp"

namespace mm {

struct ReactionsParams {
    double follow = 0;        // after a market order: a limit order of its side, inside the spread
    double follow_decay = 1;  // of its delay
    double renew = 0;         // after a side's best price is gone: a limit order of the other side, inside the spread
    double refill = 0;        // after a cancel: one of the same side, inside the spread if it left the best price
    double refill_decay = 1;  // of the delay of both

    static constexpr auto fields() {
        return std::tuple{Field{"follow", &ReactionsParams::follow, within(0, 1)},
                          Field{"follow_decay", &ReactionsParams::follow_decay, above(0), "1/s"},
                          Field{"renew", &ReactionsParams::renew, within(0, 1)},
                          Field{"refill", &ReactionsParams::refill, within(0, 1)},
                          Field{"refill_decay", &ReactionsParams::refill_decay, above(0), "1/s"}};
    }
    void validate() const { check_fields(*this); }
};

}  // namespace mm
