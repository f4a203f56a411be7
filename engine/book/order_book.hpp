// A limit order book with price-time priority.
//
// Levels stand in a ring of `window` ticks, so moving the window moves no data; orders stand in a pool of `capacity`
// slots and are chained into their level's queue. Every command is O(1) but for the levels a taker walks through.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>
#include <stdexcept>
#include <string>

#include "engine/book/order.hpp"
#include "engine/book/price_set.hpp"
#include "engine/core/types.hpp"

namespace mm {

// How large a book is, and the narrowest integers that do for it: what a market costs is mostly the cache it needs.
template <class SlotInteger, class SizeInteger, class OffsetInteger, Ticks Window, std::uint32_t Capacity>
struct BookFormat {
    using Slot = SlotInteger;
    using Size = SizeInteger;      // lots of an order and of a level; generations too
    using Offset = OffsetInteger;  // a price's place in the ring
    static constexpr Ticks window = Window;
    static constexpr std::uint32_t capacity = Capacity;
};

template <class Format>
class OrderBook {
    using Slot = typename Format::Slot;
    using Size = typename Format::Size;
    using Offset = typename Format::Offset;

  public:
    static constexpr Ticks kWindow = Format::window;
    static constexpr std::uint32_t kCapacity = Format::capacity;
    // Most lots at one price.
    static constexpr Lots kMostLots =
        sizeof(Size) < sizeof(Lots) ? std::numeric_limits<Size>::max() : std::numeric_limits<Lots>::max();

    explicit OrderBook(Ticks centre) : touch_{centre, centre}, base_(centre - kWindow / 2) {
        for (std::uint32_t slot = 0; slot < kCapacity; ++slot) slots_[slot] = place_[slot] = static_cast<Slot>(slot);
    }

    // Matches against the opposite side up to `price`; what is left rests or not as `time_in_force` says.
    // `on_fill(const Fill&)` is called for each match, in priority order. An order of the agent never trades with
    // another: the one that rests is removed when the taker reaches it.
    template <class OnFill>
    [[gnu::always_inline]] Submission limit(Side side, Ticks price, Lots lots, Owner owner, TimeInForce time_in_force,
                                            OnFill&& on_fill) {
        const Rejection refused = refuse(side, price, lots, owner, time_in_force);
        if (refused != Rejection::none) return {refused, {}, 0, 0};
        return admit(side, price, lots, owner, time_in_force, on_fill);
    }

    // Matches at any price; what finds no counterparty is gone.
    template <class OnFill>
    Submission market(Side side, Lots lots, Owner owner, OnFill&& on_fill) {
        if (lots <= 0) return {Rejection::size_not_positive, {}, 0, 0};
        return take(side, price(opposite(side), 0), lots, owner, on_fill);
    }

    Rejection cancel(Handle handle) {
        if (!holds(handle)) return Rejection::unknown_order;
        remove(static_cast<Slot>(handle.slot));
        return Rejection::none;
    }

    // Takes `lots` off an order, which keeps its place; all of it or more removes the order.
    Rejection reduce(Handle handle, Lots lots) {
        if (!holds(handle)) return Rejection::unknown_order;
        if (lots <= 0) return Rejection::size_not_positive;
        const auto slot = static_cast<Slot>(handle.slot);
        if (lots >= static_cast<Lots>(nodes_[slot].lots)) {
            remove(slot);
        } else {
            shrink(slot, lots);
        }
        return Rejection::none;
    }

    // Cancel-replace. No more lots at the same price keep their place and name; anything else goes to the back of its
    // queue under a new one. A replacement that is refused leaves the order as it was.
    template <class OnFill>
    Submission replace(Handle handle, Ticks price, Lots lots, TimeInForce time_in_force, OnFill&& on_fill) {
        if (!holds(handle)) return {Rejection::unknown_order, {}, 0, 0};
        if (lots <= 0) return {Rejection::size_not_positive, {}, 0, 0};
        const Order old = order(handle);
        const auto slot = static_cast<Slot>(handle.slot);
        if (price == old.price && lots <= old.lots) {
            shrink(slot, old.lots - lots);
            return {Rejection::none, handle, 0, 0};
        }
        const Lots leaving = price == old.price ? old.lots : 0;
        const Rejection refused = refuse(old.side, price, lots, old.owner, time_in_force, live_ - 1, leaving);
        if (refused != Rejection::none) return {refused, {}, 0, 0};
        remove(slot);
        return admit(old.side, price, lots, old.owner, time_in_force, on_fill);
    }

