// Book markets, played one after another.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <vector>

#include "engine/market/book_market.hpp"

namespace mm {

class BookMarkets {
  public:
    static constexpr std::span<const char* const> kColumns{kBookObservation};
    static constexpr std::size_t kChunk = 16;

    BookMarkets(std::size_t size, const Scenario& scenario, const Agent& agent, int /*vector_bits*/)
        : flow_(std::make_unique<const PoissonFlow>(std::get<BookParams>(scenario.market).flow)) {
        markets_.reserve(size);
        for (std::size_t i = 0; i < size; ++i) markets_.emplace_back(scenario, agent, *flow_);
    }

    std::size_t size() const { return markets_.size(); }
    void reset(std::size_t i, const Random& random, bool staggered) { markets_[i].reset(random, staggered); }
    View view(std::size_t i) const { return markets_[i].view(); }
    bool finished(std::size_t i) const { return markets_[i].finished(); }

    void play(std::size_t begin, std::size_t end, const Depths* depths, double* statistics) {
        for (std::size_t i = begin; i < end; ++i, ++depths, statistics += kStatistics) {
            if (i + 1 < size()) prefetch(markets_[i + 1]);
            markets_[i].play(*depths, statistics);
        }
    }

    void observe(std::size_t begin, std::size_t end, float* rows) const {
        for (std::size_t i = begin; i < end; ++i, rows += kColumns.size()) markets_[i].observe(rows);
    }

  private:
    // Thousands of markets outgrow the cache: the next one arrives while this one is played.
    static void prefetch(const BookMarket& market) {
        constexpr std::size_t kLine = 64;
        const char* memory = reinterpret_cast<const char*>(&market);
        for (std::size_t offset = 0; offset < sizeof(BookMarket); offset += kLine)
            __builtin_prefetch(memory + offset, 1);
    }

    std::unique_ptr<const PoissonFlow> flow_;
    std::vector<BookMarket> markets_;
};

}  // namespace mm
