// Zero-intelligence order flow: independent Poisson streams by distance from the opposite best
// (Cont, Stoikov & Talreja 2010, section 2). Limit orders arrive in distance bins, market orders at one rate a
// side, and every background order is cancelled at a hazard that depends on its present distance.
#pragma once

#include <vector>

#include "engine/book/order.hpp"
#include "engine/core/discrete.hpp"
#include "engine/core/random.hpp"
#include "engine/core/types.hpp"

namespace mm {

// P(size = lots[i]) = probability[i].
struct Sizes {
    std::vector<Lots> lots;
    std::vector<double> probability;

    void validate(const char* name) const;
    double mean() const;
};

// Bin i holds the distances distance[i] <= d < distance[i + 1], in ticks.
struct PoissonParams {
    std::vector<Ticks> distance;
    std::vector<double> limit_rate;     // 1/s per side, whole bin
    std::vector<double> cancel_hazard;  // 1/s per order; the last holds beyond the last bin too
    double market_rate = 0;             // 1/s per side
    Sizes limit_sizes;
    Sizes market_sizes;

    void validate() const;
};

class PoissonFlow {
  public:
    explicit PoissonFlow(const PoissonParams& params);

    // Total event rate with `live` orders in the book, 1/s; cancels are thinned from the largest hazard.
    double rate(std::uint32_t live) const { return arrival_rate_ + largest_hazard_ * live; }

    // Draws and applies one event. `reference[side]` is the best price of a side, or the last one when it is empty.
    // The sink hears filled(Fill), submitted(Handle, Side, Ticks, Lots) and cancelled(Handle, Side, Ticks, Lots).
    template <class Book, class Sink>
    void event(Book& book, const Ticks (&reference)[2], Random& random, Sink& sink) const {
        const double u = random.uniform() * rate(book.live());
        const Side side = random.below(2) == 0 ? Side::bid : Side::ask;
        if (u < limit_arrivals_) {
            place(book, side, reference[index(opposite(side))], random, sink);
        } else if (u < arrival_rate_) {
            book.market(side, market_lots_[market_size_(random)], Owner::background,
                        [&](const Fill& fill) { sink.filled(fill); });
        } else {
            cancel(book, reference, random, sink);
        }
    }

    // Orders of the stationary book at each tick of distance, rate / hazard; for seeding a fresh book.
    std::vector<double> stationary_orders() const;
    Lots typical_lots() const { return typical_lots_; }

  private:
    template <class Book, class Sink>
    void place(Book& book, Side side, Ticks opposite_best, Random& random, Sink& sink) const {
        const std::uint32_t bin = bin_sampler_(random);
        const auto width = static_cast<std::uint32_t>(distance_[bin + 1] - distance_[bin]);
        const Ticks distance = distance_[bin] + static_cast<Ticks>(random.below(width));
        const Lots lots = limit_lots_[limit_size_(random)];
        const Ticks price = opposite_best - sign(side) * distance;
        const Submission placed =
            book.limit(side, price, lots, Owner::background, [&](const Fill& fill) { sink.filled(fill); });
        if (placed.resting) sink.submitted(placed.resting, side, price, lots - placed.filled);
    }

    template <class Book, class Sink>
    void cancel(Book& book, const Ticks (&reference)[2], Random& random, Sink& sink) const {
        const Handle handle = book.live_order(random.below(book.live()));
        const double u = random.uniform() * largest_hazard_;
        const auto order = book.order(handle);
        if (order.owner != Owner::background) return;
        if (u >= hazard((reference[index(opposite(order.side))] - order.price) * sign(order.side))) return;
        book.cancel(handle);
        sink.cancelled(handle, order.side, order.price, order.lots);
    }

    double hazard(Ticks distance) const {
        const auto last = static_cast<Ticks>(hazard_at_.size()) - 1;
        return hazard_at_[static_cast<std::size_t>(distance < 0 ? 0 : distance > last ? last : distance)];
    }

    std::vector<Ticks> distance_;
    std::vector<double> limit_rate_;
    std::vector<double> hazard_at_;  // by tick of distance; the last entry holds beyond
    std::vector<Lots> limit_lots_, market_lots_;
    Discrete bin_sampler_, limit_size_, market_size_;
    double limit_arrivals_ = 0;  // both sides
    double arrival_rate_ = 0;    // limit and market, both sides
    double largest_hazard_ = 0;
    Lots typical_lots_ = 1;
};

}  // namespace mm
