#include "engine/flow/realistic.hpp"

#include <algorithm>
#include <cmath>

namespace mm {

namespace {

// Share of all cancels that leave their side without its best price: .03 in a large-tick book.
constexpr double kEmptying = 0.05;

// Children of each kind that an event of each kind has, reactions counted. A limit order is cancelled at most once, so
// that what cancels prompt counts as children of limit orders.
struct Children {
    double limits_by_limit, limits_by_market, markets_by_limit, markets_by_market;
};

Children children(const RealisticParams& params) {
    const HawkesParams none{};
    const auto& b = params.hawkes.value_or(none).branching;
    const ReactionsParams reactions = params.reactions.value_or(ReactionsParams{});
    constexpr std::size_t kLimit = index(Kind::limit), kMarket = index(Kind::market), kCancel = index(Kind::cancel);
    return {b[kLimit][kLimit] + b[kLimit][kCancel] + reactions.refill + reactions.renew * kEmptying,
            b[kLimit][kMarket] + reactions.follow + reactions.renew, b[kMarket][kLimit] + b[kMarket][kCancel],
            b[kMarket][kMarket]};
}

}  // namespace

double RealisticParams::spectral_radius() const {
    const auto [a, b, c, d] = children(*this);
    return 0.5 * (a + d + std::sqrt((a - d) * (a - d) + 4 * b * c));
}

void RealisticParams::validate() const {
    check_fields(*this);
    const double radius = spectral_radius();
    check(
        radius < 1,
        "the spectral radius of [[LL + LC + refill + renew x 0.05, LM + follow + renew], [ML + MC, MM]], the children "
        "of limit and market orders (hawkes.branching, by row, and reactions),",
        "be < 1, or activity explodes", shown(radius));
    check(!impact || value, "impact", "be left out where there is no value to move", "given");
    check(!stale || value, "stale", "be left out where there is no value to be stale by", "given");
    check(!informed || value, "informed", "be left out where there is no value to know", "given");
    if (!hawkes) return;
    const auto [limits, markets] = mean_rates();
    double pending = 0;
    for (std::size_t k = 0; k < hawkes->decay.size(); ++k)
        for (const auto& row : hawkes->branching)
            pending += hawkes->weight[k] / hawkes->decay[k] * (limits * (row[0] + row[2]) + markets * row[1]);
    check(pending <= Prompts::kCapacity / 4.0, "the mean number of children that hawkes has to come", "be <= 128",
          shown(pending));
}

// The stationary rates, by the same matrix.
RealisticParams::Rates RealisticParams::mean_rates() const {
    const auto [a, b, c, d] = children(*this);
    const double l = 2 * placement.rate, m = 2 * takers.rate, determinant = (1 - a) * (1 - d) - b * c;
    return {((1 - d) * l + b * m) / determinant, ((1 - a) * m + c * l) / determinant};
}

double RealisticParams::hurry() const {
    if (!hawkes) return 1;
    const auto [limits, markets] = mean_rates();
    const auto& prompts = hawkes->branching[index(Kind::cancel)];
    return 1 + prompts[0] + prompts[2] + prompts[1] * markets / limits;
}

RealisticFlow::RealisticFlow(const RealisticParams& params, Ticks initial_mid_ticks)
    : placement_(params.placement),
      lots_(params.limit_sizes),
      patience_(params.patience),
      takers_(params.takers),
      metaorders_(params.metaorders.value_or(MetaordersParams{})),
      value_(params.value.value_or(ValueParams{}), initial_mid_ticks,
             std::min(initial_mid_ticks, 2 * params.placement.farthest), params.mean_rates().limits),
      impact_(params.impact.value_or(ImpactParams{}), sign_forecast(params.metaorders.value_or(MetaordersParams{}))),
      stale_(params.stale.value_or(StaleParams{})),
      informed_(params.informed.value_or(InformedParams{})),
      reactions_(params.reactions.value_or(ReactionsParams{})),
      log_activity_(params.log_activity.value_or(OrnsteinUhlenbeck{})),
      intraday_(params.intraday.value_or(IntradayParams{})),
      limit_rate_(2 * params.placement.rate),
      hurry_ns_(std::llround(kSecond / params.mean_rates().limits)),
      first_lots_(std::max<Lots>(1, static_cast<Lots>(std::lround(params.limit_sizes.mean())))),
      valued_(params.value.has_value()),
      impacts_(params.impact.has_value()) {
    if (params.hawkes) {
        for (std::size_t k = 0; k < params.hawkes->decay.size(); ++k)
            mean_delay_ns_[k] = kSecond / params.hawkes->decay[k];
        for (std::size_t kind = 0; kind < kKinds; ++kind)
            offspring_[kind] = Offspring(*params.hawkes, static_cast<Kind>(kind));
    }
    mean_delay_ns_[kFollow] = kSecond / reactions_.follow_decay;
    mean_delay_ns_[kRefill] = kSecond / reactions_.refill_decay;
}

}  // namespace mm
