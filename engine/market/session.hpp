// We at one venue: our orders there, and how long what we send is under way.
//
// Both sides' quotes travel in one message, as market makers send them. Messages of a session arrive in the order in
// which they were sent. What arrives meets the book as it is by then: a fill may have come before a cancel.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>

#include "engine/book/order.hpp"
#include "engine/core/random.hpp"
#include "engine/market/agenda.hpp"

namespace mm {

// From us to the venue: a constant and, on top, an exponential time of this mean.
struct Latency {
    Nanoseconds constant = 0;
    double jitter_ns = 0;
};

class Session {
  public:
    static constexpr std::size_t kOrders = 4;  // on a side, all at one price

    Session(Party party, const Latency& latency) : party_(party), latency_(latency) {}

    // Nothing stands and nothing is under way.
    void restart(const Stream& stream) {
        stream_ = stream;
        last_due_ = 0;
        orders_ = {};
        posted_ = {kNoPrice, kNoPrice};
    }

    // Sends what is wanted on both sides; refused while too much is under way.
    bool send_quotes(Nanoseconds now, Wish bid, Wish ask, Agenda& agenda) {
        return send(now, {.kind = Task::Kind::quotes, .party = party_, .wish = {bid, ask}}, agenda);
    }
    bool send_take(Nanoseconds now, Side side, Wish wish, Agenda& agenda) {
        Task task{.kind = Task::Kind::take, .party = party_, .side = side};
        task.wish[index(side)] = wish;
        return send(now, task, agenda);
    }

    // What was sent has arrived. `room(side)`: lots that may be bought or sold before a position is at its limit.
    template <class Venue, class Room, class Sink>
    void arrive(const Task& task, Venue& venue, const Room& room, Sink&& sink) {
        if (task.kind == Task::Kind::take) return take(task.side, task.wish[index(task.side)], venue, room, sink);
        quote(task.wish[0], task.wish[1], venue, room, sink);
    }

    // Price of the last quote that was posted on a side; kNoPrice when it was taken away.
    Ticks posted(Side side) const { return posted_[index(side)]; }
    // Our lots on a side.
    template <class Book>
    Lots resting(Side side, const Book& book) const {
        Lots lots = 0;
        for (const Handle order : of(side))
            if (book.holds(order)) lots += book.order(order).lots;
        return lots;
    }
    // Our oldest order on a side; empty when there is none.
    template <class Book>
    Handle first(Side side, const Book& book) const {
        for (const Handle order : of(side))
            if (book.holds(order)) return order;
        return {};
    }

  private:
    using Orders = std::array<Handle, kOrders>;  // the oldest first; some may be gone

    const Orders& of(Side side) const { return orders_[index(side)]; }

    bool send(Nanoseconds now, Task task, Agenda& agenda) {
        Nanoseconds due = now + latency_.constant;
        if (latency_.jitter_ns > 0) due = later(due, stream_.exponential() * latency_.jitter_ns);
        task.due = std::max(due, last_due_);
        if (!agenda.add(task)) return false;
        last_due_ = task.due;
        return true;
    }

    template <class Venue, class Room, class Sink>
    void take(Side side, const Wish& wish, Venue& venue, const Room& room, Sink& sink) {
        const Lots lots = std::min(wish.lots, room(side));
        if (lots > 0) venue.take(side, wish.price, lots, party_, sink);
    }

    // Brings the quotes to what is wanted. Both sides go before either comes back, so that a new bid never meets an old
    // ask; prices that would cross others or each other slide to the nearest that do not.
    template <class Venue, class Room, class Sink>
    void quote(Wish bid, Wish ask, Venue& venue, const Room& room, Sink& sink) {
        bid.lots = std::clamp(room(Side::bid), 0, bid.lots);
        ask.lots = std::clamp(room(Side::ask), 0, ask.lots);
        bid.price = std::min(bid.price, venue.reference(Side::ask) - 1);
        ask.price = std::max(ask.price, venue.reference(Side::bid) + 1);
        if (bid.lots > 0) ask.price = std::max(ask.price, bid.price + 1);
        const Wish wish[2]{bid, ask};
        for (const Side side : kSides) withdraw(side, wish[index(side)], venue, sink);
        for (const Side side : kSides) post(side, wish[index(side)], venue, sink);
    }

    // Takes away what is not wanted where it stands: orders at other prices, and of the newest what is too much.
    template <class Venue, class Sink>
    void withdraw(Side side, const Wish& wish, Venue& venue, Sink& sink) {
        Orders& orders = orders_[index(side)];
        Orders kept{};
        std::size_t count = 0;
        Lots left = wish.lots;
        for (const Handle handle : orders) {
            if (!venue.book().holds(handle)) continue;
            const Order order = venue.book().order(handle);
            if (order.price != wish.price || left == 0) {
                venue.cancel(handle, sink);
                continue;
            }
            if (order.lots > left) venue.reduce(handle, order.lots - left, sink);
            left -= std::min(order.lots, left);
            kept[count++] = handle;
        }
        orders = kept;
    }

    // What is missing joins behind. Where there is no room for one more order, the newest makes way for a larger one.
    template <class Venue, class Sink>
    void post(Side side, const Wish& wish, Venue& venue, Sink& sink) {
        posted_[index(side)] = wish.lots > 0 ? wish.price : kNoPrice;
        Lots missing = wish.lots - resting(side, venue.book());
        if (missing <= 0) return;
        Handle& last = orders_[index(side)].back();
        if (venue.book().holds(last)) {  // the window may have moved away from it just now
            missing += venue.book().order(last).lots;
            venue.cancel(last, sink);
        }
        last = {};
        const Handle posted = venue.limit(side, wish.price, missing, party_, TimeInForce::post_only, sink).resting;
        *std::ranges::find(orders_[index(side)], Handle{}) = posted;
        if (!first(side, venue.book())) posted_[index(side)] = kNoPrice;
    }

    Party party_;
    Latency latency_;
    Stream stream_;
    Nanoseconds last_due_ = 0;
    std::array<Orders, 2> orders_{};
    std::array<Ticks, 2> posted_{kNoPrice, kNoPrice};
};

}  // namespace mm
