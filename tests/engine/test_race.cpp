// Cont, Stoikov & Talreja (2010), table 3: which way the mid moves next, from the book and its event loop.
#include <doctest/doctest.h>

#include <array>
#include <cmath>
#include <cstdint>

#include "engine/book/order_book.hpp"
#include "engine/flow/flow.hpp"
#include "engine/market/venue.hpp"

namespace {

using namespace mm;

using Market = Venue<PlainFlow, CompactOrderBook>;

constexpr std::uint64_t kRaces = MM_TEST_COMMANDS / 10;  // for each pair of queues
constexpr Ticks kBid = 1000;
constexpr std::size_t kQueues = 5;

// P(up) with b orders at the bid (row) and a at the ask (column), spread one tick.
constexpr std::array<std::array<double, kQueues>, kQueues> kPublished{{{.500, .336, .259, .216, .188},
                                                                       {.664, .500, .407, .348, .307},
                                                                       {.741, .593, .500, .437, .391},
                                                                       {.784, .652, .563, .500, .452},
                                                                       {.812, .693, .609, .548, .500}}};

// lambda(1), theta(1) and mu of Sky Perfect, with the paper's minute as a second. At a spread of one tick nothing
// further away matters before the first queue is empty.
BookParams sky_perfect() {
    BookParams params;
    params.initial_mid_ticks = kBid;
    params.flow.emplace().poisson = {.distance = {1, 2},
                                     .limit_rate = {1.85},
                                     .cancel_hazard = {.71},
                                     .market_rate = .94,
                                     .limit_sizes = {{1}, {1}},
                                     .market_sizes = {{1}, {1}}};
    return params;
}

// Hears which queue is the first to empty; what the loop plays after that is not of the race.
class FirstEmpty {
  public:
    explicit FirstEmpty(const Market& venue) : venue_(venue) {}

    void filled(const Fill& fill) { look(fill.maker_side); }
    void cancelled(Handle, const Order& order) { look(order.side); }
    void submitted(Handle, const Order&) {}
    void reduced(Handle, const Order&) {}

    bool known() const { return known_; }
    Side side() const { return side_; }

  private:
    void look(Side side) {
        if (known_ || !venue_.book().empty(side)) return;
        known_ = true;
        side_ = side;
    }

    const Market& venue_;
    bool known_ = false;
    Side side_ = Side::bid;
};

Market with_queues(const BookParams& params, const PlainFlow& flow, std::size_t bids, std::size_t asks) {
    Market venue(params, flow);
    FirstEmpty first(venue);
    for (std::size_t i = 0; i < bids; ++i) venue.limit(Side::bid, kBid, 1, Party::background, TimeInForce::gtc, first);
    for (std::size_t i = 0; i < asks; ++i)
        venue.limit(Side::ask, kBid + 1, 1, Party::background, TimeInForce::gtc, first);
    REQUIRE(venue.book().live() == bids + asks);
    return venue;
}

// Whether the mid moves up: the asks are gone first.
bool goes_up(Market& venue) {
    constexpr Nanoseconds kGlance = 200'000'000;  // a couple of events
    FirstEmpty first(venue);
    while (!first.known()) venue.run_until(venue.now() + kGlance, first);
    return first.side() == Side::ask;
}

double share_up(const Market& start, Market& venue, std::uint64_t stream) {
    std::uint64_t up = 0;
    for (std::uint64_t race = 0; race < kRaces; ++race) {
        Random random(1, stream, race);
        venue.resume(start, random);
        up += goes_up(venue);
    }
    return static_cast<double>(up) / static_cast<double>(kRaces);
}

TEST_CASE("the mid's next move goes the published way, for all 25 pairs of queues") {
    const BookParams params = sky_perfect();
    const PlainFlow flow(params.flow.value(), params.initial_mid_ticks);
    Market venue(params, flow);
    for (std::size_t bids = 1; bids <= kQueues; ++bids)
        for (std::size_t asks = 1; asks <= kQueues; ++asks) {
            CAPTURE(bids);
            CAPTURE(asks);
            const double published = kPublished[bids - 1][asks - 1];
            const double share = share_up(with_queues(params, flow, bids, asks), venue, kQueues * bids + asks);
            const double error = std::sqrt(published * (1 - published) / static_cast<double>(kRaces));
            CHECK(std::abs(share - published) < 3 * error + .0005);  // three digits were published
        }
}

}  // namespace