    // Moves the window so that `centre` is in its middle; orders that fall outside are dropped and counted.
    // `on_drop(Handle)` is called for each of them while it still stands in the book.
    template <class OnDrop>
    void recentre(Ticks centre, OnDrop&& on_drop) {
        const Ticks base = centre - kWindow / 2;
        for (std::uint32_t i = live_; i-- > 0;) {  // backwards: who takes the place of a dropped order was seen already
            const Slot slot = slots_[i];
            const Ticks price = price_at(nodes_[slot].offset);
            if (price >= base && price < base + kWindow) continue;
            on_drop(handle(slot));
            remove(slot);
            ++dropped_;
        }
        rebase(base);
    }

    bool holds(Handle handle) const {
        return handle.slot < kCapacity && place_[handle.slot] < live_ &&
               nodes_[handle.slot].generation == handle.generation;
    }
    // The order behind a handle that the book holds.
    Order order(Handle handle) const {
        const Node& node = nodes_[handle.slot];
        return {node.side, node.owner, price_at(node.offset), static_cast<Lots>(node.lots)};
    }

    // Best price of a side, or kNoPrice when it is empty.
    Ticks best(Side side) const { return empty(side) ? kNoPrice : touch(side); }
    // Best price of a side, or the last one while it is empty.
    Ticks touch(Side side) const { return touch_[index(side)]; }
    bool empty(Side side) const { return best_[index(side)] == kNobody; }
    bool two_sided() const { return !empty(Side::bid) && !empty(Side::ask); }
    // Twice the mid, so that it is an integer.
    Ticks mid2() const { return best(Side::bid) + best(Side::ask); }

    // Lots resting at a price, whatever the side; 0 outside the window.
    Lots depth(Ticks price) const { return inside(price) ? static_cast<Lots>(level(price).lots) : 0; }
    // Next occupied price behind `price` on this side, away from the touch; kNoPrice when there is none.
    Ticks behind(Side side, Ticks price) const { return price_or_none(side, behind_rank(side, rank(side, price))); }
    // Lots that stand before an order in its own queue.
    Lots queue_ahead(Handle handle) const {
        Lots ahead = 0;
        for (Slot slot = nodes_[handle.slot].previous; slot != kNone; slot = nodes_[slot].previous)
            ahead += static_cast<Lots>(nodes_[slot].lots);
        return ahead;
    }
    // Handle of the order at the front of a price's queue; empty when nobody stands there.
    Handle front(Ticks price) const {
        if (!inside(price) || level(price).head == kNone) return {};
        return handle(level(price).head);
    }
    // Handle of the next order in the same queue; empty for the last one.
    Handle following(Handle order) const {
        const Slot next = nodes_[order.slot].next;
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
        for (std::uint32_t i = 0; i < kCapacity; ++i) require(place_[slots_[i]] == i, "the slot permutation is broken");
    }

  private:
    static constexpr Slot kNone = static_cast<Slot>(-1);
    static constexpr int kNobody = PriceSet<kWindow>::kNone;  // rank of an empty side's best
    static_assert(kCapacity <= kNone, "every slot needs a number below the none mark");

    struct Node {
        Size lots = 0;
        Size generation = 0;
        Offset offset = 0;
        Slot previous = kNone;  // towards the front of the queue
        Slot next = kNone;
        Side side : 4 = Side::bid;
        Owner owner : 4 = Owner::background;
    };
    struct Level {
        Size lots = 0;
        Slot head = kNone;
        Slot tail = kNone;
    };

    Ticks end() const { return base_ + kWindow; }
    static constexpr Offset ring(Ticks price) { return static_cast<Offset>(price & (kWindow - 1)); }
    Ticks price_at(Offset offset) const { return base_ + ((Ticks{offset} - base_) & (kWindow - 1)); }
    Level& level(Ticks price) { return levels_[ring(price)]; }
    const Level& level(Ticks price) const { return levels_[ring(price)]; }
    Handle handle(Slot slot) const { return {slot, nodes_[slot].generation}; }

    // A price as its own side ranks it within the window: the better, the higher. Both sides then run through the same
    // code without a jump.
    int rank(Side side, Ticks price) const { return sign(side) * (price - base_) + far_end(side); }
    Ticks price(Side side, int rank) const { return base_ + sign(side) * (rank - far_end(side)); }
    Ticks price_or_none(Side side, int rank) const { return rank == kNobody ? kNoPrice : price(side, rank); }
    static constexpr int far_end(Side side) { return static_cast<int>(index(side)) * (kWindow - 1); }
    int behind_rank(Side side, int rank) const { return occupied_[index(side)].highest(rank - 1); }
    // Whether a taker with this limit would meet anybody.
    bool reaches(Side taker, Ticks limit) const {
        const Side maker = opposite(taker);
        return !empty(maker) && best_[index(maker)] >= rank(maker, limit);
    }

