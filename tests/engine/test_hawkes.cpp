// Hawkes activity: what is refused, how it decays, and that it clusters events as theory says without adding any.
#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <utility>

#include "engine/book/order_book.hpp"
#include "engine/flow/flow.hpp"

namespace {

using namespace mm;

using Matrix = std::array<std::array<double, kKinds>, kKinds>;

HawkesParams params(const Matrix& branching) {
    return {.decay = {20, 200}, .weight = {.4, .6}, .branching = branching};
}

TEST_CASE("spectral radii by hand") {
    const auto radius = [](const Matrix& branching) { return params(branching).spectral_radius(); };
    CHECK(radius({}) == 0);
    CHECK(radius({{{.2, 0, 0}, {0, .7, 0}, {0, 0, .3}}}) == doctest::Approx(.7));
    CHECK(radius({{{.1, .1, .1}, {.2, .2, .2}, {.4, .4, .4}}}) == doctest::Approx(.7));        // of rank one: the trace
    CHECK(radius({{{0, .5, 0}, {0, 0, .4}, {.3, 0, 0}}}) == doctest::Approx(std::cbrt(.06)));  // periodic
    CHECK(radius({{{.2, 9, 9}, {0, .3, 9}, {0, 0, .1}}}) == doctest::Approx(.3));              // reducible
    CHECK(radius({{{0, 9, 9}, {0, 0, 9}, {0, 0, 0}}}) == 0);                                   // nilpotent
}

TEST_CASE("activity that would explode is refused with its numbers") {
    CHECK_THROWS_WITH(params({{{1.25, 0, 0}, {}, {}}}).validate(),
                      "the spectral radius of hawkes.branching must be < 1, or activity explodes, but it is 1.25");
    CHECK_THROWS_WITH(params({{{0, 1, 0}, {1, 0, 0}, {}}}).validate(),
                      "the spectral radius of hawkes.branching must be < 1, or activity explodes, but it is 1");
    CHECK_NOTHROW(params({{{.99, 0, 0}, {}, {}}}).validate());
    CHECK_THROWS_WITH(Hawkes(params({{{}, {.5, 0, 0}, {}}}), {{12, 2, 10}}),
                      "the share of market orders that hawkes.branching prompts must be <= 1, but it is 3");
}

TEST_CASE("every rule of the parameters is named") {
    const Matrix none{};
    CHECK_THROWS_WITH((HawkesParams{{}, {}, none}.validate()), "hawkes.decay must hold 1 to 4 kernels, but it is 0");
    CHECK_THROWS_WITH((HawkesParams{{1, 2}, {1}, none}.validate()),
                      "hawkes.weight must have one entry for each decay, but it is 1");
    CHECK_THROWS_WITH((HawkesParams{{0}, {1}, none}.validate()), "hawkes.decay must be finite and > 0, but it is 0");
    CHECK_THROWS_WITH((HawkesParams{{1, 2}, {.5, .4}, none}.validate()), "hawkes.weight must sum to 1, but it is 0.9");
    CHECK_THROWS_WITH(params({{{-.1, 0, 0}, {}, {}}}).validate(),
                      "hawkes.branching must be finite and >= 0, but it is -0.1");
}

TEST_CASE("the exponential is exact to 2e-7 wherever it is used") {
    double worst = 0, highest = 0;
    for (int i = 0; i <= 1'000'000; ++i) {
        const float x = 1e-4F * static_cast<float>(i);
        const double value = Hawkes::decayed(Lanes{} + x)[0];
        worst = std::max(worst, std::abs(value - std::exp(-double{x})));
        highest = std::max(highest, value);
    }
    CHECK(highest <= 1);
    CHECK(worst < 2e-7);
    CHECK(Hawkes::decayed(Lanes{} + 1e30F)[0] < 1e-35F);
}

TEST_CASE("one event raises the rates by its kernels, which decay as they should however time is cut") {
    const Matrix branching{{{.4, .6, .2}, {.03, .3, .02}, {.3, .5, .2}}};
    const HawkesParams given = params(branching);
    const PerKind<double> mean_rates{{12, 2, 10}};
    const Hawkes hawkes(given, mean_rates);
    constexpr double kUnit = 0x1p40;
    const auto factor = [&](const Excitation& state, std::size_t kind) {
        const auto unit = static_cast<std::int64_t>(kUnit);
        return static_cast<double>(hawkes.bend(state, {{unit, unit, unit}}).of[kind]) / kUnit;
    };
    for (const Kind parent : {Kind::limit, Kind::market, Kind::cancel}) {
        Excitation at_once{};
        hawkes.heard(at_once, {parent, Side::bid, 0, 1});
        for (const double seconds : {0.0, .001, .01, .1, .3}) {
            Excitation in_pieces = at_once, in_one = at_once;
            hawkes.elapse(in_one, seconds);
            for (int piece = 0; piece < 7; ++piece) hawkes.elapse(in_pieces, seconds / 7);
            for (std::size_t child = 0; child < kKinds; ++child) {
                double density = 0, prompted = 0;
                for (std::size_t k = 0; k < given.decay.size(); ++k)
                    density += given.weight[k] * given.decay[k] * std::exp(-given.decay[k] * seconds);
                for (std::size_t j = 0; j < kKinds; ++j)
                    prompted += branching[child][j] * mean_rates.of[j] / mean_rates.of[child];
                const double jump = branching[child][index(parent)] / mean_rates.of[child] * density;
                CHECK(factor(in_one, child) == doctest::Approx(1 - prompted + jump).epsilon(1e-5));
                CHECK(factor(in_pieces, child) == doctest::Approx(1 - prompted + jump).epsilon(1e-5));
            }
        }
    }
}

// A venue that counts what comes and stays as it is, so that all rates are constant but for the layers.
class StillVenue {
  public:
    explicit StillVenue(int orders) {
        for (int i = 0; i < orders; ++i)
            book_.limit(Side::bid, kPrice - 1, 1, Owner::background, TimeInForce::gtc, [](const Fill&) {});
    }

