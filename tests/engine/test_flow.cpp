// The background flow: events come at the rates of the parameters, and a layer bends them as it says.
#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <vector>

#include "engine/book/order_book.hpp"
#include "engine/flow/flow.hpp"
#include "engine/market/exchange.hpp"

namespace {

using namespace mm;

// Cont, Stoikov & Talreja (2010), table 2, with the paper's minute as a second.
BookParams book_params() {
    BookParams params;
    params.flow.poisson = {.distance = {1, 2, 3, 4, 5, 6},
                           .limit_rate = {1.85, 1.51, 1.09, .88, .77},
                           .cancel_hazard = {.71, .81, .68, .56, .47},
                           .market_rate = .94,
                           .limit_sizes = {{1}, {1}},
                           .market_sizes = {{1}, {1}}};
    return params;
}

// One exchange with two orders in its book.
template <class FlowKind>
struct Venue {
    BookParams params;
    FlowKind flow{params.flow};
    Exchange<FlowKind, CompactOrderBook> exchange{params, flow};

    explicit Venue(const BookParams& given) : params(given) {
        exchange.random() = Random(1, 0, 0);
        for (const Side side : kSides)
            exchange.limit(side, params.initial_mid - sign(side), 1, Owner::background, TimeInForce::gtc, *this);
    }

    void submitted(Handle, const Order&) {}
    void cancelled(Handle, const Order&) {}
    void filled(const Fill&) {}
};

// How often something happened and how often it should have: N less the integral of its rate is a martingale, and the
// variance of that is the mean of N.
struct Count {
    double seen = 0;
    double expected = 0;

    double errors() const { return std::abs(seen - expected) / std::sqrt(expected); }
};

constexpr std::size_t kTicks = 8;  // of distance; the last one is whatever lies beyond

// Counts what happens in a book by side and by distance from the opposite best.
template <class Exchange>
class Observer {
  public:
    using BySide = std::array<Count, 2>;

    Observer(const Exchange& exchange, const PoissonParams& flow) : exchange_(exchange), flow_(flow) { look(); }

    void submitted(Handle, const Order& order) { happened(limits[distance(order)], order.side); }
    void cancelled(Handle, const Order& order) { happened(cancels[distance(order)], order.side); }
    void filled(const Fill& fill) { happened(markets, opposite(fill.maker_side)); }

    std::array<BySide, kTicks> limits, cancels;
    BySide markets;

  private:
    std::size_t distance(const Order& order) const {
        const Ticks ticks = sign(order.side) * (exchange_.book().touch(opposite(order.side)) - order.price);
        return std::min(static_cast<std::size_t>(ticks), kTicks - 1);
    }

    // The book was as last looked at until now.
    void happened(BySide& count, Side side) {
        const double waited = (exchange_.now() - since_) / kSecond;
        for (const Side of : kSides) expect(index(of), waited);
        ++count[index(side)].seen;
        look();
    }

    void expect(std::size_t side, double waited) {
        const std::size_t bins = flow_.limit_rate.size();
        for (std::size_t d = 1; d < kTicks; ++d) {
            if (d <= bins) limits[d][side].expected += flow_.limit_rate[d - 1] * waited;
            cancels[d][side].expected += flow_.cancel_hazard[std::min(d, bins) - 1] * live_[d][side] * waited;
        }
        if (occupied_[1 - side]) markets[side].expected += flow_.market_rate * waited;
    }

    void look() {
        const auto& book = exchange_.book();
        since_ = exchange_.now();
        live_ = {};
        for (std::uint32_t i = 0; i < book.live(); ++i) {
            const Order order = book.order(book.live_order(i));
            ++live_[distance(order)][index(order.side)];
        }
        for (const Side side : kSides) occupied_[index(side)] = !book.empty(side);
    }

