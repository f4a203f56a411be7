// Many independent markets behind one call.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "engine/maker/strategy.hpp"
#include "engine/market/columns.hpp"
#include "engine/market/counters.hpp"
#include "engine/market/scenario.hpp"

namespace mm {

// When a market whose episode has ended starts its next one: within the same step, or at the next call.
enum class Autoreset : std::uint8_t { same_step, next_step };

// Caller-owned outputs of a step; n markets, k observation columns, m statistics.
struct StepBuffers {
    float* observation;        // [n, k]
    double* reward;            // [n]
    bool* terminated;          // [n]
    float* final_observation;  // [n, k]; rows of markets that ended in this step are written (same_step)
    double* statistics;        // [n, m]
};

// Caller-owned sums over the intervals of a play; n markets.
struct Totals {
    double* reward;         // [n]
    double* statistics;     // [n, m]; inventory and mid are those after the last interval
    double* abs_inventory;  // [n], lots
};

// One call at a time: `counters`, `reset`, `step` and `play` throw std::logic_error while another thread is in one.
//
// Market i plays the streams of (seed, first_market + i, episode): results depend on neither the number of threads
// nor how markets are split into batches.
class Batch {
  public:
    virtual ~Batch() = default;

    virtual std::span<const char* const> columns() const = 0;
    virtual std::span<const char* const> statistics() const = 0;
    // What an action sets in one market.
    virtual std::span<const char* const> actions() const = 0;
    virtual std::size_t size() const = 0;
    virtual Counters counters() const = 0;
    // With a seed, starts episode 0 of every market; without one, each market's next episode. `staggered` starts each
    // at a random step of its clock. [n, k]
    virtual void reset(std::optional<std::uint64_t> seed, bool staggered, float* observation) = 0;
    // Plays one decision interval of every market; std::logic_error before the first reset, as in `play`. `action` is
    // [n, actions], finite; values are clipped to the box.
    virtual void step(const float* action, const StepBuffers& out) = 0;
    // Lets a strategy play many intervals of every market. A market that ends starts anew before the next interval.
    virtual void play(const Strategy& strategy, std::size_t intervals, const Totals& out) = 0;
};

// `vector_bits` as in with_vectors, or 0 for the widest; the results are the same.
std::unique_ptr<Batch> make_batch(const Scenario& scenario, std::size_t size, std::uint64_t first_market,
                                  std::size_t threads, Autoreset autoreset, int vector_bits = 0);

}  // namespace mm
