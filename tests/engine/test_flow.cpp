// The background flow: events come at the rates of the parameters, and a layer bends them as it says.
#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <numeric>
#include <optional>
#include <vector>

#include "engine/book/order_book.hpp"
#include "engine/flow/flow.hpp"
#include "engine/market/venue.hpp"

namespace {

using namespace mm;

// Cont, Stoikov & Talreja (2010), table 2, with the paper's minute as a second.
BookParams book_params() {
    BookParams params;
    params.flow.emplace().poisson = {.distance = {1, 2, 3, 4, 5, 6},
                                     .limit_rate = {1.85, 1.51, 1.09, .88, .77},
                                     .cancel_hazard = {.71, .81, .68, .56, .47},
                                     .market_rate = .94,
                                     .limit_sizes = {{1}, {1}},
                                     .market_sizes = {{1}, {1}}};
    return params;
}

// An open venue and all that it needs.
template <class FlowKind>
struct Market {
    BookParams params;
    FlowKind flow;
    Venue<FlowKind, CompactOrderBook> venue;

    explicit Market(const BookParams& given, std::uint64_t seed = 1)
        : params(given), flow(*params.flow, params.initial_mid_ticks), venue(params, flow) {
        venue.open(Random(seed, 0, 0), Nobody{});
    }
};

constexpr Ticks kBid = 1000, kAsk = 1002;
constexpr auto kNobody = [](const Fill&) {};

CompactOrderBook with_queues(Lots bid, Lots ask) {
    CompactOrderBook book(kBid);
    book.limit(Side::bid, kBid, bid, Party::background, TimeInForce::gtc, kNobody);
    book.limit(Side::ask, kAsk, ask, Party::background, TimeInForce::gtc, kNobody);
    return book;
}

// How often something happened and how often it should have: N less the integral of its rate is a martingale, and the
// variance of that is the mean of N.
struct Count {
    double seen = 0;
    double expected = 0;

    double errors() const { return std::abs(seen - expected) / std::sqrt(expected); }
};

constexpr std::size_t kTicks = 8;  // of distance; the last one is whatever lies beyond

// Counts what happens in a book by side and by distance from the opposite best.
template <class VenueKind>
class Observer {
  public:
    using BySide = std::array<Count, 2>;

    Observer(const VenueKind& venue, const FlowParams& flow) : venue_(venue), flow_(flow.poisson) {
        if (flow.queue_reactive) layer_.emplace(*flow.queue_reactive);
        look();
    }

    void submitted(Handle, const Order& order) { happened(limits[distance(order)], order.side); }
    void cancelled(Handle, const Order& order) { happened(cancels[distance(order)], order.side); }
    void reduced(Handle, const Order&) {}
    void filled(const Fill& fill) { happened(markets, opposite(fill.maker_side)); }

    std::array<BySide, kTicks> limits, cancels;
    BySide markets;

  private:
    // At the best prices as last looked at: what happens is measured from those before it.
    std::size_t distance(const Order& order) const {
        const Ticks ticks = sign(order.side) * (reference_[index(opposite(order.side))] - order.price);
        return std::min(static_cast<std::size_t>(ticks), kTicks - 1);
    }

    // The book was as last looked at until now.
    void happened(BySide& count, Side side) {
        const double waited = static_cast<double>(venue_.now() - since_) / kSecond;
        for (std::size_t d = 1; d < kTicks; ++d)
            for (const Side of : kSides) {
                limits[d][index(of)].expected += limit_rate_[d][index(of)] * waited;
                cancels[d][index(of)].expected += cancel_rate_[d][index(of)] * waited;
            }
        for (const Side of : kSides) markets[index(of)].expected += market_rate_[index(of)] * waited;
        ++count[index(side)].seen;
        look();
    }

    void look() {
        const auto& book = venue_.book();
        since_ = venue_.now();
        for (const Side side : kSides) reference_[index(side)] = venue_.reference(side);
        limit_rate_ = cancel_rate_ = {};
        const std::size_t bins = flow_.limit_rate.size();
        for (const Side side : kSides) {
            for (std::size_t d = 1; d <= bins; ++d) {
                const Ticks price = reference_[index(opposite(side))] - sign(side) * static_cast<Ticks>(d);
                limit_rate_[d][index(side)] = flow_.limit_rate[d - 1] * chance({Kind::limit, side, price, 1});
            }
            const Ticks hit = reference_[index(opposite(side))];
            market_rate_[index(side)] =
                book.empty(opposite(side)) ? 0 : flow_.market_rate * chance({Kind::market, side, hit, 1});
        }
        for (std::uint32_t slot = 0; slot < CompactOrderBook::kCapacity; ++slot) {
            const Handle handle = book.in_slot(slot);
            if (!handle) continue;
            const Order order = book.order(handle);
            const std::size_t d = distance(order);
            cancel_rate_[d][index(order.side)] += flow_.cancel_hazard[std::min(d, bins) - 1] *
                                                  chance({Kind::cancel, order.side, order.price, order.lots});
        }
    }

