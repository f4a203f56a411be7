#include "engine/market/batch.hpp"

#include <algorithm>
#include <vector>

#include "engine/core/check.hpp"
#include "engine/market/book_market.hpp"
#include "engine/market/reduced_form.hpp"
#include "engine/market/thread_pool.hpp"

namespace mm {

namespace {

template <class Market>
class BatchOf final : public Batch {
  public:
    // `parts` are the further arguments of Market's constructor, shared by all markets.
    template <class... Parts>
    BatchOf(const Scenario& scenario, std::size_t size, std::uint64_t first_market, std::size_t threads,
            Autoreset autoreset, const Parts&... parts)
        : scenario_(std::make_unique<const Scenario>(scenario)),
          pool_(threads),
          first_market_(first_market),
          autoreset_(autoreset),
          episode_(size),
          ended_(size) {
        markets_.reserve(size);
        for (std::size_t i = 0; i < size; ++i) markets_.emplace_back(*scenario_, parts...);
    }

    std::span<const char* const> columns() const override { return Market::kColumns; }
    std::size_t size() const override { return markets_.size(); }

    void reset(std::optional<std::uint64_t> seed, bool staggered, float* observation) override {
        if (seed) seed_ = *seed;
        pool_.run(size(), [&](std::size_t begin, std::size_t end) {
            for (std::size_t i = begin; i < end; ++i) {
                episode_[i] = seed ? 0 : episode_[i] + 1;
                start(i, staggered);
                markets_[i].observe(row(observation, i));
            }
        });
    }

    void step(const float* action, const StepBuffers& out) override {
        pool_.run(size(), [&](std::size_t begin, std::size_t end) {
            for (std::size_t i = begin; i < end; ++i) step_market(i, action + 2 * i, out);
        });
    }

  private:
    float* row(float* observation, std::size_t i) const { return observation + i * Market::kColumns.size(); }

    void start(std::size_t i, bool staggered) {
        markets_[i].reset(Random(seed_, first_market_ + i, episode_[i]), staggered);
        ended_[i] = false;
    }

    void start_next(std::size_t i) {
        ++episode_[i];
        start(i, false);
    }

    void step_market(std::size_t i, const float* action, const StepBuffers& out) {
        Statistics statistics{};
        if (ended_[i]) {  // next_step: this call only resets, whatever the action
            start_next(i);
        } else {
            markets_[i].step(action, statistics);
            ended_[i] = markets_[i].finished();
        }
        out.terminated[i] = ended_[i];
        out.reward[i] = statistics[kPnlChange] - statistics[kInventoryPenalty] - statistics[kTerminalCost];
        std::copy(statistics.begin(), statistics.end(), out.statistics + i * kStatistics);
        if (ended_[i] && autoreset_ == Autoreset::same_step) {
            markets_[i].observe(row(out.final_observation, i));
            start_next(i);
        }
        markets_[i].observe(row(out.observation, i));
    }

    std::unique_ptr<const Scenario> scenario_;  // the markets point into it
    ThreadPool pool_;
    std::vector<Market> markets_;
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
    if (const auto* book = std::get_if<BookParams>(&scenario.market)) {
        return std::make_unique<BatchOf<BookMarket>>(scenario, size, first_market, threads, autoreset,
                                                     std::make_shared<const PoissonFlow>(book->flow));
    }
    const auto& reduced = std::get<ReducedFormParams>(scenario.market);
    return std::make_unique<BatchOf<ReducedFormMarket>>(
        scenario, size, first_market, threads, autoreset,
        std::make_shared<const DriftChain>(reduced.drift, reduced.drift_leaving_rate, scenario.decision_interval_s));
}

}  // namespace mm
