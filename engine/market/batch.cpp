#include "engine/market/batch.hpp"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <numeric>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <vector>

#include "engine/core/check.hpp"
#include "engine/core/claim.hpp"
#include "engine/core/vector.hpp"
#include "engine/market/book_markets.hpp"
#include "engine/market/reduced_form.hpp"
#include "engine/market/thread_pool.hpp"

namespace mm {

namespace {

void check_fits(const Strategy& strategy, const Agent& agent) {
    const Lots lots = strategy.max_lots();
    const std::string rule = "be the market's = " + std::to_string(agent.max_lots());
    check(lots == 0 || lots == agent.max_lots(), "the strategy's max_lots", rule, lots);
    const std::string steps = "be 1 or an episode's = " + std::to_string(agent.steps());
    check(strategy.rows() == 1 || strategy.rows() == agent.steps(), "the strategy's steps", steps, strategy.rows());
}

// Markets owns n markets and works on ranges of them; see ReducedFormMarkets. A chunk's rows stay in the cache.
template <class Markets>
class BatchOf final : public Batch {
  public:
    BatchOf(const Scenario& scenario, std::size_t size, std::uint64_t first_market, std::size_t threads,
            Autoreset autoreset, int vector_bits)
        : scenario_(scenario),
          agent_(scenario_),
          vector_bits_(vector_bits),
          markets_(size, scenario_, agent_, vector_bits),
          pool_(threads),
          first_market_(first_market),
          autoreset_(autoreset),
          episode_(size),
          played_(size),
          ended_(size) {}

    std::span<const char* const> columns() const override { return Markets::kColumns; }
    std::span<const char* const> statistics() const override { return Markets::kStatisticNames; }
    std::span<const char* const> actions() const override { return agent_.actions(); }
    std::size_t size() const override { return markets_.size(); }
    Counters counters() const override {
        const Claim claim(taken_, kName);
        Counters counters = markets_.counters();
        counters.resets = std::accumulate(played_.begin(), played_.end(), std::uint64_t{0});
        return counters;
    }

    void reset(std::optional<std::uint64_t> seed, bool staggered, float* observation) override {
        const Claim claim(taken_, kName);
        if (seed) seed_ = *seed;
        if constexpr (requires { markets_.seed(seed_); }) markets_.seed(seed_);
        pool_.run(size(), [&](std::size_t begin, std::size_t end) {
            for (std::size_t i = begin; i < end; ++i) {
                episode_[i] = seed ? 0 : episode_[i] + 1;
                if (seed) played_[i] = 0;
                start(i, staggered);
            }
            markets_.observe(begin, end, row(observation, begin));
        });
        started_ = true;
    }

    void step(const float* action, const StepBuffers& out) override {
        const Claim claim(taken_, kName);
        require_start();
        pool_.run(size(), [&](std::size_t begin, std::size_t end) {
            for (; begin < end; begin += kChunk) step_chunk(begin, std::min(begin + kChunk, end), action, out);
        });
    }

    void play(const Strategy& strategy, std::size_t intervals, const Totals& out) override {
        check_fits(strategy, agent_);
        const Claim claim(taken_, kName);
        require_start();
        pool_.run(size(), [&](std::size_t begin, std::size_t end) {
            for (; begin < end; begin += kChunk)
                play_chunk(begin, std::min(begin + kChunk, end), strategy, intervals, out);
        });
    }

  private:
    static constexpr std::size_t kChunk = Markets::kChunk;
    static constexpr std::size_t kWidth = Markets::kStatisticNames.size();  // of a row of statistics
    static constexpr const char* kName = "the batch";

    // Before its first reset a market has neither prices nor a random stream of its own.
    void require_start() const {
        if (!started_) throw std::logic_error("reset the batch before its first step");
    }

    static float* row(float* observation, std::size_t i) { return observation + i * Markets::kColumns.size(); }

    void start(std::size_t i, bool staggered) {
        markets_.reset(i, Random(seed_, first_market_ + i, episode_[i]), staggered);
        ended_[i] = false;
    }

    void start_next(std::size_t i) {
        ++episode_[i];
        start(i, false);
    }

    void step_chunk(std::size_t begin, std::size_t end, const float* action, const StepBuffers& out) {
        Depths depths[kChunk];
        Shares shares[kChunk];
        const float* actions = action + agent_.actions().size() * begin;
        const auto view = [&](std::size_t i) { return markets_.view(begin + i); };
        with_vectors(kChunk == 1 ? 0 : vector_bits_,
                     [&]() MM_VECTORISED { agent_.depths(actions, end - begin, view, depths); });
        agent_.shares(actions, end - begin, shares);
        double* statistics = out.statistics + begin * kWidth;
        markets_.play(begin, end, depths, shares, statistics);
        if (autoreset_ == Autoreset::next_step) start_ended(begin, end, statistics);
        for (std::size_t i = begin; i < end; ++i) out.reward[i] = reward(statistics + (i - begin) * kWidth);
        if (find_ended(begin, end, out.terminated)) end_episodes(begin, end, out);
        markets_.observe(begin, end, row(out.observation, begin));
    }

