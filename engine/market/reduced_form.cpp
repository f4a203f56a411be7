#include "engine/market/reduced_form.hpp"

#include <algorithm>
#include <cmath>

#include "engine/core/math.hpp"
#include "engine/core/vector.hpp"

namespace mm {

namespace {

constexpr std::size_t kLanes = 8;  // of the widest vectors

constexpr std::size_t whole_vectors(std::size_t markets) {
    return (markets + kLanes - 1) / kLanes * kLanes;
}

// Chance that market orders, `reach` of which are expected in the step, reach a quote at a depth; x = -decay depth.
template <FillMode mode>
MM_VECTORISED inline double fill_probability(double reach, double x) {
    if constexpr (mode == FillMode::exponential) return 1.0 - math::exp(-reach * math::exp(x));
    if constexpr (mode == FillMode::linear) return math::smaller(1.0, reach * math::exp(x));
    return math::smaller(1.0, reach * math::smaller(1.0, math::exp(x)));
}

}  // namespace

struct alignas(64) ReducedFormMarkets::Row {
    double at[kChunk];
    double& operator[](std::size_t i) { return at[i]; }
    double operator[](std::size_t i) const { return at[i]; }
};

// Depths, without gaps.
struct ReducedFormMarkets::Quotes {
    Row bid, ask;

    MM_VECTORISED Quotes(const Depths* depths, std::size_t markets, std::size_t lanes) {
        for (std::size_t i = 0; i < markets; ++i) {
            bid[i] = depths[i].bid;
            ask[i] = depths[i].ask;
        }
        for (std::size_t i = markets; i < lanes; ++i) bid[i] = ask[i] = 0;
    }
};

struct ReducedFormMarkets::Draws {
    Row bid, ask;  // uniform
    Row shock;     // standard normal
};

// The four words of each market's random stream.
struct ReducedFormMarkets::Streams {
    std::uint64_t* words[4];

