#include "engine/market/batch.hpp"

#include <algorithm>
#include <type_traits>
#include <vector>

#include "engine/core/check.hpp"
#include "engine/core/vector.hpp"
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
            Autoreset autoreset, int vector_bits)
        : scenario_(scenario),
          agent_(scenario_),
          vector_bits_(vector_bits),
          markets_(size, scenario_, agent_, vector_bits),
          pool_(threads),
          first_market_(first_market),
          autoreset_(autoreset),
          episode_(size),
          ended_(size) {}

    std::span<const char* const> columns() const override { return Markets::kColumns; }
    std::size_t size() const override { return markets_.size(); }

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
        const auto view = [&](std::size_t i) { return markets_.view(begin + i); };
        with_vectors(vector_bits_,
                     [&]() MM_VECTORISED { agent_.depths(action + 2 * begin, end - begin, view, depths); });
        double* statistics = out.statistics + begin * kStatistics;
        markets_.play(begin, end, depths, statistics);
        if (autoreset_ == Autoreset::next_step) start_ended(begin, end, statistics);
        write_rewards(statistics, end - begin, out.reward + begin);
        if (find_ended(begin, end, out.terminated)) end_episodes(begin, end, out);
        markets_.observe(begin, end, row(out.observation, begin));
    }

    static void write_rewards(const double* statistics, std::size_t n, double* reward) {
        for (std::size_t i = 0; i < n; ++i, statistics += kStatistics)
            reward[i] = statistics[kPnlChange] - statistics[kInventoryPenalty] - statistics[kTerminalCost];
    }

    // Whether any of the markets has ended, and which.
    bool find_ended(std::size_t begin, std::size_t end, bool* ended) const {
        bool any = false;
        for (std::size_t i = begin; i < end; ++i) any |= ended[i] = markets_.finished(i);
        return any;
    }

    void end_episodes(std::size_t begin, std::size_t end, const StepBuffers& out) {
        for (std::size_t i = begin; i < end; ++i) {
            if (!out.terminated[i]) continue;
            ended_[i] = true;
            if (autoreset_ == Autoreset::next_step) continue;
            markets_.observe(i, i + 1, row(out.final_observation, i));
            start_next(i);
        }
    }

    // Markets that ended in the call before only start anew in this one: what they have just played is forgotten.
    void start_ended(std::size_t begin, std::size_t end, double* statistics) {
        for (std::size_t i = begin; i < end; ++i, statistics += kStatistics) {
            if (!ended_[i]) continue;
            start_next(i);
            std::fill_n(statistics, kStatistics, 0.0);
        }
    }

    const Scenario scenario_;
    const Agent agent_;
    int vector_bits_;
    Markets markets_;  // points to the scenario and the agent
    ThreadPool pool_;
    std::uint64_t seed_ = 0;
    std::uint64_t first_market_;
    Autoreset autoreset_;
    std::vector<std::uint64_t> episode_;
    std::vector<char> ended_;  // not vector<bool>: neighbours are written by different threads
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
    if (std::holds_alternative<BookParams>(scenario.market)) return make(std::type_identity<BookMarkets>{});
    return make(std::type_identity<ReducedFormMarkets>{});
}

}  // namespace mm
