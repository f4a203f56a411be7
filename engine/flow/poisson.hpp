// Zero-intelligence order flow: independent Poisson streams by distance from the opposite best
// (Cont, Stoikov & Talreja 2010, section 2). Limit orders arrive in distance bins, market orders at one rate a
// side, and every background order is cancelled at a hazard that depends on its present distance. Best prices are those
// of the background: our own quotes are not what anybody measures from.
#pragma once

#include <cstdint>
#include <tuple>
#include <vector>

#include "engine/core/describe.hpp"
#include "engine/core/discrete.hpp"
#include "engine/core/random.hpp"
#include "engine/core/types.hpp"
#include "engine/flow/proposal.hpp"
#include "engine/flow/sizes.hpp"

namespace mm {

// Bin i holds the distances distance[i] <= d < distance[i + 1].
struct PoissonParams {
    std::vector<Ticks> distance;
    std::vector<double> limit_rate;     // of the whole bin
    std::vector<double> cancel_hazard;  // the last holds beyond the last bin too
    double market_rate = 0;
    Ticks collar = kNoCollar;  // how far beyond the best price of the background a market order pays
    Sizes limit_sizes;
    Sizes market_sizes;

    static constexpr Ticks kNoCollar = 1 << 28;

    static constexpr auto fields() {
        return std::tuple{Field{"distance", &PoissonParams::distance, at_least(1), "ticks"},
                          Field{"limit_rate", &PoissonParams::limit_rate, at_least(0), "1/s per side"},
                          Field{"cancel_hazard", &PoissonParams::cancel_hazard, at_least(0), "1/s per order"},
                          Field{"market_rate", &PoissonParams::market_rate, at_least(0), "1/s per side"},
                          Field{"collar", &PoissonParams::collar, within(0, kNoCollar), "ticks"},
                          Field{"limit_sizes", &PoissonParams::limit_sizes},
                          Field{"market_sizes", &PoissonParams::market_sizes}};
    }

    void validate() const;
    // Orders of the stationary book at each tick of distance, rate / hazard; one a tick where nothing is cancelled.
    std::vector<double> stationary_orders() const;
    // Of each tick of distance from 0: limit orders/s per side, and 1/s per order.
    std::vector<double> limit_rate_by_tick() const;
    std::vector<double> hazard_by_tick() const;
};

// A memoryless clock.
class PoissonClock {
  public:
    explicit PoissonClock(double rate) : mean_ns_(rate * kRarest > kSecond ? kSecond / rate : 0) {}

    Nanoseconds after(Nanoseconds now, Stream& stream) const {
        return mean_ns_ > 0 ? later(now, stream.exponential() * mean_ns_) : kNever;
    }
    // From one time to the next, for a clock that has rung before; by 32 random bits, if they do.
    Nanoseconds wait(std::uint32_t bits, Stream& stream) const {
        return static_cast<Nanoseconds>(stream.exponential(bits) * mean_ns_);
    }

  private:
    static constexpr double kRarest = 0x1p56;  // ns, two years: what is rarer never happens

    double mean_ns_;  // 0 where nothing ever comes
};

// Limit orders: when, on which side, how far away, how large.
class LimitOrders {
  public:
    // `share` of the rate comes by this clock; the rest is prompted by others.
    LimitOrders(const PoissonParams& params, double share);

    const PoissonClock& clock() const { return clock_; }

    // What of an order does not depend on the book.
    struct Draft {
        std::uint32_t choice;  // 2 x ticks from the opposite best + side
        Lots lots;
    };
    Draft draw(std::uint32_t bits, Stream& stream) const { return {choice_(bits), lots_(stream)}; }

    template <class Book>
    Proposal propose(const Draft& draft, const Book& book) const {
        const auto side = static_cast<Side>(draft.choice & 1);
        const Ticks price = book.reference(opposite(side)) - flip(side, static_cast<Ticks>(draft.choice >> 1));
        return {Kind::limit, side, price, draft.lots};
    }

    Lots typical_lots() const { return typical_lots_; }

  private:
    PoissonClock clock_;  // of both sides
    Discrete choice_;
    SizeSampler lots_;
    Lots typical_lots_;
};

// Market orders, which pay up to the collar.
class MarketOrders {
  public:
    MarketOrders(const PoissonParams& params, double share);

    const PoissonClock& clock() const { return clock_; }

    struct Draft {
        Side side;
        Lots lots;
    };
    Draft draw(std::uint32_t bits, Stream& stream) const { return {static_cast<Side>(bits >> 31), lots_(stream)}; }

    // The price is that of the best queue of the background.
    template <class Book>
    Proposal propose(const Draft& draft, const Book& book) const {
        return {Kind::market, draft.side, book.reference(opposite(draft.side)), draft.lots};
    }
    // The worst price a proposal takes.
    Ticks limit(const Proposal& order) const { return order.price + flip(order.side, collar_); }

  private:
    PoissonClock clock_;
    SizeSampler lots_;
    Ticks collar_;
};

}  // namespace mm
