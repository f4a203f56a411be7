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
        if (kind < limits + 3) return market();
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
            if (naive_.touch(side) != kNoPrice && real_->touch(side) != naive_.touch(side)) return false;
        }
        return real_->live() == naive_.live() && real_->dropped() == naive_.dropped();
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
        const Owner owner = any_owner();
        const Lots lots = any_lots(owner);
        const TimeInForce time_in_force = any_time_in_force();
        const bool same = both({}, [&](auto& book, Handle, auto&& on_fill) {
            return book.limit(side, price, lots, owner, time_in_force, on_fill);
        });
        tally_.accepted[static_cast<std::size_t>(time_in_force)] += last_.filled > 0 || last_.resting;
        return same;
    }

    bool market() {
        const Side side = any_side();
        const Owner owner = any_owner();
        const Lots lots = any_lots(owner);
        return both({}, [&](auto& book, Handle, auto&& on_fill) { return book.market(side, lots, owner, on_fill); });
    }

    // Often near to what the order is already.
    bool replace() {
        const Named order = any_order();
        const Order old = naive_.holds(order.naive) ? naive_.order(order.naive) : Order{};
        const Ticks price = random_.below(2) == 0 ? old.price : any_price(old.side);
        const Lots lots =
            random_.below(2) == 0 ? old.lots - 1 + static_cast<Lots>(random_.below(3)) : any_lots(old.owner);
        const TimeInForce time_in_force = any_time_in_force();
        const bool same = both(order, [&](auto& book, Handle handle, auto&& on_fill) {
            return book.replace(handle, price, lots, time_in_force, on_fill);
        });
        if (last_.rejection == Rejection::none) ++(last_.resting == order.real ? tally_.kept_place : tally_.lost_place);
        return same;
    }

    bool reduce() {
        const Named order = any_order();
        const Lots lots = any_lots(Owner::background);
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
        return last_ == expected && real_fills_ == naive_fills_;
    }

    bool same_order(Handle real, Handle naive) const {
        return real == name(naive) && real_->holds(real) && real_->order(real) == naive_.order(naive) &&
               real_->queue_ahead(real) == naive_.queue_ahead(naive);
    }

    // The numbered live orders are the live ones, each once.
    bool same_live_orders() const {
        std::vector<std::uint32_t> slots;
        for (std::uint32_t i = 0; i < real_->live(); ++i) {
            if (!real_->holds(real_->live_order(i))) return false;
            slots.push_back(real_->live_order(i).slot);
        }
        std::ranges::sort(slots);
        return std::ranges::adjacent_find(slots) == slots.end();
    }

    Handle name(Handle naive) const { return names_[naive.slot]; }

    Side any_side() { return random_.below(2) == 0 ? Side::bid : Side::ask; }
    Owner any_owner() { return random_.below(3) == 0 ? Owner::agent : Owner::background; }
    TimeInForce any_time_in_force() {
        return random_.below(2) == 0 ? TimeInForce::gtc : kTimesInForce[random_.below(4)];
    }

    // From a little beyond the centre back to well behind it; now and then outside the window.
    Ticks any_price(Side side) {
        constexpr Ticks kSpread = std::min(Book::kWindow / 3, 150);
        if (random_.below(100) == 0) return centre_ - sign(side) * Book::kWindow;
        return centre_ - sign(side) * (static_cast<Ticks>(random_.below(kSpread)) - kSpread / 6);
    }

    // A few, now and then none or about as many as a level holds; not of the agent's, whose lots that make way are
    // summed.
    Lots any_lots(Owner owner) {
        const std::uint32_t kind = random_.below(500);
        if (kind == 0 && owner == Owner::background) {
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
        const bool possible = rejection != static_cast<std::size_t>(Rejection::pool_exhausted) || Book::kCapacity < 500;
        CHECK((tally.rejections[rejection] > 10) == possible);
    }
    for (const int accepted : tally.accepted) CHECK(accepted > 10);
    CHECK(tally.prevented > 10);
    CHECK(tally.kept_place > 10);
    CHECK(tally.lost_place > 10);
    CHECK(tally.most_live > 150);
}

#define REAL_BOOKS CompactOrderBook, MediumOrderBook, WideOrderBook

TEST_CASE_TEMPLATE("both books answer every command alike and look the same after it", Book, REAL_BOOKS) {
    Pair<Book> pair(7);
    for (int command = 0; command < MM_TEST_COMMANDS; ++command) {
        CAPTURE(command);
        REQUIRE(pair.play());
        REQUIRE(pair.same_depth());
        if (command % 1000 == 0) REQUIRE(pair.same_queues());
    }
    CHECK(pair.same_queues());
    check_variety<Book>(pair.tally());
}

TEST_CASE_TEMPLATE("queues and invariants hold after every command", Book, REAL_BOOKS) {
    Pair<Book> pair(8);
    for (int command = 0; command < 2000; ++command) {
        CAPTURE(command);
        REQUIRE(pair.play());
        REQUIRE(pair.same_queues());
    }
}

}  // namespace
