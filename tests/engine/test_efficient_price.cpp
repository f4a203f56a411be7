// The efficient price: how it moves, what it keeps orders from, and that prices follow it.
#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <type_traits>
#include <utility>
#include <vector>

#include "engine/book/order_book.hpp"
#include "engine/flow/flow.hpp"
#include "engine/market/venue.hpp"

namespace {

using namespace mm;

// Shows the value in a market, and tells when it may be about to move. One at a time.
class Shown : public EfficientPrice {
  public:
    using EfficientPrice::EfficientPrice;

    inline static double now = 0;
    inline static std::function<void()> before = [] {}, after = [] {};

    void open(State& state) const {
        EfficientPrice::open(state);
        now = value(state);
    }
    template <class Flow, class States, class Venue, class Sink>
    void fire(State& state, const Flow& flow, States& states, Venue& venue, Sink& sink) const {
        before();
        EfficientPrice::fire(state, flow, states, venue, sink);
        now = value(state);
        after();
    }
};

using ShownFlow = Flow<Shown>;

}  // namespace

template <>
ShownFlow::Flow(const FlowParams& params, Ticks initial_mid_ticks)
    : limits_(params.poisson, 1),
      markets_(params.poisson, 1),
      cancels_(params.poisson, false, 0, 1),
      sources_(Shown(params.efficient_price.value_or(EfficientPriceParams{}), initial_mid_ticks,
                     std::min(initial_mid_ticks, 2 * params.poisson.distance.back()))) {
}

namespace {

constexpr Ticks kMid = 1000;

// A market that consists of the value alone.
struct Void {
    Nanoseconds time = 0;
    CompactOrderBook nobody{kMid};

    Nanoseconds now() const { return time; }
    const CompactOrderBook& book() const { return nobody; }
    void withdraw_best(Side, Nothing&, Void&, Nothing&) const {}
};

class Path {
  public:
    Path(const EfficientPriceParams& params, Ticks initial, Ticks floor, Random& random)
        : price_(params, initial, floor) {
        price_.open(state_);
        price_.restart(state_, random, 0);
    }

    // Jumps before a time.
    int run_until(double seconds) {
        int jumps = 0;
        for (; price_.next(state_) < std::llround(seconds * kSecond); ++jumps) {
            market_.time = price_.next(state_);
            price_.fire(state_, market_, nothing_, market_, nothing_);
            lowest = std::min(lowest, value());
            at_floor += value() == lowest;
        }
        return jumps;
    }
    double value() const { return price_.value(state_); }

    double lowest = 1e9;
    int at_floor = 0;

  private:
    EfficientPrice price_;
    EfficientPriceState state_;
    Void market_;
    Nothing nothing_;
};

TEST_CASE("jumps come at the rate that gives the volatility") {
    constexpr int kPaths = 20'000;
    constexpr double kTime = 10;
    for (const double step : {.25, 1.0, 3.0}) {
        CAPTURE(step);
        const EfficientPriceParams params{.volatility = 2, .step = step};
        Random random(1, 0, 0);
        double jumps = 0, squared_jumps = 0, sum = 0, squares = 0;
        for (int i = 0; i < kPaths; ++i) {
            Path path(params, 1'000'002, 1, random);
            const double start = path.value(), n = path.run_until(kTime), move = path.value() - start;
            jumps += n / kPaths;
            squared_jumps += n * n / kPaths;
            sum += move / kPaths;
            squares += move * move / kPaths;
        }
        const double expected = 4 / (step * step) * kTime, variance = 4 * kTime;  // of jumps; of the move
        CHECK(std::abs(jumps - expected) < 4 * std::sqrt(expected / kPaths));
        CHECK(std::abs(squared_jumps - jumps * jumps - expected) <
              4 * std::sqrt((expected + 2 * expected * expected) / kPaths));
        CHECK(std::abs(sum) < 4 * std::sqrt(variance / kPaths));
        // The fourth moment of a sum of n fair coins is 3 n^2 - 2 n; n is Poisson.
        const double fourth = std::pow(step, 4) * (3 * (expected * expected + expected) - 2 * expected);
        CHECK(std::abs(squares - variance) < 4 * std::sqrt((fourth - variance * variance) / kPaths));
    }
}

TEST_CASE("the value never falls below its floor, and does not stick to it") {
    Random random(2, 0, 0);
    for (const double step : {.25, 1.0, 3.0}) {
        CAPTURE(step);
        Path path({.volatility = 5, .step = step}, 30, 20, random);
        path.run_until(10'000);
        CHECK(path.lowest >= 20);
        CHECK(path.lowest < 20 + step);
        CHECK(path.at_floor > 3);
        CHECK(path.value() > 20 + step);
    }
}

TEST_CASE("a value that does not move stays where it was put") {
    Random random(3, 0, 0);
    Path path({.volatility = 0, .step = .5}, kMid, 1, random);
    CHECK(path.run_until(1e6) == 0);
    CHECK(path.value() == kMid);
}

TEST_CASE("orders that would be stale as they come are refused as parameters") {
    CHECK_THROWS_WITH((EfficientPriceParams{.edge = .5, .stale_distance = .75}.validate()),
                      "stale_distance must be <= edge, but it is 0.75");
    CHECK_NOTHROW((EfficientPriceParams{.edge = .5, .stale_distance = .5}.validate()));
}

// The anchored market that is shipped, config/market/book.yaml.
EfficientPriceParams& anchor(BookParams& params) {
    std::optional<EfficientPriceParams>& given = params.flow->efficient_price;
    if (!given) throw std::logic_error("the market has no efficient price");
    return *given;
}

BookParams shipped() {
    BookParams book;
    book.initial_mid_ticks = kMid;
    book.flow.emplace().poisson = {
        .distance = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16},
        .limit_rate = {7.4, 6.04, 4.36, 3.52, 3.08, 3.03, 2.79, 2.6, 2.45, 2.32, 2.21, 2.11, 2.02, 1.95, 1.88},
        .cancel_hazard = {2.84, 3.24, 2.72, 2.24, 1.88, 1.88, 1.88, 1.88, 1.88, 1.88, 1.88, 1.88, 1.88, 1.88, 1.88},
        .market_rate = 3.76,
        .collar = 8,
        .limit_sizes = {{1}, {1}},
        .market_sizes = {{1}, {1}}};
    book.flow->efficient_price =
        EfficientPriceParams{.volatility = 1, .step = .5, .edge = .5, .stale_distance = 0, .stale_hazard = 20};
    return book;
}

// Seeded orders alone may come to rest at any price.
struct Placements {
    double edge;
    double nearest = 1e9;  // of an order to the value, on its own side
    int placed = 0;

