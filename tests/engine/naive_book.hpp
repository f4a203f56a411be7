// The order book as one would explain it: a map of price -> queue for each side, and nothing clever.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <deque>
#include <iterator>
#include <map>
#include <ranges>
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

    explicit NaiveBook(Ticks centre) : base_(window(centre)) { reference_.fill(base_ + kWindow / 2); }

    template <class OnFill>
    Submission limit(Side side, Ticks price, Lots lots, Party party, TimeInForce time_in_force, OnFill&& on_fill) {
        const Rejection refused = refuse(side, price, lots, party, time_in_force);
        if (refused != Rejection::none) return {refused, {}, 0, 0};
        Submission done = take(side, price, lots, party, on_fill);
        if (may_rest(time_in_force) && done.filled < lots) done.resting = rest(side, price, lots - done.filled, party);
        return done;
    }

    template <class OnFill>
    Submission market(Side side, Lots lots, Party party, OnFill&& on_fill) {
        if (lots <= 0) return {Rejection::size_not_positive, {}, 0, 0};
        return take(side, side == Side::bid ? base_ + kWindow - 1 : base_, lots, party, on_fill);
    }

    template <class OnFill>
    Submission sweep(Side side, Ticks price, Lots lots, Party party, OnFill&& on_fill) {
        if (lots <= 0) return {Rejection::size_not_positive, {}, 0, 0};
        return take(side, price, lots, party, on_fill);
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
        const Submission done = limit(old.side, price, lots, old.party, time_in_force, on_fill);
        if (done.rejection != Rejection::none) *this = before;
        return done;
    }

    template <class OnDrop>
    void recentre(Ticks centre, OnDrop&& on_drop) {
        const std::array stood{!background_empty(Side::bid), !background_empty(Side::ask)};
        base_ = window(centre);
        for (const auto& [number, place] : std::map(places_)) {
            if (inside(place.second)) continue;
            on_drop(Handle{number, 1});
            cancel({number, 1});
            ++dropped_;
        }
        // Which of the orders that fell out of the window was the last to stand is nobody's to say.
        for (const Side side : kSides)
            if (stood[index(side)] && background_empty(side)) reference_[index(side)] = kNoPrice;
    }

    bool holds(Handle handle) const { return handle.generation == 1 && places_.contains(handle.slot); }
    Order order(Handle handle) const {
        const auto [side, price] = places_.at(handle.slot);
        const Resting& resting = *find(handle);
        return {side, resting.party, price, resting.lots};
    }

    Ticks best(Side side) const {
        const Levels& levels = side_of(side);
        if (levels.empty()) return kNoPrice;
        return side == Side::bid ? levels.rbegin()->first : levels.begin()->first;
    }
    Ticks touch(Side side) const { return side_of(side).empty() ? reference(side) : best(side); }
    // The background's best price, or its last one; kNoPrice, which is to say anything, after the window has moved
    // away from all of a side's orders.
    Ticks reference(Side side) const { return reference_[index(side)]; }
    bool two_sided() const { return best(Side::bid) != kNoPrice && best(Side::ask) != kNoPrice; }
    Ticks mid2() const { return best(Side::bid) + best(Side::ask); }

    // Price and lots of each level of a side, best first; and of those at which the background stands.
    std::vector<std::pair<Ticks, Lots>> levels(Side side) const {
        return levels(side, [](const Queue& queue) { return lots_of(queue); });
    }
    std::vector<std::pair<Ticks, Lots>> background_levels(Side side) const { return levels(side, background_lots_of); }
    bool background_empty(Side side) const {
        return std::ranges::all_of(side_of(side),
                                   [](const auto& level) { return background_lots_of(level.second) == 0; });
    }
    std::int64_t background_lots(Side side, int levels) const {
        std::int64_t lots = 0;
        for (const auto& level : background_levels(side))
            if (levels-- > 0) lots += level.second;
        return lots;
    }
    Lots depth(Ticks price) const { return depth(Side::bid, price) + depth(Side::ask, price); }
    Lots background_depth(Ticks price) const {
        Lots lots = 0;
        for (const Levels& levels : sides_)
            if (const auto level = levels.find(price); level != levels.end()) lots += background_lots_of(level->second);
        return lots;
    }
    Ticks behind(Side side, Ticks price) const {
        const Levels& levels = side_of(side);
        const auto worse = side == Side::bid ? levels.lower_bound(price) : levels.upper_bound(price);
        if (worse == (side == Side::bid ? levels.begin() : levels.end())) return kNoPrice;
        return side == Side::bid ? std::prev(worse)->first : worse->first;
    }
    Ticks background_behind(Side side, Ticks price) const {
        for (const auto& level : background_levels(side))
            if (sign(side) * (std::int64_t{price} - level.first) > 0) return level.first;
        return kNoPrice;
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
    Handle in_slot(std::uint32_t slot) const { return places_.contains(slot) ? Handle{slot, 1} : Handle{}; }
    std::uint64_t dropped() const { return dropped_; }
    bool inside(Ticks price) const { return price >= base_ && price < base_ + kWindow; }
    Ticks base() const { return base_; }
    void validate() const {}  // nothing here stands twice, so nothing can disagree

  private:
    struct Resting {
        Handle handle;
        Party party = Party::background;
        Lots lots = 0;
    };
    using Queue = std::deque<Resting>;
    using Levels = std::map<Ticks, Queue>;

    static Ticks window(Ticks centre) {
        const std::int64_t end = kPriceEnd, first = std::int64_t{centre} - kWindow / 2;
        return static_cast<Ticks>(std::max(-end, std::min(first, end - kWindow)));
    }
    static bool may_rest(TimeInForce time_in_force) {
        return time_in_force == TimeInForce::gtc || time_in_force == TimeInForce::post_only;
    }
    static bool crosses(Side taker, Ticks limit, Ticks price) {
        return taker == Side::bid ? limit >= price : limit <= price;
    }
    static Lots lots_of(const Queue& queue) {
        Lots lots = 0;
        for (const Resting& resting : queue) lots += resting.lots;
        return lots;
    }

    static Lots background_lots_of(const Queue& queue) {
        Lots lots = 0;
        for (const Resting& resting : queue) lots += resting.party == Party::background ? resting.lots : 0;
        return lots;
    }
    // Orders of ours never trade with each other.
    static bool same_party(Party taker, Party maker) { return taker != Party::background && taker == maker; }
    template <class LotsOf>
    std::vector<std::pair<Ticks, Lots>> levels(Side side, const LotsOf& lots_of_queue) const {
        std::vector<std::pair<Ticks, Lots>> all;
        for (const auto& [price, queue] : side_of(side))
            if (const Lots lots = lots_of_queue(queue); lots > 0) all.emplace_back(price, lots);
        if (side == Side::bid) std::ranges::reverse(all);
        return all;
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

    Rejection refuse(Side side, Ticks price, Lots lots, Party party, TimeInForce time_in_force) const {
        const bool trades = reaches(side, price);
        if (lots <= 0) return Rejection::size_not_positive;
        if (!inside(price)) return Rejection::price_outside_window;
        if (time_in_force == TimeInForce::fok && offered(side, price, party) < lots) return Rejection::cannot_fill;
        if (time_in_force == TimeInForce::post_only && trades) return Rejection::would_trade;
        if (!may_rest(time_in_force)) return Rejection::none;
        if (std::int64_t{lots} + depth(side, price) > kMostLots) return Rejection::size_too_large;
        if (live() == kCapacity && !trades) return Rejection::pool_exhausted;
        return Rejection::none;
    }

    // What an order may trade with, up to its limit: no party trades with itself.
    std::int64_t offered(Side taker, Ticks limit, Party party) const {
        std::int64_t lots = 0;
        for (const auto& [price, queue] : side_of(opposite(taker)))
            for (const Resting& resting : queue)
                if (crosses(taker, limit, price) && !same_party(party, resting.party)) lots += resting.lots;
        return lots;
    }

    template <class OnFill>
    Submission take(Side side, Ticks limit, Lots lots, Party party, OnFill& on_fill) {
        Submission done;
        while (done.filled < lots && reaches(side, limit)) {
            const Ticks price = best(opposite(side));
            const Resting maker = side_of(opposite(side)).at(price).front();
            if (same_party(party, maker.party)) {
                done.prevented += maker.lots;
                cancel(maker.handle);
                continue;
            }
            const Lots traded = std::min(lots - done.filled, maker.lots);
            done.filled += traded;
            shrink(maker.handle, traded);
            on_fill(Fill{maker.handle, maker.party, party, opposite(side), price, traded, maker.lots - traded});
        }
        return done;
    }

    Handle rest(Side side, Ticks price, Lots lots, Party party) {
        const Handle handle{rested_++, 1};
        side_of(side)[price].push_back({handle, party, lots});
        places_[handle.slot] = {side, price};
        set_reference(side);
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
        set_reference(side);
    }

    void set_reference(Side side) {
        const auto first_of = [&](const auto& levels) {
            for (const auto& [price, queue] : levels)
                if (background_lots_of(queue) > 0) return price;
            return reference(side);
        };
        reference_[index(side)] =
            side == Side::bid ? first_of(std::views::reverse(side_of(side))) : first_of(side_of(side));
    }

    std::array<Levels, 2> sides_;
    std::map<std::uint32_t, std::pair<Side, Ticks>> places_;  // of the live orders, by number
    std::array<Ticks, 2> reference_{};
    Ticks base_;
    std::uint32_t rested_ = 0;
    std::uint64_t dropped_ = 0;
};

}  // namespace mm
