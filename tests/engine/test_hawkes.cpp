// Hawkes activity: what is refused, when children come, and that it clusters events as theory says without adding any.
#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "engine/book/order_book.hpp"
#include "engine/flow/flow.hpp"
#include "engine/market/venue.hpp"
#include "tests/engine/tape.hpp"

namespace {

using namespace mm;

using Matrix = std::array<std::array<double, kKinds>, kKinds>;

constexpr Matrix kBranching{{{.4, .6, .2}, {.03, .3, .02}, {.3, .5, .2}}};

HawkesParams params(const Matrix& branching) {
    return {.decay = {20, 200}, .weight = {.4, .6}, .branching = branching};
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
                      "branching must have a spectral radius < 1, or activity explodes, but it is 1.25");
    CHECK_THROWS_WITH(params({{{0, 1, 0}, {1, 0, 0}, {}}}).validate(),
                      "branching must have a spectral radius < 1, or activity explodes, but it is 1");
    CHECK_NOTHROW(params({{{.99, 0, 0}, {}, {}}}).validate());
    const char* too_many = "the share of market orders that hawkes.branching prompts must be <= 1, but it is 3";
    CHECK_THROWS_WITH(params({{{}, {.5, 0, 0}, {}}}).unprompted({{12, 2, 10}}), too_many);
    FlowParams flow = flow_params(6, 1, .5);
    flow.hawkes = params({{{}, {.5, 0, 0}, {}}});
    CHECK_THROWS_WITH(flow.validate(), too_many);
    flow.hawkes = params({{{}, {.1, 0, 0}, {}}});
    CHECK_NOTHROW(flow.validate());
}

TEST_CASE("more children to come than can be counted are refused") {
    FlowParams flow = flow_params(6, 1, .5);
    flow.hawkes = HawkesParams{.decay = {.001}, .weight = {1}, .branching = {{{.75, 0, 0}, {}, {}}}};
    CHECK_THROWS_WITH(flow.validate(),
                      "the children of one kernel that hawkes has to come must be <= 8192 in the mean, but it is 9000");
    flow.hawkes->decay = {.002};
    CHECK_NOTHROW(flow.validate());
}

TEST_CASE("what is not prompted makes up for what is") {
    const PerKind<double> shares = params(kBranching).unprompted({{12, 2, 10}});
    CHECK(shares[Kind::limit] == doctest::Approx(1 - (.4 * 12 + .6 * 2 + .2 * 10) / 12));
    CHECK(shares[Kind::market] == doctest::Approx(1 - (.03 * 12 + .3 * 2 + .02 * 10) / 2));
    CHECK(shares[Kind::cancel] == doctest::Approx(1 - (.3 * 12 + .5 * 2 + .2 * 10) / 10));
    CHECK(params(kBranching).unprompted({{12, 2, 0}})[Kind::cancel] == 1);  // of what never comes nothing is prompted
}

TEST_CASE("every rule of the parameters is named") {
    const Matrix none{};
    CHECK_THROWS_WITH((HawkesParams{{}, {}, none}.validate()), "decay must hold 1 to 4 kernels, but it is 0");
    CHECK_THROWS_WITH((HawkesParams{{1, 2}, {1}, none}.validate()),
                      "weight must have one entry for each of the 2 decays, but it has 1");
    CHECK_THROWS_WITH((HawkesParams{{0}, {1}, none}.validate()), "decay must be finite and > 0, but it is 0");
    CHECK_THROWS_WITH((HawkesParams{{1, 2}, {.5, .4}, none}.validate()), "weight must sum to 1, but it is 0.9");
    CHECK_THROWS_WITH(params({{{-.1, 0, 0}, {}, {}}}).validate(), "branching must be finite and >= 0, but it is -0.1");
}

// A flow and a venue in one that only write down which child is born when.
struct Nursery {
    struct Birth {
        Kind kind;
        Nanoseconds time;
    };
    Nanoseconds time = 0;
    std::vector<Birth> births;

    Nanoseconds now() const { return time; }
    void act(Kind kind, Nothing&, Nursery& venue, Nothing&) const { venue.births.push_back({kind, venue.time}); }
};

// A Poisson count against its mean.
double errors(double seen, double expected) {
    return std::abs(seen - expected) / std::sqrt(expected);
}

