// Zero-intelligence order flow: independent Poisson streams by distance from the opposite best
// (Cont, Stoikov & Talreja 2010, section 2). Limit orders arrive in distance bins, market orders at one rate a
// side, and every background order is cancelled at a hazard that depends on its present distance.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "engine/core/discrete.hpp"
#include "engine/core/random.hpp"
#include "engine/core/types.hpp"
#include "engine/flow/proposal.hpp"
#include "engine/flow/sizes.hpp"

namespace mm {

// Bin i holds the distances distance[i] <= d < distance[i + 1], in ticks.
struct PoissonParams {
    std::vector<Ticks> distance;
    std::vector<double> limit_rate;     // 1/s per side, whole bin
    std::vector<double> cancel_hazard;  // 1/s per order; the last holds beyond the last bin too
    double market_rate = 0;             // 1/s per side
    Sizes limit_sizes;
    Sizes market_sizes;

    void validate() const;
    // Orders of the stationary book at each tick of distance, rate / hazard; one a tick where nothing is cancelled.
    std::vector<double> stationary_orders() const;
};

class PoissonFlow {
  public:
    explicit PoissonFlow(const PoissonParams& params);

    // Rates with `live` orders in the book, both sides; cancels are thinned from the largest hazard.
    Rates rates(std::uint32_t live) const { return {{limit_rate_, market_rate_, largest_hazard_ * live}}; }
    // A wait at a total rate, ns.
    double wait(std::int64_t rate, Random& random) const {
        return random.exponential() * unit_ns_ / static_cast<double>(rate);
    }

    template <class Book>
    Proposal limit(const Book& book, std::uint32_t bits, Random& random) const {
        const std::uint32_t choice = distance_(bits);
        const auto side = static_cast<Side>(choice & 1);
        const Ticks price = book.touch(opposite(side)) - flip(side, static_cast<Ticks>(choice >> 1));
        return {Kind::limit, side, price, limit_lots_(random)};
    }

    template <class Book>
    Proposal market(const Book& book, std::uint32_t bits, Random& random) const {
        const auto side = static_cast<Side>(bits >> 31);
        return {Kind::market, side, book.touch(opposite(side)), market_lots_(random)};
    }

    // Whether an order of the background is cancelled, once it has been chosen at the largest hazard.
    template <class Book>
    bool cancels(const Book& book, Side side, Ticks price, std::uint32_t bits) const {
        const Ticks distance = flip(side, book.touch(opposite(side)) - price);
        return bits < cancel_threshold_[static_cast<std::size_t>(std::clamp<Ticks>(distance, 0, farthest_))];
    }

    Lots typical_lots() const { return typical_lots_; }

  private:
    Discrete distance_;  // 2 x ticks from the opposite best + side
    SizeSampler limit_lots_, market_lots_;
    double unit_ns_;                               // 1 / the unit of the rates
    std::int64_t limit_rate_, market_rate_;        // both sides
    std::int64_t largest_hazard_;                  //
    std::vector<std::uint32_t> cancel_threshold_;  // hazard / largest of 2^32, by tick of distance
    Ticks farthest_;                               // tick of the last of them, which holds beyond
    Lots typical_lots_;
};

}  // namespace mm
