// A fixed game in a batch, and what is left of it: the hash of everything the batch wrote, and that it was a game.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <variant>
#include <vector>

#include "engine/core/random.hpp"
#include "engine/core/vector.hpp"
#include "engine/maker/strategy.hpp"
#include "engine/market/batch.hpp"

namespace mm {

template <class FlowKindParams>
void set_flow(BookParams& book, const FlowKindParams& flow) {
    if constexpr (std::is_same_v<FlowKindParams, RealisticParams>) {
        book.realistic = flow;
        book.signal = SignalParams{.lag_ms = 100, .deviation = 2, .signal_to_noise = 1, .noise_s = 1};
    } else {
        book.flow = flow;
    }
}

template <class FlowKindParams>
Scenario book_scenario(const FlowKindParams& flow) {
    BookParams book{.initial_mid_ticks = 1000,
                    .initial_spread_ticks = 2,
                    .warmup_s = 0.5,
                    .latency_ms = 1,
                    .fees = {.maker = {0.05}, .taker = {0.1}}};
    set_flow(book, flow);
    return {.market = book,
            .maker = {},
            .agent = {.action = ActionReference::residual, .inventory_penalty = 0.1},
            .episode_steps = 100};
}

inline FlowParams plain_flow() {
    const Sizes sizes{{1, 2, 5}, {0.6, 0.3, 0.1}};
    FlowParams flow;
    flow.poisson = {.distance = {1, 2, 3, 4, 5, 6},
                    .limit_rate = {18.5, 15.1, 10.9, 8.8, 7.7},
                    .cancel_hazard = {7.1, 8.1, 6.8, 5.6, 4.7},
                    .market_rate = 9.4,
                    .limit_sizes = sizes,
                    .market_sizes = sizes};
    return flow;
}

// With every layer there is.
inline FlowParams layered_flow() {
    FlowParams flow = plain_flow();
    flow.queue_reactive = QueueReactiveParams{.limit = {1, 1, 0.9, 0.8},
                                              .cancel = {0, 0.6, 0.8, 1},
                                              .market = {1, 1, 0.8, 0.6},
                                              .imbalance_sensitivity = 0.5};
    flow.hawkes = HawkesParams{
        .decay = {1, 20}, .weight = {0.5, 0.5}, .branching = {{{0.3, 0.2, 0.1}, {0.05, 0.2, 0.02}, {0.2, 0.2, 0.2}}}};
    return flow;
}

// With a value that prices come back to.
inline FlowParams anchored_flow() {
    FlowParams flow = plain_flow();
    flow.poisson.collar = 3;
    flow.efficient_price =
        EfficientPriceParams{.volatility = 2, .step = 0.25, .edge = 0.5, .stale_distance = 0, .stale_hazard = 20};
    return flow;
}

// Every layer is on, and it is busy.
inline RealisticParams realistic_flow() {
    return {
        .placement = {.rate = 15,
                      .inside = 0.3,
                      .inside_gap = 3,
                      .inside_power = 1.5,
                      .most_inside = 0.8,
                      .inside_reach = 0.3,
                      .at_best = 0.4,
                      .behind_power = 1.2,
                      .behind_offset = 1,
                      .farthest = 12,
                      .edge = 0.5,
                      .random_edge = true,
                      .imbalance = 0.5},
        .limit_sizes = {{1}, {1}, LognormalSizes{.share = 0.5, .median = 2, .deviation = 0.6, .unit = 1}},
        .patience = {.hazard = {30, 2, 0.3},
                     .inside = {0.3, 0.4, 0.3},
                     .at_best = {0.2, 0.4, 0.4},
                     .near = {0.1, 0.4, 0.5},
                     .deep = {0.1, 0.3, 0.6},
                     .near_ticks = 2},
        .takers = {.rate = 4,
                   .usual_spread = 3,
                   .spread_power = 1.5,
                   .most = 4,
                   .imbalance = 0.5,
                   .whole_queue = 0.2,
                   .trimmed = 0.7,
                   .collar = 8,
                   .sizes = {{1, 3}, {0.6, 0.4}}},
        .metaorders = MetaordersParams{.tail = 1.5, .longest = 100},
        .value = ValueParams{.volatility = 1.5,
                             .step = 0.5,
                             .activity_share = 0.4,
                             .log_volatility = {.reversion = 0.1, .deviation = 0.3},
                             .jump_rate = 0.05,
                             .jump_size = 2},
        .impact = ImpactParams{.size = 0.5, .power = 0.3, .unit = 1, .forecast_weight = 1},
        .stale = StaleParams{.hazard = 10, .distance = 0.5, .width = 1},
        .informed = InformedParams{.rate = 20, .cost = 0.2, .whole_queue = 0.5},
        .hawkes = HawkesParams{.decay = {200, 5, 0.5},
                               .weight = {0.5, 0.3, 0.2},
                               .branching = {{{0.2, 0.4, 0.2}, {0, 0.5, 0}, {0.3, 0.3, 0.2}}}},
        .reactions =
            ReactionsParams{.follow = 0.3, .follow_decay = 200, .renew = 0.2, .refill = 0.1, .refill_decay = 300},
        .log_activity = OrnsteinUhlenbeck{.reversion = 0.1, .deviation = 0.2},
        .intraday = IntradayParams{
            .session_s = 600, .base = 0.8, .opening = 0.5, .opening_scale = 0.1, .closing = 0.5, .closing_scale = 0.1}};
}

// What we send is under way for longer than an interval and for no fixed time, what we see is old, and an action sets
// sizes too.
inline Scenario slow_scenario() {
    Scenario scenario = book_scenario(anchored_flow());
    BookParams& book = std::get<BookParams>(scenario.market);
    book.latency_ms = 130;
    book.latency_jitter_ms = 40;
    book.data_delay_ms = 250;
    book.fees = {.unit = FeeUnit::basis_points, .volume = {0, 200}, .maker = {-0.5, -1}, .taker = {2, 1.5}};
    scenario.maker.quote_size = 400;
    scenario.agent.sizes = true;
    return scenario;
}

inline Scenario reduced_form_scenario() {
    return {.market = ReducedFormParams{.initial_mid = 2000,
                                        .rate = 0.9,
                                        .decay = 0.3,
                                        .volatility = 0.3,
                                        .impact = 0.01,
                                        .drift = {-0.1, 0, 0.1},
                                        .drift_leaving_rate = 0.05,
                                        .drift_rate_sensitivity = 0.4},
            .maker = {},
            .agent = {.inventory_penalty = 0.0045, .terminal_penalty = 0.05},
            .price_unit = 10.0 / 3,
            .decision_interval_s = 1,
            .episode_steps = 100};
}

// Every episode is in a market of its own.
inline Scenario varied_scenario() {
    Scenario scenario = book_scenario(realistic_flow());
    std::get<BookParams>(scenario.market).variation = 0.2;
    return scenario;
}

struct NamedScenario {
    const char* name;
    Scenario scenario;
};
inline std::vector<NamedScenario> scenarios() {
    return {{"book", book_scenario(plain_flow())},
            {"layered_book", book_scenario(layered_flow())},
            {"anchored_book", book_scenario(anchored_flow())},
            {"slow_book", slow_scenario()},
            {"realistic_book", book_scenario(realistic_flow())},
            {"varied_book", varied_scenario()},
            {"reduced_form", reduced_form_scenario()}};
}

// FNV-1a (Fowler, Noll & Vo), 64 bits.
class Hash {
  public:
    template <class Value>
    void add(std::span<const Value> values) {
        for (const std::byte byte : std::as_bytes(values)) {
            value_ ^= std::to_integer<std::uint64_t>(byte);
            value_ *= 0x100000001b3U;
        }
    }
    std::uint64_t value() const { return value_; }

