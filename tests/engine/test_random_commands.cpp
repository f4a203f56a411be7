// A stream of random commands to a real book and to the naive one: same submissions, same trades, same book.
#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>
#include <memory>
#include <vector>

#include "engine/book/order_book.hpp"
#include "engine/core/random.hpp"
#include "tests/engine/naive_book.hpp"

namespace {

using namespace mm;

constexpr std::array kTimesInForce{TimeInForce::gtc, TimeInForce::ioc, TimeInForce::fok, TimeInForce::post_only};

// How often each thing happened, so that a stream which never tries something does not pass.
struct Tally {
    std::array<int, 8> rejections{};
    std::array<int, kTimesInForce.size()> accepted{};  // limit orders that traded or came to rest
    int prevented = 0;
    int between_ours = 0;  // trades of two parties of ours
    int swept = 0;         // sweeps that traded
    int alone = 0;         // commands after which one of ours stood before the background
    int kept_place = 0;
    int lost_place = 0;
    std::uint32_t most_live = 0;
};

// The two books under the same commands.
template <class Book>
class Pair {
  public:
    explicit Pair(std::uint64_t seed) : random_(seed, 0, 0) {}

    // Plays one command; whether both books answered the same. Orders pile up for a while, then thin out.
    bool play() {
        tally_.most_live = std::max(tally_.most_live, naive_.live());
        const std::uint32_t limits = ++commands_ / 500 % 2 == 0 ? 60 : 20;
        const std::uint32_t kind = random_.below(100);
        if (kind < limits) return limit();
        if (kind < limits + 2) return market();
        if (kind < limits + 3) return sweep();
        if (kind < limits + 10) return replace();
        if (kind < limits + 15) return reduce();
        return random_.below(100) == 0 ? recentre() : cancel();
    }

    bool same_depth() const {
        for (const Side side : kSides) {
            Ticks price = real_->best(side);
            for (const auto& [expected, lots] : naive_.levels(side)) {
                if (price != expected || real_->depth(price) != lots) return false;
                price = real_->behind(side, price);
            }
            if (price != kNoPrice) return false;
        }
        return real_->live() == naive_.live() && real_->dropped() == naive_.dropped();
    }

    // What the background alone shows: its best prices, at every price at which somebody stands its lots, and its
    // levels, which are walked through from beyond the window.
    bool same_background() {
        for (const Side side : kSides) {
            if (!same_reference(side)) return false;
            for (const auto& [price, lots] : naive_.levels(side))
                if (real_->background_depth(price) != naive_.background_depth(price)) return false;
            Ticks price = real_->background_behind(side, side == Side::bid ? kPriceEnd - 1 : -kPriceEnd);
            for (const auto& [expected, lots] : naive_.background_levels(side)) {
                if (price != expected) return false;
                price = real_->background_behind(side, price);
            }
            if (price != kNoPrice || !same_levels_of_background(side)) return false;
            tally_.alone += !naive_.background_empty(side) && naive_.best(side) != naive_.reference(side);
        }
        return true;
    }

    // Every order where it stands, and the real book's own invariants.
    bool same_queues() const {
        real_->validate();
        std::uint32_t found = 0;
        for (const Side side : kSides)
            for (const auto& [price, lots] : naive_.levels(side)) {
                Handle real = real_->front(price);
                for (Handle naive = naive_.front(price); naive; naive = naive_.following(naive), ++found) {
                    if (!same_order(real, naive)) return false;
                    real = real_->following(real);
                }
                if (real) return false;
            }
        return found == naive_.live() && same_live_orders();
    }

    // Around the centre, beyond the smaller windows, whether anybody stands there or not.
    bool same_at_every_price() const {
        const Ticks reach = std::min(Book::kWindow / 2, 300) + 2;
        for (Ticks price = centre_ - reach; price <= centre_ + reach; ++price) {
            if (real_->depth(price) != naive_.depth(price)) return false;
            if (real_->background_depth(price) != naive_.background_depth(price)) return false;
            for (const Side side : kSides) {
                if (real_->behind(side, price) != naive_.behind(side, price)) return false;
                if (real_->background_behind(side, price) != naive_.background_behind(side, price)) return false;
            }
        }
        return true;
    }

    const Tally& tally() const { return tally_; }

  private:
    // One order in both books, or none.
    struct Named {
        Handle real;
        Handle naive;
    };

    bool limit() {
        const Side side = any_side();
        const Ticks price = any_price(side);
        const Party party = any_party();
        const Lots lots = any_lots(party);
        const TimeInForce time_in_force = any_time_in_force();
        const bool same = both({}, [&](auto& book, Handle, auto&& on_fill) {
            return book.limit(side, price, lots, party, time_in_force, on_fill);
        });
        tally_.accepted[static_cast<std::size_t>(time_in_force)] += last_.filled > 0 || last_.resting;
        return same;
    }

