// One order book with its background flow and its clock: where everybody's orders meet.
#pragma once

#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <type_traits>

#include "engine/book/order_book.hpp"
#include "engine/core/check.hpp"
#include "engine/core/flatten.hpp"
#include "engine/core/prefetch.hpp"
#include "engine/core/random.hpp"
#include "engine/flow/flow.hpp"
#include "engine/market/scenario.hpp"
#include "engine/market/sink.hpp"

namespace mm {

// What happens is told to a sink: see Nobody.
template <class FlowKind, class BookKind>
class Venue {
  public:
    using Flow = FlowKind;
    using Book = BookKind;

    Venue(const BookParams& params, const Flow& flow)
        : params_(&params), flow_(&flow), book_(params.initial_mid_ticks) {}

    // Seeds an empty book, then runs it for the warm-up. The session is so old at time 0.
    template <class Sink>
    void open(const Random& random, Sink&& sink, Nanoseconds session = 0) {
        Random own = random;
        flow_->open(state_, session);
        flow_->restart(state_, book_, own, now_, now_);
        seed(own, sink);
        run_until(later(0, params_->warmup_s * kSecond), sink);
    }

    // Takes over the book of a warm venue, under random streams of its own and at time 0.
    void resume(const Venue& warm, Random& random) {
        const auto counters = this->counters();
        *this = warm;
        counters_ = counters;
        now_ = 0;
        flow_->restart(state_, book_, random, now_, warm.now_);
    }
    // What is still to come is drawn anew.
    void restart(Random& random) {
        counters_ = counters();
        flow_->restart(state_, book_, random, now_, now_);
    }

    // Plays all that the background does before a time. Flattened: all that an event does is compiled into one loop.
    template <class Sink>
    MM_FLATTENED [[gnu::noinline]] void run_until(Nanoseconds time, Sink&& sink) {
        while (flow_->play(time, now_, state_, *this, sink)) {
        }
        now_ = time;
    }

    // Orders by whomever; the window follows the touch where a price needs it, and what falls out of it counts as
    // cancelled.
    template <class Sink>
    Submission limit(Side side, Ticks price, Lots lots, Party party, TimeInForce time_in_force, Sink&& sink) {
        Submission done = submit(side, price, lots, party, time_in_force, sink);
        if (done.rejection == Rejection::price_outside_window && near_mid(price)) [[unlikely]] {
            recentre(sink);
            done = submit(side, price, lots, party, time_in_force, sink);
        }
        if (done.rejection != Rejection::none) {
            ++counters_.rejected;
            return done;
        }
        if (done.resting) sink.submitted(done.resting, Order{side, party, price, lots - done.filled});
        ++counters_.events;
        return done;
    }

    // What trades at once up to a price; the rest is gone.
    template <class Sink>
    Submission take(Side side, Ticks limit, Lots lots, Party party, Sink&& sink) {
        mid2_before_ = mid2();
        const Submission done = book_.sweep(side, limit, lots, party, [&](const Fill& fill) { sink.filled(fill); });
        ++counters_.events;
        return done;
    }

    // `handle` names a live order.
    template <class Sink>
    void cancel(Handle handle, Sink&& sink) {
        sink.cancelled(handle, book_.withdraw(handle));
        ++counters_.events;
    }

    // A live order gives up lots, fewer than it has, and keeps its place.
    template <class Sink>
    void reduce(Handle handle, Lots lots, Sink&& sink) {
        Order gone = book_.order(handle);
        gone.lots = lots;
        book_.reduce(handle, lots);
        sink.reduced(handle, gone);
        ++counters_.events;
    }

    void prefetch() const {
        if constexpr (requires { state_.prefetch(); }) {
            mm::prefetch(this, &state_);
            state_.prefetch();
            mm::prefetch(&counters_, &book_);
            book_.prefetch();
        } else {
            mm::prefetch(this, this + 1);
        }
    }

    void prefetch_touch() const {
        if constexpr (requires { state_.prefetch(); }) book_.prefetch_touch();
    }

    const Book& book() const { return book_; }
    Nanoseconds now() const { return now_; }
    // Best price of the background, from which its flow measures and at which we are marked: our own quotes are not in
    // it. The last one while the background has no order on that side.
    Ticks reference(Side side) const { return book_.reference(side); }
    // Twice the mid of the background; and what it was before the order that is being matched.
    Ticks mid2() const { return reference(Side::bid) + reference(Side::ask); }
    Ticks mid2_before() const { return mid2_before_; }

    // The efficient price, which is hidden truth; the mid where there is none.
    double value() const {
        if constexpr (std::is_same_v<Flow, RealisticFlow>) return flow_->value(state_, book_);
        return 0.5 * mid2();
    }

