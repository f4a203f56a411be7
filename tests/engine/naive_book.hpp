// The order book as one would explain it: a map of price -> queue for each side, and nothing clever.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <deque>
#include <iterator>
#include <map>
#include <utility>
#include <vector>

#include "engine/book/order.hpp"
#include "engine/core/types.hpp"

namespace mm {

// With the window, the capacity and the largest level of the real book that it stands beside. Handles are numbered in
// the order in which orders come to rest.
template <class RealBook>
class NaiveBook {
  public:
    static constexpr Ticks kWindow = RealBook::kWindow;
    static constexpr std::uint32_t kCapacity = RealBook::kCapacity;
    static constexpr Lots kMostLots = RealBook::kMostLots;

    explicit NaiveBook(Ticks centre) : touch_{centre, centre}, base_(centre - kWindow / 2) {}

    template <class OnFill>
    Submission limit(Side side, Ticks price, Lots lots, Owner owner, TimeInForce time_in_force, OnFill&& on_fill) {
        const Rejection refused = refuse(side, price, lots, owner, time_in_force);
        if (refused != Rejection::none) return {refused, {}, 0, 0};
        Submission done = take(side, price, lots, owner, on_fill);
        if (may_rest(time_in_force) && done.filled < lots) done.resting = rest(side, price, lots - done.filled, owner);
        return done;
    }

    template <class OnFill>
    Submission market(Side side, Lots lots, Owner owner, OnFill&& on_fill) {
        if (lots <= 0) return {Rejection::size_not_positive, {}, 0, 0};
        return take(side, side == Side::bid ? base_ + kWindow - 1 : base_, lots, owner, on_fill);
    }

    Rejection cancel(Handle handle) { return reduce(handle, kMostLots); }

    Rejection reduce(Handle handle, Lots lots) {
        if (!holds(handle)) return Rejection::unknown_order;
        if (lots <= 0) return Rejection::size_not_positive;
        shrink(handle, lots);
        return Rejection::none;
    }

    template <class OnFill>
    Submission replace(Handle handle, Ticks price, Lots lots, TimeInForce time_in_force, OnFill&& on_fill) {
        if (!holds(handle)) return {Rejection::unknown_order, {}, 0, 0};
        if (lots <= 0) return {Rejection::size_not_positive, {}, 0, 0};
        const Order old = order(handle);
        if (price == old.price && lots <= old.lots) {
            shrink(handle, old.lots - lots);
            return {Rejection::none, handle, 0, 0};
        }
        const NaiveBook before = *this;
        cancel(handle);
        const Submission done = limit(old.side, price, lots, old.owner, time_in_force, on_fill);
        if (done.rejection != Rejection::none) *this = before;
        return done;
    }

    template <class OnDrop>
    void recentre(Ticks centre, OnDrop&& on_drop) {
        base_ = centre - kWindow / 2;
        for (const auto& [number, place] : std::map(places_)) {
            if (inside(place.second)) continue;
            on_drop(Handle{number, 1});
            cancel({number, 1});
            ++dropped_;
        }
        for (const Side side : kSides)
            if (side_of(side).empty()) touch_[index(side)] = kNoPrice;
    }

    bool holds(Handle handle) const { return handle.generation == 1 && places_.contains(handle.slot); }
    Order order(Handle handle) const {
        const auto [side, price] = places_.at(handle.slot);
        const Resting& resting = *find(handle);
        return {side, resting.owner, price, resting.lots};
    }

    Ticks best(Side side) const {
        const Levels& levels = side_of(side);
        if (levels.empty()) return kNoPrice;
        return side == Side::bid ? levels.rbegin()->first : levels.begin()->first;
    }
    // The last best price of a side; kNoPrice, which is to say anything, after the window has moved over an empty one.
    Ticks touch(Side side) const { return touch_[index(side)]; }
    bool two_sided() const { return best(Side::bid) != kNoPrice && best(Side::ask) != kNoPrice; }
    Ticks mid2() const { return best(Side::bid) + best(Side::ask); }

    // Price and lots of each level of a side, best first.
    std::vector<std::pair<Ticks, Lots>> levels(Side side) const {
        std::vector<std::pair<Ticks, Lots>> all;
        for (const auto& [price, queue] : side_of(side)) all.emplace_back(price, lots_of(queue));
        if (side == Side::bid) std::ranges::reverse(all);
        return all;
    }
    Lots depth(Ticks price) const { return depth(Side::bid, price) + depth(Side::ask, price); }
    Ticks behind(Side side, Ticks price) const {
        const Levels& levels = side_of(side);
        const auto worse = side == Side::bid ? levels.lower_bound(price) : levels.upper_bound(price);
        if (worse == (side == Side::bid ? levels.begin() : levels.end())) return kNoPrice;
        return side == Side::bid ? std::prev(worse)->first : worse->first;
    }
    Lots queue_ahead(Handle handle) const { return lots_of({queue_of(handle).begin(), find(handle)}); }
    Handle front(Ticks price) const {
        for (const Levels& levels : sides_)
            if (const auto level = levels.find(price); level != levels.end()) return level->second.front().handle;
        return {};
    }
    Handle following(Handle handle) const {
        const auto next = std::next(find(handle));
        return next == queue_of(handle).end() ? Handle{} : next->handle;
    }

