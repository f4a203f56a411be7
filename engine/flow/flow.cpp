#include "engine/flow/flow.hpp"

#include <algorithm>
#include <numeric>

namespace mm {

namespace {

// An efficient price that is not given is one that nobody looks at.
constexpr EfficientPriceParams kNoEfficientPrice{
    .volatility = 0, .step = 1, .edge = -0x1p28, .stale_distance = -0x1p28, .stale_hazard = 0};

EfficientPrice efficient_price(const FlowParams& params, Ticks initial_mid) {
    // High enough that bids behind it are above nothing.
    const Ticks floor = std::min(initial_mid, 2 * params.poisson.distance.back());
    return {params.efficient_price.value_or(kNoEfficientPrice), initial_mid, floor};
}

PerKind<double> unprompted(const FlowParams& params) {
    return params.hawkes ? params.hawkes->unprompted(params.mean_rates()) : PerKind<double>{{1, 1, 1}};
}

}  // namespace

void FlowParams::validate() const {
    check_fields(*this);
    if (!hawkes) return;
    hawkes->unprompted(mean_rates());
    hawkes->check_pending(mean_rates());
}

PerKind<double> FlowParams::mean_rates() const {
    const double limits = 2 * std::accumulate(poisson.limit_rate.begin(), poisson.limit_rate.end(), 0.0);
    const double markets = 2 * poisson.market_rate;
    const double filled = markets * poisson.market_sizes.mean() / poisson.limit_sizes.mean();
    return {{limits, markets, std::max(limits - filled, 0.0)}};
}

template <>
PlainFlow::Flow(const FlowParams& params, Ticks)
    : limits_(params.poisson, 1), markets_(params.poisson, 1), cancels_(params.poisson, false, 0, 1) {
}

template <>
AnchoredFlow::Flow(const FlowParams& params, Ticks initial_mid_ticks)
    : limits_(params.poisson, 1),
      markets_(params.poisson, 1),
      cancels_(params.poisson, false, 0, 1),
      sources_(efficient_price(params, initial_mid_ticks)) {
}

// A source that is not given is one that does nothing.
template <>
FullFlow::Flow(const FlowParams& params, Ticks initial_mid_ticks)
    : limits_(params.poisson, unprompted(params)[Kind::limit]),
      markets_(params.poisson, unprompted(params)[Kind::market]),
      cancels_(params.poisson, params.hawkes.has_value(), params.mean_rates()[Kind::cancel],
               unprompted(params)[Kind::cancel]),
      sources_(efficient_price(params, initial_mid_ticks),
               QueueReactive(params.queue_reactive.value_or(QueueReactiveParams{})),
               Hawkes(params.hawkes.value_or(HawkesParams{}))) {
}

}  // namespace mm