    bool market() {
        const Side side = any_side();
        const Party party = any_party();
        const Lots lots = any_lots(party);
        return both({}, [&](auto& book, Handle, auto&& on_fill) { return book.market(side, lots, party, on_fill); });
    }

    // Up to any price, the next to the best as likely as one beyond the window.
    bool sweep() {
        const Side side = any_side();
        const Ticks price = any_price(opposite(side));
        const Party party = any_party();
        const Lots lots = any_lots(party);
        const bool same =
            both({}, [&](auto& book, Handle, auto&& on_fill) { return book.sweep(side, price, lots, party, on_fill); });
        tally_.swept += last_.filled > 0;
        return same;
    }

    // Often near to what the order is already.
    bool replace() {
        const Named order = any_order();
        const Order old = naive_.holds(order.naive) ? naive_.order(order.naive) : Order{};
        const Ticks price = random_.below(2) == 0 ? old.price : any_price(old.side);
        const Lots lots =
            random_.below(2) == 0 ? old.lots - 1 + static_cast<Lots>(random_.below(3)) : any_lots(old.party);
        const TimeInForce time_in_force = any_time_in_force();
        const bool same = both(order, [&](auto& book, Handle handle, auto&& on_fill) {
            return book.replace(handle, price, lots, time_in_force, on_fill);
        });
        if (last_.rejection == Rejection::none) ++(last_.resting == order.real ? tally_.kept_place : tally_.lost_place);
        return same;
    }

    bool reduce() {
        const Named order = any_order();
        const Lots lots = any_lots(Party::background);
        return real_->reduce(order.real, lots) == naive_.reduce(order.naive, lots);
    }

    bool cancel() {
        const Named order = any_order();
        return real_->cancel(order.real) == naive_.cancel(order.naive);
    }

    // By a few ticks, now and then by half a window.
    bool recentre() {
        const std::uint32_t reach = random_.below(20) == 0 ? Book::kWindow / 2 : 4;
        centre_ += static_cast<Ticks>(random_.below(2 * reach + 1)) - static_cast<Ticks>(reach);
        std::vector<Handle> real, naive;
        real_->recentre(centre_, [&](Handle handle) { real.push_back(handle); });
        naive_.recentre(centre_, [&](Handle handle) { naive.push_back(name(handle)); });
        const auto by_slot = [](Handle a, Handle b) { return a.slot < b.slot; };
        std::ranges::sort(real, by_slot);
        std::ranges::sort(naive, by_slot);
        return real == naive && real_->base() == naive_.base();
    }

    // Gives a command to both books and compares what they say of it.
    template <class Command>
    bool both(Named order, const Command& command) {
        real_fills_.clear();
        naive_fills_.clear();
        last_ = command(*real_, order.real, [&](const Fill& fill) { real_fills_.push_back(fill); });
        Submission expected = command(naive_, order.naive, [&](const Fill& fill) {
            naive_fills_.push_back(fill);
            naive_fills_.back().maker = name(fill.maker);
        });
        if (expected.resting) {
            if (expected.resting.slot == names_.size()) names_.push_back(last_.resting);
            expected.resting = name(expected.resting);
        }
        ++tally_.rejections[static_cast<std::size_t>(expected.rejection)];
        tally_.prevented += expected.prevented > 0;
        for (const Fill& fill : naive_fills_)
            tally_.between_ours += fill.taker_party != Party::background && fill.maker_party != Party::background;
        return last_ == expected && real_fills_ == naive_fills_;
    }

    bool same_order(Handle real, Handle naive) const {
        return real == name(naive) && real_->holds(real) && real_->order(real) == naive_.order(naive) &&
               real_->queue_ahead(real) == naive_.queue_ahead(naive);
    }

    bool same_reference(Side side) const {
        if (real_->background_empty(side) != naive_.background_empty(side)) return false;
        if (!real_->empty(side) && real_->touch(side) != naive_.touch(side)) return false;
        if (real_->empty(side) && real_->touch(side) != real_->reference(side)) return false;
        return naive_.reference(side) == kNoPrice || real_->reference(side) == naive_.reference(side);
    }

    bool same_levels_of_background(Side side) {
        const int levels = static_cast<int>(random_.below(8));
        const Ticks price = any_price(side);
        return real_->background_lots(side, levels) == naive_.background_lots(side, levels) &&
               real_->background_behind(side, price) == naive_.background_behind(side, price);
    }

