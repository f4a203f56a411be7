// A limit order book with price-time priority.
//
// Orders and the heads of queues are nodes of one array: the orders in a pool of `kCapacity` slots, behind them one
// head for each tick of a window. A queue is a ring through its head, so that joining and leaving it need no cases.
// Every command is O(1) but for the levels a taker walks through. The best prices of the background alone are kept as
// well as those of everybody: what our own quotes must not move is measured from them.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>
#include <stdexcept>
#include <string>

#include "engine/book/order.hpp"
#include "engine/book/price_set.hpp"
#include "engine/core/prefetch.hpp"
#include "engine/core/types.hpp"

namespace mm {

// How large a book is, and the narrowest integers that do for it: what a market costs is mostly the cache it needs.
template <class SlotInteger, class SizeInteger, class OffsetInteger, Ticks Window, std::uint32_t Capacity>
struct BookFormat {
    using Slot = SlotInteger;
    using Size = SizeInteger;      // lots of an order and of a level; generations too
    using Offset = OffsetInteger;  // a price's place in the window, and the orders of a queue
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
    // Slots that are in use at most times: the free one that was used last is used first.
    static constexpr std::uint32_t kUsual = std::min(kCapacity, 128U);
    // Most lots at one price.
    static constexpr Lots kMostLots =
        sizeof(Size) < sizeof(Lots) ? std::numeric_limits<Size>::max() : std::numeric_limits<Lots>::max();

    explicit OrderBook(Ticks centre)
        : reference_{window(centre) + kWindow / 2, window(centre) + kWindow / 2}, base_(window(centre)) {
        for (std::uint32_t slot = 0; slot < kCapacity; ++slot) nodes_[slot].next = static_cast<Slot>(slot + 1);
        for (Ticks at = 0; at < kWindow; ++at) clear_queue(head(at));
    }

    // Matches against the opposite side up to `price`; what is left rests or not as `time_in_force` says.
    // `on_fill(const Fill&)` is called for each match, in priority order. An order of ours never trades with
    // another of the same party: the one that rests is removed when the taker reaches it.
    template <class OnFill>
    Submission limit(Side side, Ticks price, Lots lots, Party party, TimeInForce time_in_force, OnFill&& on_fill) {
        const Rejection refused = refuse(side, price, lots, party, time_in_force, live_, 0);
        if (refused != Rejection::none) return {refused, {}, 0, 0};
        return admit(side, price, lots, party, time_in_force, on_fill);
    }

    // Matches at any price; what finds no counterparty is gone.
    template <class OnFill>
    Submission market(Side side, Lots lots, Party party, OnFill&& on_fill) {
        if (lots <= 0) return {Rejection::size_not_positive, {}, 0, 0};
        return take(side, price_of(opposite(side), 0), lots, party, on_fill);
    }
    // Matches up to a price, which may lie outside the window; what finds no counterparty is gone.
    template <class OnFill>
    Submission sweep(Side side, Ticks price, Lots lots, Party party, OnFill&& on_fill) {
        if (lots <= 0) return {Rejection::size_not_positive, {}, 0, 0};
        const bool beyond = side == Side::bid ? price < base_ : price >= base_ + kWindow;
        if (beyond) return {};
        return take(side, std::clamp(price, base_, base_ + kWindow - 1), lots, party, on_fill);
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
        const Rejection refused = refuse(old.side, price, lots, old.party, time_in_force, live_ - 1, leaving);
        if (refused != Rejection::none) return {refused, {}, 0, 0};
        remove(slot);
        return admit(old.side, price, lots, old.party, time_in_force, on_fill);
    }

    // First price of the window around `centre`: in its middle, or as near as prices go.
    static constexpr Ticks window(Ticks centre) {
        return std::clamp(centre, kWindow / 2 - kPriceEnd, kPriceEnd - kWindow / 2) - kWindow / 2;
    }
    // Moves the window so that it lies around `centre`; orders that fall outside are dropped and counted.
    // `on_drop(Handle)` is called for each of them while it still stands in the book.
    template <class OnDrop>
    void recentre(Ticks centre, OnDrop&& on_drop) {
        const Ticks base = window(centre);
        for (std::uint32_t i = 0; i < kCapacity; ++i) {
            const auto slot = static_cast<Slot>(i);
            const Ticks price = base_ + nodes_[slot].at;
            if (!is_live(slot) || (price >= base && price < base + kWindow)) continue;
            on_drop(handle(slot));
            remove(slot);
            ++dropped_;
        }
        shift(base - base_);
    }

