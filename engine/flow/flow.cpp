#include "engine/flow/flow.hpp"

#include <algorithm>
#include <numeric>

namespace mm {

void FlowParams::validate() const {
    poisson.validate();
    if (queue_reactive) queue_reactive->validate();
    if (hawkes) hawkes->validate();
}

PerKind<double> FlowParams::mean_rates() const {
    const double limits = 2 * std::accumulate(poisson.limit_rate.begin(), poisson.limit_rate.end(), 0.0);
    const double markets = 2 * poisson.market_rate;
    const double filled = markets * poisson.market_sizes.mean() / poisson.limit_sizes.mean();
    return {{limits, markets, std::max(limits - filled, 0.0)}};
}

template <>
PlainFlow::Flow(const FlowParams& params) : poisson_(params.poisson) {
}

// A layer that is not given is one that does nothing.
template <>
LayeredFlow::Flow(const FlowParams& params)
    : poisson_(params.poisson),
      layers_(QueueReactive(params.queue_reactive.value_or(QueueReactiveParams{})),
              Hawkes(params.hawkes.value_or(HawkesParams{}), params.mean_rates())) {
}

}  // namespace mm
