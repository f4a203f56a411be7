// The quoting rule of the product: a base spread around the mid, shifted by inventory and by a short-term alpha.
#pragma once

#include <tuple>

#include "engine/core/describe.hpp"
#include "engine/core/types.hpp"
#include "engine/maker/account.hpp"

namespace mm {

struct MarketState {
    double mid_price = 0;   // price
    double spread = 0;      // price
    double volatility = 0;  // fraction of the mid per sqrt(s)
};

struct InventoryState {
    double position = 0;      // shares, long positive
    double max_position = 0;  // shares
    double ratio() const { return position / max_position; }
};

struct Quote {
    double bid_price = 0;  // price, a multiple of the tick
    double ask_price = 0;
    Lots bid_size = 0;  // shares; 0 is no quote
    Lots ask_size = 0;
};

// The defaults are those of config/default.yaml, which a test holds them to.
struct QuoteParams {
    double base_spread = 0.001;
    double inventory_skew = 0.0001;
    double alpha_skew = 0.0002;
    double market_impact = 0.0001;
    double volatility_adjustment = 10;
    double risk_aversion = 0.1;
    Lots max_position = 1000;
    Lots quote_size = 100;
    Lots lot = 100;      // sizes are multiples of it
    double tick = 0.01;  // quotes are multiples of it

    static constexpr auto fields() {
        return std::tuple{
            Field{"base_spread", &QuoteParams::base_spread, at_least(0), "fraction of the mid"},
            Field{"inventory_skew", &QuoteParams::inventory_skew, at_least(0), "fraction of the mid"},
            Field{"alpha_skew", &QuoteParams::alpha_skew, at_least(0), "fraction of the mid"},
            Field{"market_impact", &QuoteParams::market_impact, at_least(0), "fraction of the mid"},
            Field{"volatility_adjustment", &QuoteParams::volatility_adjustment, at_least(0), "sqrt(s)"},
            Field{"risk_aversion", &QuoteParams::risk_aversion, at_least(0)},
            Field{"max_position", &QuoteParams::max_position, at_least(1), "shares"},
            Field{"quote_size", &QuoteParams::quote_size, at_least(1), "shares"},
            Field{"lot", &QuoteParams::lot, at_least(1), "shares"},
            Field{"tick", &QuoteParams::tick, above(0), "price"},
        };
    }
    // Python may leave any of them out: the specification builds the maker from two arguments.
    static constexpr bool kHasDefaults = true;

    void validate() const;
    // How far a quote may stand from the mid while nothing moves, as a fraction of it.
    double farthest_quote() const;
};

// bid, ask = mid -+ base / 2 + skew, base = base_spread (1 + volatility_adjustment volatility) mid.
class AdaptiveMarketMaker {
  public:
    explicit AdaptiveMarketMaker(const QuoteParams& params);

    // Prices rounded outward to ticks, so that the edge is never less than asked; sizes by inventory.
    Quote calculate_quotes(const MarketState& market, double inventory, double alpha) const;
    // Half-spread, as a fraction of the mid.
    double half_spread(double volatility) const {
        return 0.5 * params_.base_spread * (1 + params_.volatility_adjustment * volatility);
    }
    // The skew by x = inventory / max_position: x itself, steepened beyond |x| = 0.7 by a factor that grows linearly
    // from 1 to 1.5 at |x| = 1. Odd, continuous, monotone.
    static double skew_shape(double x);
    // Shift of both quotes, as a fraction of the mid.
    double calculate_inventory_skew(double inventory) const {
        return -params_.inventory_skew * skew_shape(inventory / params_.max_position);
    }
    double skew(double inventory, double alpha) const {
        return calculate_inventory_skew(inventory) + params_.alpha_skew * alpha;
    }
    // risk_aversion (inventory / max_position)^2.
    double calculate_inventory_penalty(double inventory) const;
    // Shares to quote: the side that adds to the position shrinks with it and ends at the limit; the side that
    // reduces it keeps its size.
    Lots size(Side side, double inventory) const;

    // Books one of our own fills; price in units of `tick`, size in shares.
    void update_position(Side side, double price, Lots shares, double fee_per_share);
    // Cost of closing the position at once: half the spread a share, and market_impact of the mid for each lot.
    double liquidation_cost(const MarketState& market) const;
    // The part of it that market_impact makes.
    static double impact_cost(double market_impact, double shares, Lots lot, double mid) {
        return shares * 0.5 * market_impact * mid * shares / lot;
    }

    const QuoteParams& params() const { return params_; }
    const Account& account() const { return account_; }

  private:
    QuoteParams params_;
    Account account_;  // ticks and shares
};

}  // namespace mm
