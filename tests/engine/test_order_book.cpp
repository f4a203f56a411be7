// The rules of the order book, on the naive one and on the real ones.
#include <doctest/doctest.h>

#include <algorithm>
#include <limits>
#include <memory>
#include <vector>

#include "engine/book/order_book.hpp"
#include "tests/engine/naive_book.hpp"

namespace {

using namespace mm;

#define EVERY_BOOK NaiveBook<CompactOrderBook>, CompactOrderBook, MediumOrderBook, WideOrderBook

constexpr Ticks kCentre = 1000;
constexpr Party kAgent = Party::agent, kOther = static_cast<Party>(2);

// A book, and all fills in it so far.
template <class Book>
struct Venue {
    std::unique_ptr<Book> owned = std::make_unique<Book>(kCentre);  // the wide one is too much for a stack
    Book& book = *owned;
    std::vector<Fill> fills;

    Submission limit(Side side, Ticks price, Lots lots, TimeInForce time_in_force = TimeInForce::gtc,
                     Party party = Party::background) {
        return book.limit(side, price, lots, party, time_in_force, listener());
    }
    Submission bid(Ticks price, Lots lots, Party party = Party::background) {
        return limit(Side::bid, price, lots, TimeInForce::gtc, party);
    }
    Submission ask(Ticks price, Lots lots, Party party = Party::background) {
        return limit(Side::ask, price, lots, TimeInForce::gtc, party);
    }
    Submission market(Side side, Lots lots, Party party = Party::background) {
        return book.market(side, lots, party, listener());
    }
    Submission sweep(Side side, Ticks price, Lots lots, Party party = Party::background) {
        return book.sweep(side, price, lots, party, listener());
    }
    Submission replace(Handle handle, Ticks price, Lots lots, TimeInForce time_in_force = TimeInForce::gtc) {
        return book.replace(handle, price, lots, time_in_force, listener());
    }
    std::vector<Handle> queue(Ticks price) const {
        std::vector<Handle> handles;
        for (Handle handle = book.front(price); handle; handle = book.following(handle)) handles.push_back(handle);
        return handles;
    }

