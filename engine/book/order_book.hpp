// A limit order book with price-time priority.
//
// Levels stand in a ring of Window ticks, so moving the window moves no data; orders stand in a pool of Capacity
// slots and are chained into their level's queue. Every command is O(1) but for the levels a taker walks through.
#pragma once

#include <array>
#include <cstdint>
#include <stdexcept>
#include <string>

#include "engine/book/order.hpp"
#include "engine/book/price_set.hpp"
#include "engine/core/types.hpp"

namespace mm {

template <class Index, Ticks Window, std::uint32_t Capacity>
class OrderBook {
  public:
    static constexpr Ticks kWindow = Window;
    static constexpr std::uint32_t kCapacity = Capacity;

    explicit OrderBook(Ticks centre) { reset(centre); }

    // Empties the book; handles given out before stay invalid.
    void reset(Ticks centre) {
        base_ = centre - Window / 2;
        best_ = {kNoPrice, kNoPrice};
        levels_.fill({});
        for (PriceSet<Window>& set : occupied_) set.clear();
        for (std::uint32_t slot = 0; slot < Capacity; ++slot) {
            orders_[slot].live = false;
            slots_[slot] = place_[slot] = static_cast<Index>(slot);
        }
        live_ = 0;
        dropped_ = 0;
    }

    // Matches against the opposite side up to `price`, then rests what is left. `on_fill(const Fill&)` is called
    // for each match, in priority order.
    template <class OnFill>
    Submission limit(Side side, Ticks price, Lots lots, Owner owner, OnFill&& on_fill) {
        if (lots <= 0) return {Rejection::size_not_positive, {}, 0};
        if (!inside(price)) return {Rejection::price_outside_window, {}, 0};
        const Lots filled = take(side, price, lots, owner, on_fill);
        if (filled == lots) return {Rejection::none, {}, filled};
        if (live_ == Capacity) return {Rejection::pool_exhausted, {}, filled};
        return {Rejection::none, rest(side, price, lots - filled, owner), filled};
    }

    // Matches at any price; what finds no counterparty is gone.
    template <class OnFill>
    Submission market(Side side, Lots lots, Owner owner, OnFill&& on_fill) {
        if (lots <= 0) return {Rejection::size_not_positive, {}, 0};
        const Ticks worst = side == Side::bid ? end() - 1 : base_;
        return {Rejection::none, {}, take(side, worst, lots, owner, on_fill)};
    }

    Rejection cancel(Handle handle) {
        if (!holds(handle)) return Rejection::unknown_order;
        remove(handle.slot);
        return Rejection::none;
    }

    // Takes `lots` off an order, which keeps its place; all of it or more removes the order.
    Rejection reduce(Handle handle, Lots lots) {
        if (!holds(handle)) return Rejection::unknown_order;
        if (lots <= 0) return Rejection::size_not_positive;
        Order<Index>& order = orders_[handle.slot];
        if (lots >= order.lots) {
            remove(handle.slot);
        } else {
            order.lots -= lots;
            level(order.price).lots -= lots;
        }
        return Rejection::none;
    }

    // Moves the window so that `centre` is in its middle; orders that fall outside are dropped and counted.
    // `on_drop(Handle)` is called for each of them while it still stands in the book.
    template <class OnDrop>
    void recentre(Ticks centre, OnDrop&& on_drop) {
        const Ticks base = centre - Window / 2;
        for (Side side : kSides) {
            drop(side, base_, base < end() ? base : end(), on_drop);
            drop(side, base + Window > base_ ? base + Window : base_, end(), on_drop);
        }
        base_ = base;
    }

    bool holds(Handle handle) const {
        return handle.slot < Capacity && orders_[handle.slot].live &&
               orders_[handle.slot].generation == handle.generation;
    }
    const Order<Index>& order(Handle handle) const { return orders_[handle.slot]; }

    // Best price of a side, or kNoPrice when it is empty.
    Ticks best(Side side) const { return best_[index(side)]; }
    bool two_sided() const { return best(Side::bid) != kNoPrice && best(Side::ask) != kNoPrice; }
    // Twice the mid, so that it is an integer.
    Ticks mid2() const { return best(Side::bid) + best(Side::ask); }

