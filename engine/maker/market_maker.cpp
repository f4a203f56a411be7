#include "engine/maker/market_maker.hpp"

#include <algorithm>
#include <cmath>
#include <string>

#include "engine/core/check.hpp"

namespace mm {

namespace {
constexpr double kSteepFrom = 0.7;   // |inventory| / max_position
constexpr double kSteepest = 1.5;    // factor at the limit
constexpr double kTickSlack = 1e-9;  // of a tick: a price that is a multiple up to rounding error stays
}  // namespace

void QuoteParams::validate() const {
    check_fields(*this);
    const std::string multiple = "be a multiple of the lot = " + std::to_string(lot);
    check(max_position % lot == 0, "max_position", multiple, max_position);
    check(quote_size % lot == 0, "quote_size", multiple, quote_size);
}

double QuoteParams::farthest_quote() const {
    return 0.5 * base_spread + kSteepest * inventory_skew + alpha_skew;
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
    const double fee_ticks = fee_per_share / params_.tick;
    check(ticks < kPriceEnd, "price", "be below 2^30 ticks", price);  // an account books what was paid, or nothing
    check(std::abs(fee_ticks) < kPriceEnd, "fee", "be finite and below 2^30 ticks", fee_per_share);
    account_.fill(side, to_ticks(std::round(ticks)), shares, WideMoney{std::llround(fee_ticks * kNano)} * shares);
}

double AdaptiveMarketMaker::liquidation_cost(const MarketState& market) const {
    const double shares = std::abs(static_cast<double>(account_.position()));
    return shares * 0.5 * market.spread + impact_cost(params_.market_impact, shares, params_.lot, market.mid_price);
}

}  // namespace mm
