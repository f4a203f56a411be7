#include "engine/market/batch.hpp"

#include <algorithm>
#include <numeric>
#include <type_traits>
#include <vector>

#include "engine/core/check.hpp"
#include "engine/market/book_markets.hpp"
#include "engine/market/reduced_form.hpp"
#include "engine/market/thread_pool.hpp"

namespace mm {

namespace {

// Markets owns n markets and works on ranges of them; see ReducedFormMarkets. A chunk's rows stay in the cache.
template <class Markets>
class BatchOf final : public Batch {
  public:
    BatchOf(const Scenario& scenario, std::size_t size, std::uint64_t first_market, std::size_t threads,
            Autoreset autoreset)
        : scenario_(scenario),
          agent_(scenario_),
          markets_(size, scenario_, agent_),
          pool_(threads),
          first_market_(first_market),
          autoreset_(autoreset),
          episode_(size),
          ended_(size) {}

    std::span<const char* const> columns() const override { return Markets::kColumns; }
    std::size_t size() const override { return markets_.size(); }
    Counters counters() const override {
        Counters counters = markets_.counters();
        counters.resets = std::accumulate(episode_.begin(), episode_.end(), std::uint64_t{0});
        return counters;
    }

    void reset(std::optional<std::uint64_t> seed, bool staggered, float* observation) override {
        if (seed) seed_ = *seed;
        pool_.run(size(), [&](std::size_t begin, std::size_t end) {
            for (std::size_t i = begin; i < end; ++i) {
                episode_[i] = seed ? 0 : episode_[i] + 1;
                start(i, staggered);
            }
            markets_.observe(begin, end, row(observation, begin));
        });
    }

    void step(const float* action, const StepBuffers& out) override {
        pool_.run(size(), [&](std::size_t begin, std::size_t end) {
            for (; begin < end; begin += kChunk) step_chunk(begin, std::min(begin + kChunk, end), action, out);
        });
    }

  private:
    static constexpr std::size_t kChunk = Markets::kChunk;

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
        for (std::size_t i = begin; i < end; ++i) depths[i - begin] = agent_.depths(action + 2 * i, markets_.view(i));
        double* statistics = out.statistics + begin * kStatistics;
        markets_.play(begin, end, depths, statistics);
        for (std::size_t i = begin; i < end; ++i, statistics += kStatistics) {
            if (ended_[i]) {  // next_step: this call only resets, and what was just played is forgotten
                start_next(i);
                std::fill_n(statistics, kStatistics, 0.0);
            }
            out.reward[i] = statistics[kPnlChange] - statistics[kInventoryPenalty] - statistics[kTerminalCost];
            out.terminated[i] = markets_.finished(i);
            if (out.terminated[i]) end_episode(i, out);
        }
        markets_.observe(begin, end, row(out.observation, begin));
    }

    void end_episode(std::size_t i, const StepBuffers& out) {
        if (autoreset_ == Autoreset::next_step) {
            ended_[i] = true;
            return;
        }
        markets_.observe(i, i + 1, row(out.final_observation, i));
        start_next(i);
    }

    const Scenario scenario_;
    const Agent agent_;
    Markets markets_;  // points to both
    ThreadPool pool_;
    std::uint64_t seed_ = 0;
    std::uint64_t first_market_;
    Autoreset autoreset_;
    std::vector<std::uint64_t> episode_;
    std::vector<char> ended_;  // not vector<bool>: neighbours are written by different threads
};

}  // namespace

std::unique_ptr<Batch> make_batch(const Scenario& scenario, std::size_t size, std::uint64_t first_market,
                                  std::size_t threads, Autoreset autoreset) {
    scenario.validate();
    check(size >= 1, "n", "be >= 1 market", size);
    check(threads >= 1 && threads <= 256, "threads", "lie in [1, 256]", threads);
    const auto make = [&]<class Markets>(std::type_identity<Markets>) -> std::unique_ptr<Batch> {
        return std::make_unique<BatchOf<Markets>>(scenario, size, first_market, threads, autoreset);
    };
    if (const auto* book = std::get_if<BookParams>(&scenario.market))
        return with_exchange(
            *book, [&]<class Kind>(std::type_identity<Kind>) { return make(std::type_identity<BookMarkets<Kind>>{}); });
    return make(std::type_identity<ReducedFormMarkets>{});
}

}  // namespace mm