    MM_VECTORISED Random load(std::size_t i) const {
        return Random({words[0][i], words[1][i], words[2][i], words[3][i]});
    }
    MM_VECTORISED void store(std::size_t i, const Random& random) const {
        for (std::size_t word = 0; word < 4; ++word) words[word][i] = random.state()[word];
    }
};

ReducedFormMarkets::ReducedFormMarkets(std::size_t size, const Scenario& scenario, const Agent& agent, int vector_bits)
    : params_(std::get<ReducedFormParams>(scenario.market)),
      agent_(&agent),
      vector_bits_(vector_bits),
      size_(size),
      dt_(scenario.decision_interval_s),
      diffusion_(params_.volatility * std::sqrt(dt_)),
      relative_volatility_(params_.volatility / params_.initial_mid),
      episode_steps_(scenario.episode_steps),
      max_lots_(scenario.max_lots()),
      drift_(params_.drift, params_.drift_leaving_rate, dt_),
      mid_(whole_vectors(size)),
      inventory_(mid_.size()),
      signal_(mid_.size()),
      trend_(mid_.size()),
      level_(mid_.size()),
      step_(mid_.size()) {
    random_.fill(std::vector<std::uint64_t>(mid_.size()));
}

Counters ReducedFormMarkets::counters() const {
    return {.memory_per_market = sizeof(Random) + 4 * sizeof(double) + sizeof(std::uint64_t) + sizeof(std::uint32_t)};
}

void ReducedFormMarkets::reset(std::size_t i, const Random& random, bool staggered) {
    Random stream = random;
    step_[i] = staggered ? stream.below(episode_steps_) : 0;
    for (std::size_t word = 0; word < random_.size(); ++word) random_[word][i] = stream.state()[word];
    mid_[i] = params_.initial_mid;
    inventory_[i] = 0;
    level_[i] = drift_.middle();
    signal_[i] = drift_.signal(level_[i]);
    trend_[i] = drift_.drift(level_[i]) * dt_;
}

void ReducedFormMarkets::play(std::size_t begin, std::size_t end, const Depths* depths, const Shares*,
                              double* statistics) {
    Row columns[kStatistics];
    with_vectors(vector_bits_, [&]() MM_VECTORISED {
        switch (params_.fill_mode) {
            case FillMode::exponential:
                return play_chunk<FillMode::exponential>(begin, end, depths, columns);
            case FillMode::linear:
                return play_chunk<FillMode::linear>(begin, end, depths, columns);
            case FillMode::mbt:
                return play_chunk<FillMode::mbt>(begin, end, depths, columns);
        }
    });
    write_rows(columns, end - begin, statistics);
}

template <FillMode mode>
void ReducedFormMarkets::play_chunk(std::size_t begin, std::size_t end, const Depths* depths, Row* columns) {
    const std::size_t lanes = whole_vectors(end - begin);
    const Streams streams{{&random_[0][begin], &random_[1][begin], &random_[2][begin], &random_[3][begin]}};
    Draws draws;
    draw(streams, lanes, draws);
    trade<mode>(begin, lanes, Quotes(depths, end - begin, lanes), draws, columns);
    if (drift_.size() > 1) {
        Row uniform;
        draw(streams, lanes, uniform);
        move_drift(begin, lanes, uniform);
    }
    std::uint32_t* step = &step_[begin];
    for (std::size_t i = 0; i < lanes; ++i) ++step[i];
}

// Always two draws, so that policies compared on one seed see the same market. Both fills share one, as do radius and
// angle of the shock (Box & Muller 1958).
void ReducedFormMarkets::draw(const Streams& streams, std::size_t lanes, Draws& draws) {
    for (std::size_t i = 0; i < lanes; ++i) {
        Random random = streams.load(i);
        const std::uint64_t fills = random.bits(), shock = random.bits();
        streams.store(i, random);
        draws.bid[i] = math::high_uniform(fills);
        draws.ask[i] = math::low_uniform(fills);
        const double square = -2.0 * math::log(math::high_uniform(shock));
        draws.shock[i] = std::sqrt(square) * math::cos_turns(math::low_uniform(shock));
    }
}

void ReducedFormMarkets::draw(const Streams& streams, std::size_t lanes, Row& uniform) {
    for (std::size_t i = 0; i < lanes; ++i) {
        Random random = streams.load(i);
        uniform[i] = math::high_uniform(random.bits());
        streams.store(i, random);
    }
}

template <FillMode mode>
void ReducedFormMarkets::trade(std::size_t begin, std::size_t lanes, const Quotes& quotes, const Draws& draws,
                               Row* __restrict columns) {
    double* __restrict mid = &mid_[begin];
    double* __restrict inventory = &inventory_[begin];
    const double* __restrict signal = &signal_[begin];
    const double* __restrict trend = &trend_[begin];
    const double decay = params_.decay, reach = params_.rate * dt_, sensitivity = params_.drift_rate_sensitivity;
    const double max_lots = max_lots_, impact = params_.impact, diffusion = diffusion_;
    const Agent agent = *agent_;  // a copy: nothing that is written may change it
    for (std::size_t i = 0; i < lanes; ++i) {
        const double bid = quotes.bid[i], ask = quotes.ask[i], before = inventory[i];
        const double tilt = sensitivity * signal[i];
        const double bid_chance = fill_probability<mode>(reach * (1 - tilt), -decay * bid);
        const double ask_chance = fill_probability<mode>(reach * (1 + tilt), -decay * ask);
        const double bids = before < max_lots ? 1.0 : 0.0, asks = before > -max_lots ? 1.0 : 0.0;
        const double bought = draws.bid[i] < bid_chance ? bids : 0.0;
        const double sold = draws.ask[i] < ask_chance ? asks : 0.0;
        const double change = trend[i] + diffusion * draws.shock[i] + impact * (sold - bought);
        const double after = before + bought - sold;
        inventory[i] = after;
        mid[i] += change;
        columns[kPnlChange][i] = bought * bid + sold * ask + after * change;
        columns[kInventoryPenalty][i] = agent.inventory_penalty(after);
        columns[kTerminalCost][i] = agent.terminal_cost(before, after);
        columns[kInventory][i] = after;
        columns[kMid][i] = mid[i];
        columns[kBidFilled][i] = bought;
        columns[kAskFilled][i] = sold;
        columns[kFees][i] = 0;
        columns[kBidDepth][i] = bids * bid;
        columns[kAskDepth][i] = asks * ask;
    }
}

void ReducedFormMarkets::move_drift(std::size_t begin, std::size_t lanes, const Row& uniform) {
    std::uint64_t* level = &level_[begin];
    drift_.move(uniform.at, lanes, level);
    for (std::size_t i = 0; i < lanes; ++i) {
        signal_[begin + i] = drift_.signal(level[i]);
        trend_[begin + i] = drift_.drift(level[i]) * dt_;
    }
}

void ReducedFormMarkets::write_rows(const Row* columns, std::size_t markets, double* rows) {
    for (std::size_t i = 0; i < markets; ++i, rows += kStatistics)
        for (std::size_t column = 0; column < kStatistics; ++column) rows[column] = columns[column][i];
}

void ReducedFormMarkets::observe(std::size_t begin, std::size_t end, float* rows) const {
    with_vectors(vector_bits_, [&]() MM_VECTORISED {
        const Agent agent = *agent_;
        const std::uint32_t* __restrict step = step_.data();
        const double* __restrict inventory = inventory_.data();
        const double* __restrict signal = signal_.data();
        float* __restrict row = rows;
        for (std::size_t i = begin; i < end; ++i)
            agent.observe(step[i], inventory[i], signal[i], row + (i - begin) * kColumns.size());
    });
}

}  // namespace mm