    // Whether there is an efficient price that nobody can foresee.
    bool fair() const {
        if constexpr (std::is_same_v<Flow, RealisticFlow>) return flow_->fair();
        return false;
    }

    // What happened since construction.
    struct Counters {
        std::uint64_t events = 0;    // orders that came and cancels
        std::uint64_t rejected = 0;  // orders that found no place in the pool, the window or the level
        std::uint64_t dropped = 0;   // orders the window moved away from
    };
    Counters counters() const {
        Counters counters = counters_;
        counters.rejected += flow_->lost(state_);
        return counters;
    }

  private:
    template <class Sink>
    Submission submit(Side side, Ticks price, Lots lots, Party party, TimeInForce time_in_force, Sink& sink) {
        mid2_before_ = mid2();
        return book_.limit(side, price, lots, party, time_in_force, [&](const Fill& fill) { sink.filled(fill); });
    }

    template <class Sink>
    void seed(Random& random, Sink& sink) {
        if constexpr (std::is_same_v<Flow, RealisticFlow>) {
            flow_->seed(params_->initial_mid_ticks, params_->initial_spread_ticks, state_, *this, random, sink);
        } else {
            seed_stationary(random, sink);
        }
    }

    // With about its stationary depth.
    template <class Sink>
    void seed_stationary(Random& random, Sink& sink) {
        const std::vector<double> orders = params_->flow->poisson.stationary_orders();
        const Ticks spread = params_->initial_spread_ticks;
        for (Side side : kSides) {
            const Ticks touch = params_->initial_mid_ticks - spread / 2 + static_cast<Ticks>(index(side)) * spread;
            for (auto d = static_cast<std::size_t>(spread); d < orders.size(); ++d)
                place(side, touch - sign(side) * (static_cast<Ticks>(d) - spread),
                      std::floor(orders[d] + random.uniform()), random, sink);
            // The touch itself is always occupied, so that the first best prices are the configured ones.
            if (book_.depth(touch) == 0) place(side, touch, 1, random, sink);
        }
    }

    template <class Sink>
    void place(Side side, Ticks price, double count, Random& random, Sink& sink) {
        const Lots lots = flow_->limits().typical_lots();
        if (price < 1) return;
        for (int i = 0; i < static_cast<int>(count); ++i)
            flow_->place(side, price, lots, flow_->fate(random.bits()), state_, *this, sink);
    }

    // Whether a window around the mid would hold the price.
    bool near_mid(Ticks price) const { return std::abs(price - mid2() / 2) < Book::kWindow / 2; }

    template <class Sink>
    void recentre(Sink& sink) {
        book_.recentre(mid2() / 2, [&](Handle handle) {
            ++counters_.dropped;
            sink.cancelled(handle, book_.order(handle));
        });
    }

    const BookParams* params_;
    const Flow* flow_;
    Nanoseconds now_ = 0;
    Ticks mid2_before_ = 0;
    typename Flow::template State<Book> state_;
    Counters counters_;
    Book book_;
};

// Calls visit(std::type_identity<Venue<...>>{}) with the flow and the smallest book that do for these parameters.
template <class Visit>
auto with_venue(const BookParams& params, const BookNeeds& needs, Visit&& visit) {
    const auto with_book = [&]<class Book>(std::type_identity<Book>) {
        if (params.realistic) return visit(std::type_identity<Venue<RealisticFlow, Book>>{});
        if (params.flow->layered()) return visit(std::type_identity<Venue<FullFlow, Book>>{});
        if (params.flow->anchored()) return visit(std::type_identity<Venue<AnchoredFlow, Book>>{});
        return visit(std::type_identity<Venue<PlainFlow, Book>>{});
    };
    if (needs.ticks <= CompactOrderBook::kWindow && needs.orders <= CompactOrderBook::kCapacity)
        return with_book(std::type_identity<CompactOrderBook>{});
    const std::string ticks = params.flow ? "flow.distance" : "realistic.placement.farthest";
    const std::string orders =
        params.flow ? "flow.limit_rate / flow.cancel_hazard" : "realistic.placement.rate / realistic.patience.hazard";
    check(needs.ticks <= MediumOrderBook::kWindow, "the ticks that " + ticks + " and the agent's quotes need",
          "be <= the 512 of a simulated book", needs.ticks);
    check(needs.orders <= MediumOrderBook::kCapacity, "the orders that " + orders + " need",
          "be <= the 1024 of a simulated book", needs.orders);
    return with_book(std::type_identity<MediumOrderBook>{});
}

}  // namespace mm