    const CompactOrderBook& book() const { return book_; }
    template <class Sink>
    void limit(Side, Ticks, Lots, Owner, TimeInForce, Sink&) {
        ++counts_[index(Kind::limit)];
    }
    template <class Sink>
    void market(Side, Lots, Owner, Sink&) {
        ++counts_[index(Kind::market)];
    }
    template <class Sink>
    void cancel(Handle, Sink&) {
        ++counts_[index(Kind::cancel)];
    }

    std::array<double, kKinds> take() { return std::exchange(counts_, {}); }

  private:
    static constexpr Ticks kPrice = 1000;

    CompactOrderBook book_{kPrice};
    std::array<double, kKinds> counts_{};
};

struct Nobody {};

// Plays the flow for so many seconds, as an exchange does.
void run(const LayeredFlow& flow, LayeredFlow::State& state, StillVenue& venue, Random& random, double seconds) {
    Nobody nobody;
    double left = seconds * kSecond;
    for (;;) {
        const Rates rates = flow.rates(state, venue.book().live());
        const double wait = flow.wait(rates, random);
        if (wait >= left) break;
        left -= wait;
        flow.elapse(state, wait);
        flow.event(state, rates, venue, random, nobody);
    }
    flow.elapse(state, left);
}

// Mean and variance of the events of each kind in a window of time.
struct Moments {
    std::array<double, kKinds> mean{}, variance{};
};

Moments count(const LayeredFlow& flow, int orders, double seconds, int windows) {
    StillVenue venue(orders);
    LayeredFlow::State state;
    Random random(4, 0, 0);
    run(flow, state, venue, random, 100);  // until activity has forgotten that it was none
    venue.take();
    std::array<double, kKinds> sum{}, squares{};
    for (int window = 0; window < windows; ++window) {
        run(flow, state, venue, random, seconds);
        const std::array<double, kKinds> counts = venue.take();
        for (std::size_t kind = 0; kind < kKinds; ++kind) {
            sum[kind] += counts[kind];
            squares[kind] += counts[kind] * counts[kind];
        }
    }
    Moments moments;
    for (std::size_t kind = 0; kind < kKinds; ++kind) {
        moments.mean[kind] = sum[kind] / windows;
        moments.variance[kind] = squares[kind] / windows - moments.mean[kind] * moments.mean[kind];
    }
    return moments;
}

FlowParams flow_params(double limit_rate, double market_rate, double hazard) {
    FlowParams flow;
    flow.poisson = {.distance = {1, 2},
                    .limit_rate = {limit_rate},
                    .cancel_hazard = {hazard},
                    .market_rate = market_rate,
                    .limit_sizes = {{1}, {1}},
                    .market_sizes = {{1}, {1}}};
    return flow;
}

// Fano factor of the counts in windows of length t for one exponential kernel with branching ratio n
// (Da Fonseca & Zaatour 2014): towards 1 / (1 - n)^2 in long ones.
double fano(double n, double decay, double t) {
    const double limit = 1 / ((1 - n) * (1 - n)), memories = t * decay * (1 - n);
    return limit + (1 - limit) * (1 - std::exp(-memories)) / memories;
}

TEST_CASE("one kind that excites itself: as many events as ever, spread as theory says") {
    constexpr double kBranching = .8, kDecay = 10;
    FlowParams given = flow_params(10, 0, 0);
    given.hawkes = HawkesParams{.decay = {kDecay}, .weight = {1}, .branching = {{{kBranching, 0, 0}, {}, {}}}};
    const LayeredFlow flow(given);
    for (const double seconds : {.05, 1.0, 20.0}) {
        CAPTURE(seconds);
        const int windows = seconds < 1 ? 100'000 : 4000;
        const Moments seen = count(flow, 0, seconds, windows);
        const double mean = 20 * seconds;
        const double long_run = std::sqrt(mean * fano(kBranching, kDecay, 1e9) / windows);
        CHECK(std::abs(seen.mean[0] - mean) < 4 * long_run);
        CHECK(seen.variance[0] / mean == doctest::Approx(fano(kBranching, kDecay, seconds)).epsilon(.1));
    }
}

// (I - branching)^-1: all descendants of an event, itself included.
Matrix descendants(const Matrix& branching) {
    Matrix sum{};
    for (int generation = 0; generation < 200; ++generation) {
        Matrix next{};
        for (std::size_t i = 0; i < kKinds; ++i)
            for (std::size_t j = 0; j < kKinds; ++j) {
                next[i][j] = i == j;
                for (std::size_t k = 0; k < kKinds; ++k) next[i][j] += branching[i][k] * sum[k][j];
            }
        sum = next;
    }
    return sum;
}

TEST_CASE("three kinds that excite each other: as many of each as ever, spread as theory says") {
    const Matrix branching{{{.4, .6, .2}, {.03, .3, .02}, {.3, .5, .2}}};
    FlowParams given = flow_params(6, 1, .5);
    given.hawkes = params(branching);
    const PerKind<double> rates = given.mean_rates();
    REQUIRE(rates.of == std::array{12.0, 2.0, 10.0});
    constexpr double kWindow = 20;
    constexpr int kWindows = 4000;
    const Moments seen = count(LayeredFlow(given), 20, kWindow, kWindows);
    const Matrix family = descendants(branching);
    for (std::size_t kind = 0; kind < kKinds; ++kind) {
        CAPTURE(kKindNames[kind]);
        double variance = 0;  // per second, in long windows (Hawkes 1971)
        for (std::size_t j = 0; j < kKinds; ++j) variance += family[kind][j] * family[kind][j] * rates.of[j];
        const double mean = rates.of[kind] * kWindow;
        CHECK(std::abs(seen.mean[kind] - mean) < 4 * std::sqrt(variance * kWindow / kWindows));
        CHECK(seen.variance[kind] == doctest::Approx(variance * kWindow).epsilon(.1));
        CHECK(seen.variance[kind] > 2 * mean);
    }
}

}  // namespace