    const Exchange& exchange_;
    const PoissonParams& flow_;
    double since_ = 0;  // ns
    std::array<std::array<int, 2>, kTicks> live_{};
    std::array<bool, 2> occupied_{};
};

TEST_CASE("Poisson flow comes at its rates, by kind, side and distance") {
    Venue<PlainFlow> venue(book_params());
    Observer observer(venue.exchange, venue.params.flow.poisson);
    venue.exchange.run_until(20'000 * kSecond, observer);
    CHECK(venue.exchange.counters().rejected == 0);
    CHECK(venue.exchange.counters().dropped == 0);
    for (const Side side : kSides) {
        CAPTURE(index(side));
        CHECK(observer.markets[index(side)].errors() < 4);
        for (std::size_t d = 1; d < kTicks; ++d) {
            CAPTURE(d);
            const Count &limits = observer.limits[d][index(side)], &cancels = observer.cancels[d][index(side)];
            CHECK(cancels.expected > 1000);  // beyond the last bin too, whose hazard holds there
            CHECK(cancels.errors() < 4);
            CHECK((d <= 5 ? limits.errors() < 4 : limits.seen == 0));
        }
    }
}

TEST_CASE("sizes come with their probabilities") {
    constexpr int kDraws = 100'000;
    const Sizes sizes{{1, 2, 5}, {.6, .3, .1}};
    const SizeSampler sampler(sizes);
    Random random(2, 0, 0);
    std::array<Count, 6> counts;
    for (std::size_t i = 0; i < sizes.lots.size(); ++i)
        counts[static_cast<std::size_t>(sizes.lots[i])].expected = kDraws * sizes.probability[i];
    for (int draw = 0; draw < kDraws; ++draw) ++counts[static_cast<std::size_t>(sampler(random))].seen;
    for (const Count& count : counts) CHECK((count.expected > 0 ? count.errors() < 4 : count.seen == 0));
    CHECK(sizes.mean() == doctest::Approx(1.7));
}

// Prices of all orders that come to rest.
struct Prices {
    std::vector<Ticks> rested;

    void submitted(Handle, const Order& order) { rested.push_back(order.price); }
    void cancelled(Handle, const Order&) {}
    void filled(const Fill&) {}
};

template <class FlowKind>
std::vector<Ticks> prices(const BookParams& params) {
    Venue<FlowKind> venue(params);
    Prices prices;
    venue.exchange.run_until(100 * kSecond, prices);
    return prices.rested;
}

TEST_CASE("layers that are not given change nothing; those that are do") {
    BookParams params = book_params();
    const std::vector<Ticks> plain = prices<PlainFlow>(params);
    CHECK(plain.size() > 1000);
    CHECK(prices<LayeredFlow>(params) == plain);
    params.flow.queue_reactive = QueueReactiveParams{.limit = {1, .5}, .cancel = {}, .market = {}};
    CHECK(prices<LayeredFlow>(params) != plain);
    params.flow.queue_reactive.reset();
    params.flow.hawkes = HawkesParams{.decay = {1}, .weight = {1}, .branching = {{{.1, 0, 0}, {}, {}}}};
    CHECK(prices<LayeredFlow>(params) != plain);
}

constexpr Ticks kBid = 1000, kAsk = 1002;

CompactOrderBook with_queues(Lots bid, Lots ask) {
    CompactOrderBook book(kBid);
    const auto nobody = [](const Fill&) {};
    book.limit(Side::bid, kBid, bid, Owner::background, TimeInForce::gtc, nobody);
    book.limit(Side::ask, kAsk, ask, Owner::background, TimeInForce::gtc, nobody);
    return book;
}

// Whether a proposal is let through with this chance.
bool passes(const QueueReactive& layer, Proposal proposal, const CompactOrderBook& book, double chance) {
    constexpr int kTries = 100'000;
    Random random(3, 0, 0);
    Nothing state;
    int passed = 0;
    for (int i = 0; i < kTries; ++i) passed += layer.admit(state, proposal, book, random);
    return std::abs(passed - kTries * chance) <= 4 * std::sqrt(kTries * chance * (1 - chance));
}

TEST_CASE("what arrives at the best is thinned by the queue it meets") {
    const QueueReactiveParams params{.limit = {0, 1, .9, .6}, .cancel = {0, .2, .5}, .market = {0, 1, .7}};
    const QueueReactive layer(params);
    for (const Lots lots : {1, 2, 3, 7}) {
        CAPTURE(lots);
        const auto last = [&](const std::vector<double>& chances) {
            return chances[std::min(static_cast<std::size_t>(lots), chances.size() - 1)];
        };
        for (const Side side : kSides) {
            const CompactOrderBook book = side == Side::bid ? with_queues(lots, 4) : with_queues(4, lots);
            const Ticks best = book.best(side);
            CHECK(passes(layer, {Kind::limit, side, best, 1}, book, last(params.limit)));
            CHECK(passes(layer, {Kind::cancel, side, best, 1}, book, last(params.cancel)));
            CHECK(passes(layer, {Kind::market, opposite(side), best, 1}, book, last(params.market)));
            for (const Ticks elsewhere : {best - 1, best + 1}) {
                CHECK(passes(layer, {Kind::limit, side, elsewhere, 1}, book, 1));
                CHECK(passes(layer, {Kind::cancel, side, elsewhere, 1}, book, 1));
            }
        }
    }
}

TEST_CASE("market orders are thinned by the imbalance against them") {
    const QueueReactive layer({.limit = {}, .cancel = {}, .market = {1, 1, 1, .5}, .imbalance_sensitivity = .4});
    const CompactOrderBook book = with_queues(3, 1);  // I = 1/2
    CHECK(passes(layer, {Kind::market, Side::bid, kAsk, 1}, book, 1 - .2 * (1 - .5)));
    CHECK(passes(layer, {Kind::market, Side::ask, kBid, 1}, book, .5 * (1 - .2 * (1 + .5))));
    CHECK(passes(layer, {Kind::limit, Side::bid, kBid, 1}, book, 1));
    CHECK(passes(layer, {Kind::market, Side::bid, kAsk, 1}, with_queues(0, 1), 1));  // nothing to weigh against
}

}  // namespace