TEST_CASE("an event has Poisson many children of each kind, at delays by the kernels, however time is cut") {
    constexpr int kParents = 200'000;
    constexpr std::array kEnds{0.0, .001, .005, .02, .08, .2, 10.0};  // of the bins of delay, s
    const HawkesParams given = params(kBranching);
    const Hawkes hawkes(given);
    const auto sooner = [&](double seconds) {
        double share = 0;
        for (std::size_t k = 0; k < given.decay.size(); ++k)
            share += given.weight[k] * (1 - std::exp(-given.decay[k] * seconds));
        return share;
    };
    for (const bool cut : {false, true})
        for (const Kind parent : {Kind::limit, Kind::market, Kind::cancel}) {
            CAPTURE(cut);
            CAPTURE(kKindNames[index(parent)]);
            Random random(6, index(parent), cut);
            std::array<std::array<double, kEnds.size()>, kKinds> seen{};
            double sum = 0, squares = 0;
            for (int i = 0; i < kParents; ++i) {
                HawkesState state;
                Nursery nursery;
                Nothing nothing;
                hawkes.restart(state, random, 0);
                CHECK(hawkes.next(state) == kNever);
                hawkes.heard(state, parent, 0);
                while (hawkes.next(state) != kNever) {
                    // Waits are drawn anew in the midst of them, which must not matter.
                    const Nanoseconds middle = nursery.time + 3'000'000;
                    if (cut && hawkes.next(state) > middle && middle < 40'000'000) {
                        nursery.time = middle;
                        hawkes.restart(state, random, middle);
                        continue;
                    }
                    nursery.time = hawkes.next(state);
                    hawkes.fire(state, nursery, nothing, nursery, nothing);
                }
                for (const Nursery::Birth& birth : nursery.births) {
                    const double delay = static_cast<double>(birth.time) / kSecond;
                    const auto bin = std::ranges::upper_bound(kEnds, delay) - kEnds.begin();
                    ++seen[index(birth.kind)][static_cast<std::size_t>(bin)];
                }
                const auto children = static_cast<double>(nursery.births.size());
                sum += children;
                squares += children * children;
            }
            double all = 0;
            for (std::size_t child = 0; child < kKinds; ++child) {
                CAPTURE(kKindNames[child]);
                const double children = kBranching[child][index(parent)] * kParents;
                all += children / kParents;
                for (std::size_t bin = 1; bin < kEnds.size(); ++bin) {
                    CAPTURE(kEnds[bin]);
                    const double expected = children * (sooner(kEnds[bin]) - sooner(kEnds[bin - 1]));
                    CHECK(errors(seen[child][bin], expected) < 4);
                }
            }
            // The variance of a Poisson number is its mean, give or take the error of a sample variance.
            const double mean = sum / kParents, variance = squares / kParents - mean * mean;
            CHECK(std::abs(variance - all) < 4 * std::sqrt((all + 2 * all * all) / kParents));
        }
}

// A venue that stays as it is: what matters here is when anything comes, which does not depend on the book.
class StillVenue {
  public:
    StillVenue(const FlowParams& params, std::uint64_t seed) : flow_(params, kPrice) {
        Random random(seed, 0, 0);
        flow_.open(state_);
        flow_.restart(state_, book_, random, 0);
    }

    const CompactOrderBook& book() const { return book_; }
    Nanoseconds now() const { return now_; }
    template <class Sink>
    Submission limit(Side, Ticks, Lots, Party, TimeInForce, Sink&) {
        return {};
    }
    template <class Sink>
    Submission take(Side, Ticks, Lots, Party, Sink&) {
        return {};
    }
    template <class Sink>
    void cancel(Handle, Sink&) {}

    // Plays the flow for so many seconds, as a venue does; how often each kind came.
    std::array<double, kKinds> run(double seconds) {
        const Nanoseconds end = now_ + std::llround(seconds * kSecond);
        Nothing nobody;
        while (flow_.play(end, now_, state_, *this, nobody)) {
        }
        now_ = end;
        std::array<double, kKinds> counts{};
        for (const Intention& intention : tape_.take()) ++counts[index(intention.kind)];
        return counts;
    }

  private:
    static constexpr Ticks kPrice = 1000;

    Recording tape_;
    TapedFullFlow flow_;
    CompactOrderBook book_{kPrice};
    TapedFullFlow::State<CompactOrderBook> state_;
    Nanoseconds now_ = 0;
};

// Means and covariances of the events of each kind in a window of time.
struct Moments {
    std::array<double, kKinds> mean{};
    Matrix covariance{};
};