    // The orders in the slots are the live ones, each in its own.
    bool same_live_orders() const {
        std::uint32_t live = 0;
        for (std::uint32_t slot = 0; slot < Book::kCapacity; ++slot) {
            const Handle order = real_->in_slot(slot);
            if (!order) continue;
            if (order.slot != slot || !real_->holds(order)) return false;
            ++live;
        }
        return live == naive_.live();
    }

    Handle name(Handle naive) const { return names_[naive.slot]; }

    Side any_side() { return random_.below(2) == 0 ? Side::bid : Side::ask; }
    // The background or one of three parties of ours.
    Party any_party() { return random_.below(2) == 0 ? Party::background : static_cast<Party>(1 + random_.below(3)); }
    TimeInForce any_time_in_force() {
        return random_.below(2) == 0 ? TimeInForce::gtc : kTimesInForce[random_.below(4)];
    }

    // From a little beyond the centre back to well behind it; now and then outside the window.
    Ticks any_price(Side side) {
        constexpr Ticks kSpread = std::min(Book::kWindow / 3, 150);
        if (random_.below(100) == 0) return centre_ - sign(side) * Book::kWindow;
        return centre_ - sign(side) * (static_cast<Ticks>(random_.below(kSpread)) - kSpread / 6);
    }

    // A few, now and then none or about as many as a level holds; not of ours, whose lots that make way are summed.
    Lots any_lots(Party party) {
        const std::uint32_t kind = random_.below(500);
        if (kind == 0 && party == Party::background) {
            const std::int64_t near = std::int64_t{Book::kMostLots} - 1 + random_.below(3);
            return static_cast<Lots>(std::min<std::int64_t>(near, std::numeric_limits<Lots>::max()));
        }
        if (kind == 1) return -static_cast<Lots>(random_.below(3));
        return 1 + static_cast<Lots>(random_.below(12));
    }

    // One of the last to come to rest, alive or not; now and then one that never was.
    Named any_order() {
        const auto issued = static_cast<std::uint32_t>(names_.size());
        if (issued == 0 || random_.below(100) == 0) return {};
        const std::uint32_t number = issued - 1 - random_.below(std::min(issued, 400U));
        return {names_[number], {number, 1}};
    }

    static constexpr Ticks kStart = 10'000;

    std::unique_ptr<Book> real_ = std::make_unique<Book>(kStart);  // the wide one is too much for a stack
    NaiveBook<Book> naive_{kStart};
    std::vector<Handle> names_;  // of the real book, by the naive book's numbers
    std::vector<Fill> real_fills_, naive_fills_;
    Submission last_;
    Ticks centre_ = kStart;
    Random random_;
    Tally tally_;
    int commands_ = 0;
};

template <class Book>
void check_variety(const Tally& tally) {
    for (std::size_t rejection = 0; rejection < tally.rejections.size(); ++rejection) {
        CAPTURE(describe(static_cast<Rejection>(rejection)));
        // How many orders pile up is between what the small book holds and the large one; the middle one may be full.
        const bool exhausted = rejection == static_cast<std::size_t>(Rejection::pool_exhausted);
        if (exhausted && Book::kCapacity > 500 && Book::kCapacity < 2000) continue;
        CHECK((tally.rejections[rejection] > 10) == !(exhausted && Book::kCapacity > 500));
    }
    for (const int accepted : tally.accepted) CHECK(accepted > 10);
    CHECK(tally.prevented > 10);
    CHECK(tally.between_ours > 10);
    CHECK(tally.swept > 10);
    CHECK(tally.alone > 10);
    CHECK(tally.kept_place > 10);
    CHECK(tally.lost_place > 10);
    CHECK(tally.most_live >= std::min(150U, Book::kCapacity));
}

#define REAL_BOOKS CompactOrderBook, MediumOrderBook, WideOrderBook

TEST_CASE_TEMPLATE("both books answer every command alike and look the same after it", Book, REAL_BOOKS) {
    Pair<Book> pair(7);
    for (int command = 0; command < MM_TEST_COMMANDS; ++command) {
        CAPTURE(command);
        REQUIRE(pair.play());
        REQUIRE(pair.same_depth());
        REQUIRE(pair.same_background());
        if (command % 1000 != 0) continue;
        REQUIRE(pair.same_queues());
        REQUIRE(pair.same_at_every_price());
    }
    CHECK(pair.same_queues());
    CHECK(pair.same_at_every_price());
    check_variety<Book>(pair.tally());
}

TEST_CASE_TEMPLATE("queues and invariants hold after every command", Book, REAL_BOOKS) {
    Pair<Book> pair(8);
    for (int command = 0; command < 2000; ++command) {
        CAPTURE(command);
        REQUIRE(pair.play());
        REQUIRE(pair.same_background());
        REQUIRE(pair.same_queues());
    }
}

}  // namespace
