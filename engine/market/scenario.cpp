#include "engine/market/scenario.hpp"

#include <cmath>
#include <numeric>

#include "engine/core/check.hpp"

namespace mm {

void BookParams::validate() const {
    check(initial_mid >= 1000, "initial_mid", "be >= 1000 ticks", initial_mid);
    check(initial_spread >= 1, "initial_spread", "be >= 1 tick", initial_spread);
    check_least(warmup_s, 0, "warmup_s");
    check_least(latency_ms, 0, "latency_ms");
    check(std::isfinite(maker_fee), "maker_fee", "be finite", maker_fee);
    check(std::isfinite(taker_fee), "taker_fee", "be finite", taker_fee);
    flow.validate();
}

BookNeeds BookParams::needs() const {
    const std::vector<double> orders = flow.poisson.stationary_orders();
    const double both_sides = 2 * std::accumulate(orders.begin(), orders.end(), 0.0);
    return {2 * flow.poisson.distance.back() + 2 * initial_spread, 2 * both_sides};
}

void ReducedFormParams::validate() const {
    check_above(initial_mid, 0, "initial_mid");
    check_least(rate, 0, "rate");
    check_above(decay, 0, "decay");
    check_least(volatility, 0, "volatility");
    check_least(impact, 0, "impact");
    check(!drift.empty(), "drift", "hold at least one level", drift.size());
    for (double level : drift) check(std::isfinite(level), "drift", "be finite", level);
    for (std::size_t i = 1; i < drift.size(); ++i) check(drift[i] > drift[i - 1], "drift", "increase", drift[i]);
    check_least(drift_leaving_rate, 0, "drift_leaving_rate");
    check(drift_rate_sensitivity >= 0 && drift_rate_sensitivity <= 1, "drift_rate_sensitivity", "lie in [0, 1]",
          drift_rate_sensitivity);
}

void AgentParams::validate() const {
    check(std::isfinite(action_low) && std::isfinite(action_high) && action_low < action_high, "action_low",
          "be finite and < action_high", action_low);
    check_least(inventory_penalty, 0, "inventory_penalty");
    check_least(terminal_penalty, 0, "terminal_penalty");
}

void Scenario::validate() const {
    std::visit([](const auto& params) { params.validate(); }, market);
    maker.validate();
    agent.validate();
    check_above(price_unit, 0, "price_unit");
    check_above(decision_interval_s, 0, "decision_interval_s");
    check(episode_steps >= 1, "episode_steps", "be >= 1", episode_steps);
    check(maker.max_position % maker.lot == 0, "max_position", "be a multiple of the lot", maker.max_position);
    if (const auto* book = std::get_if<BookParams>(&market))
        check(book->latency_ms < 1e3 * decision_interval_s, "latency_ms", "be less than the decision interval",
              book->latency_ms);
}

}  // namespace mm
