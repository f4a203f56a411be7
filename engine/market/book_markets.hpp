// Book markets, played one after another.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "engine/core/prefetch.hpp"
#include "engine/market/book_market.hpp"
#include "engine/market/counters.hpp"

namespace mm {

template <class VenueKind>
class BookMarkets {
  public:
    static constexpr std::span<const char* const> kColumns{kBookObservation};
    static constexpr std::span<const char* const> kStatisticNames{kBookStatisticNames};
    static constexpr std::size_t kChunk = 1;  // a market that has come into the cache is done with at once

    BookMarkets(std::size_t size, const Scenario& scenario, const Agent& agent, int /*vector_bits*/)
        : setting_(scenario, agent),
          tasks_(size * setting_.tasks()),
          fills_(size * setting_.fills()),
          looks_(size * setting_.looks),
          signals_(setting_.signal ? size : 0) {
        markets_.reserve(size);
        for (std::size_t i = 0; i < size; ++i)
            markets_.emplace_back(setting_,
                                  BookMemory{part(tasks_, i, size), part(fills_, i, size), part(looks_, i, size),
                                             signals_.empty() ? nullptr : &signals_[i]});
    }
    BookMarkets(const BookMarkets&) = delete;  // the markets point to the setting
    BookMarkets& operator=(const BookMarkets&) = delete;

    std::size_t size() const { return markets_.size(); }
    // What depends on the batch's seed; every market is to be reset then.
    void seed(std::uint64_t seed) { setting_.warm.seed(seed); }
    void reset(std::size_t i, const Random& random, bool staggered) { markets_[i].reset(random, staggered); }
    View view(std::size_t i) const { return markets_[i].view(); }
    bool finished(std::size_t i) const { return markets_[i].finished(); }

    void play(std::size_t begin, std::size_t end, const Depths* depths, const Shares* shares, double* statistics) {
        for (std::size_t i = begin; i < end; ++i, ++depths, ++shares, statistics += kBookStatistics) {
            prefetch_after(markets_, i);
            markets_[i].play(*depths, *shares, statistics);
        }
    }

    void observe(std::size_t begin, std::size_t end, float* rows) const {
        for (std::size_t i = begin; i < end; ++i, rows += kColumns.size()) markets_[i].observe(rows);
    }

    // What happened since construction, and the present book, averaged over the markets.
    Counters counters() const {
        Counters sum;
        for (const Market& market : markets_) {
            const auto& venue = market.venue();
            sum.events += venue.counters().events;
            sum.rejected += venue.counters().rejected + market.refused();
            sum.dropped += venue.counters().dropped;
            sum.markouts_lost += market.desk().markouts().lost();
            sum.live_orders += venue.book().live();
            sum.spread_ticks += venue.reference(Side::ask) - venue.reference(Side::bid);
        }
        sum.live_orders /= static_cast<double>(size());
        sum.spread_ticks /= static_cast<double>(size());
        sum.memory_per_market = sizeof(Market) + setting_.tasks() * sizeof(Task) +
                                setting_.fills() * sizeof(Markouts::Record) + setting_.looks * sizeof(Look) +
                                (signals_.empty() ? 0 : sizeof(Signal));
        return sum;
    }

  private:
    using Market = BookMarket<VenueKind>;

    // What belongs to market i of an array shared by all.
    template <class Element>
    static std::span<Element> part(std::vector<Element>& all, std::size_t i, std::size_t size) {
        const std::size_t each = all.size() / size;
        return {&all[i * each], each};
    }

    BookSetting<VenueKind> setting_;
    std::vector<Task> tasks_;
    std::vector<Markouts::Record> fills_;
    std::vector<Look> looks_;
    std::vector<Signal> signals_;
    std::vector<Market> markets_;
};

}  // namespace mm
