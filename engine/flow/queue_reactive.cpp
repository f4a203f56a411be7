#include "engine/flow/queue_reactive.hpp"

namespace mm {

void QueueReactiveParams::validate() const {
    check_fields(*this);
}

QueueReactive::QueueReactive(const QueueReactiveParams& params)
    : chance_{params.limit, params.market, params.cancel}, sensitivity_(params.imbalance_sensitivity) {
    for (std::vector<double>& chance : chance_)
        if (chance.empty()) chance = {1.0};
}

}  // namespace mm