    bool holds(Handle handle) const {
        return handle.slot < kCapacity && is_live(static_cast<Slot>(handle.slot)) &&
               nodes_[handle.slot].generation == handle.generation;
    }
    // The order behind a handle that the book holds.
    Order order(Handle handle) const {
        const Node& node = nodes_[handle.slot];
        return {node.side, node.party, base_ + static_cast<Ticks>(node.at), static_cast<Lots>(node.lots)};
    }

    // Best price of a side, or kNoPrice when it is empty.
    Ticks best(Side side) const { return empty(side) ? kNoPrice : touch(side); }
    // Best price of a side; while it is empty, the last one of the background.
    Ticks touch(Side side) const { return empty(side) ? reference(side) : price_of(side, best_rank(side)); }
    bool empty(Side side) const { return best_rank(side) == kNobody; }
    bool two_sided() const { return !empty(Side::bid) && !empty(Side::ask); }
    // Twice the mid, so that it is an integer.
    Ticks mid2() const { return best(Side::bid) + best(Side::ask); }
    // Best price of the background on a side, or the last one while it has none there.
    Ticks reference(Side side) const { return reference_[index(side)]; }

    // Lots resting at a price, whatever the side; 0 outside the window.
    Lots depth(Ticks price) const { return inside(price) ? lots_at(price - base_) : 0; }
    // Those of the background.
    Lots background_depth(Ticks price) const { return inside(price) ? background_at(price - base_) : 0; }
    // How many orders of the background stand at a price.
    int background_orders(Ticks price) const { return inside(price) ? nodes_[head(price - base_)].at : 0; }
    // Next occupied price behind `price` on this side, away from the touch; kNoPrice when there is none. The price may
    // lie outside the window, as the touch of an empty side may.
    Ticks behind(Side side, Ticks price) const {
        const Ticks at = std::clamp(price, base_ - 1, base_ + kWindow) - base_;
        const int rank = behind_rank(side, flip(side, at) + rank_of(side, 0));
        return rank == kNobody ? kNoPrice : price_of(side, rank);
    }
    // The same among the prices at which the background stands.
    Ticks background_behind(Side side, Ticks price) const {
        const Ticks at = std::clamp(price, base_ - 1, base_ + kWindow) - base_;
        const int rank = background_.prices[index(side)].highest(flip(side, at) + rank_of(side, 0) - 1);
        return rank == kNobody ? kNoPrice : price_of(side, rank);
    }
    bool background_empty(Side side) const { return background_.best[index(side)] == kNobody; }
    // Lots of the background on its best `levels` prices of a side: each fits in Lots, their sum may not. Without a
    // jump: how many levels there are is hard to guess.
    std::int64_t background_lots(Side side, int levels) const {
        std::int64_t lots = 0;
        const auto& set = background_.prices[index(side)];
        for (int rank = background_.best[index(side)]; levels > 0; --levels, rank = set.highest(rank - 1))
            lots += background_at(rank_of(side, std::max(rank, 0))) & -static_cast<Lots>(rank != kNobody);
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
    // Whether an order is in a slot below kCapacity.
    bool occupied(std::uint32_t slot) const { return is_live(static_cast<Slot>(slot)); }
    // The order in a slot below kCapacity; empty when it is free.
    Handle in_slot(std::uint32_t slot) const {
        return is_live(static_cast<Slot>(slot)) ? handle(static_cast<Slot>(slot)) : Handle{};
    }
    // Orders lost because the window moved away from them.
    std::uint64_t dropped() const { return dropped_; }

    bool inside(Ticks price) const {
        return static_cast<std::uint32_t>(price) - static_cast<std::uint32_t>(base_) <
               static_cast<std::uint32_t>(kWindow);
    }
    Ticks base() const { return base_; }

    void prefetch() const {
        mm::prefetch(nodes_.data(), &nodes_[kUsual]);
        mm::prefetch(&background_, this + 1);
    }
    // What is known only once that has arrived: the queues near the touch.
    void prefetch_touch() const {
        constexpr Ticks kNear = 8;
        for (const Ticks reference : reference_) {
            const Ticks at = std::clamp(reference - base_, kNear, kWindow - kNear);
            mm::prefetch(&nodes_[head(at - kNear)], &nodes_[head(at + kNear)]);
        }
    }

    // Checks every invariant; throws std::logic_error naming the first that fails.
    void validate() const {
        require(!two_sided() || best(Side::bid) < best(Side::ask), "the book is crossed");
        std::uint32_t seen = 0;
        for (Ticks at = 0; at < kWindow; ++at) seen += validate_queue(at);
        require(seen == live_, "a live order stands in no queue");
        std::uint32_t free = 0;
        for (Slot slot = free_; slot < kCapacity; slot = nodes_[slot].next) {
            require(!is_live(slot), "a live order's slot is free");
            require(++free <= kCapacity, "the list of free slots is circular");
        }
        require(free + live_ == kCapacity, "a slot is neither free nor live");
    }

  private:
    static constexpr int kNobody = PriceSet<kWindow>::kNone;  // rank of an empty side's best
    static_assert(kCapacity + static_cast<std::uint32_t>(kWindow) - 1 <= std::numeric_limits<Slot>::max());
    static_assert((kWindow & (kWindow - 1)) == 0, "ranks are mirrored bit by bit");

    // An order, or the head of a queue: then `lots` are the queue's, `next` its first order and `previous` its last; in
    // place of a generation it counts the lots that are ours, in place of a price the orders of the background. A free
    // slot has no lots and names the `next` free one. `previous` and `next` are kept apart: a compiler would put them
    // together before it writes them.
    struct Node {
        Size lots = 0;
        Size generation = 1;  // steps by two, so that it is never 0, which names no order
        Slot previous = 0;    // towards the front of the queue
        Offset at = 0;        // price, from the base of the window
        Slot next = 0;
        Side side : 4 = Side::bid;
        Party party : 4 = Party::background;
    };

    static constexpr Slot head(Ticks at) { return static_cast<Slot>(kCapacity + static_cast<std::uint32_t>(at)); }
    Lots lots_at(Ticks at) const { return static_cast<Lots>(nodes_[head(at)].lots); }
    Lots ours_at(Ticks at) const { return static_cast<Lots>(nodes_[head(at)].generation); }
    Lots background_at(Ticks at) const { return lots_at(at) - ours_at(at); }
    bool is_live(Slot slot) const { return nodes_[slot].lots != 0; }
    Handle handle(Slot slot) const { return {slot, nodes_[slot].generation}; }
    Handle order_in(Slot slot) const { return slot < kCapacity ? handle(slot) : Handle{}; }
    void clear_queue(Slot head) {
        nodes_[head].lots = nodes_[head].generation = 0;
        nodes_[head].at = 0;
        nodes_[head].previous = nodes_[head].next = head;
    }

    // A price as its own side ranks it within the window: the better, the higher. Both sides then run through the same
    // code without a jump.
    static constexpr int rank_of(Side side, Ticks at) { return at ^ (-static_cast<int>(side) & (kWindow - 1)); }
    Ticks price_of(Side side, int rank) const { return base_ + rank_of(side, rank); }
    int behind_rank(Side side, int rank) const {
        return std::max(background_.prices[index(side)].highest(rank - 1), ours_.prices[index(side)].highest(rank - 1));
    }
    int best_rank(Side side) const { return std::max(background_.best[index(side)], ours_.best[index(side)]); }
    // Whether a taker with this limit, within the window, would meet anybody.
    bool reaches(Side taker, Ticks limit) const {
        const Side maker = opposite(taker);
        const int rank = rank_of(maker, limit - base_);
        return background_.best[index(maker)] >= rank || ours_.best[index(maker)] >= rank;
    }

    // Why a limit order is refused, given how many orders are live and how many lots leave its level as it comes.
    Rejection refuse(Side side, Ticks price, Lots lots, Party party, TimeInForce time_in_force, std::uint32_t live,
                     Lots leaving) const {
        if (lots <= 0) return Rejection::size_not_positive;
        if (!inside(price)) return Rejection::price_outside_window;
        if (reaches(side, price)) [[unlikely]]
            return refuse_taker(side, price, lots, party, time_in_force);
        if (time_in_force == TimeInForce::fok) return Rejection::cannot_fill;
        if (time_in_force == TimeInForce::ioc) return Rejection::none;
        if (lots > kMostLots - lots_at(price - base_) + leaving) return Rejection::size_too_large;
        return live == kCapacity ? Rejection::pool_exhausted : Rejection::none;
    }
    // A taker finds room for what it leaves: it has emptied a slot then, at a price nobody stands at any more.
    Rejection refuse_taker(Side side, Ticks price, Lots lots, Party party, TimeInForce time_in_force) const {
        if (time_in_force == TimeInForce::post_only) return Rejection::would_trade;
        if (time_in_force == TimeInForce::fok && !can_fill(side, price, lots, party)) return Rejection::cannot_fill;
        if (time_in_force == TimeInForce::gtc && lots > kMostLots) return Rejection::size_too_large;
        return Rejection::none;
    }

    // Whether others offer `lots` up to a price.
    bool can_fill(Side taker, Ticks limit, Lots lots, Party party) const {
        const Side maker = opposite(taker);
        std::int64_t offered = 0;
        const int last = rank_of(maker, limit - base_);
        for (int rank = best_rank(maker); rank >= last && offered < lots; rank = behind_rank(maker, rank))
            offered += lots_of_others(rank_of(maker, rank), party);
        return offered >= lots;
    }
    Lots lots_of_others(Ticks at, Party party) const {
        Lots lots = lots_at(at);
        if (party == Party::background || ours_at(at) == 0) return lots;
        for (Slot slot = nodes_[head(at)].next; slot < kCapacity; slot = nodes_[slot].next)
            if (nodes_[slot].party == party) lots -= static_cast<Lots>(nodes_[slot].lots);
        return lots;
    }

    // A limit order that nothing refuses.
    template <class OnFill>
    Submission admit(Side side, Ticks price, Lots lots, Party party, TimeInForce time_in_force, OnFill& on_fill) {
        Submission done;
        if (reaches(side, price)) [[unlikely]]
            done = take(side, price, lots, party, on_fill);
        const bool rests = time_in_force == TimeInForce::gtc || time_in_force == TimeInForce::post_only;
        if (rests && done.filled < lots) done.resting = rest(side, price, lots - done.filled, party);
        return done;
    }

    template <class OnFill>
    [[gnu::noinline]] Submission take(Side side, Ticks limit, Lots lots, Party party, OnFill& on_fill) {
        Submission done;
        const Side maker_side = opposite(side);
        while (done.filled < lots && reaches(side, limit)) {
            const Slot slot = nodes_[head(touch(maker_side) - base_)].next;
            const Node& maker = nodes_[slot];
            if (party != Party::background && maker.party == party) {
                done.prevented += static_cast<Lots>(maker.lots);
                remove(slot);
                continue;
            }
            const auto resting = static_cast<Lots>(maker.lots);
            const Lots traded = lots - done.filled < resting ? lots - done.filled : resting;
            const Fill fill{handle(slot), maker.party, party, maker_side, touch(maker_side), traded, resting - traded};
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
    Handle rest(Side side, Ticks price, Lots lots, Party party) {
        const Ticks at = price - base_;
        const int rank = rank_of(side, at);
        const Slot slot = free_, queue = head(at), last = nodes_[queue].previous, next_free = nodes_[slot].next;
        const auto total = static_cast<Size>(lots_at(at) + lots);
        const auto generation = static_cast<Size>(nodes_[slot].generation + 2);
        Node& node = nodes_[slot];
        node.lots = static_cast<Size>(lots);
        node.generation = generation;
        node.at = static_cast<Offset>(at);
        node.side = side;
        node.party = party;
        node.previous = last;
        nodes_[last].next = slot;
        node.next = queue;
        nodes_[queue].previous = slot;
        nodes_[queue].lots = total;
        if (party == Party::background) [[likely]] {
            background_.insert(side, rank);
            reference_[index(side)] = price_of(side, background_.best[index(side)]);
            ++nodes_[queue].at;
        } else {
            ours_.insert(side, rank);
            nodes_[queue].generation = static_cast<Size>(ours_at(at) + lots);
        }
        free_ = next_free;
        ++live_;
        return {slot, generation};
    }

    void remove(Slot slot) {
        const Side side = nodes_[slot].side;
        const Party party = nodes_[slot].party;
        const Ticks at = nodes_[slot].at;
        const Size lots = nodes_[slot].lots;
        const Slot previous = nodes_[slot].previous, next = nodes_[slot].next, queue = head(at);
        const auto left = static_cast<Size>(nodes_[queue].lots - lots);
        const Size ours = nodes_[queue].generation;
        const int rank = rank_of(side, at);
        nodes_[slot].lots = 0;
        nodes_[slot].next = free_;
        free_ = slot;
        --live_;
        nodes_[previous].next = next;
        nodes_[next].previous = previous;
        nodes_[queue].lots = left;
        if (party == Party::background) [[likely]] {
            background_.erase_if(left == ours, side, rank);
            set_reference(side);
            --nodes_[queue].at;
        } else {
            ours_.erase_if(ours == lots, side, rank);
            nodes_[queue].generation = static_cast<Size>(ours - lots);
        }
    }

    void shrink(Slot slot, Lots lots) {
        Node& node = nodes_[slot];
        Node& queue = nodes_[head(node.at)];
        node.lots = static_cast<Size>(static_cast<Lots>(node.lots) - lots);
        queue.lots = static_cast<Size>(static_cast<Lots>(queue.lots) - lots);
        if (node.party != Party::background)
            queue.generation = static_cast<Size>(static_cast<Lots>(queue.generation) - lots);
    }

    void set_reference(Side side) {
        const int rank = background_.best[index(side)];
        reference_[index(side)] = rank == kNobody ? reference_[index(side)] : price_of(side, rank);
    }

    // Moves the window by some ticks; every order stays inside.
    void shift(Ticks by) {
        base_ += by;
        background_ = ours_ = {};
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
        const int rank = rank_of(node.side, at);
        const bool background = node.party == Party::background;
        node.at = static_cast<Offset>(at);
        node.previous = last;
        node.next = queue;
        nodes_[last].next = nodes_[queue].previous = slot;
        nodes_[queue].lots = static_cast<Size>(nodes_[queue].lots + node.lots);
        (background ? background_ : ours_).insert(node.side, rank);
        nodes_[queue].at = static_cast<Offset>(nodes_[queue].at + background);
        if (background) return set_reference(node.side);
        nodes_[queue].generation = static_cast<Size>(nodes_[queue].generation + node.lots);
    }

    std::uint32_t validate_queue(Ticks at) const {
        const Side side = !empty(Side::bid) && base_ + at <= best(Side::bid) ? Side::bid : Side::ask;
        std::uint32_t count = 0;
        int background = 0;
        std::int64_t lots = 0, ours = 0;
        Slot before = head(at);
        for (Slot slot = nodes_[before].next; slot < kCapacity; before = slot, slot = nodes_[slot].next) {
            const Node& node = nodes_[slot];
            require(static_cast<Ticks>(node.at) == at && node.lots > 0, "a queue holds a stranger");
            require(node.previous == before, "a queue's links disagree");
            require(node.side == side, "an order stands on the wrong side of its best");
            require(++count <= kCapacity, "a queue is circular");
            lots += static_cast<Lots>(node.lots);
            ours += node.party == Party::background ? 0 : static_cast<Lots>(node.lots);
            background += node.party == Party::background;
        }
        require(nodes_[before].next == head(at) && nodes_[head(at)].previous == before, "a queue's ends disagree");
        require(lots == lots_at(at), "a queue's lots are not the sum of its orders");
        require(ours == ours_at(at), "a queue's own lots are not the sum of our orders");
        require(background == background_orders(base_ + at),
                "a queue's orders of the background are not as many as it says");
        for (Side of : kSides) {
            require(background_.prices[index(of)].contains(rank_of(of, at)) == (lots > ours && of == side),
                    "the background's prices disagree with a queue");
            require(ours_.prices[index(of)].contains(rank_of(of, at)) == (ours > 0 && of == side),
                    "our prices disagree with a queue");
        }
        return count;
    }

    static void require(bool holds, const char* invariant) {
        if (!holds) throw std::logic_error(std::string("order book: ") + invariant);
    }

    std::array<Node, kCapacity + static_cast<std::size_t>(kWindow)> nodes_{};
    // Where orders of a kind stand, by side and rank, and the best ranks.
    struct Prices {
        std::array<PriceSet<kWindow>, 2> prices{};
        std::array<int, 2> best{kNobody, kNobody};

        void insert(Side side, int rank) {
            prices[index(side)].insert(rank);
            best[index(side)] = std::max(best[index(side)], rank);
        }
        void erase_if(bool vacant, Side side, int rank) {
            prices[index(side)].erase_if(vacant, rank);
            best[index(side)] = prices[index(side)].highest_of_all(best[index(side)]);
        }
    };

    Prices background_, ours_;
    std::array<Ticks, 2> reference_;
    Ticks base_;
    std::uint32_t live_ = 0;
    Slot free_ = 0;  // the first free slot
    std::uint64_t dropped_ = 0;
};

// For simulated markets with a tight spread: small, so that thousands of them stay in cache.
using CompactOrderBook = OrderBook<BookFormat<std::uint8_t, std::uint16_t, std::uint8_t, 64, 96>>;
// For simulated markets with orders far from the touch.
using MediumOrderBook = OrderBook<BookFormat<std::uint16_t, std::uint16_t, std::uint16_t, 512, 1024>>;
// For replaying real messages: thousands of orders, hundreds of ticks.
using WideOrderBook = OrderBook<BookFormat<std::uint32_t, std::uint32_t, std::uint32_t, 1 << 16, 1 << 16>>;

}  // namespace mm
