// A limit order book with price-time priority.
//
// Orders and the heads of queues are nodes of one array: the orders in a pool of `kCapacity` slots, behind them one
// head for each tick of a window. A queue is a ring through its head, so that joining and leaving it need no cases.
// Every command is O(1) but for the levels a taker walks through.
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
    using Offset = OffsetInteger;  // a price's place in the window
    static constexpr Ticks kWindow = Window;
    static constexpr std::uint32_t kCapacity = Capacity;
};

template <class Format>
class OrderBook {
    using Slot = typename Format::Slot;
    using Size = typename Format::Size;
    using Offset = typename Format::Offset;

  public:
    static constexpr Ticks kWindow = Format::kWindow;
    static constexpr std::uint32_t kCapacity = Format::kCapacity;
    // Most lots at one price.
    static constexpr Lots kMostLots =
        sizeof(Size) < sizeof(Lots) ? std::numeric_limits<Size>::max() : std::numeric_limits<Lots>::max();

    explicit OrderBook(Ticks centre) : touch_{centre, centre}, base_(centre - kWindow / 2) {
        for (std::uint32_t slot = 0; slot < kCapacity; ++slot) slots_[slot] = place_[slot] = static_cast<Slot>(slot);
        for (Ticks at = 0; at < kWindow; ++at) clear_queue(head(at));
    }

    // Matches against the opposite side up to `price`; what is left rests or not as `time_in_force` says.
    // `on_fill(const Fill&)` is called for each match, in priority order. An order of the agent never trades with
    // another: the one that rests is removed when the taker reaches it.
    template <class OnFill>
    Submission limit(Side side, Ticks price, Lots lots, Owner owner, TimeInForce time_in_force, OnFill&& on_fill) {
        const Rejection refused = refuse(side, price, lots, owner, time_in_force, live_, 0);
        if (refused != Rejection::none) return {refused, {}, 0, 0};
        return admit(side, price, lots, owner, time_in_force, on_fill);
    }

    // Matches at any price; what finds no counterparty is gone.
    template <class OnFill>
    Submission market(Side side, Lots lots, Owner owner, OnFill&& on_fill) {
        if (lots <= 0) return {Rejection::size_not_positive, {}, 0, 0};
        return take(side, price_of(opposite(side), 0), lots, owner, on_fill);
    }

