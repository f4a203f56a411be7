// One order book with its background flow and its clock: the venue of everybody's orders.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <type_traits>

#include "engine/book/order_book.hpp"
#include "engine/core/check.hpp"
#include "engine/core/random.hpp"
#include "engine/flow/flow.hpp"
#include "engine/market/scenario.hpp"

namespace mm {

// A sink hears what happens: filled(const Fill&), submitted(Handle, const Order&), cancelled(Handle, const Order&).
template <class FlowKind, class BookKind>
class Exchange {
  public:
    using Flow = FlowKind;
    using Book = BookKind;

    Exchange(const BookParams& params, const Flow& flow) : params_(&params), flow_(&flow), book_(params.initial_mid) {}

    // Seeds an empty book with about its stationary depth, then runs it for the warm-up.
    template <class Sink>
    void open(const Random& random, Sink&& sink) {
        random_ = random;
        seed(sink);
        run_until(params_->warmup_s * kSecond, sink);
    }

    // Takes over the state of a warm exchange under a random stream of its own; its time is 0 again.
    void resume(const Exchange& warm, const Random& random) {
        const Counters counters = counters_;
        *this = warm;
        counters_ = counters;
        random_ = random;
        now_ = 0;
    }

    // Runs the background flow to a time, ns. Flattened: all that an event does is compiled into one loop.
    template <class Sink>
    [[gnu::flatten, gnu::noinline]] void run_until(double time, Sink&& sink) {
        Random random = random_;  // in registers: the book's bytes may alias whatever stands behind a pointer
        for (;;) {
            const Rates rates = flow_->rates(flow_state_, book_.live());
            const double wait = flow_->wait(rates, random);
            if (!(now_ + wait < time)) break;  // the wait has no memory: the next call draws it anew
            now_ += wait;
            flow_->elapse(flow_state_, wait);
            flow_->event(flow_state_, rates, *this, random, sink);
        }
        flow_->elapse(flow_state_, time - now_);
        now_ = time;
        random_ = random;
    }

    // Orders by whomever; the window follows the touch where a price needs it, and what falls out of it counts as
    // cancelled.
    template <class Sink>
    Submission limit(Side side, Ticks price, Lots lots, Owner owner, TimeInForce time_in_force, Sink&& sink) {
        if (!book_.inside(price)) recentre(sink);
        const Submission done =
            book_.limit(side, price, lots, owner, time_in_force, [&](const Fill& fill) { sink.filled(fill); });
        if (done.rejection != Rejection::none) {
            ++counters_.rejected;
            return done;
        }
        if (done.resting) sink.submitted(done.resting, Order{side, owner, price, lots - done.filled});
        ++counters_.events;
        return done;
    }

    template <class Sink>
    Submission market(Side side, Lots lots, Owner owner, Sink&& sink) {
        const Submission done = book_.market(side, lots, owner, [&](const Fill& fill) { sink.filled(fill); });
        ++counters_.events;
        return done;
    }

    // `handle` names a live order.
    template <class Sink>
    void cancel(Handle handle, Sink&& sink) {
        sink.cancelled(handle, book_.withdraw(handle));
        ++counters_.events;
    }

    // A live order gives up lots and keeps its place.
    void reduce(Handle handle, Lots lots) {
        book_.reduce(handle, lots);
        ++counters_.events;
    }

    const Book& book() const { return book_; }
    double now() const { return now_; }  // ns
    Random& random() { return random_; }

    // What happened since construction.
    struct Counters {
        std::uint64_t events = 0;    // orders that came and cancels
        std::uint64_t rejected = 0;  // orders that found no place in the pool, the window or the level
        std::uint64_t dropped = 0;   // orders the window moved away from
    };
    const Counters& counters() const { return counters_; }

  private:
    template <class Sink>
    void seed(Sink& sink) {
        const std::vector<double> orders = params_->flow.poisson.stationary_orders();
        const Ticks spread = params_->initial_spread;
        for (Side side : kSides) {
            const Ticks touch = params_->initial_mid - spread / 2 + static_cast<Ticks>(index(side)) * spread;
            for (auto d = static_cast<std::size_t>(spread); d < orders.size(); ++d)
                place(side, touch - sign(side) * (static_cast<Ticks>(d) - spread),
                      std::floor(orders[d] + random_.uniform()), sink);
            // The touch itself is always occupied, so that the first best prices are the configured ones.
            if (book_.depth(touch) == 0) place(side, touch, 1, sink);
        }
    }

    template <class Sink>
    void place(Side side, Ticks price, double count, Sink& sink) {
        const Lots lots = flow_->poisson().typical_lots();
        for (int i = 0; i < static_cast<int>(count); ++i)
            limit(side, price, lots, Owner::background, TimeInForce::gtc, sink);
    }

    template <class Sink>
    void recentre(Sink& sink) {
        book_.recentre((book_.touch(Side::bid) + book_.touch(Side::ask)) / 2, [&](Handle handle) {
            ++counters_.dropped;
            sink.cancelled(handle, book_.order(handle));
        });
    }

    const BookParams* params_;
    const Flow* flow_;
    Random random_;
    double now_ = 0;
    [[no_unique_address]] typename Flow::State flow_state_;
    Counters counters_;
    Book book_;
};

// Calls visit(std::type_identity<Exchange<...>>{}) with the flow and the smallest book that do for these parameters.
template <class Visit>
auto with_exchange(const BookParams& params, Visit&& visit) {
    const BookNeeds needs = params.needs();
    const auto with_book = [&]<class Book>(std::type_identity<Book>) {
        if (params.flow.layered()) return visit(std::type_identity<Exchange<LayeredFlow, Book>>{});
        return visit(std::type_identity<Exchange<PlainFlow, Book>>{});
    };
    if (needs.ticks <= CompactOrderBook::kWindow && needs.orders <= CompactOrderBook::kCapacity)
        return with_book(std::type_identity<CompactOrderBook>{});
    check(needs.ticks <= MediumOrderBook::kWindow, "the ticks that flow.distance needs",
          "be <= the 512 of a simulated book", needs.ticks);
    check(needs.orders <= MediumOrderBook::kCapacity, "the orders that flow.limit_rate / flow.cancel_hazard need",
          "be <= the 1024 of a simulated book", needs.orders);
    return with_book(std::type_identity<MediumOrderBook>{});
}

}  // namespace mm