    double chance(const Proposal& proposal) const {
        return layer_ ? layer_->chance(Nothing{}, proposal, venue_.book()) : 1;
    }

    const VenueKind& venue_;
    const PoissonParams& flow_;
    std::optional<QueueReactive> layer_;
    Nanoseconds since_ = 0;
    std::array<Ticks, 2> reference_{};
    std::array<std::array<double, 2>, kTicks> limit_rate_{}, cancel_rate_{};  // 1/s, by distance and side
    std::array<double, 2> market_rate_{};
};

// Every kind, side and distance for so long.
template <class FlowKind>
void check_rates(const BookParams& params, Nanoseconds time) {
    Market<FlowKind> market(params);
    Observer observer(market.venue, *market.params.flow);
    market.venue.run_until(time, observer);
    CHECK(market.venue.counters().rejected == 0);
    CHECK(market.venue.counters().dropped == 0);
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

constexpr Nanoseconds kLong = 20'000'000'000'000;

TEST_CASE_TEMPLATE("Poisson flow comes at its rates, by kind, side and distance, whatever sources are not given",
                   FlowKind, PlainFlow, AnchoredFlow, FullFlow) {
    check_rates<FlowKind>(book_params(), kLong);
}

TEST_CASE("a queue reaction thins each kind by what it meets, in the running market") {
    BookParams params = book_params();
    params.flow->queue_reactive = QueueReactiveParams{
        .limit = {1, .8, .6, .5}, .cancel = {0, .9, .7, .5}, .market = {0, .9, .8}, .imbalance_sensitivity = .5};
    check_rates<FullFlow>(params, kLong);
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

TEST_CASE("side, distance and size of an order are independent of each other") {
    constexpr int kDraws = 500'000;
    PoissonParams params = book_params().flow->poisson;
    params.limit_sizes = params.market_sizes = {{1, 2, 5}, {.6, .3, .1}};
    const CompactOrderBook book = with_queues(1, 1);
    const LimitOrders limits(params, 1);
    const MarketOrders markets(params, 1);
    Random random(3, 0, 0);
    Stream stream(random);
    std::array<std::array<std::array<Count, 6>, 6>, 2> seen{};  // by side, distance (none: a market order) and lots
    const double all = std::accumulate(params.limit_rate.begin(), params.limit_rate.end(), 0.0);
    for (auto& side : seen)
        for (std::size_t i = 0; i < params.limit_sizes.lots.size(); ++i) {
            const auto lots = static_cast<std::size_t>(params.limit_sizes.lots[i]);
            const double expected = kDraws / 2.0 * params.limit_sizes.probability[i];
            side[0][lots].expected = expected;
            for (std::size_t d = 1; d <= 5; ++d) side[d][lots].expected = expected * params.limit_rate[d - 1] / all;
        }
    for (int draw = 0; draw < kDraws; ++draw) {
        const auto bits = [&] { return static_cast<std::uint32_t>(stream.bits() >> 32); };
        const Proposal limit = limits.propose(limits.draw(bits(), stream), book);
        const Proposal market = markets.propose(markets.draw(bits(), stream), book);
        CHECK(limit.kind == Kind::limit);
        CHECK(market.kind == Kind::market);
        CHECK(market.price == book.best(opposite(market.side)));
        const Ticks distance = sign(limit.side) * (book.best(opposite(limit.side)) - limit.price);
        ++seen[index(limit.side)][static_cast<std::size_t>(distance)][static_cast<std::size_t>(limit.lots)].seen;
        ++seen[index(market.side)][0][static_cast<std::size_t>(market.lots)].seen;
    }
    for (const auto& side : seen)
        for (const auto& distance : side)
            for (const Count& count : distance) CHECK((count.expected > 0 ? count.errors() < 4 : count.seen == 0));
}

// Prices of all orders that come to rest.
struct Prices {
    std::vector<Ticks> rested;

    void submitted(Handle, const Order& order) { rested.push_back(order.price); }
    void cancelled(Handle, const Order&) {}
    void reduced(Handle, const Order&) {}
    void filled(const Fill&) {}
};

template <class FlowKind>
std::vector<Ticks> prices(const BookParams& params) {
    Market<FlowKind> market(params);
    Prices prices;
    market.venue.run_until(100'000'000'000, prices);
    return prices.rested;
}

TEST_CASE("sources that are not given change nothing; those that are do") {
    BookParams params = book_params();
    const std::vector<Ticks> plain = prices<PlainFlow>(params), layered = prices<FullFlow>(params);
    CHECK(plain.size() > 1000);
    CHECK(layered.size() > 1000);
    CHECK(layered != plain);  // a layer that may thin costs a draw for each order

    // A value that moves, but so far from all prices that nobody need look at it.
    const std::vector<Ticks> anchored = prices<AnchoredFlow>(params);
    params.flow->efficient_price =
        EfficientPriceParams{.volatility = 1, .step = .5, .edge = -500, .stale_distance = -500, .stale_hazard = 10};
    CHECK(prices<AnchoredFlow>(params) == anchored);
    CHECK(prices<FullFlow>(params) == layered);
    params.flow->efficient_price = EfficientPriceParams{.volatility = 1, .step = .5, .edge = .5};
    CHECK(prices<AnchoredFlow>(params) != anchored);
    CHECK(prices<FullFlow>(params) != layered);
    params.flow->efficient_price.reset();
    params.flow->queue_reactive = QueueReactiveParams{.limit = {1, 1}, .cancel = {}, .market = {}};
    CHECK(prices<FullFlow>(params) == layered);
    params.flow->queue_reactive->limit = {1, .5};
    CHECK(prices<FullFlow>(params) != layered);
    params.flow->queue_reactive.reset();
    params.flow->hawkes = HawkesParams{.decay = {1}, .weight = {1}, .branching = {{{.1, 0, 0}, {}, {}}}};
    CHECK(prices<FullFlow>(params) != layered);
}

// With what we may put beside and before the background's queues.
std::vector<CompactOrderBook> with_ours(const CompactOrderBook& book) {
    std::vector<CompactOrderBook> books{book, book};
    for (const Side side : kSides) {
        const Ticks best = book.reference(side);
        books[0].limit(side, best, 9, Party::agent, TimeInForce::gtc, kNobody);
        books[1].limit(side, best + (side == Side::bid ? 1 : 2), 9, Party::agent, TimeInForce::gtc, kNobody);
    }
    return books;
}

// Whether a proposal is let through with this chance, with or without orders of ours in the book.
bool passes(const QueueReactive& layer, const Proposal& proposal, const CompactOrderBook& book, double chance) {
    std::vector<CompactOrderBook> books = with_ours(book);
    books.push_back(book);
    return std::ranges::all_of(books, [&](const CompactOrderBook& each) {
        return std::abs(layer.chance(Nothing{}, proposal, each) - chance) < 1e-15;
    });
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

// Every trade against the best price of the background when the order came.
template <class VenueKind>
class Takers {
  public:
    Takers(const VenueKind& venue, Ticks collar) : venue_(venue), collar_(collar) { look(); }

    void filled(const Fill& fill) {
        const Side taker = opposite(fill.maker_side);
        const Ticks beyond = sign(taker) * (fill.price - best_[index(fill.maker_side)]);
        if (fill.taker_party == Party::background) farthest = std::max(farthest, beyond);
        kept = kept && beyond <= collar_;
    }
    void submitted(Handle, const Order&) { look(); }
    void cancelled(Handle, const Order&) { look(); }
    void reduced(Handle, const Order&) { look(); }

    // Between two runs: a market order tells nobody that it is done.
    void look() {
        for (const Side side : kSides) best_[index(side)] = venue_.reference(side);
    }

    Ticks farthest = -1;
    bool kept = true;

  private:
    const VenueKind& venue_;
    Ticks collar_;
    std::array<Ticks, 2> best_{};
};

TEST_CASE("a market order pays no more than its collar beyond the background's best, whoever offers") {
    constexpr Nanoseconds kGlance = 1'000'000;  // at most one order in nearly all of them
    BookParams params = book_params();
    params.flow->poisson.market_sizes = {{1, 4, 9}, {.5, .3, .2}};
    for (const Ticks collar : {0, 2}) {
        CAPTURE(collar);
        params.flow->poisson.collar = collar;
        Market<PlainFlow> market(params);
        auto& venue = market.venue;
        Takers takers(venue, collar);
        // Ours are always there to be had: within the collar and far beyond it.
        for (Nanoseconds time = 0; time < 500'000'000'000; time += kGlance) {
            venue.run_until(time, takers);
            if (time % 1'000'000'000 == 0)
                for (const Side side : kSides)
                    for (const Ticks behind : {1, 4})
                        if (venue.book().live() < 100)
                            venue.limit(side, venue.reference(side) - sign(side) * behind, 1, Party::agent,
                                        TimeInForce::post_only, Nobody{});
            takers.look();
        }
        CHECK(takers.kept);
        CHECK(takers.farthest == collar);
    }
}

}  // namespace
