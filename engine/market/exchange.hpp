// One order book with its background flow and clock.
#pragma once

#include <algorithm>
#include <cmath>

#include "engine/book/order_book.hpp"
#include "engine/core/random.hpp"
#include "engine/flow/poisson.hpp"
#include "engine/market/scenario.hpp"

namespace mm {

class Exchange {
  public:
    using Book = CompactOrderBook;

    Exchange(const BookParams& params, const PoissonFlow& flow)
        : params_(&params), flow_(&flow), book_(params.initial_mid) {}

    // A fresh book around the initial mid, seeded with about its stationary depth, then run for the warm-up.
    template <class Sink>
    void open(const Random& random, Sink&& sink) {
        random_ = random;
        now_ = 0;
        book_.reset(params_->initial_mid);
        touch_[0] = params_->initial_mid - params_->initial_spread / 2;
        touch_[1] = touch_[0] + params_->initial_spread;
        seed(sink);
        run_until(params_->warmup_s * kSecond, sink);
    }

    // Runs the background flow to a time, ns.
    template <class Sink>
    void run_until(double time, Sink&& sink) {
        for (;;) {
            const double next = now_ + random_.exponential(flow_->rate(book_.live())) * kSecond;
            if (!(next < time)) break;  // the wait has no memory: the next call draws it anew
            now_ = next;
            flow_->event(book_, touch_, random_, sink);
            remember_touch();
            keep_centred(sink);
        }
        now_ = time;
    }

    // Best price of a side; the last one known while the side is empty.
    Ticks touch(Side side) const { return touch_[index(side)]; }
    // Call after changing the book from outside.
    void remember_touch() {
        for (Side side : kSides)
            if (book_.best(side) != kNoPrice) touch_[index(side)] = book_.best(side);
    }

    Book& book() { return book_; }
    const Book& book() const { return book_; }
    double now() const { return now_; }  // ns
    Random& random() { return random_; }

  private:
    template <class Sink>
    void seed(Sink& sink) {
        const std::vector<double> orders = flow_->stationary_orders();
        for (Side side : kSides) {
            for (auto d = static_cast<std::size_t>(params_->initial_spread); d < orders.size(); ++d) {
                const Ticks price = touch(opposite(side)) - sign(side) * static_cast<Ticks>(d);
                // The touch itself is always occupied, so that the first best prices are the configured ones.
                const double floor = d == static_cast<std::size_t>(params_->initial_spread) ? 1.0 : 0.0;
                place(side, price, std::max(floor, std::floor(orders[d] + random_.uniform())), sink);
            }
            if (book_.best(side) == kNoPrice) place(side, touch(side), 1, sink);
        }
    }

    template <class Sink>
    void place(Side side, Ticks price, double count, Sink& sink) {
        for (int i = 0; i < static_cast<int>(count); ++i) {
            const Lots lots = flow_->typical_lots();
            const Submission placed = book_.limit(side, price, lots, Owner::background, [](const Fill&) {});
            if (placed.resting) sink.submitted(placed.resting, side, price, lots);
        }
    }

    // The window follows the mid once it has left the middle third; an order it leaves behind counts as cancelled.
    template <class Sink>
    void keep_centred(Sink& sink) {
        const Ticks mid = (touch_[0] + touch_[1]) / 2;
        const Ticks offset = mid - (book_.base() + Book::kWindow / 2);
        if (std::abs(offset) <= Book::kWindow / 6) return;
        book_.recentre(mid, [&](Handle handle) {
            const auto order = book_.order(handle);
            sink.cancelled(handle, order.side, order.price, order.lots);
        });
    }

    const BookParams* params_;
    const PoissonFlow* flow_;
    Random random_;
    double now_ = 0;
    Ticks touch_[2]{};
    Book book_;
};

}  // namespace mm