    // Why a limit order is refused, given how many orders stand in its way to a slot and how many lots leave its level
    // as it comes. Who trades finds room: a taker rests only after it has emptied a slot, at a price nobody stands at.
    [[gnu::always_inline]] Rejection refuse(Side side, Ticks price, Lots lots, Owner owner, TimeInForce time_in_force,
                                            std::uint32_t live, Lots leaving) const {
        if (lots <= 0) return Rejection::size_not_positive;
        if (!inside(price)) return Rejection::price_outside_window;
        const bool trades = reaches(side, price);
        if (time_in_force == TimeInForce::fok && !can_fill(side, price, lots, owner)) return Rejection::cannot_fill;
        if (time_in_force == TimeInForce::post_only && trades) return Rejection::would_trade;
        if (time_in_force == TimeInForce::ioc || time_in_force == TimeInForce::fok) return Rejection::none;
        if (lots > kMostLots - (trades ? 0 : static_cast<Lots>(level(price).lots) - leaving))
            return Rejection::size_too_large;
        if (live == kCapacity && !trades) return Rejection::pool_exhausted;
        return Rejection::none;
    }
    Rejection refuse(Side side, Ticks price, Lots lots, Owner owner, TimeInForce time_in_force) const {
        return refuse(side, price, lots, owner, time_in_force, live_, 0);
    }

    // Whether others offer `lots` up to a price.
    bool can_fill(Side taker, Ticks limit, Lots lots, Owner owner) const {
        const Side maker = opposite(taker);
        std::int64_t offered = 0;
        for (int at = best_[index(maker)]; at != kNobody && at >= rank(maker, limit) && offered < lots;
             at = behind_rank(maker, at))
            offered += lots_of_others(price(maker, at), owner);
        return offered >= lots;
    }
    Lots lots_of_others(Ticks price, Owner owner) const {
        auto lots = static_cast<Lots>(level(price).lots);
        if (owner != Owner::agent) return lots;
        for (Slot slot = level(price).head; slot != kNone; slot = nodes_[slot].next)
            if (nodes_[slot].owner == Owner::agent) lots -= static_cast<Lots>(nodes_[slot].lots);
        return lots;
    }

    // A limit order that nothing refuses.
    template <class OnFill>
    [[gnu::always_inline]] Submission admit(Side side, Ticks price, Lots lots, Owner owner, TimeInForce time_in_force,
                                            OnFill& on_fill) {
        Submission done = take(side, price, lots, owner, on_fill);
        const bool rests = time_in_force == TimeInForce::gtc || time_in_force == TimeInForce::post_only;
        if (rests && done.filled < lots) done.resting = rest(side, price, lots - done.filled, owner);
        return done;
    }

    template <class OnFill>
    Submission take(Side side, Ticks limit, Lots lots, Owner owner, OnFill& on_fill) {
        Submission done;
        const Side maker_side = opposite(side);
        while (done.filled < lots && reaches(side, limit)) {
            const Slot slot = level(touch(maker_side)).head;
            const Node& maker = nodes_[slot];
            if (owner == Owner::agent && maker.owner == Owner::agent) {
                done.prevented += static_cast<Lots>(maker.lots);
                remove(slot);
                continue;
            }
            const auto resting = static_cast<Lots>(maker.lots);
            const Lots traded = lots - done.filled < resting ? lots - done.filled : resting;
            const Fill fill{handle(slot), maker.owner, owner, maker_side, touch(maker_side), traded, resting - traded};
            done.filled += traded;
            if (traded == resting) {
                remove(slot);
            } else {
                shrink(slot, traded);
            }
            on_fill(fill);
        }
        return done;
    }

    Handle rest(Side side, Ticks price, Lots lots, Owner owner) {
        const Slot slot = slots_[live_++];
        Node& node = nodes_[slot];
        Level& queue = level(price);
        node.lots = static_cast<Size>(lots);
        node.generation = static_cast<Size>(node.generation + 1);
        if (node.generation == 0) node.generation = 1;  // 0 names no order
        node.offset = ring(price);
        node.previous = queue.tail;
        node.next = kNone;
        node.side = side;
        node.owner = owner;
        *select(queue.tail == kNone, &queue.head, &nodes_[queue.tail].next) = slot;
        queue.tail = slot;
        queue.lots = static_cast<Size>(queue.lots + node.lots);
        const int at = rank(side, price);
        occupied_[index(side)].insert(at);
        set_best(side, std::max(best_[index(side)], at));
        return handle(slot);
    }