  private:
    std::uint64_t value_ = 0xcbf29ce484222325U;
};

inline constexpr std::size_t kMarkets = 64;
inline constexpr int kSteps = 300;  // three episodes
inline constexpr std::size_t kIntervals = 150;

struct Setting {
    std::size_t threads = 1;
    std::size_t batches = 1;  // that the markets are split into
    std::uint64_t seed = 7;
    Autoreset autoreset = Autoreset::same_step;
    int vector_bits = 0;
};
// All that must not change the outcome.
inline std::vector<Setting> settings() {
    std::vector<Setting> all;
    for (const std::size_t threads : {1, 2, 3, 7})
        for (const std::size_t batches : {1, 4}) all.push_back({.threads = threads, .batches = batches});
    for (int bits = 128; bits <= widest_vectors(); bits *= 2) all.push_back({.vector_bits = bits});
    return all;
}

struct Outcome {
    std::uint64_t hash = 0;
    double bought = 0;  // lots
    double sold = 0;
    int ended = 0;  // episodes

    bool operator==(const Outcome&) const = default;
};

// Random actions, step by step, and then a strategy that the batch plays by itself.
inline Outcome play(const Scenario& scenario, const Setting& setting) {
    const std::size_t n = kMarkets;
    const std::size_t part = n / setting.batches;
    std::vector<std::unique_ptr<Batch>> batches;
    for (std::size_t first = 0; first < n; first += part)
        batches.push_back(make_batch(scenario, part, first, setting.threads, setting.autoreset, setting.vector_bits));
    const std::size_t columns = batches[0]->columns().size(), width = batches[0]->statistics().size();
    const std::size_t actions = batches[0]->actions().size();

    std::vector<float> action(actions * n), observation(n * columns), last(n * columns);
    std::vector<double> reward(n), statistics(n * width);
    const auto ended = std::make_unique<bool[]>(n);
    Hash hash;
    Outcome outcome;
    for (std::size_t i = 0; i < batches.size(); ++i)
        batches[i]->reset(setting.seed, false, &observation[i * part * columns]);
    Random random(1, 0, 0);
    for (int step = 0; step < kSteps; ++step) {
        for (float& u : action) u = static_cast<float>(3 * random.uniform() - 1);
        for (std::size_t i = 0; i < batches.size(); ++i) {
            const std::size_t first = i * part;
            batches[i]->step(&action[actions * first], {.observation = &observation[first * columns],
                                                        .reward = &reward[first],
                                                        .terminated = &ended[first],
                                                        .final_observation = &last[first * columns],
                                                        .statistics = &statistics[first * width]});
        }
        hash.add(std::span<const float>(observation));
        hash.add(std::span<const float>(last));
        hash.add(std::span<const double>(reward));
        hash.add(std::span<const double>(statistics));
        hash.add(std::span<const bool>(ended.get(), n));
        for (std::size_t i = 0; i < n; ++i) {
            outcome.bought += statistics[i * width + kBidFilled];
            outcome.sold += statistics[i * width + kAskFilled];
            outcome.ended += ended[i];
        }
    }
    std::vector<double> abs_inventory(n);
    const Strategy strategy = Strategy::linear_skew(1.5, 0.5, 0.2, scenario.max_lots());
    for (std::size_t i = 0; i < batches.size(); ++i)
        batches[i]->play(strategy, kIntervals,
                         {&reward[i * part], &statistics[i * part * width], &abs_inventory[i * part]});
    hash.add(std::span<const double>(reward));
    hash.add(std::span<const double>(statistics));
    hash.add(std::span<const double>(abs_inventory));
    outcome.hash = hash.value();
    return outcome;
}

}  // namespace mm
