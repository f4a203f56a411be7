#include "engine/maker/market_maker.hpp"

#include <algorithm>
#include <cmath>

#include "engine/core/check.hpp"

namespace mm {

namespace {
constexpr double kSteepFrom = 0.7;   // |inventory| / max_position
constexpr double kSteepest = 1.5;    // factor at the limit
constexpr double kTickSlack = 1e-9;  // of a tick: a price that is a multiple up to rounding error stays
}  // namespace

void QuoteParams::validate() const {
    check_least(base_spread, 0, "base_spread");
    check_least(inventory_skew, 0, "inventory_skew");
    check_least(alpha_skew, 0, "alpha_skew");
    check_least(market_impact, 0, "market_impact");
    check_least(volatility_adjustment, 0, "volatility_adjustment");
    check_least(risk_aversion, 0, "risk_aversion");
    check_above(tick, 0, "tick");
    check(lot >= 1, "lot", "be >= 1", lot);
    check(max_position >= 1, "max_position", "be >= 1", max_position);
    check(quote_size >= 1, "quote_size", "be >= 1", quote_size);
}

AdaptiveMarketMaker::AdaptiveMarketMaker(const QuoteParams& params) : params_(params) {
    params_.validate();
}

double AdaptiveMarketMaker::skew_shape(double x) {
    x = std::clamp(x, -1.0, 1.0);
    const double beyond = std::max(0.0, std::abs(x) - kSteepFrom) / (1 - kSteepFrom);
    return x * (1 + (kSteepest - 1) * beyond);
}

double AdaptiveMarketMaker::calculate_inventory_penalty(double inventory) const {
    const double x = inventory / params_.max_position;
    return params_.risk_aversion * x * x;
}

Lots AdaptiveMarketMaker::size(Side side, double inventory) const {
    const double room = params_.max_position - sign(side) * inventory;
    const double x = std::max(0.0, sign(side) * inventory / params_.max_position);
    const double wanted = std::min(room, params_.quote_size * (1 - x));
    if (room < params_.lot) return 0;
    const auto lots = static_cast<Lots>(std::floor(wanted / params_.lot));
    return std::max(lots, 1) * params_.lot;
}

Quote AdaptiveMarketMaker::calculate_quotes(const MarketState& market, double inventory, double alpha) const {
    check_above(market.mid_price, 0, "mid_price");
    check_least(market.volatility, 0, "volatility");
    check(std::isfinite(inventory), "inventory", "be finite", inventory);
    check(std::isfinite(alpha), "alpha", "be finite", alpha);
    const double half = half_spread(market.volatility);
    const double shift = skew(inventory, alpha);
    const double bid = market.mid_price * (1 - half + shift) / params_.tick;
    const double ask = market.mid_price * (1 + half + shift) / params_.tick;
    return {std::floor(bid + kTickSlack) * params_.tick, std::ceil(ask - kTickSlack) * params_.tick,
            size(Side::bid, inventory), size(Side::ask, inventory)};
}

void AdaptiveMarketMaker::update_position(Side side, double price, Lots shares, double fee_per_share) {
    check(shares >= 1, "size", "be >= 1", shares);
    check_above(price, 0, "price");
    const double ticks = price / params_.tick;
    check(std::abs(ticks - std::round(ticks)) < 1e-6, "price", "be a multiple of the tick", price);
    check(std::isfinite(fee_per_share), "fee", "be finite", fee_per_share);
    account_.fill(side, static_cast<Ticks>(std::lround(ticks)), shares,
                  std::llround(1e3 * fee_per_share / params_.tick));
}

double AdaptiveMarketMaker::liquidation_cost(const MarketState& market) const {
    const double shares = std::abs(static_cast<double>(account_.position()));
    const double impact = 0.5 * params_.market_impact * market.mid_price * shares / params_.lot;
    return shares * (0.5 * market.spread + impact);
}

}  // namespace mm
