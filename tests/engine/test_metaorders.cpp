// Large orders in pieces, what their signs foretell, and the impact of what they do not.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "engine/flow/impact.hpp"
#include "engine/flow/metaorders.hpp"

namespace {

using namespace mm;

constexpr MetaordersParams kParams{.tail = 1.5, .longest = 200};

std::vector<Side> signs(std::size_t count) {
    const Metaorders metaorders(kParams);
    Metaorders::State state;
    Stream stream(1, 2);
    std::vector<Side> sides;
    while (sides.size() < count) {
        sides.push_back(metaorders.next(state, stream));
        metaorders.sent(state);
    }
    return sides;
}

TEST_CASE("a metaorder has at least n pieces with probability n^-tail") {
    const Metaorders metaorders(kParams);
    Stream stream(3, 4);
    constexpr int kCount = 400'000;
    std::vector<int> reached(202);
    for (int i = 0; i < kCount; ++i) {
        Metaorders::State state;
        metaorders.next(state, stream);
        CHECK(state.left >= 1);
        for (int n = 1; n <= std::min(state.left, 201); ++n) ++reached[static_cast<std::size_t>(n)];
    }
    for (const int n : {1, 2, 5, 20, 200}) {
        const double expected = kCount * std::pow(n, -1.5);
        CHECK(std::abs(reached[static_cast<std::size_t>(n)] - expected) < 5 * std::sqrt(expected) + 1);
    }
    CHECK(reached[201] == 0);
}

TEST_CASE("the piece that is put off stays next") {
    const Metaorders metaorders(kParams);
    Metaorders::State state{.side = Side::ask, .left = 3};
    Stream stream(3, 4);
    CHECK(metaorders.next(state, stream) == Side::ask);
    CHECK(state.left == 3);
}

// Lillo, Mike & Farmer 2005: the autocorrelation of signs falls as a power of the lag, tail - 1.
TEST_CASE("signs remember, with the exponent of theory") {
    const std::vector<Side> sides = signs(2'000'000);
    const auto correlation = [&](std::size_t lag) {
        double sum = 0;
        for (std::size_t i = lag; i < sides.size(); ++i) sum += sign(sides[i]) * sign(sides[i - lag]);
        return sum / static_cast<double>(sides.size() - lag);
    };
    CHECK(correlation(1) > 0.5);
    CHECK(std::log(correlation(2) / correlation(16)) / std::log(8) == doctest::Approx(0.5).epsilon(0.25));
}

TEST_CASE("the forecast is what runs are followed by") {
    const SignForecast forecast = sign_forecast(kParams);
    const std::vector<Side> sides = signs(4'000'000);
    std::vector<double> next(25), count(25);
    std::size_t run = 0;
    for (std::size_t i = 1; i < sides.size(); ++i) {
        run = i > 1 && sides[i - 1] == sides[i - 2] ? run + 1 : 1;
        if (run >= next.size()) continue;
        next[run] += sides[i] == sides[i - 1] ? 1 : -1;
        ++count[run];
    }
    for (std::size_t n = 1; n <= 24; ++n) {
        CAPTURE(n);
        CHECK(std::abs(forecast[n - 1] - next[n] / count[n]) < 4 / std::sqrt(count[n]));
    }
    CHECK(forecast[0] == doctest::Approx(1 - (1 - std::pow(2, -1.5))).epsilon(1e-9));
    for (const double none : sign_forecast({.tail = 1.5, .longest = 1})) CHECK(none == 0);
}

TEST_CASE("with the weight of the forecast at 1 what trades move is a martingale, raw signs are none") {
    const std::vector<Side> sides = signs(1'000'000);
    const auto variance_ratio = [&](double weight, std::size_t window, const SignForecast& forecast) {
        const Impact impact({.size = 1, .forecast_weight = weight}, forecast);
        Impact::State state;
        double squares = 0, sum = 0, long_squares = 0;
        for (std::size_t i = 0; i < sides.size(); ++i) {
            const double move = impact.move(state, sides[i], 1);
            squares += move * move;
            sum += move;
            if ((i + 1) % window != 0) continue;
            long_squares += sum * sum;
            sum = 0;
        }
        return long_squares / squares;
    };
    const SignForecast whole = sign_forecast(kParams);
    for (const std::size_t window : {10, 100, 1000})
        CHECK(variance_ratio(1, window, whole) == doctest::Approx(1).epsilon(0.1));
    CHECK(variance_ratio(0, 100, whole) > 10);
    CHECK(variance_ratio(1.3, 100, whole) < 0.9);
    // One that takes the long ones by surprise, piece by piece, would show.
    CHECK(variance_ratio(1, 100, SignForecast(whole.begin(), whole.begin() + 24)) > 1.15);
}

TEST_CASE("impact is concave in size") {
    const Impact impact({.size = 2, .power = 0.5, .unit = 100}, SignForecast{0});
    Impact::State state;
    CHECK(impact.move(state, Side::bid, 100) == doctest::Approx(2));
    CHECK(impact.move(state, Side::ask, 400) == doctest::Approx(-4));
    CHECK(impact.move(state, Side::bid, 25) == doctest::Approx(1));
}

}  // namespace