    std::uint32_t live() const { return static_cast<std::uint32_t>(places_.size()); }
    Handle live_order(std::uint32_t i) const { return {std::next(places_.begin(), i)->first, 1}; }
    std::uint64_t dropped() const { return dropped_; }
    bool inside(Ticks price) const { return price >= base_ && price < base_ + kWindow; }
    Ticks base() const { return base_; }
    void validate() const {}  // nothing here stands twice, so nothing can disagree

  private:
    struct Resting {
        Handle handle;
        Owner owner = Owner::background;
        Lots lots = 0;
    };
    using Queue = std::deque<Resting>;
    using Levels = std::map<Ticks, Queue>;

    static bool may_rest(TimeInForce time_in_force) {
        return time_in_force == TimeInForce::gtc || time_in_force == TimeInForce::post_only;
    }
    static bool crosses(Side taker, Ticks limit, Ticks price) { return sign(taker) * (limit - price) >= 0; }
    static Lots lots_of(const Queue& queue) {
        Lots lots = 0;
        for (const Resting& resting : queue) lots += resting.lots;
        return lots;
    }

    Levels& side_of(Side side) { return sides_[index(side)]; }
    const Levels& side_of(Side side) const { return sides_[index(side)]; }
    const Queue& queue_of(Handle handle) const {
        const auto [side, price] = places_.at(handle.slot);
        return side_of(side).at(price);
    }
    typename Queue::const_iterator find(Handle handle) const {
        return std::ranges::find(queue_of(handle), handle, &Resting::handle);
    }
    Lots depth(Side side, Ticks price) const {
        const auto level = side_of(side).find(price);
        return level == side_of(side).end() ? 0 : lots_of(level->second);
    }
    bool reaches(Side taker, Ticks limit) const {
        const Ticks price = best(opposite(taker));
        return price != kNoPrice && crosses(taker, limit, price);
    }

    Rejection refuse(Side side, Ticks price, Lots lots, Owner owner, TimeInForce time_in_force) const {
        const bool trades = reaches(side, price);
        if (lots <= 0) return Rejection::size_not_positive;
        if (!inside(price)) return Rejection::price_outside_window;
        if (time_in_force == TimeInForce::fok && offered(side, price, owner) < lots) return Rejection::cannot_fill;
        if (time_in_force == TimeInForce::post_only && trades) return Rejection::would_trade;
        if (!may_rest(time_in_force)) return Rejection::none;
        if (std::int64_t{lots} + depth(side, price) > kMostLots) return Rejection::size_too_large;
        if (live() == kCapacity && !trades) return Rejection::pool_exhausted;
        return Rejection::none;
    }

    // What an order may trade with, up to its limit: nobody trades with himself.
    std::int64_t offered(Side taker, Ticks limit, Owner owner) const {
        std::int64_t lots = 0;
        for (const auto& [price, queue] : side_of(opposite(taker)))
            for (const Resting& resting : queue)
                if (crosses(taker, limit, price) && !(owner == Owner::agent && resting.owner == Owner::agent))
                    lots += resting.lots;
        return lots;
    }

    template <class OnFill>
    Submission take(Side side, Ticks limit, Lots lots, Owner owner, OnFill& on_fill) {
        Submission done;
        while (done.filled < lots && reaches(side, limit)) {
            const Ticks price = best(opposite(side));
            const Resting maker = side_of(opposite(side)).at(price).front();
            if (owner == Owner::agent && maker.owner == Owner::agent) {
                done.prevented += maker.lots;
                cancel(maker.handle);
                continue;
            }
            const Lots traded = std::min(lots - done.filled, maker.lots);
            done.filled += traded;
            shrink(maker.handle, traded);
            on_fill(Fill{maker.handle, maker.owner, owner, opposite(side), price, traded, maker.lots - traded});
        }
        return done;
    }

    Handle rest(Side side, Ticks price, Lots lots, Owner owner) {
        const Handle handle{rested_++, 1};
        side_of(side)[price].push_back({handle, owner, lots});
        places_[handle.slot] = {side, price};
        touch_[index(side)] = best(side);
        return handle;
    }

    // An order of no lots is gone, and so is a queue of no orders.
    void shrink(Handle handle, Lots lots) {
        const auto [side, price] = places_.at(handle.slot);
        Queue& queue = side_of(side).at(price);
        const auto resting = std::ranges::find(queue, handle, &Resting::handle);
        resting->lots -= std::min(lots, resting->lots);
        if (resting->lots > 0) return;
        queue.erase(resting);
        if (queue.empty()) side_of(side).erase(price);
        places_.erase(handle.slot);
        if (!side_of(side).empty()) touch_[index(side)] = best(side);
    }

    std::array<Levels, 2> sides_;
    std::map<std::uint32_t, std::pair<Side, Ticks>> places_;  // of the live orders, by number
    std::array<Ticks, 2> touch_;
    Ticks base_;
    std::uint32_t rested_ = 0;
    std::uint64_t dropped_ = 0;
};

}  // namespace mm