    // Lots resting at a price, whatever the side; 0 outside the window.
    Lots depth(Ticks price) const { return inside(price) ? level(price).lots : 0; }
    // Next occupied price behind `price` on this side, away from the touch; kNoPrice when there is none.
    Ticks behind(Side side, Ticks price) const {
        return side == Side::bid ? occupied_[0].highest(price - 1, base_) : occupied_[1].lowest(price + 1, end());
    }
    // Lots that stand before an order in its own queue.
    Lots queue_ahead(Handle handle) const {
        Lots ahead = 0;
        for (Index slot = orders_[handle.slot].previous; slot != kNone; slot = orders_[slot].previous)
            ahead += orders_[slot].lots;
        return ahead;
    }
    // Handle of the order at the front of a price's queue; empty when nobody stands there.
    Handle front(Ticks price) const {
        if (!inside(price) || level(price).head == kNone) return {};
        return handle(level(price).head);
    }

    // Handle of the next order in the same queue; empty for the last one.
    Handle following(Handle order) const {
        const Index next = orders_[order.slot].next;
        return next == kNone ? Handle{} : handle(next);
    }

    std::uint32_t live() const { return live_; }
    // The i-th live order in no particular order, i < live(); for sampling one uniformly.
    Handle live_order(std::uint32_t i) const { return handle(slots_[i]); }
    // Orders lost because the window moved away from them.
    std::uint64_t dropped() const { return dropped_; }

    bool inside(Ticks price) const { return price >= base_ && price < end(); }
    Ticks base() const { return base_; }

    // Checks every invariant; throws std::logic_error naming the first that fails.
    void validate() const {
        require(!two_sided() || best(Side::bid) < best(Side::ask), "the book is crossed");
        std::uint32_t seen = 0;
        for (Ticks price = base_; price < end(); ++price) seen += validate_level(price);
        require(seen == live_, "a live order stands in no queue");
        for (std::uint32_t i = 0; i < Capacity; ++i) {
            require(place_[slots_[i]] == i, "the slot permutation is broken");
            require(orders_[slots_[i]].live == (i < live_), "a slot is live on the wrong side of the free list");
        }
    }

  private:
    static constexpr Index kNone = static_cast<Index>(-1);
    static_assert(Capacity <= kNone, "every slot needs an index below the none mark");

    struct Level {
        Lots lots = 0;
        Index head = kNone;
        Index tail = kNone;
    };

    Ticks end() const { return base_ + Window; }
    static constexpr std::size_t ring(Ticks price) { return static_cast<std::size_t>(price & (Window - 1)); }
    Level& level(Ticks price) { return levels_[ring(price)]; }
    const Level& level(Ticks price) const { return levels_[ring(price)]; }
    Handle handle(Index slot) const { return {slot, orders_[slot].generation}; }

    static bool crosses(Side taker, Ticks limit, Ticks price) {
        return taker == Side::bid ? price <= limit : price >= limit;
    }
    static bool better(Side side, Ticks a, Ticks b) { return b == kNoPrice || (side == Side::bid ? a > b : a < b); }

    template <class OnFill>
    Lots take(Side side, Ticks limit, Lots lots, Owner owner, OnFill&& on_fill) {
        const Side maker_side = opposite(side);
        Lots left = lots;
        while (left > 0 && best(maker_side) != kNoPrice && crosses(side, limit, best(maker_side))) {
            const Index slot = level(best(maker_side)).head;
            Order<Index>& maker = orders_[slot];
            const Lots traded = left < maker.lots ? left : maker.lots;
            left -= traded;
            const Fill fill{handle(slot), maker.owner, owner, maker_side, maker.price, traded, maker.lots - traded};
            if (traded == maker.lots) {
                remove(slot);
            } else {
                maker.lots -= traded;
                level(maker.price).lots -= traded;
            }
            on_fill(fill);
        }
        return lots - left;
    }

