#include "engine/market/scenario.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <string>

#include "engine/market/drift.hpp"

namespace mm {

void BookParams::validate() const {
    check_fields(*this);
    check(initial_spread_ticks <= initial_mid_ticks, "initial_spread_ticks", "be <= initial_mid_ticks",
          initial_spread_ticks);
    check(flow || realistic, "flow", "be given where realistic is not", "None");
    check(!flow || !realistic, "flow", "be left out where realistic is given", "given");
    check(variation == 0 || realistic, "variation", "be 0 where realistic is not given", shown(variation));
    check(!signal || (realistic && realistic->value), "signal", "be left out where there is no realistic.value",
          "given");
}

namespace {

// Of the background's orders: how far from the touch they stand, and how many there are.
BookNeeds background(const FlowParams& flow) {
    const std::vector<double> orders = flow.poisson.stationary_orders();
    return {static_cast<double>(flow.poisson.distance.back()), 2 * std::accumulate(orders.begin(), orders.end(), 0.0)};
}
BookNeeds background(const RealisticParams& flow) {
    return {static_cast<double>(flow.placement.farthest),
            flow.mean_rates().limits * flow.patience.longest_life() / flow.hurry()};
}

}  // namespace

BookNeeds BookParams::needs(double reach) const {
    const BookNeeds others = flow ? background(*flow) : background(*realistic);
    // Beyond that no book keeps a quote: it is not posted, and counted.
    constexpr double kFarthestQuote = 200;
    const double farthest = std::max(others.ticks, std::min(reach, kFarthestQuote));
    return {2 * farthest + 2 * initial_spread_ticks, 2 * others.orders};
}

void ReducedFormParams::validate() const {
    check_fields(*this);
    DriftChain::check_levels(drift);
    check_increases(drift, "drift");
}

void AgentParams::validate() const {
    check_fields(*this);
    check(action_low <= 0, "action_low", "be <= 0, the reference", shown(action_low));
    check(action_high >= 0, "action_high", "be >= 0, the reference", shown(action_high));
    check(action_low < action_high, "action_low", "be < action_high = " + shown(action_high), shown(action_low));
}

void Scenario::validate() const {
    check_fields(*this);
    check(maker.quote_size <= maker.max_position, "quote_size",
          "be <= max_position = " + std::to_string(maker.max_position), maker.quote_size);
    if (const auto* book = std::get_if<BookParams>(&market)) {
        const double lag_ms = book->signal ? book->signal->lag_ms : 0;
        const double most = 1e3 * decision_interval_s * (Signal::kLongest - 1);
        check(lag_ms <= most, "signal.lag_ms", "be fewer than 32 decisions, <= " + shown(most), shown(lag_ms));
        return;
    }
    check(!agent.sizes, "agent.sizes", "be false in the reduced form", "true");
    check(maker.quote_size == maker.lot, "quote_size",
          "be the lot = " + std::to_string(maker.lot) + " in the reduced form, whose fills are single lots",
          maker.quote_size);
}

double Scenario::reach() const {
    const auto* book = std::get_if<BookParams>(&market);
    const double reference = agent.action == ActionReference::offsets || book == nullptr
                                 ? price_unit
                                 : book->initial_mid_ticks * maker.farthest_quote();
    return reference + price_unit * std::max(std::abs(agent.action_low), std::abs(agent.action_high));
}

}  // namespace mm