// `run` plays a window and returns how often each kind came.
template <class Run>
Moments moments(const Run& run, int windows) {
    Moments moments;
    std::array<double, kKinds> sum{};
    Matrix products{};
    for (int window = 0; window < windows; ++window) {
        const std::array<double, kKinds> counts = run();
        for (std::size_t i = 0; i < kKinds; ++i) {
            sum[i] += counts[i];
            for (std::size_t j = 0; j < kKinds; ++j) products[i][j] += counts[i] * counts[j];
        }
    }
    for (std::size_t i = 0; i < kKinds; ++i) moments.mean[i] = sum[i] / windows;
    for (std::size_t i = 0; i < kKinds; ++i)
        for (std::size_t j = 0; j < kKinds; ++j)
            moments.covariance[i][j] = products[i][j] / windows - moments.mean[i] * moments.mean[j];
    return moments;
}

Moments count(const FlowParams& flow, double seconds, int windows) {
    StillVenue venue(flow, 4);
    venue.run(100);  // until activity has forgotten that it was none
    return moments([&] { return venue.run(seconds); }, windows);
}

// Fano factor of the counts in windows of length t for one exponential kernel with branching ratio n
// (Da Fonseca & Zaatour 2014): towards 1 / (1 - n)^2 in long ones.
double fano(double n, double decay, double t) {
    const double limit = 1 / ((1 - n) * (1 - n)), memories = t * decay * (1 - n);
    return limit + (1 - limit) * (1 - std::exp(-memories)) / memories;
}