    static double reward(const double* statistics) {
        return statistics[kPnlChange] - statistics[kInventoryPenalty] - statistics[kTerminalCost];
    }

    // Whether any of the markets has ended, and which.
    bool find_ended(std::size_t begin, std::size_t end, bool* ended) const {
        bool any = false;
        for (std::size_t i = begin; i < end; ++i) {
            ended[i] = markets_.finished(i);
            any |= ended[i];
        }
        return any;
    }

    void end_episodes(std::size_t begin, std::size_t end, const StepBuffers& out) {
        for (std::size_t i = begin; i < end; ++i) {
            if (!out.terminated[i]) continue;
            ended_[i] = true;
            ++played_[i];
            if (autoreset_ == Autoreset::next_step) continue;
            markets_.observe(i, i + 1, row(out.final_observation, i));
            start_next(i);
        }
    }

    // All intervals of a chunk before the next one: its markets stay in the cache.
    void play_chunk(std::size_t begin, std::size_t end, const Strategy& strategy, std::size_t intervals,
                    const Totals& out) {
        Depths depths[kChunk];
        const Shares shares[kChunk]{};
        double statistics[kChunk * kWidth]{};
        start_ended(begin, end, statistics);
        const Totals totals{out.reward + begin, out.statistics + begin * kWidth, out.abs_inventory + begin};
        clear(totals, end - begin);
        for (std::size_t interval = 0; interval < intervals; ++interval) {
            for (std::size_t i = begin; i < end; ++i) depths[i - begin] = quote(strategy, markets_.view(i));
            markets_.play(begin, end, depths, shares, statistics);
            add(statistics, end - begin, totals);
            for (std::size_t i = begin; i < end; ++i) {
                if (!markets_.finished(i)) continue;
                ++played_[i];
                start_next(i);
            }
        }
        for (std::size_t row = 0; row < (end - begin) * kWidth; row += kWidth)
            for (Statistic last : {kInventory, kMid}) totals.statistics[row + last] = statistics[row + last];
    }

    static Depths quote(const Strategy& strategy, const View& view) {
        return strategy.depths(view.step, view.inventory, view.alpha, view.spread);
    }

    static void clear(const Totals& totals, std::size_t n) {
        std::fill_n(totals.reward, n, 0.0);
        std::fill_n(totals.statistics, n * kWidth, 0.0);
        std::fill_n(totals.abs_inventory, n, 0.0);
    }

    static void add(const double* statistics, std::size_t n, const Totals& totals) {
        for (std::size_t k = 0; k < n * kWidth; ++k) totals.statistics[k] += statistics[k];
        for (std::size_t i = 0; i < n; ++i, statistics += kWidth) {
            totals.reward[i] += reward(statistics);
            totals.abs_inventory[i] += std::abs(statistics[kInventory]);
        }
    }

    // Markets that ended in the call before only start anew in this one: what they have just played is forgotten.
    void start_ended(std::size_t begin, std::size_t end, double* statistics) {
        for (std::size_t i = begin; i < end; ++i, statistics += kWidth) {
            if (!ended_[i]) continue;
            start_next(i);
            std::fill_n(statistics, kWidth, 0.0);
        }
    }

    const Scenario scenario_;
    const Agent agent_;
    int vector_bits_;
    Markets markets_;  // points to the scenario and the agent
    ThreadPool pool_;
    mutable std::atomic_flag taken_;
    bool started_ = false;
    std::uint64_t seed_ = 0;
    std::uint64_t first_market_;
    Autoreset autoreset_;
    std::vector<std::uint64_t> episode_;  // that each market plays
    std::vector<std::uint64_t> played_;   // to their end, since the last seed
    std::vector<char> ended_;             // not vector<bool>: neighbours are written by different threads
};

}  // namespace

std::unique_ptr<Batch> make_batch(const Scenario& scenario, std::size_t size, std::uint64_t first_market,
                                  std::size_t threads, Autoreset autoreset, int vector_bits) {
    scenario.validate();
    check(size >= 1, "n", "be >= 1 market", size);
    check(threads >= 1 && threads <= 256, "threads", "lie in [1, 256]", threads);
    check(vector_bits == 0 || vector_bits == 128 || vector_bits == 256 || vector_bits == 512, "vector_bits",
          "be 0, 128, 256 or 512", vector_bits);
    check(vector_bits <= widest_vectors(), "vector_bits", "not exceed what the machine has", vector_bits);
    const auto make = [&]<class Markets>(std::type_identity<Markets>) -> std::unique_ptr<Batch> {
        return std::make_unique<BatchOf<Markets>>(scenario, size, first_market, threads, autoreset,
                                                  vector_bits == 0 ? widest_vectors() : vector_bits);
    };
    if (const auto* book = std::get_if<BookParams>(&scenario.market))
        return with_venue(*book, book->needs(scenario.reach()), [&]<class Kind>(std::type_identity<Kind>) {
            return make(std::type_identity<BookMarkets<Kind>>{});
        });
    return make(std::type_identity<ReducedFormMarkets>{});
}

}  // namespace mm