    void submitted(Handle, const Order& order) {
        nearest = std::min(nearest, sign(order.side) * (Shown::now - order.price));
        ++placed;
    }
    void cancelled(Handle, const Order&) {}
    void reduced(Handle, const Order&) {}
    void filled(const Fill&) {}
};

TEST_CASE("no order is placed at a price that is not worth it") {
    for (const double edge : {0., .5, 2.25}) {
        CAPTURE(edge);
        BookParams params = shipped();
        anchor(params).edge = edge;
        anchor(params).volatility = 3;
        anchor(params).step = .25;
        const ShownFlow flow(*params.flow, kMid);
        Venue<ShownFlow, MediumOrderBook> venue(params, flow);
        venue.open(Random(4, 0, 0), Nobody{});
        Placements placements{edge};
        venue.run_until(1'000'000'000'000, placements);
        CHECK(placements.placed > 10'000);
        CHECK(placements.nearest == edge);
    }
}

// Withdrawals of each side against the integral of their hazard while the best is stale. Nobody cancels otherwise.
class Withdrawals {
    using VenueKind = Venue<ShownFlow, MediumOrderBook>;

  public:
    Withdrawals(const VenueKind& venue, const EfficientPriceParams& params) : venue_(venue), params_(params) {
        Shown::before = [this] { wait(); };
        Shown::after = [this] { look(); };
        look();
    }
    ~Withdrawals() {
        Shown::before = Shown::after = [] {};
    }
    Withdrawals(const Withdrawals&) = delete;
    Withdrawals& operator=(const Withdrawals&) = delete;

    void submitted(Handle, const Order&) { happened(); }
    void filled(const Fill&) { happened(); }
    void reduced(Handle, const Order&) {}
    void cancelled(Handle handle, const Order& order) {
        ++seen[index(order.side)];
        // It was the first in the best queue, and too good for the value that has moved.
        right = right && stale_[index(order.side)] && order.price == best_[index(order.side)] &&
                handle == front_[index(order.side)];
        happened();
    }

    std::array<double, 2> seen{}, expected{};
    std::array<double, 2> stale_time{};  // s
    bool right = true;

  private:
    // What was last looked at holds until now.
    void wait() {
        const double waited = static_cast<double>(venue_.now() - since_) / kSecond;
        for (const Side side : kSides) {
            stale_time[index(side)] += stale_[index(side)] ? waited : 0;
            expected[index(side)] += stale_[index(side)] ? params_.stale_hazard * waited : 0;
        }
        since_ = venue_.now();
    }
    void look() {
        since_ = venue_.now();
        for (const Side side : kSides) {
            const Ticks best = best_[index(side)] = venue_.book().best(side);
            front_[index(side)] = venue_.book().front(best);
            // Closer to the value than the distance, in whole ticks as prices are.
            const double distance = sign(side) * (Shown::now - best);
            stale_[index(side)] = best != kNoPrice && distance < params_.stale_distance;
        }
    }
    void happened() {
        wait();
        look();
    }

    const VenueKind& venue_;
    const EfficientPriceParams& params_;
    Nanoseconds since_ = 0;
    std::array<bool, 2> stale_{};
    std::array<Ticks, 2> best_{};
    std::array<Handle, 2> front_{};
};

TEST_CASE("while the best is stale its first order goes at the stale hazard, and else nobody is withdrawn") {
    for (const double distance : {0., -.75, .5}) {
        CAPTURE(distance);
        BookParams params = shipped();
        std::ranges::fill(params.flow->poisson.cancel_hazard, 0);
        params.flow->poisson.collar = 1 << 20;
        params.flow->poisson.market_rate = 20;  // what else would keep the book from filling up
        params.flow->efficient_price = {
            .volatility = 4, .step = .25, .edge = .5, .stale_distance = distance, .stale_hazard = 6};
        const ShownFlow flow(*params.flow, kMid);
        std::array<double, 2> seen{}, expected{}, stale{};
        for (std::uint64_t seed = 0; seed < 100; ++seed) {
            Venue<ShownFlow, MediumOrderBook> venue(params, flow);
            venue.open(Random(5, seed, 0), Nobody{});
            venue.run_until(1'000'000'000, Nobody{});
            Withdrawals withdrawals(venue, anchor(params));
            venue.run_until(11'000'000'000, withdrawals);
            CHECK(withdrawals.right);
            CHECK(venue.counters().rejected == 0);
            for (const Side side : kSides) {
                seen[index(side)] += withdrawals.seen[index(side)];
                expected[index(side)] += withdrawals.expected[index(side)];
                stale[index(side)] += withdrawals.stale_time[index(side)];
            }
        }
        for (const Side side : kSides) {
            CHECK(expected[index(side)] > 100);
            CHECK(std::abs(seen[index(side)] - expected[index(side)]) < 4 * std::sqrt(expected[index(side)]));
            CHECK(stale[index(side)] < 900);  // of 1000 s
        }
    }
}

// Mid and value, once a second.
struct Walk {
    std::vector<double> mid, value;
};

template <class VenueKind>
Walk walk(VenueKind& venue, int seconds) {
    Walk walk;
    for (int second = 1; second <= seconds; ++second) {
        venue.run_until(venue.now() + 1'000'000'000, Nobody{});
        walk.mid.push_back(.5 * venue.mid2());
        walk.value.push_back(Shown::now);
    }
    return walk;
}

TEST_CASE("prices stay near the value wherever it goes") {
    const BookParams params = shipped();
    const ShownFlow flow(*params.flow, kMid);
    double farthest = 0, apart = 0, moved = 0;
    constexpr int kMarkets = 20, kSeconds = 3600;
    for (std::uint64_t seed = 0; seed < kMarkets; ++seed) {
        Venue<ShownFlow, MediumOrderBook> venue(params, flow);
        venue.open(Random(6, seed, 0), Nobody{});
        const Walk seen = walk(venue, kSeconds);
        for (std::size_t i = 0; i < seen.mid.size(); ++i) {
            const double distance = std::abs(seen.mid[i] - seen.value[i]);
            apart += distance / (kMarkets * kSeconds);
            farthest = std::max(farthest, distance);
        }
        moved += std::pow(seen.mid.back() - seen.mid.front(), 2) / kMarkets;
        CHECK(venue.counters().rejected == 0);
    }
    CHECK(apart < 1.5);
    CHECK(farthest < 15);
    // In an hour the mid has moved as far as the value has: a chi square of 20 degrees of freedom.
    CHECK(moved > .3 * kSeconds);
    CHECK(moved < 2.2 * kSeconds);
}

TEST_CASE("without a value prices wander, further than one would take them") {
    BookParams params = shipped();
    const double volatility = anchor(params).volatility;
    params.flow->efficient_price.reset();
    const PlainFlow flow(*params.flow, kMid);
    double squares = 0;
    constexpr int kMarkets = 20, kSeconds = 600;
    for (std::uint64_t seed = 0; seed < kMarkets; ++seed) {
        Venue<PlainFlow, MediumOrderBook> venue(params, flow);
        venue.open(Random(7, seed, 0), Nobody{});
        const Walk seen = walk(venue, kSeconds);
        squares += std::pow(seen.mid.back() - kMid, 2) / kMarkets;
    }
    CHECK(squares > 3 * volatility * volatility * kSeconds);
}

TEST_CASE("a price that somebody has pushed away comes back to the value; one without a value does not") {
    constexpr int kMarkets = 40;
    const auto pushed = [](const auto& venue_of) {
        std::array<double, 2> moved{};  // at once, and half a minute later
        for (std::uint64_t seed = 0; seed < kMarkets; ++seed) {
            const auto venue = venue_of(seed);
            const Ticks before = venue->mid2();
            // A buyer takes nearly all that is offered, ten times in a second.
            for (int i = 0; i < 10; ++i) {
                venue->run_until(venue->now() + 100'000'000, Nobody{});
                const std::int64_t offered = venue->book().background_lots(Side::ask, 64);
                venue->take(Side::bid, 2 * kMid, static_cast<Lots>(offered * 9 / 10), Party::agent, Nobody{});
            }
            moved[0] += .5 * (venue->mid2() - before) / kMarkets;
            venue->run_until(venue->now() + 30'000'000'000, Nobody{});
            moved[1] += .5 * (venue->mid2() - before) / kMarkets;
        }
        return moved;
    };
    const auto opened = [](const BookParams& params, const auto& flow, std::uint64_t seed) {
        using FlowKind = std::remove_cvref_t<decltype(flow)>;
        auto venue = std::make_unique<Venue<FlowKind, MediumOrderBook>>(params, flow);
        venue->open(Random(8, seed, 0), Nobody{});
        venue->run_until(5'000'000'000, Nobody{});
        return venue;
    };
    BookParams params = shipped();
    const AnchoredFlow anchored(*params.flow, kMid);
    const auto back = pushed([&](std::uint64_t seed) { return opened(params, anchored, seed); });
    params.flow->efficient_price.reset();
    const PlainFlow plain(*params.flow, kMid);
    const auto away = pushed([&](std::uint64_t seed) { return opened(params, plain, seed); });
    CHECK(back[0] > 4);
    CHECK(away[0] > 4);
    // The value itself moves by sqrt(31) ticks meanwhile.
    CHECK(std::abs(back[1]) < 4 * std::sqrt(31.0 / kMarkets));
    CHECK(away[1] > .5 * away[0]);
}

// When the value moves, and where to.
std::vector<std::pair<Nanoseconds, double>> moves(bool trading) {
    const BookParams params = shipped();
    const ShownFlow flow(*params.flow, kMid);
    Venue<ShownFlow, MediumOrderBook> venue(params, flow);
    std::vector<std::pair<Nanoseconds, double>> moves{{0, kMid}};
    Shown::after = [&] {
        if (Shown::now != moves.back().second) moves.emplace_back(venue.now(), Shown::now);
    };
    venue.open(Random(10, 0, 0), Nobody{});
    for (Nanoseconds second = 1; second <= 600; ++second) {
        if (trading)
            venue.take(static_cast<Side>(second % 2), second % 2 == 0 ? 2 * kMid : 1, 20, Party::agent, Nobody{});
        venue.run_until(second * 1'000'000'000, Nobody{});
    }
    Shown::after = [] {};
    return moves;
}

TEST_CASE("the value moves as it does, whatever anybody trades") {
    const auto alone = moves(false);
    CHECK(alone.size() > 2000);
    CHECK(moves(true) == alone);
}

// The lowest price of the background, and of its best.
template <class VenueKind>
struct Lowest {
    const VenueKind& venue;
    Ticks placed = kMid;
    Ticks best = kMid;
    int near_zero = 0;  // orders at less than ten ticks

    void submitted(Handle, const Order& order) {
        placed = std::min(placed, order.price);
        near_zero += order.price < 10;
        look();
    }
    void cancelled(Handle, const Order&) { look(); }
    void reduced(Handle, const Order&) { look(); }
    void filled(const Fill&) { look(); }
    void look() { best = std::min(best, venue.reference(Side::bid)); }
};

template <class FlowKind>
void check_above_nothing(const BookParams& params) {
    const FlowKind flow(*params.flow, params.initial_mid_ticks);
    for (std::uint64_t seed = 0; seed < 10; ++seed) {
        Venue<FlowKind, MediumOrderBook> venue(params, flow);
        Lowest<Venue<FlowKind, MediumOrderBook>> lowest{venue};
        venue.open(Random(9, seed, 0), lowest);
        venue.run_until(1'000'000'000'000, lowest);
        CHECK(lowest.placed >= 1);
        CHECK(lowest.best >= 1);
        CHECK(lowest.near_zero > 100);
        CHECK(venue.counters().events > 10'000);  // and it is alive
        CHECK(venue.book().live() > 10);
        venue.book().validate();
    }
}

TEST_CASE("nobody ever bids nothing: prices stay above zero where they start near it") {
    BookParams params = shipped();
    params.initial_mid_ticks = 9;
    check_above_nothing<AnchoredFlow>(params);
    params.flow->poisson.collar = PoissonParams::kNoCollar;
    anchor(params).volatility = 5;
    check_above_nothing<AnchoredFlow>(params);
    params.flow->efficient_price.reset();
    check_above_nothing<PlainFlow>(params);
    params.flow->poisson.collar = 0;
    check_above_nothing<PlainFlow>(params);
}

}  // namespace