  private:
    auto listener() {
        return [this](const Fill& fill) { fills.push_back(fill); };
    }
};

// Submissions as the tests write them.
Submission refused(Rejection rejection) {
    return {rejection, {}, 0, 0};
}
Submission traded(Lots filled, std::int64_t prevented = 0) {
    return {Rejection::none, {}, filled, prevented};
}

TEST_CASE_TEMPLATE("an empty book has no prices", Book, EVERY_BOOK) {
    Venue<Book> venue;
    const Book& book = venue.book;
    for (const Side side : kSides) {
        CHECK(book.best(side) == kNoPrice);
        CHECK(book.touch(side) == kCentre);
    }
    CHECK_FALSE(book.two_sided());
    CHECK(book.live() == 0);
    for (const Ticks price : {kCentre, kNoPrice}) {
        CHECK(book.depth(price) == 0);
        CHECK_FALSE(book.front(price));
    }
    CHECK(venue.market(Side::bid, 5) == traded(0));
    CHECK(book.inside(book.base()));
    CHECK_FALSE(book.inside(book.base() - 1));
    CHECK(book.inside(book.base() + Book::kWindow - 1));
    CHECK_FALSE(book.inside(book.base() + Book::kWindow));
    CHECK_FALSE(book.inside(kNoPrice));
}

TEST_CASE_TEMPLATE("what rests shows in every view of the book", Book, EVERY_BOOK) {
    Venue<Book> venue;
    const Book& book = venue.book;
    const Handle first = venue.bid(kCentre - 1, 3, kAgent).resting;
    const Handle second = venue.bid(kCentre - 1, 4).resting;
    const Handle behind = venue.bid(kCentre - 7, 5).resting;
    const Handle ask = venue.ask(kCentre + 2, 6).resting;
    CHECK(book.best(Side::bid) == kCentre - 1);
    CHECK(book.best(Side::ask) == kCentre + 2);
    CHECK(book.two_sided());
    CHECK(book.mid2() == 2 * kCentre + 1);
    CHECK(book.depth(kCentre - 1) == 7);
    CHECK(book.depth(kCentre) == 0);
    CHECK(book.depth(book.base() - 1) == 0);
    CHECK(book.behind(Side::bid, kCentre - 1) == kCentre - 7);
    CHECK(book.behind(Side::bid, kCentre - 7) == kNoPrice);
    CHECK(book.behind(Side::ask, kCentre + 2) == kNoPrice);
    CHECK(venue.queue(kCentre - 1) == std::vector{first, second});
    CHECK(book.queue_ahead(first) == 0);
    CHECK(book.queue_ahead(second) == 3);
    CHECK(book.order(first) == Order{Side::bid, kAgent, kCentre - 1, 3});
    CHECK(book.order(ask) == Order{Side::ask, Party::background, kCentre + 2, 6});
    CHECK(book.live() == 4);
    for (const Handle handle : {first, second, behind, ask}) CHECK(book.holds(handle));
    book.validate();
}

TEST_CASE_TEMPLATE("the better price trades first, then the older order", Book, EVERY_BOOK) {
    Venue<Book> venue;
    const Handle worst = venue.ask(kCentre + 2, 5).resting;
    const Handle older = venue.ask(kCentre + 1, 2, kAgent).resting;
    const Handle younger = venue.ask(kCentre + 1, 3).resting;
    CHECK(venue.bid(kCentre + 2, 6) == traded(6));
    const Party background = Party::background;
    CHECK(venue.fills == std::vector<Fill>{{older, kAgent, background, Side::ask, kCentre + 1, 2, 0},
                                           {younger, background, background, Side::ask, kCentre + 1, 3, 0},
                                           {worst, background, background, Side::ask, kCentre + 2, 1, 4}});
    CHECK(venue.book.depth(kCentre + 2) == 4);
    CHECK(venue.book.best(Side::ask) == kCentre + 2);
    venue.book.validate();
}

TEST_CASE_TEMPLATE("what a taker leaves over rests at its own price", Book, EVERY_BOOK) {
    Venue<Book> venue;
    venue.bid(kCentre - 1, 2);
    const Submission done = venue.ask(kCentre - 1, 5);
    CHECK(done.filled == 2);
    CHECK(venue.book.order(done.resting) == Order{Side::ask, Party::background, kCentre - 1, 3});
    CHECK(venue.book.best(Side::ask) == kCentre - 1);
    CHECK(venue.book.best(Side::bid) == kNoPrice);
    venue.book.validate();
}

TEST_CASE_TEMPLATE("a market order walks the book and never rests", Book, EVERY_BOOK) {
    Venue<Book> venue;
    venue.bid(kCentre, 2);
    venue.bid(venue.book.base(), 3);
    CHECK(venue.market(Side::ask, 4) == traded(4));
    CHECK(venue.market(Side::ask, 4) == traded(1));
    CHECK(venue.book.best(Side::bid) == kNoPrice);
    CHECK(venue.book.touch(Side::bid) == venue.book.base());  // the last best price
    CHECK(venue.fills.back().price == venue.book.base());
    CHECK(venue.book.live() == 0);
    venue.ask(venue.book.base() + Book::kWindow - 1, 1);
    CHECK(venue.market(Side::bid, 1) == traded(1));
}

TEST_CASE_TEMPLATE("immediate or cancel: what finds no counterparty is gone", Book, EVERY_BOOK) {
    Venue<Book> venue;
    venue.ask(kCentre, 2);
    venue.ask(kCentre + 1, 2);
    CHECK(venue.limit(Side::bid, kCentre, 5, TimeInForce::ioc) == traded(2));
    CHECK(venue.limit(Side::bid, kCentre, 5, TimeInForce::ioc) == traded(0));
    CHECK(venue.book.best(Side::bid) == kNoPrice);
    CHECK(venue.book.depth(kCentre + 1) == 2);
}

TEST_CASE_TEMPLATE("fill or kill: all of it or nothing", Book, EVERY_BOOK) {
    Venue<Book> venue;
    venue.bid(kCentre, 2);
    venue.bid(kCentre - 1, 2);
    venue.bid(kCentre - 2, 2);
    CHECK(venue.limit(Side::ask, kCentre - 1, 5, TimeInForce::fok) == refused(Rejection::cannot_fill));
    CHECK(venue.fills.empty());
    CHECK(venue.book.live() == 3);
    CHECK(venue.limit(Side::ask, kCentre - 1, 4, TimeInForce::fok) == traded(4));
    CHECK(venue.book.best(Side::bid) == kCentre - 2);
}

TEST_CASE_TEMPLATE("post-only: it rests or it is refused", Book, EVERY_BOOK) {
    Venue<Book> venue;
    venue.ask(kCentre, 2, kAgent);
    CHECK(venue.limit(Side::bid, kCentre, 1, TimeInForce::post_only) == refused(Rejection::would_trade));
    // Its own orders stand in its way too.
    CHECK(venue.limit(Side::bid, kCentre + 5, 1, TimeInForce::post_only, kAgent) == refused(Rejection::would_trade));
    CHECK(venue.book.depth(kCentre) == 2);
    CHECK(venue.limit(Side::bid, kCentre - 1, 1, TimeInForce::post_only).resting);
    CHECK(venue.book.best(Side::bid) == kCentre - 1);
}

TEST_CASE_TEMPLATE("a cancelled order is gone and nothing else is", Book, EVERY_BOOK) {
    Venue<Book> venue;
    const Handle first = venue.bid(kCentre, 1).resting;
    const Handle middle = venue.bid(kCentre, 2).resting;
    const Handle last = venue.bid(kCentre, 3).resting;
    CHECK(venue.book.cancel(middle) == Rejection::none);
    CHECK(venue.queue(kCentre) == std::vector{first, last});
    CHECK(venue.book.cancel(middle) == Rejection::unknown_order);
    CHECK(venue.book.cancel(first) == Rejection::none);
    CHECK(venue.book.cancel(last) == Rejection::none);
    CHECK(venue.book.best(Side::bid) == kNoPrice);
    venue.book.validate();
}

TEST_CASE_TEMPLATE("a reduced order keeps its place", Book, EVERY_BOOK) {
    Venue<Book> venue;
    const Handle first = venue.bid(kCentre, 5).resting;
    const Handle second = venue.bid(kCentre, 5).resting;
    CHECK(venue.book.reduce(first, 4) == Rejection::none);
    CHECK(venue.queue(kCentre) == std::vector{first, second});
    CHECK(venue.book.depth(kCentre) == 6);
    CHECK(venue.book.reduce(first, 100) == Rejection::none);
    CHECK_FALSE(venue.book.holds(first));
    CHECK(venue.book.depth(kCentre) == 5);
    venue.book.validate();
}

TEST_CASE_TEMPLATE("a replacement at the same price keeps its place unless it grows", Book, EVERY_BOOK) {
    Venue<Book> venue;
    const Handle first = venue.bid(kCentre, 5).resting;
    const Handle second = venue.bid(kCentre, 5).resting;
    CHECK(venue.replace(first, kCentre, 5).resting == first);
    CHECK(venue.replace(first, kCentre, 2).resting == first);
    CHECK(venue.queue(kCentre) == std::vector{first, second});
    CHECK(venue.book.depth(kCentre) == 7);
    const Handle grown = venue.replace(first, kCentre, 3).resting;
    CHECK_FALSE(venue.book.holds(first));
    CHECK(venue.queue(kCentre) == std::vector{second, grown});
    CHECK(venue.book.order(grown) == Order{Side::bid, Party::background, kCentre, 3});
    venue.book.validate();
}

TEST_CASE_TEMPLATE("a replacement at another price is a new order of the same party, which may trade", Book,
                   EVERY_BOOK) {
    Venue<Book> venue;
    venue.ask(kCentre + 3, 2);
    const Handle old = venue.bid(kCentre, 5, kAgent).resting;
    const Submission done = venue.replace(old, kCentre + 3, 4);
    CHECK_FALSE(venue.book.holds(old));
    CHECK(done.filled == 2);
    CHECK(venue.fills.back().taker_party == kAgent);
    CHECK(venue.book.order(done.resting) == Order{Side::bid, kAgent, kCentre + 3, 2});
    CHECK(venue.book.depth(kCentre) == 0);
    venue.book.validate();
}

TEST_CASE_TEMPLATE("a refused replacement leaves the order as it was", Book, EVERY_BOOK) {
    Venue<Book> venue;
    venue.ask(kCentre + 3, 2);
    const Handle first = venue.bid(kCentre, 5).resting;
    const Handle second = venue.bid(kCentre, 5).resting;
    const Ticks outside = venue.book.base() - 1;
    CHECK(venue.replace(first, kCentre, 0) == refused(Rejection::size_not_positive));
    CHECK(venue.replace(first, outside, 5) == refused(Rejection::price_outside_window));
    CHECK(venue.replace(first, kCentre + 3, 3, TimeInForce::fok) == refused(Rejection::cannot_fill));
    CHECK(venue.replace(first, kCentre + 3, 1, TimeInForce::post_only) == refused(Rejection::would_trade));
    CHECK(venue.replace(first, kCentre, Book::kMostLots - 4) == refused(Rejection::size_too_large));
    CHECK(venue.queue(kCentre) == std::vector{first, second});
    CHECK(venue.book.depth(kCentre) == 10);
    CHECK(venue.fills.empty());
    // Its own lots make room for it.
    CHECK(venue.replace(first, kCentre, Book::kMostLots - 5).resting);
    CHECK(venue.book.depth(kCentre) == Book::kMostLots);
    venue.book.validate();
}

TEST_CASE_TEMPLATE("the agent never trades with itself: the order that rests makes way", Book, EVERY_BOOK) {
    Venue<Book> venue;
    const Handle others = venue.ask(kCentre, 1).resting;
    const Handle own = venue.ask(kCentre, 4, kAgent).resting;
    const Handle after = venue.ask(kCentre, 2).resting;
    const Handle beyond = venue.ask(kCentre + 1, 3, kAgent).resting;
    CHECK(venue.bid(kCentre + 1, 3, kAgent) == traded(3, 4));
    CHECK(venue.fills.size() == 2);
    for (const Handle handle : {others, own, after}) CHECK_FALSE(venue.book.holds(handle));
    CHECK(venue.book.holds(beyond));  // the taker did not get that far
    venue.book.validate();
}

TEST_CASE_TEMPLATE("an order of the agent that meets only its own rests in their place", Book, EVERY_BOOK) {
    Venue<Book> venue;
    venue.ask(kCentre, 4, kAgent);
    const Submission done = venue.bid(kCentre, 2, kAgent);
    CHECK(done.filled == 0);
    CHECK(done.prevented == 4);
    CHECK(venue.book.best(Side::ask) == kNoPrice);
    CHECK(venue.book.best(Side::bid) == kCentre);
    CHECK(venue.fills.empty());
}

TEST_CASE_TEMPLATE("fill or kill counts the lots of others only", Book, EVERY_BOOK) {
    Venue<Book> venue;
    const Handle own = venue.ask(kCentre, 4, kAgent).resting;
    venue.ask(kCentre, 3);
    CHECK(venue.limit(Side::bid, kCentre, 4, TimeInForce::fok, kAgent) == refused(Rejection::cannot_fill));
    CHECK(venue.book.holds(own));
    CHECK(venue.limit(Side::bid, kCentre, 3, TimeInForce::fok, kAgent) == traded(3, 4));
    CHECK(venue.book.live() == 0);
}

TEST_CASE_TEMPLATE("the background is anonymous and trades with everybody", Book, EVERY_BOOK) {
    Venue<Book> venue;
    venue.ask(kCentre, 1);
    venue.ask(kCentre, 1, kAgent);
    CHECK(venue.market(Side::bid, 2) == traded(2));
}

TEST_CASE_TEMPLATE("a size below one lot is refused", Book, EVERY_BOOK) {
    Venue<Book> venue;
    const Handle order = venue.ask(kCentre, 1).resting;
    for (const Lots lots : {0, -1}) {
        CHECK(venue.bid(kCentre, lots) == refused(Rejection::size_not_positive));
        CHECK(venue.market(Side::bid, lots) == refused(Rejection::size_not_positive));
        CHECK(venue.book.reduce(order, lots) == Rejection::size_not_positive);
        CHECK(venue.replace(order, kCentre, lots) == refused(Rejection::size_not_positive));
    }
    CHECK(venue.book.depth(kCentre) == 1);
}

TEST_CASE_TEMPLATE("a price outside the window is refused", Book, EVERY_BOOK) {
    Venue<Book> venue;
    const Ticks first = venue.book.base(), last = first + Book::kWindow - 1;
    for (const Side side : kSides)
        for (const Ticks price : {first - 1, last + 1})
            CHECK(venue.limit(side, price, 1) == refused(Rejection::price_outside_window));
    CHECK(venue.bid(first, 1).resting);
    CHECK(venue.ask(last, 1).resting);
    venue.book.validate();
}

TEST_CASE_TEMPLATE("a level that can count no more lots takes none", Book, EVERY_BOOK) {
    Venue<Book> venue;
    CHECK(venue.bid(kCentre, Book::kMostLots).resting);
    CHECK(venue.bid(kCentre, 1) == refused(Rejection::size_too_large));
    CHECK(venue.book.depth(kCentre) == Book::kMostLots);
    CHECK(venue.bid(kCentre - 1, 1).resting);
    if constexpr (Book::kMostLots < std::numeric_limits<Lots>::max()) {
        constexpr Lots kTooMany = Book::kMostLots + 1;
        CHECK(venue.ask(kCentre, kTooMany) == refused(Rejection::size_too_large));  // though most of it would trade
        CHECK(venue.limit(Side::bid, kCentre + 1, kTooMany, TimeInForce::ioc) == traded(0));
    }
    CHECK(venue.market(Side::ask, Book::kMostLots) == traded(Book::kMostLots));
    CHECK(venue.book.best(Side::bid) == kCentre - 1);
    venue.book.validate();
}

TEST_CASE_TEMPLATE("a full book takes no more orders but still trades", Book, EVERY_BOOK) {
    Venue<Book> venue;
    for (std::uint32_t i = 0; i < Book::kCapacity; ++i)
        REQUIRE(venue.bid(kCentre - static_cast<Ticks>(i % 20), 2).resting);
    CHECK(venue.book.live() == Book::kCapacity);
    CHECK(venue.bid(kCentre, 1) == refused(Rejection::pool_exhausted));
    CHECK(venue.ask(kCentre + 1, 1) == refused(Rejection::pool_exhausted));
    CHECK(venue.limit(Side::ask, kCentre + 1, 1, TimeInForce::ioc) == traded(0));
    const Handle front = venue.book.front(kCentre);
    CHECK(venue.replace(front, kCentre, 3).resting);  // leaves the slot that it takes
    const Lots touch = venue.book.depth(kCentre);
    const Submission done = venue.ask(kCentre, touch + 1);
    CHECK(done.filled == touch);
    CHECK(venue.book.order(done.resting).lots == 1);
    venue.book.validate();
}

TEST_CASE_TEMPLATE("handles of no order are refused", Book, EVERY_BOOK) {
    Venue<Book> venue;
    venue.bid(kCentre, 1);
    for (const Handle handle : {Handle{}, Handle{Book::kCapacity, 1}, Handle{0, 77}, Handle{~0U, ~0U}}) {
        CHECK_FALSE(venue.book.holds(handle));
        CHECK(venue.book.cancel(handle) == Rejection::unknown_order);
        CHECK(venue.book.reduce(handle, 1) == Rejection::unknown_order);
        CHECK(venue.replace(handle, kCentre, 1) == refused(Rejection::unknown_order));
    }
    CHECK(venue.book.live() == 1);
}

TEST_CASE_TEMPLATE("the handle of a dead order stays dead for 32768 lives of its slot", Book, EVERY_BOOK) {
    Venue<Book> venue;
    const Handle dead = venue.bid(kCentre, 1).resting;
    CHECK(venue.book.cancel(dead) == Rejection::none);
    for (int life = 1; life < 70'000; ++life) {
        const Handle next = venue.bid(kCentre, 1).resting;
        REQUIRE(next);
        if (life < 32'768) {
            REQUIRE(next != dead);
            REQUIRE_FALSE(venue.book.holds(dead));
            REQUIRE(venue.book.cancel(dead) == Rejection::unknown_order);
        }
        REQUIRE(venue.book.cancel(next) == Rejection::none);
    }
}

TEST_CASE_TEMPLATE("an order that was filled, dropped or replaced is dead", Book, EVERY_BOOK) {
    Venue<Book> venue;
    const Handle filled = venue.bid(kCentre, 1).resting;
    venue.market(Side::ask, 1);
    const Handle replaced = venue.bid(kCentre, 1).resting;
    const Handle dropped = venue.replace(replaced, kCentre - 1, 1).resting;
    venue.book.recentre(kCentre + 2 * Book::kWindow, [](Handle) {});
    for (const Handle handle : {filled, replaced, dropped}) {
        CHECK_FALSE(venue.book.holds(handle));
        CHECK(venue.book.cancel(handle) == Rejection::unknown_order);
    }
}

TEST_CASE_TEMPLATE("recentring drops and counts what falls outside, and keeps the rest", Book, EVERY_BOOK) {
    Venue<Book> venue;
    const Ticks first = venue.book.base();
    const Handle lost = venue.bid(first, 1).resting, lost_too = venue.bid(first, 2).resting;
    const Handle kept = venue.bid(first + 1, 3).resting;
    const Handle ask = venue.ask(first + Book::kWindow - 1, 4).resting;
    std::vector<Handle> dropped;
    venue.book.recentre(kCentre + 1, [&](Handle handle) {
        CHECK(venue.book.order(handle).price == first);  // it still stands while its loss is told
        dropped.push_back(handle);
    });
    CHECK(std::ranges::is_permutation(dropped, std::vector{lost, lost_too}));
    CHECK(venue.book.dropped() == 2);
    CHECK(venue.book.base() == first + 1);
    CHECK(venue.book.order(kept) == Order{Side::bid, Party::background, first + 1, 3});
    CHECK(venue.book.order(ask).price == first + Book::kWindow - 1);
    CHECK(venue.bid(first, 1) == refused(Rejection::price_outside_window));
    CHECK(venue.ask(first + Book::kWindow, 1).resting);
    venue.book.validate();

    venue.book.recentre(kCentre, [](Handle) {});
    CHECK(venue.book.dropped() == 3);
    CHECK(venue.book.best(Side::ask) == first + Book::kWindow - 1);
    venue.book.recentre(kCentre - 10 * Book::kWindow, [](Handle) {});
    CHECK(venue.book.live() == 0);
    CHECK(venue.book.dropped() == 5);
    for (const Side side : kSides) CHECK(venue.book.best(side) == kNoPrice);
    venue.book.validate();
}

TEST_CASE_TEMPLATE("the window stays where every price and every mid is an integer", Book, EVERY_BOOK) {
    constexpr Ticks kLowest = std::numeric_limits<Ticks>::min(), kHighest = std::numeric_limits<Ticks>::max();
    Venue<Book> venue;
    Book& book = venue.book;
    for (const Ticks centre : {kHighest, kLowest, kPriceEnd, -kPriceEnd, kPriceEnd - 1, kHighest, kCentre, kLowest}) {
        CAPTURE(centre);
        book.recentre(centre, [](Handle) {});
        const Ticks first = book.base(), last = first + (Book::kWindow - 1);
        if (centre == kCentre)
            CHECK(first == kCentre - Book::kWindow / 2);
        else
            CHECK((centre > 0 ? last == kPriceEnd - 1 : first == -kPriceEnd));
        CHECK(book.live() == 0);
        CHECK(venue.bid(first, 1).resting);
        CHECK(venue.ask(last, 2).resting);
        CHECK(book.mid2() == first + last);
        CHECK(book.depth(last) == 2);
        CHECK(book.behind(Side::bid, last) == first);
        CHECK(book.behind(Side::ask, first) == last);
        CHECK(book.behind(Side::ask, last) == kNoPrice);
        CHECK(venue.bid(kLowest, 1) == refused(Rejection::price_outside_window));
        CHECK(venue.ask(kHighest, 1) == refused(Rejection::price_outside_window));
        book.validate();
        for (const Ticks price : {first, last}) CHECK(book.cancel(book.front(price)) == Rejection::none);
        const auto fresh = std::make_unique<Book>(centre);
        CHECK(fresh->base() == first);
        CHECK(fresh->inside(fresh->touch(Side::bid)));
        CHECK(fresh->touch(Side::bid) == fresh->touch(Side::ask));
    }
}

TEST_CASE_TEMPLATE("prices outside the window have what is inside it behind them, or nothing", Book, EVERY_BOOK) {
    Venue<Book> venue;
    venue.bid(kCentre, 1);
    venue.ask(kCentre + 1, 1);
    for (const Ticks far : {Book::kWindow, 3 * Book::kWindow, 1'000'000}) {
        CHECK(venue.book.behind(Side::bid, kCentre + far) == kCentre);
        CHECK(venue.book.behind(Side::ask, kCentre - far) == kCentre + 1);
        CHECK(venue.book.behind(Side::bid, kCentre - far) == kNoPrice);
        CHECK(venue.book.behind(Side::ask, kCentre + far) == kNoPrice);
    }
}

TEST_CASE_TEMPLATE("what is summed over prices may be more than a price holds", Book, NaiveBook<WideOrderBook>,
                   WideOrderBook) {
    Venue<Book> venue;
    const Lots most = Book::kMostLots;
    for (Ticks price = kCentre; price < kCentre + 3; ++price) venue.ask(price, most);
    CHECK(venue.book.background_lots(Side::ask, 5) == 3 * std::int64_t{most});
    CHECK(venue.limit(Side::bid, kCentre + 2, most, TimeInForce::fok) == traded(most));
    CHECK(venue.market(Side::bid, most) == traded(most));
    CHECK(venue.market(Side::bid, most) == traded(most));
    for (Ticks price = kCentre; price < kCentre + 3; ++price) venue.ask(price, most, kAgent);
    CHECK(venue.limit(Side::bid, kCentre + 2, most, TimeInForce::fok) == traded(most));
    venue.ask(kCentre, most, kAgent);
    CHECK(venue.market(Side::bid, most, kAgent) == traded(0, 3 * std::int64_t{most}));
    CHECK(venue.book.live() == 0);
}

TEST_CASE_TEMPLATE("a slot holds a live order or none", Book, EVERY_BOOK) {
    Venue<Book> venue;
    for (Ticks i = 0; i < 20; ++i) {
        const Handle order = venue.bid(kCentre - i, 1 + i).resting;
        CHECK(venue.book.in_slot(order.slot) == order);
        if (i % 3 != 0) continue;
        venue.book.cancel(order);
        CHECK_FALSE(venue.book.in_slot(order.slot));
    }
    Lots lots = 0;
    std::uint32_t live = 0;
    for (std::uint32_t slot = 0; slot < Book::kCapacity; ++slot) {
        const Handle order = venue.book.in_slot(slot);
        if (!order) continue;
        ++live;
        lots += venue.book.order(order).lots;
    }
    CHECK(venue.book.live() == 13);
    CHECK(live == 13);
    CHECK(lots == 210 - (1 + 4 + 7 + 10 + 13 + 16 + 19));
}

TEST_CASE_TEMPLATE("the background has best prices of its own, the last one while a side of it is empty", Book,
                   EVERY_BOOK) {
    Venue<Book> venue;
    const Book& book = venue.book;
    for (const Side side : kSides) {
        CHECK(book.reference(side) == kCentre);
        CHECK(book.background_empty(side));
    }
    venue.bid(kCentre - 2, 3, kAgent);
    CHECK(book.best(Side::bid) == kCentre - 2);
    CHECK(book.reference(Side::bid) == kCentre);  // ours is not what anybody measures from
    CHECK(book.background_empty(Side::bid));
    CHECK(book.background_behind(Side::bid, kCentre) == kNoPrice);

    const Handle theirs = venue.bid(kCentre - 4, 5).resting;
    venue.bid(kCentre - 4, 2, kAgent);
    venue.bid(kCentre - 6, 7, kOther);
    venue.bid(kCentre - 7, 1);
    CHECK(book.best(Side::bid) == kCentre - 2);
    CHECK(book.touch(Side::bid) == kCentre - 2);
    CHECK(book.reference(Side::bid) == kCentre - 4);
    CHECK(book.depth(kCentre - 4) == 7);
    CHECK(book.background_depth(kCentre - 4) == 5);
    CHECK(book.background_depth(kCentre - 6) == 0);
    CHECK(book.background_depth(book.base() - 1) == 0);
    CHECK(book.background_behind(Side::bid, kCentre) == kCentre - 4);
    CHECK(book.background_behind(Side::bid, kCentre - 4) == kCentre - 7);
    CHECK(book.background_behind(Side::bid, kCentre - 7) == kNoPrice);
    CHECK(book.background_lots(Side::bid, 0) == 0);
    CHECK(book.background_lots(Side::bid, 1) == 5);
    CHECK(book.background_lots(Side::bid, 9) == 6);

    venue.book.cancel(theirs);
    CHECK(book.reference(Side::bid) == kCentre - 7);
    CHECK(venue.market(Side::ask, 100) == traded(13));
    CHECK(book.background_empty(Side::bid));
    CHECK(book.reference(Side::bid) == kCentre - 7);
    CHECK(book.touch(Side::bid) == kCentre - 7);
    book.validate();
}

TEST_CASE_TEMPLATE("a sweep takes up to its price, which may lie outside the window", Book, EVERY_BOOK) {
    Venue<Book> venue;
    const Ticks first = venue.book.base(), last = first + Book::kWindow - 1;
    venue.ask(kCentre + 1, 2);
    venue.ask(kCentre + 2, 2);
    venue.ask(last, 2);
    CHECK(venue.sweep(Side::bid, kCentre, 9) == traded(0));
    CHECK(venue.sweep(Side::bid, first - 5, 9) == traded(0));
    CHECK(venue.sweep(Side::bid, kCentre + 1, 1) == traded(1));
    CHECK(venue.sweep(Side::bid, kCentre + 2, 9) == traded(3));
    CHECK(venue.book.depth(kCentre + 2) == 0);  // nothing rests
    CHECK(venue.sweep(Side::bid, last + 1'000, 9) == traded(2));
    CHECK(venue.book.live() == 0);
    venue.bid(first, 2);
    CHECK(venue.sweep(Side::ask, last + 1, 9) == traded(0));
    CHECK(venue.sweep(Side::ask, first - 1'000, 1) == traded(1));
    CHECK(venue.sweep(Side::ask, first, 9) == traded(1));
    CHECK(venue.sweep(Side::ask, first, 0) == refused(Rejection::size_not_positive));
    venue.book.validate();
}

TEST_CASE_TEMPLATE("two parties of ours trade with each other, and neither with itself", Book, EVERY_BOOK) {
    Venue<Book> venue;
    venue.ask(kCentre, 1, kAgent);
    venue.ask(kCentre, 2, kOther);
    CHECK(venue.market(Side::bid, 2, kOther) == traded(1, 2));
    CHECK(venue.book.live() == 0);
    REQUIRE(venue.fills.size() == 1);
    CHECK(venue.fills[0].maker_party == kAgent);
    CHECK(venue.fills[0].taker_party == kOther);
}

}  // namespace