    void shrink(Slot slot, Lots lots) {
        Node& node = nodes_[slot];
        node.lots = static_cast<Size>(static_cast<Lots>(node.lots) - lots);
        Level& queue = levels_[node.offset];
        queue.lots = static_cast<Size>(static_cast<Lots>(queue.lots) - lots);
    }

    void remove(Slot slot) {
        const Node& node = nodes_[slot];
        Level& queue = levels_[node.offset];
        *select(node.previous == kNone, &queue.head, &nodes_[node.previous].next) = node.next;
        *select(node.next == kNone, &queue.tail, &nodes_[node.next].previous) = node.previous;
        queue.lots = static_cast<Size>(queue.lots - node.lots);
        const Side side = node.side;
        occupied_[index(side)].erase_if(queue.lots == 0, rank(side, price_at(node.offset)));
        set_best(side, occupied_[index(side)].top(best_[index(side)]));
        release(slot);
    }

    void set_best(Side side, int rank) {
        best_[index(side)] = rank;
        touch_[index(side)] = rank == kNobody ? touch_[index(side)] : price(side, rank);
    }

    void rebase(Ticks base) {
        base_ = base;
        for (Side side : kSides) occupied_[index(side)].clear();
        best_ = {kNobody, kNobody};
        for (std::uint32_t i = 0; i < live_; ++i) {
            const Node& node = nodes_[slots_[i]];
            const int at = rank(node.side, price_at(node.offset));
            occupied_[index(node.side)].insert(at);
            set_best(node.side, std::max(best_[index(node.side)], at));
        }
    }

    void release(Slot slot) {
        const std::uint32_t live = --live_;
        const Slot last = slots_[live], hole = place_[slot];
        slots_[hole] = last;
        place_[last] = hole;
        slots_[live] = slot;
        place_[slot] = static_cast<Slot>(live);
    }

    std::uint32_t validate_level(Ticks price) const {
        const Level& queue = level(price);
        const Side side = !empty(Side::bid) && price <= best(Side::bid) ? Side::bid : Side::ask;
        std::uint32_t count = 0;
        std::int64_t lots = 0;
        for (Slot slot = queue.head, before = kNone; slot != kNone; before = slot, slot = nodes_[slot].next) {
            const Node& node = nodes_[slot];
            require(place_[slot] < live_ && node.offset == ring(price) && node.lots > 0, "a queue holds a stranger");
            require(node.previous == before, "a queue's links disagree");
            require(node.side == side, "an order stands on the wrong side of its best");
            require(++count <= kCapacity, "a queue is circular");
            lots += static_cast<Lots>(node.lots);
        }
        require(lots == static_cast<std::int64_t>(queue.lots), "a level's lots are not the sum of its orders");
        for (Side of : kSides)
            require(occupied_[index(of)].contains(rank(of, price)) == (count > 0 && of == side),
                    "the occupancy bitmap disagrees with a level");
        return count;
    }

    static void require(bool holds, const char* invariant) {
        if (!holds) throw std::logic_error(std::string("order book: ") + invariant);
    }

    std::array<Node, kCapacity> nodes_{};
    std::array<Level, static_cast<std::size_t>(kWindow)> levels_{};
    std::array<Slot, kCapacity> slots_{};  // a permutation: live orders first, free slots behind
    std::array<Slot, kCapacity> place_{};  // its inverse
    std::array<PriceSet<kWindow>, 2> occupied_{};
    std::array<int, 2> best_{kNobody, kNobody};  // ranks
    std::array<Ticks, 2> touch_;
    Ticks base_;
    std::uint32_t live_ = 0;
    std::uint64_t dropped_ = 0;
};

// For simulated markets with a tight spread: thousands of them stay in cache.
using CompactOrderBook = OrderBook<BookFormat<std::uint8_t, std::uint16_t, std::uint8_t, 128, 208>>;
// For simulated markets with orders far from the touch.
using MediumOrderBook = OrderBook<BookFormat<std::uint16_t, std::uint16_t, std::uint16_t, 512, 1024>>;
// For replaying real messages: thousands of orders, hundreds of ticks.
using WideOrderBook = OrderBook<BookFormat<std::uint32_t, std::uint32_t, std::uint16_t, 1 << 16, 1 << 16>>;

}  // namespace mm
