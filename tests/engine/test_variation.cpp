// Markets drawn anew: how far they differ, that each is a market, and that a seed says which.
#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <functional>
#include <set>
#include <span>
#include <stdexcept>
#include <variant>
#include <vector>

#include "engine/market/book_market.hpp"
#include "engine/market/recording.hpp"
#include "engine/market/variation.hpp"
#include "tests/engine/play.hpp"

namespace {

using namespace mm;

using Realistic = Venue<RealisticFlow, MediumOrderBook>;
using Books = WarmBooks<Realistic>;

constexpr double kRoom = MediumOrderBook::kCapacity;

BookParams book(double variation) {
    BookParams params = std::get<BookParams>(book_scenario(realistic_flow()).market);
    params.variation = variation;
    return params;
}

std::vector<RealisticParams> many(const BookParams& params, double room = kRoom) {
    std::vector<RealisticParams> all;
    for (std::uint64_t i = 0; i < 2000; ++i) all.push_back(varied(params, room, Random(3, i, 0)));
    return all;
}

TEST_CASE("logarithms are normal around what is given") {
    BookParams params = book(0.1);
    params.realistic->takers.sizes = {{}, {}, LognormalSizes{.share = 1, .median = 3, .deviation = 0.5, .unit = 1}};
    const std::vector<RealisticParams> markets = many(params);
    const std::vector<std::function<double(const RealisticParams&)>> magnitudes{
        [](const auto& flow) { return flow.placement.rate; },
        [](const auto& flow) { return flow.patience.hazard[1]; },
        [](const auto& flow) { return flow.takers.sizes.lognormal->median; },
        [](const auto& flow) { return flow.value->log_volatility.deviation; },
        [](const auto& flow) { return flow.impact->size; },
        [](const auto& flow) { return flow.informed->rate; },
        [](const auto& flow) { return flow.hawkes->decay[2]; },
        [](const auto& flow) { return flow.hawkes->branching[2][1]; },
        [](const auto& flow) { return flow.intraday->base; }};
    for (const auto& magnitude : magnitudes) {
        double sum = 0, squares = 0;
        for (const RealisticParams& market : markets) {
            const double log = std::log(magnitude(market) / magnitude(*params.realistic));
            sum += log;
            squares += log * log;
        }
        const double n = static_cast<double>(markets.size()), mean = sum / n;
        CHECK(std::abs(mean) < 4 * 0.1 / std::sqrt(n));
        CHECK(std::sqrt(squares / n - mean * mean) == doctest::Approx(0.1).epsilon(4 / std::sqrt(2 * n)));
    }
}

TEST_CASE("what is no magnitude stays, and shares still make a whole") {
    const BookParams params = book(0.3);
    const RealisticParams& given = *params.realistic;
    for (const RealisticParams& market : many(params)) {
        REQUIRE(market.hawkes->weight == given.hawkes->weight);
        REQUIRE(market.limit_sizes.probability == given.limit_sizes.probability);
        REQUIRE(market.limit_sizes.lots == given.limit_sizes.lots);
        REQUIRE(market.limit_sizes.lognormal->share == given.limit_sizes.lognormal->share);
        REQUIRE(market.takers.collar == given.takers.collar);
        REQUIRE(market.placement.farthest == given.placement.farthest);
        REQUIRE(market.placement.random_edge == given.placement.random_edge);
        REQUIRE(market.intraday->session_s == given.intraday->session_s);
        REQUIRE(market.intraday->opening_scale == given.intraday->opening_scale);
        REQUIRE(market.intraday->closing_scale == given.intraday->closing_scale);
        REQUIRE(market.patience.deep != given.patience.deep);
        double sum = 0;
        for (const double share : market.patience.deep) sum += share;
        REQUIRE(sum == doctest::Approx(1));
    }
}

TEST_CASE("every market is valid and small enough, however far they vary") {
    BookParams params = book(0.5);
    const double room = params.needs(0).orders;
    for (const RealisticParams& market : many(params, room)) {
        params.realistic = market;
        REQUIRE_NOTHROW(params.validate());
        REQUIRE(params.needs(0).orders <= room);
    }
}

TEST_CASE("a layer that is off stays off") {
    BookParams params = book(0.2);
    params.realistic->reactions.reset();
    params.realistic->impact->size = 0;
    const RealisticParams market = varied(params, kRoom, Random(1, 0, 0));
    CHECK(!market.reactions);
    CHECK(market.impact->size == 0);
}

TEST_CASE("where no market fits its book, a sentence says so") {
    CHECK_THROWS_WITH_AS(varied(book(0.1), 0, Random(1, 0, 0)),
                         "variation must leave one market of a thousand stable and small enough for its book, but it "
                         "is 0.1",
                         std::invalid_argument);
}

TEST_CASE("only a realistic flow varies") {
    BookParams params = std::get<BookParams>(book_scenario(plain_flow()).market);
    params.variation = 0.1;
    CHECK_THROWS_WITH_AS(params.validate(), "variation must be 0 where realistic is not given, but it is 0.1",
                         std::invalid_argument);
}

// What tells books apart that have been traded in.
std::vector<std::uint64_t> traces(const Books& books) {
    std::vector<std::uint64_t> all;
    for (std::size_t i = 0; i < books.size(); ++i) {
        Hash hash;
        const std::array<double, 4> seen{static_cast<double>(books[i].counters().events), books[i].value(),
                                         static_cast<double>(books[i].mid2()),
                                         static_cast<double>(books[i].book().live())};
        hash.add(std::span<const double>(seen));
        all.push_back(hash.value());
    }
    return all;
}

TEST_CASE("where nothing varies the warm books are the same for every seed") {
    const BookParams params = book(0);
    const RealisticFlow flow(*params.realistic, params.initial_mid_ticks);
    Books books(params, 10);
    const auto before = traces(books);
    books.seed(5);
    CHECK(traces(books) == before);
    for (std::uint64_t i = 0; i < books.size(); ++i) {
        Realistic venue(params, flow);
        const double opened_s = 590 * Random(0x77a3, i, 1).uniform() - params.warmup_s;
        venue.open(Random(0x77a3, i, 0), Nobody{}, std::llround(opened_s * kSecond));
        REQUIRE(venue.counters().events == books[i].counters().events);
        REQUIRE(venue.value() == books[i].value());
    }
}

TEST_CASE("where the flow varies a seed has its own warm books, whatever came before it") {
    const BookParams params = book(0.2);
    Books books(params, 10), others(params, 10);
    books.seed(1);
    const auto first = traces(books);
    CHECK(std::set(first.begin(), first.end()).size() == books.size());
    books.seed(2);
    const auto second = traces(books);
    others.seed(2);
    CHECK(traces(others) == second);
    for (std::size_t i = 0; i < first.size(); ++i) CHECK(first[i] != second[i]);
    books.seed(1);
    CHECK(traces(books) == first);
}

// What is seen at first, and what a rule makes of it.
struct Played {
    std::vector<float> first;    // observation
    std::vector<double> totals;  // statistics
};

Played play_markets(Batch& batch, std::uint64_t seed) {
    const std::size_t n = batch.size();
    Played played{std::vector<float>(n * batch.columns().size()), std::vector<double>(n * batch.statistics().size())};
    std::vector<double> reward(n), abs_inventory(n);
    batch.reset(seed, false, played.first.data());
    batch.play(Strategy::linear_skew(1.0, 0.5, 0.2, book_scenario(realistic_flow()).max_lots()),
               150,  // beyond an episode's end
               {reward.data(), played.totals.data(), abs_inventory.data()});
    return played;
}

TEST_CASE("market i of a seed is the same in a batch of any size and on any thread") {
    const Scenario varying = varied_scenario();
    const Played all = play_markets(*make_batch(varying, 64, 0, 1, Autoreset::same_step), 9);
    for (const std::size_t threads : {1, 2}) {
        for (const std::size_t size : {1, 7, 64}) {
            CAPTURE(threads);
            CAPTURE(size);
            const Played some = play_markets(*make_batch(varying, size, 0, threads, Autoreset::same_step), 9);
            CHECK(std::equal(some.first.begin(), some.first.end(), all.first.begin()));
            CHECK(std::equal(some.totals.begin(), some.totals.end(), all.totals.begin()));
        }
    }
}

TEST_CASE("a batch that has played another seed plays this one as if it had not") {
    const Scenario varying = varied_scenario();
    const auto batch = make_batch(varying, 16, 0, 2, Autoreset::same_step);
    const auto beside = make_batch(varying, 16, 0, 1, Autoreset::same_step);
    const Played first = play_markets(*batch, 1);
    const Played other = play_markets(*beside, 2);
    CHECK(play_markets(*batch, 2).totals == other.totals);
    CHECK(play_markets(*beside, 1).totals == first.totals);
    CHECK(first.totals != other.totals);
    CHECK(batch->counters().events > 0);
}

TEST_CASE("what varies is not what does not") {
    CHECK(play_markets(*make_batch(varied_scenario(), 16, 0, 1, Autoreset::same_step), 1).totals !=
          play_markets(*make_batch(book_scenario(realistic_flow()), 16, 0, 1, Autoreset::same_step), 1).totals);
}

TEST_CASE("a recording is of one market, which its seed draws") {
    const auto rate = [](double variation, std::uint64_t seed) {
        return static_cast<double>(simulate_messages(book(variation), 1, 1, seed, 60).size());
    };
    double least = rate(0.3, 0), most = least;
    double least_alike = rate(0, 0), most_alike = least_alike;
    for (std::uint64_t seed = 1; seed < 8; ++seed) {
        least = std::min(least, rate(0.3, seed));
        most = std::max(most, rate(0.3, seed));
        least_alike = std::min(least_alike, rate(0, seed));
        most_alike = std::max(most_alike, rate(0, seed));
    }
    CHECK(most / least > 1.5 * most_alike / least_alike);
    CHECK(rate(0.3, 4) == rate(0.3, 4));
}

}  // namespace
