// Everything a market is built from; shared, unchanged, by all markets of a batch.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "engine/core/types.hpp"
#include "engine/flow/flow.hpp"
#include "engine/maker/market_maker.hpp"

namespace mm {

// How large a book must be, with room for what fluctuates and what the touch moves away from.
struct BookNeeds {
    Ticks ticks;
    double orders;
};

// A limit order book with background flow; prices in ticks.
struct BookParams {
    Ticks initial_mid = 2000;
    Ticks initial_spread = 2;
    double warmup_s = 0;
    double latency_ms = 0;
    double maker_fee = 0;  // ticks per lot, charged to the thousandth
    double taker_fee = 0;
    FlowParams flow;

    void validate() const;
    BookNeeds needs() const;
};

enum class FillMode : std::uint8_t { exponential, linear, mbt };

// Exogenous mid, independent fills with a probability that falls exponentially with depth.
struct ReducedFormParams {
    double initial_mid = 100;  // price
    double rate = 0;           // lambda, 1/s per side
    double decay = 1;          // kappa, 1/price
    double volatility = 0;     // sigma, price/sqrt(s)
    double impact = 0;         // xi, price per fill
    FillMode fill_mode = FillMode::exponential;
    std::vector<double> drift{0.0};  // levels of the signal a, price/s
    double drift_leaving_rate = 0;   // 1/s
    double drift_rate_sensitivity = 0;

    void validate() const;
};

enum class ActionReference : std::uint8_t { offsets, residual };

struct AgentParams {
    ActionReference action = ActionReference::offsets;
    double action_low = -1;  // price units
    double action_high = 3;
    double inventory_penalty = 0;  // per lot^2 and s
    double terminal_penalty = 0;   // per lot^2

    void validate() const;
    // What holding `lots` for `seconds` costs.
    double penalty(double lots, double seconds) const { return inventory_penalty * lots * lots * seconds; }
};

struct Scenario {
    std::variant<BookParams, ReducedFormParams> market;
    QuoteParams maker;
    AgentParams agent;
    double price_unit = 1;  // ticks (book) or price (reduced form)
    double decision_interval_s = 0.1;
    std::uint32_t episode_steps = 1;

    void validate() const;
    double duration_s() const { return decision_interval_s * episode_steps; }
    Lots max_lots() const { return maker.max_position / maker.lot; }
};

}  // namespace mm