    Handle rest(Side side, Ticks price, Lots lots, Owner owner) {
        const Index slot = slots_[live_++];
        Order<Index>& order = orders_[slot];
        order.price = price;
        order.lots = lots;
        order.side = side;
        order.owner = owner;
        order.live = true;
        order.generation += 1;
        if (order.generation == 0) order.generation = 1;  // 0 names no order
        append(slot);
        if (better(side, price, best(side))) best_[index(side)] = price;
        return handle(slot);
    }

    void append(Index slot) {
        Order<Index>& order = orders_[slot];
        Level& queue = level(order.price);
        order.previous = queue.tail;
        order.next = kNone;
        (queue.tail == kNone ? queue.head : orders_[queue.tail].next) = slot;
        queue.tail = slot;
        queue.lots += order.lots;
        occupied_[index(order.side)].insert(order.price);
    }

    void remove(std::uint32_t slot) {
        Order<Index>& order = orders_[slot];
        Level& queue = level(order.price);
        (order.previous == kNone ? queue.head : orders_[order.previous].next) = order.next;
        (order.next == kNone ? queue.tail : orders_[order.next].previous) = order.previous;
        queue.lots -= order.lots;
        if (queue.head == kNone) vacate(order.side, order.price);
        release(static_cast<Index>(slot));
    }

    void vacate(Side side, Ticks price) {
        occupied_[index(side)].erase(price);
        if (price == best(side)) best_[index(side)] = behind(side, price);
    }

    void release(Index slot) {
        orders_[slot].live = false;
        const Index last = slots_[--live_];
        const Index hole = place_[slot];
        slots_[hole] = last;
        place_[last] = hole;
        slots_[live_] = slot;
        place_[slot] = static_cast<Index>(live_);
    }

    template <class OnDrop>
    void drop(Side side, Ticks from, Ticks to, OnDrop&& on_drop) {
        for (Ticks price = occupied_[index(side)].lowest(from, to); price != kNoPrice;
             price = occupied_[index(side)].lowest(price, to)) {
            on_drop(handle(level(price).head));
            remove(level(price).head);
            ++dropped_;
        }
    }

    std::uint32_t validate_level(Ticks price) const {
        const Level& queue = level(price);
        std::uint32_t count = 0;
        Lots lots = 0;
        for (Index slot = queue.head, before = kNone; slot != kNone; before = slot, slot = orders_[slot].next) {
            const Order<Index>& order = orders_[slot];
            require(order.live && order.price == price && order.lots > 0, "a queue holds a stranger");
            require(order.previous == before, "a queue's links disagree");
            require(order.side == (best(Side::bid) != kNoPrice && price <= best(Side::bid) ? Side::bid : Side::ask),
                    "an order stands on the wrong side of its best");
            lots += order.lots;
            require(++count <= Capacity, "a queue is circular");
        }
        require(lots == queue.lots, "a level's lots are not the sum of its orders");
        const bool occupied =
            occupied_[0].lowest(price, price + 1) != kNoPrice || occupied_[1].lowest(price, price + 1) != kNoPrice;
        require(occupied == (count > 0), "the occupancy bitmap disagrees with a level");
        return count;
    }

    static void require(bool holds, const char* invariant) {
        if (!holds) throw std::logic_error(std::string("order book: ") + invariant);
    }

    std::array<Order<Index>, Capacity> orders_{};
    std::array<Index, Capacity> slots_{};  // a permutation: live orders first, free slots behind
    std::array<Index, Capacity> place_{};  // its inverse
    std::array<Level, static_cast<std::size_t>(Window)> levels_{};
    std::array<PriceSet<Window>, 2> occupied_{};
    std::array<Ticks, 2> best_{kNoPrice, kNoPrice};
    Ticks base_ = 0;
    std::uint32_t live_ = 0;
    std::uint64_t dropped_ = 0;
};

// For replaying real messages: thousands of orders, prices far from the touch.
using WideOrderBook = OrderBook<std::uint32_t, 1 << 16, 1 << 16>;
// For simulated markets: small enough that many stay in cache.
using CompactOrderBook = OrderBook<std::uint16_t, 512, 1024>;

}  // namespace mm