    Rejection cancel(Handle handle) {
        if (!holds(handle)) return Rejection::unknown_order;
        withdraw(handle);
        return Rejection::none;
    }
    // Cancels an order that the book holds; what it was.
    Order withdraw(Handle handle) {
        const Order gone = order(handle);
        remove(static_cast<Slot>(handle.slot));
        return gone;
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
            const Ticks price = base_ + nodes_[slot].at;
            if (price >= base && price < base + kWindow) continue;
            on_drop(handle(slot));
            remove(slot);
            ++dropped_;
        }
        shift(base - base_);
    }

    bool holds(Handle handle) const {
        return handle.slot < kCapacity && place_[handle.slot] < live_ &&
               nodes_[handle.slot].generation == handle.generation;
    }
    // The order behind a handle that the book holds.
    Order order(Handle handle) const {
        const Node& node = nodes_[handle.slot];
        return {node.side, node.owner, base_ + node.at, static_cast<Lots>(node.lots)};
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
    Lots depth(Ticks price) const { return inside(price) ? lots_at(price - base_) : 0; }
    // Next occupied price behind `price` on this side, away from the touch; kNoPrice when there is none. The price may
    // lie outside the window, as the touch of an empty side may.
    Ticks behind(Side side, Ticks price) const {
        const Ticks at = std::clamp(price, base_ - 1, base_ + kWindow) - base_;
        const int rank = behind_rank(side, flip(side, at) + rank_of(side, 0));
        return rank == kNobody ? kNoPrice : price_of(side, rank);
    }
    // Lots on the best `levels` occupied prices of a side. Without a jump: how many there are is hard to guess.
    Lots lots_near_touch(Side side, int levels) const {
        Lots lots = 0;
        for (int rank = best_[index(side)]; levels > 0; --levels, rank = behind_rank(side, rank))
            lots += lots_at(rank_of(side, std::max(rank, 0))) & -static_cast<Lots>(rank != kNobody);
        return lots;
    }
    // Lots that stand before an order in its own queue.
    Lots queue_ahead(Handle handle) const {
        Lots ahead = 0;
        for (Slot slot = nodes_[handle.slot].previous; slot < kCapacity; slot = nodes_[slot].previous)
            ahead += static_cast<Lots>(nodes_[slot].lots);
        return ahead;
    }
    // Handle of the order at the front of a price's queue; empty when nobody stands there.
    Handle front(Ticks price) const { return inside(price) ? order_in(nodes_[head(price - base_)].next) : Handle{}; }
    // Handle of the next order in the same queue; empty for the last one.
    Handle following(Handle order) const { return order_in(nodes_[order.slot].next); }

    std::uint32_t live() const { return live_; }
    // The i-th live order in no particular order, i < live(); for sampling one uniformly.
    Handle live_order(std::uint32_t i) const { return handle(slots_[i]); }
    // Orders lost because the window moved away from them.
    std::uint64_t dropped() const { return dropped_; }

    bool inside(Ticks price) const {
        return static_cast<std::uint32_t>(price) - static_cast<std::uint32_t>(base_) <
               static_cast<std::uint32_t>(kWindow);
    }
    Ticks base() const { return base_; }

    // Checks every invariant; throws std::logic_error naming the first that fails.
    void validate() const {
        require(!two_sided() || best(Side::bid) < best(Side::ask), "the book is crossed");
        std::uint32_t seen = 0;
        for (Ticks at = 0; at < kWindow; ++at) seen += validate_queue(at);
        require(seen == live_, "a live order stands in no queue");
        for (std::uint32_t i = 0; i < kCapacity; ++i) require(place_[slots_[i]] == i, "the slot permutation is broken");
    }

  private:
    static constexpr int kNobody = PriceSet<kWindow>::kNone;  // rank of an empty side's best
    static_assert(kCapacity + static_cast<std::uint32_t>(kWindow) - 1 <= std::numeric_limits<Slot>::max());
    static_assert((kWindow & (kWindow - 1)) == 0, "ranks are mirrored bit by bit");

    // An order, or the head of a queue: then `lots` are the queue's, `next` its first order and `previous` its last.
    struct Node {
        Size lots = 0;
        Size generation = 1;  // steps by two, so that it is never 0, which names no order
        Slot previous = 0;    // towards the front of the queue
        Slot next = 0;
        Offset at = 0;  // price, from the base of the window
        Side side : 4 = Side::bid;
        Owner owner : 4 = Owner::background;
    };

    static constexpr Slot head(Ticks at) { return static_cast<Slot>(kCapacity + static_cast<std::uint32_t>(at)); }
    Lots lots_at(Ticks at) const { return static_cast<Lots>(nodes_[head(at)].lots); }
    Handle handle(Slot slot) const { return {slot, nodes_[slot].generation}; }
    Handle order_in(Slot slot) const { return slot < kCapacity ? handle(slot) : Handle{}; }
    void clear_queue(Slot head) {
        nodes_[head].lots = 0;
        nodes_[head].previous = nodes_[head].next = head;
    }

    // A price as its own side ranks it within the window: the better, the higher. Both sides then run through the same
    // code without a jump.
    static constexpr int rank_of(Side side, Ticks at) { return at ^ (-static_cast<int>(side) & (kWindow - 1)); }
    Ticks price_of(Side side, int rank) const { return base_ + rank_of(side, rank); }
    int behind_rank(Side side, int rank) const { return occupied_[index(side)].highest(rank - 1); }
    // Whether a taker with this limit, within the window, would meet anybody.
    bool reaches(Side taker, Ticks limit) const {
        const Side maker = opposite(taker);
        return best_[index(maker)] >= rank_of(maker, limit - base_);
    }

    // Why a limit order is refused, given how many orders are live and how many lots leave its level as it comes.
    Rejection refuse(Side side, Ticks price, Lots lots, Owner owner, TimeInForce time_in_force, std::uint32_t live,
                     Lots leaving) const {
        if (lots <= 0) return Rejection::size_not_positive;
        if (!inside(price)) return Rejection::price_outside_window;
        if (reaches(side, price)) [[unlikely]]
            return refuse_taker(side, price, lots, owner, time_in_force);
        if (time_in_force == TimeInForce::fok) return Rejection::cannot_fill;
        if (time_in_force == TimeInForce::ioc) return Rejection::none;
        if (lots > kMostLots - lots_at(price - base_) + leaving) return Rejection::size_too_large;
        return live == kCapacity ? Rejection::pool_exhausted : Rejection::none;
    }
    // A taker finds room for what it leaves: it has emptied a slot then, at a price nobody stands at any more.
    Rejection refuse_taker(Side side, Ticks price, Lots lots, Owner owner, TimeInForce time_in_force) const {
        if (time_in_force == TimeInForce::post_only) return Rejection::would_trade;
        if (time_in_force == TimeInForce::fok && !can_fill(side, price, lots, owner)) return Rejection::cannot_fill;
        if (time_in_force == TimeInForce::gtc && lots > kMostLots) return Rejection::size_too_large;
        return Rejection::none;
    }

    // Whether others offer `lots` up to a price.
    bool can_fill(Side taker, Ticks limit, Lots lots, Owner owner) const {
        const Side maker = opposite(taker);
        std::int64_t offered = 0;
        const int last = rank_of(maker, limit - base_);
        for (int rank = best_[index(maker)]; rank >= last && offered < lots; rank = behind_rank(maker, rank))
            offered += lots_of_others(rank_of(maker, rank), owner);
        return offered >= lots;
    }
    Lots lots_of_others(Ticks at, Owner owner) const {
        Lots lots = lots_at(at);
        if (owner != Owner::agent) return lots;
        for (Slot slot = nodes_[head(at)].next; slot < kCapacity; slot = nodes_[slot].next)
            if (nodes_[slot].owner == Owner::agent) lots -= static_cast<Lots>(nodes_[slot].lots);
        return lots;
    }

    // A limit order that nothing refuses.
    template <class OnFill>
    Submission admit(Side side, Ticks price, Lots lots, Owner owner, TimeInForce time_in_force, OnFill& on_fill) {
        Submission done;
        if (reaches(side, price)) [[unlikely]]
            done = take(side, price, lots, owner, on_fill);
        const bool rests = time_in_force == TimeInForce::gtc || time_in_force == TimeInForce::post_only;
        if (rests && done.filled < lots) done.resting = rest(side, price, lots - done.filled, owner);
        return done;
    }

    template <class OnFill>
    [[gnu::noinline]] Submission take(Side side, Ticks limit, Lots lots, Owner owner, OnFill& on_fill) {
        Submission done;
        const Side maker_side = opposite(side);
        while (done.filled < lots && reaches(side, limit)) {
            const Slot slot = nodes_[head(touch(maker_side) - base_)].next;
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

    // In `rest` and `remove` all that is read is read before the first write: the compiler must take the bytes written
    // for whatever it read before.
    Handle rest(Side side, Ticks price, Lots lots, Owner owner) {
        const std::uint32_t live = live_;
        const Ticks at = price - base_;
        const int rank = std::max(best_[index(side)], rank_of(side, at));
        const Slot slot = slots_[live], queue = head(at), last = nodes_[queue].previous;
        const auto total = static_cast<Size>(lots_at(at) + lots);
        const auto generation = static_cast<Size>(nodes_[slot].generation + 2);
        Node& node = nodes_[slot];
        node.lots = static_cast<Size>(lots);
        node.generation = generation;
        node.previous = last;
        node.next = queue;
        node.at = static_cast<Offset>(at);
        node.side = side;
        node.owner = owner;
        nodes_[last].next = slot;
        nodes_[queue].previous = slot;
        nodes_[queue].lots = total;
        occupied_[index(side)].insert(rank_of(side, at));
        set_best(side, rank);
        live_ = live + 1;
        return {slot, generation};
    }

    void remove(Slot slot) {
        const Side side = nodes_[slot].side;
        const Ticks at = nodes_[slot].at;
        const Slot previous = nodes_[slot].previous, next = nodes_[slot].next, queue = head(at);
        const auto left = static_cast<Size>(nodes_[queue].lots - nodes_[slot].lots);
        const int best = best_[index(side)];
        release(slot);
        nodes_[previous].next = next;
        nodes_[next].previous = previous;
        nodes_[queue].lots = left;
        occupied_[index(side)].erase_if(left == 0, rank_of(side, at));
        set_best(side, occupied_[index(side)].highest(best));
    }

    void shrink(Slot slot, Lots lots) {
        Node& node = nodes_[slot];
        Node& queue = nodes_[head(node.at)];
        node.lots = static_cast<Size>(static_cast<Lots>(node.lots) - lots);
        queue.lots = static_cast<Size>(static_cast<Lots>(queue.lots) - lots);
    }

    void set_best(Side side, int rank) {
        best_[index(side)] = rank;
        touch_[index(side)] = rank == kNobody ? touch_[index(side)] : price_of(side, rank);
    }

    void release(Slot slot) {
        const std::uint32_t live = live_ - 1;
        const Slot last = slots_[live], hole = place_[slot];
        live_ = live;
        slots_[hole] = last;
        place_[last] = hole;
        slots_[live] = slot;
        place_[slot] = static_cast<Slot>(live);
    }

    // Moves the window by some ticks; every order stays inside.
    void shift(Ticks by) {
        base_ += by;
        best_ = {kNobody, kNobody};
        for (auto& set : occupied_) set.clear();
        std::array<Slot, kCapacity> orders;  // in order of time within each queue
        std::uint32_t count = 0;
        for (Ticks at = 0; at < kWindow; ++at) {
            for (Slot slot = nodes_[head(at)].next; slot < kCapacity; slot = nodes_[slot].next) orders[count++] = slot;
            clear_queue(head(at));
        }
        for (std::uint32_t i = 0; i < count; ++i) requeue(orders[i], by);
    }

    void requeue(Slot slot, Ticks by) {
        Node& node = nodes_[slot];
        const Ticks at = node.at - by;
        const Slot queue = head(at), last = nodes_[queue].previous;
        node.at = static_cast<Offset>(at);
        node.previous = last;
        node.next = queue;
        nodes_[last].next = nodes_[queue].previous = slot;
        nodes_[queue].lots = static_cast<Size>(nodes_[queue].lots + node.lots);
        occupied_[index(node.side)].insert(rank_of(node.side, at));
        set_best(node.side, std::max(best_[index(node.side)], rank_of(node.side, at)));
    }

    std::uint32_t validate_queue(Ticks at) const {
        const Side side = !empty(Side::bid) && base_ + at <= best(Side::bid) ? Side::bid : Side::ask;
        std::uint32_t count = 0;
        std::int64_t lots = 0;
        Slot before = head(at);
        for (Slot slot = nodes_[before].next; slot < kCapacity; before = slot, slot = nodes_[slot].next) {
            const Node& node = nodes_[slot];
            require(place_[slot] < live_ && node.at == at && node.lots > 0, "a queue holds a stranger");
            require(node.previous == before, "a queue's links disagree");
            require(node.side == side, "an order stands on the wrong side of its best");
            require(++count <= kCapacity, "a queue is circular");
            lots += static_cast<Lots>(node.lots);
        }
        require(nodes_[before].next == head(at) && nodes_[head(at)].previous == before, "a queue's ends disagree");
        require(lots == lots_at(at), "a queue's lots are not the sum of its orders");
        for (Side of : kSides)
            require(occupied_[index(of)].contains(rank_of(of, at)) == (count > 0 && of == side),
                    "the occupancy bitmap disagrees with a queue");
        return count;
    }

    static void require(bool holds, const char* invariant) {
        if (!holds) throw std::logic_error(std::string("order book: ") + invariant);
    }

    std::array<Node, kCapacity + static_cast<std::size_t>(kWindow)> nodes_{};
    std::array<Slot, kCapacity> slots_{};  // a permutation: live orders first, free slots behind
    std::array<Slot, kCapacity> place_{};  // its inverse
    std::array<PriceSet<kWindow>, 2> occupied_{};
    std::array<int, 2> best_{kNobody, kNobody};  // ranks
    std::array<Ticks, 2> touch_;
    Ticks base_;
    std::uint32_t live_ = 0;
    std::uint64_t dropped_ = 0;
};

// For simulated markets with a tight spread: small, so that thousands of them stay in cache.
using CompactOrderBook = OrderBook<BookFormat<std::uint8_t, std::uint16_t, std::uint8_t, 64, 192>>;
// For simulated markets with orders far from the touch.
using MediumOrderBook = OrderBook<BookFormat<std::uint16_t, std::uint16_t, std::uint16_t, 512, 1024>>;
// For replaying real messages: thousands of orders, hundreds of ticks.
using WideOrderBook = OrderBook<BookFormat<std::uint32_t, std::uint32_t, std::uint16_t, 1 << 16, 1 << 16>>;

}  // namespace mm
