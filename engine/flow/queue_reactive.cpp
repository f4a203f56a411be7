#include "engine/flow/queue_reactive.hpp"

#include <string>

#include "engine/core/check.hpp"

namespace mm {

void QueueReactiveParams::validate() const {
    const auto check_all = [](const std::vector<double>& chances, const std::string& name) {
        for (double chance : chances)
            check(chance >= 0 && chance <= 1, "queue_reactive." + name, "lie in [0, 1]", chance);
    };
    check_all(limit, "limit");
    check_all(cancel, "cancel");
    check_all(market, "market");
    check_all({imbalance_sensitivity}, "imbalance_sensitivity");
}

QueueReactive::QueueReactive(const QueueReactiveParams& params)
    : chance_{params.limit, params.market, params.cancel}, sensitivity_(params.imbalance_sensitivity) {
    for (std::vector<double>& chance : chance_)
        if (chance.empty()) chance = {1.0};
}

}  // namespace mm