TEST_CASE("one kind that excites itself: as many events as ever, spread as theory says") {
    constexpr double kSelf = .8, kDecay = 10;
    FlowParams given = flow_params(10, 0, 0);
    given.hawkes = HawkesParams{.decay = {kDecay}, .weight = {1}, .branching = {{{kSelf, 0, 0}, {}, {}}}};
    for (const double seconds : {.05, 1.0, 20.0}) {
        CAPTURE(seconds);
        const int windows = seconds < 1 ? 100'000 : 4000;
        const Moments seen = count(given, seconds, windows);
        const double mean = 20 * seconds;
        const double long_run = std::sqrt(mean * fano(kSelf, kDecay, 1e9) / windows);
        CHECK(std::abs(seen.mean[0] - mean) < 4 * long_run);
        CHECK(seen.covariance[0][0] / mean == doctest::Approx(fano(kSelf, kDecay, seconds)).epsilon(.1));
        // Cancels are as many as limit orders, and nothing prompts them.
        CHECK(std::abs(seen.mean[2] - mean) < 4 * std::sqrt(mean / windows));
        CHECK(seen.covariance[2][2] / mean == doctest::Approx(1).epsilon(.1));
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

// Of the counts of two kinds in a second, in long windows (Hawkes 1971).
double covariance(const Matrix& branching, const PerKind<double>& rates, std::size_t a, std::size_t b) {
    const Matrix family = descendants(branching);
    double sum = 0;
    for (std::size_t j = 0; j < kKinds; ++j) sum += family[a][j] * family[b][j] * rates.of[j];
    return sum;
}

TEST_CASE("three kinds that excite each other: as many of each as ever, spread as theory says") {
    FlowParams given = flow_params(6, 1, .5);
    given.hawkes = params(kBranching);
    const PerKind<double> rates = given.mean_rates();
    REQUIRE(rates.of == std::array{12.0, 2.0, 10.0});
    constexpr double kWindow = 20;
    constexpr int kWindows = 4000;
    const Moments seen = count(given, kWindow, kWindows);
    for (std::size_t kind = 0; kind < kKinds; ++kind) {
        CAPTURE(kKindNames[kind]);
        const double mean = rates.of[kind] * kWindow, variance = covariance(kBranching, rates, kind, kind) * kWindow;
        CHECK(std::abs(seen.mean[kind] - mean) < 4 * std::sqrt(variance / kWindows));
        CHECK(variance > 2 * mean);
        for (std::size_t other = 0; other < kKinds; ++other) {
            CAPTURE(kKindNames[other]);
            const double expected = covariance(kBranching, rates, kind, other) * kWindow;
            CHECK(seen.covariance[kind][other] == doctest::Approx(expected).epsilon(.1));
        }
    }
}

// What Hawkes activity is put beside.
struct Layered {
    BookParams book;
    HawkesParams hawkes;
    double executions;  // 1/s, without it
};

QueueReactiveParams queue_reaction() {
    return {.limit = {1, 1, .95, .9, .85, .8},
            .cancel = {1, 1, .95, .9, .85, .8},
            .market = {},
            .imbalance_sensitivity = .5};
}
HawkesParams activity_of(const Matrix& branching) {
    return {.decay = {1000, 300, .5}, .weight = {.3, .4, .3}, .branching = branching};
}

// Cont, Stoikov & Talreja (2010), table 2, with the paper's minute as 100 ms, and no value to come back to.
Layered paper() {
    BookParams book;
    book.initial_mid_ticks = 1000;
    book.flow.emplace().poisson = {.distance = {1, 2, 3, 4, 5, 6},
                                   .limit_rate = {18.5, 15.1, 10.9, 8.8, 7.7},
                                   .cancel_hazard = {7.1, 8.1, 6.8, 5.6, 4.7},
                                   .market_rate = 9.4,
                                   .limit_sizes = {{1}, {1}},
                                   .market_sizes = {{1}, {1}}};
    book.flow->queue_reactive = queue_reaction();
    return {book, activity_of({{{.45, .5, .3}, {.03, .4, .03}, {.35, .4, .3}}}), 14.1};
}

// The parameters of config/market/layered.yaml.
Layered shipped() {
    BookParams book;
    book.initial_mid_ticks = 1000;
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
    book.flow->queue_reactive = queue_reaction();
    return {book, activity_of({{{.45, .5, .3}, {.012, .4, .012}, {.35, .4, .3}}}), 5.6};
}

struct Executions {
    double seen = 0;

    void filled(const Fill& fill) { seen += fill.lots; }
    void submitted(Handle, const Order&) {}
    void cancelled(Handle, const Order&) {}
    void reduced(Handle, const Order&) {}
};

constexpr int kTime = 16'000, kWindow = 40;  // s; the windows are so long that they know nothing of each other

// A figure with its standard error.
struct Estimate {
    double mean = 0;
    double error = 0;
};
struct Activity {
    std::array<Estimate, kKinds> intentions;  // 1/s
    Estimate executions;
};

Activity activity(const BookParams& params) {
    constexpr int kWindows = kTime / kWindow;
    const TapedFullFlow flow(*params.flow, params.initial_mid_ticks);
    Venue<TapedFullFlow, MediumOrderBook> venue(params, flow);
    venue.open(Random(5, 0, 0), Nobody{});
    venue.run_until(later(0, 20 * kSecond), Nobody{});  // ten memories of the slowest kernel
    Recording tape;
    std::array<std::array<double, kWindows>, kKinds + 1> rates{};
    for (std::size_t window = 0; window < kWindows; ++window) {
        Executions executions;
        venue.run_until(later(venue.now(), kWindow * kSecond), executions);
        for (const Intention& intention : tape.take()) rates[index(intention.kind)][window] += 1.0 / kWindow;
        rates[kKinds][window] = executions.seen / kWindow;
    }
    CHECK(venue.counters().rejected == 0);
    const auto estimate = [](const std::array<double, kWindows>& values) {
        double mean = 0, squares = 0;
        for (const double value : values) mean += value / kWindows;
        for (const double value : values) squares += (value - mean) * (value - mean);
        return Estimate{mean, std::sqrt(squares / (kWindows - 1) / kWindows)};
    };
    return {{estimate(rates[0]), estimate(rates[1]), estimate(rates[2])}, estimate(rates[kKinds])};
}

TEST_CASE("with a queue reaction beside it, what is intended comes as often as ever, and so does what is executed") {
    for (const auto& [book, hawkes, executions] : {paper(), shipped()}) {
        BookParams params = book;
        const Activity alone = activity(params);
        params.flow->hawkes = hawkes;
        const PerKind<double> promised = params.flow->mean_rates();
        const Activity both = activity(params);
        for (std::size_t kind = 0; kind < kKinds; ++kind) {
            CAPTURE(kKindNames[kind]);
            const Estimate& seen = both.intentions[kind];
            CHECK(std::abs(seen.mean - promised.of[kind]) < 4 * seen.error);
            // Clustered events are spread more widely than independent ones, which the errors account for.
            CHECK(seen.error > 1.5 * std::sqrt(promised.of[kind] / kTime));
        }
        CHECK(alone.executions.mean == doctest::Approx(executions).epsilon(.02));
        CHECK(std::abs(both.executions.mean - alone.executions.mean) <
              4 * std::hypot(both.executions.error, alone.executions.error));
    }
}

}  // namespace
