// Book markets, played one after another.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "engine/core/prefetch.hpp"
#include "engine/market/book_market.hpp"
#include "engine/market/counters.hpp"

namespace mm {

template <class ExchangeKind>
class BookMarkets {
  public:
    static constexpr std::span<const char* const> kColumns{kBookObservation};
    static constexpr std::size_t kChunk = 1;  // a market that has come into the cache is done with at once

    BookMarkets(std::size_t size, const Scenario& scenario, const Agent& agent, int /*vector_bits*/)
        : setting_(scenario, agent), markets_(size, Market(setting_)) {}
    BookMarkets(const BookMarkets&) = delete;  // the markets point to the setting
    BookMarkets& operator=(const BookMarkets&) = delete;

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

    // What happened since construction, and the present book, averaged over the markets.
    Counters counters() const {
        Counters sum{.memory_per_market = sizeof(Market)};
        for (const Market& market : markets_) {
            const auto& exchange = market.exchange();
            sum.events += exchange.counters().events;
            sum.rejected += exchange.counters().rejected;
            sum.dropped += exchange.counters().dropped;
            sum.live_orders += exchange.book().live();
            sum.spread_ticks += exchange.book().touch(Side::ask) - exchange.book().touch(Side::bid);
        }
        sum.live_orders /= static_cast<double>(size());
        sum.spread_ticks /= static_cast<double>(size());
        return sum;
    }

  private:
    using Market = BookMarket<ExchangeKind>;

    BookSetting<ExchangeKind> setting_;
    std::vector<Market> markets_;
};

}  // namespace mm
