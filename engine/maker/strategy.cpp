#include "engine/maker/strategy.hpp"

#include <cmath>

#include "engine/core/check.hpp"
#include "engine/core/math.hpp"
#include "engine/maker/market_maker.hpp"

namespace mm {

namespace {

// One row of a table: `depths_at(q)` for every inventory.
template <class DepthsAt>
void append_row(std::vector<Depths>& depths, Lots max_lots, const DepthsAt& depths_at) {
    for (Lots q = -max_lots; q <= max_lots; ++q) depths.push_back(depths_at(q));
}

void check_limit(Lots max_lots) {
    check(max_lots >= 1, "max_lots", "be >= 1", max_lots);
}

// What both formulas charge for the risk of the next trade alone: ln(1 + gamma / k) / gamma.
double risk_premium(double risk_aversion, double decay) {
    return math::log1p_ratio(risk_aversion / decay) / decay;
}

}  // namespace

Strategy::Strategy(std::vector<Depths> depths, Lots max_lots, double alpha_skew, std::vector<double> levels)
    : depths_(std::move(depths)),
      levels_(std::move(levels)),
      max_lots_(max_lots),
      limit_(max_lots),
      alpha_skew_(alpha_skew) {
    check(max_lots >= 0, "max_lots", "be >= 0", max_lots);
    check(!levels_.empty(), "levels", "hold at least one signal", levels_.size());
    check(depths_.size() % (width() * levels_.size()) == 0, "depths", "have 2 max_lots + 1 x levels pairs a row",
          depths_.size());
    check(!depths_.empty(), "depths", "have at least one row", depths_.size());
    for (const Depths& at : depths_) {
        check(std::isfinite(at.bid), "depths", "be finite", at.bid);
        check(std::isfinite(at.ask), "depths", "be finite", at.ask);
    }
    check(std::isfinite(alpha_skew), "alpha_skew", "be finite", alpha_skew);
    for (std::size_t i = 1; i < levels_.size(); ++i) {
        check(levels_[i] > levels_[i - 1], "levels", "increase", levels_[i]);
        edges_.push_back(0.5 * (levels_[i - 1] + levels_[i]));
    }
    for (double level : levels_) check(std::isfinite(level), "levels", "be finite", level);
}

Strategy Strategy::constant(double half_spread) {
    check(std::isfinite(half_spread), "half_spread", "be finite", half_spread);
    return Strategy({{half_spread, half_spread}}, 0);
}

Strategy Strategy::linear_skew(double half_spread, double inventory_skew, double alpha_skew, Lots max_lots) {
    check(std::isfinite(half_spread), "half_spread", "be finite", half_spread);
    check(std::isfinite(inventory_skew), "inventory_skew", "be finite", inventory_skew);
    check_limit(max_lots);
    std::vector<Depths> depths;
    append_row(depths, max_lots, [&](Lots q) -> Depths {
        const double shift = inventory_skew * AdaptiveMarketMaker::skew_shape(static_cast<double>(q) / max_lots);
        return {half_spread + shift, half_spread - shift};
    });
    return Strategy(std::move(depths), max_lots, alpha_skew);
}

Strategy Strategy::avellaneda_stoikov(double risk_aversion, double volatility, double decay, double dt,
                                      std::uint32_t steps, Lots max_lots) {
    check_above(risk_aversion, 0, "risk_aversion");
    check_least(volatility, 0, "volatility");
    check_above(decay, 0, "decay");
    check_above(dt, 0, "dt");
    check(steps >= 1, "steps", "be >= 1", steps);
    check_limit(max_lots);
    std::vector<Depths> depths;
    for (std::uint32_t step = 0; step < steps; ++step) {
        const double risk = risk_aversion * volatility * volatility * (steps - step) * dt;
        const double half_spread = 0.5 * risk + risk_premium(risk_aversion, decay);
        append_row(depths, max_lots,
                   [&](Lots q) -> Depths { return {half_spread + q * risk, half_spread - q * risk}; });
    }
    return Strategy(std::move(depths), max_lots);
}

Strategy Strategy::glft(double risk_aversion, double volatility, double decay, double rate, Lots max_lots) {
    check_above(risk_aversion, 0, "risk_aversion");
    check_least(volatility, 0, "volatility");
    check_above(decay, 0, "decay");
    check_above(rate, 0, "rate");
    check_limit(max_lots);
    const double ratio = risk_aversion / decay;
    const double power = math::exp((1 + ratio) * math::log1p_ratio(ratio));  // (1 + gamma / k)^(1 + k / gamma)
    const double slope = std::sqrt(volatility * volatility * risk_aversion / (2 * decay * rate) * power);
    const double premium = risk_premium(risk_aversion, decay);
    std::vector<Depths> depths;
    append_row(depths, max_lots,
               [&](Lots q) -> Depths { return {premium + (0.5 + q) * slope, premium + (0.5 - q) * slope}; });
    return Strategy(std::move(depths), max_lots);
}

}  // namespace mm
