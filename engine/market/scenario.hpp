// Everything a market is built from; shared, unchanged, by all markets of a batch.
#pragma once

#include <cstdint>
#include <optional>
#include <tuple>
#include <type_traits>
#include <variant>
#include <vector>

#include "engine/core/describe.hpp"
#include "engine/core/types.hpp"
#include "engine/flow/flow.hpp"
#include "engine/flow/realistic.hpp"
#include "engine/maker/fees.hpp"
#include "engine/maker/market_maker.hpp"
#include "engine/market/signal.hpp"

namespace mm {

// How large a book must be, with room for what fluctuates and what the touch moves away from.
struct BookNeeds {
    double ticks;
    double orders;
};

// A limit order book with background flow; prices in ticks.
struct BookParams {
    Ticks initial_mid_ticks = 2000;
    Ticks initial_spread_ticks = 2;
    double warmup_s = 0;
    double latency_ms = 0;         // from our decision to the venue
    double latency_jitter_ms = 0;  // mean of an exponential time on top
    double data_delay_ms = 0;      // from the venue to us: market data and fills
    FeeParams fees;
    double market_impact = 0;                       // what each lot of a liquidation moves the price against the next
    std::optional<FlowParams> flow = std::nullopt;  // one of both
    std::optional<RealisticParams> realistic = std::nullopt;  //
    std::optional<SignalParams> signal = std::nullopt;  // the imbalance of the best queues is it where it is not given
    double variation = 0;                               // of a realistic flow between episodes: see variation.hpp

    static constexpr double kLongestMs = 60'000;  // a minute: what is under way takes memory

    static constexpr auto fields() {
        return std::tuple{
            Field{"initial_mid_ticks", &BookParams::initial_mid_ticks, within(1000, 0.5 * kPriceEnd), "ticks"},
            Field{"initial_spread_ticks", &BookParams::initial_spread_ticks, at_least(1), "ticks"},
            Field{"warmup_s", &BookParams::warmup_s, at_least(0), "s"},
            Field{"latency_ms", &BookParams::latency_ms, within(0, kLongestMs), "ms"},
            Field{"latency_jitter_ms", &BookParams::latency_jitter_ms, within(0, kLongestMs), "ms"},
            Field{"data_delay_ms", &BookParams::data_delay_ms, within(0, kLongestMs), "ms"},
            Field{"fees", &BookParams::fees},
            Field{"market_impact", &BookParams::market_impact, at_least(0), "fraction of the mid per lot"},
            Field{"flow", &BookParams::flow},
            Field{"realistic", &BookParams::realistic},
            Field{"signal", &BookParams::signal},
            Field{"variation", &BookParams::variation, within(0, 0.5)}};
    }

    void validate() const;
    // What a kind of flow is made from.
    template <class FlowKind>
    const typename FlowKind::Params& of() const {
        if constexpr (std::is_same_v<FlowKind, RealisticFlow>)
            return realistic.value();
        else
            return flow.value();
    }
    // Of market orders, 1/s per side: about that, or more.
    double market_rate() const { return flow ? flow->poisson.market_rate : realistic.value().mean_rates().markets; }
    // How long a day is that has a course, s.
    double session_s() const { return realistic && realistic->intraday ? realistic->intraday->session_s : 0; }
    // For a book whose quotes stand at most `reach` ticks from the mid.
    BookNeeds needs(double reach) const;
};

enum class FillMode : std::uint8_t { exponential, linear, mbt };

// Exogenous mid, independent fills with a probability that falls exponentially with depth.
struct ReducedFormParams {
    double initial_mid = 100;
    double rate = 0;        // lambda
    double decay = 1;       // kappa
    double volatility = 0;  // sigma
    double impact = 0;      // xi
    FillMode fill_mode = FillMode::exponential;
    std::vector<double> drift{0.0};  // levels of the signal a
    double drift_leaving_rate = 0;
    double drift_rate_sensitivity = 0;

    static constexpr auto fields() {
        return std::tuple{
            Field{"initial_mid", &ReducedFormParams::initial_mid, above(0), "price"},
            Field{"rate", &ReducedFormParams::rate, at_least(0), "1/s per side"},
            Field{"decay", &ReducedFormParams::decay, above(0), "1/price"},
            Field{"volatility", &ReducedFormParams::volatility, at_least(0), "price/sqrt(s)"},
            Field{"impact", &ReducedFormParams::impact, at_least(0), "price per fill"},
            Field{"fill_mode", &ReducedFormParams::fill_mode},
            Field{"drift", &ReducedFormParams::drift, any(), "price/s"},
            Field{"drift_leaving_rate", &ReducedFormParams::drift_leaving_rate, at_least(0), "1/s"},
            Field{"drift_rate_sensitivity", &ReducedFormParams::drift_rate_sensitivity, within(0, 1)},
        };
    }

    void validate() const;
};

enum class ActionReference : std::uint8_t { offsets, residual };

struct AgentParams {
    ActionReference action = ActionReference::offsets;
    double action_low = -1;
    double action_high = 3;
    double inventory_penalty = 0;
    double terminal_penalty = 0;
    bool sizes = false;  // whether an action sets the size of each quote too (book)

    static constexpr auto fields() {
        return std::tuple{
            Field{"action", &AgentParams::action},
            Field{"action_low", &AgentParams::action_low, any(), "price units"},
            Field{"action_high", &AgentParams::action_high, any(), "price units"},
            Field{"inventory_penalty", &AgentParams::inventory_penalty, at_least(0),
                  "tick (or price) x lot per lot^2 s"},
            Field{"terminal_penalty", &AgentParams::terminal_penalty, at_least(0), "tick (or price) x lot per lot^2"},
            Field{"sizes", &AgentParams::sizes},
        };
    }

    void validate() const;
    // What holding `lots` for `seconds` costs.
    double penalty(double lots, double seconds) const { return inventory_penalty * lots * lots * seconds; }
};

struct Scenario {
    std::variant<BookParams, ReducedFormParams> market;
    QuoteParams maker;
    AgentParams agent;
    double price_unit = 1;
    double decision_interval_s = 0.1;
    std::uint32_t episode_steps = 1;

    static constexpr auto fields() {
        return std::tuple{Field{"market", &Scenario::market},
                          Field{"maker", &Scenario::maker},
                          Field{"agent", &Scenario::agent},
                          Field{"price_unit", &Scenario::price_unit, above(0), "ticks (book) or price (reduced form)"},
                          Field{"decision_interval_s", &Scenario::decision_interval_s, above(0), "s"},
                          Field{"episode_steps", &Scenario::episode_steps, at_least(1)}};
    }

    void validate() const;
    double duration_s() const { return decision_interval_s * episode_steps; }
    Lots max_lots() const { return maker.max_position / maker.lot; }
    double quote_lots() const { return static_cast<double>(maker.quote_size) / maker.lot; }
    // How far from the mid an action may put a quote in a calm market, ticks.
    double reach() const;
};

}  // namespace mm
