// How busy a market is: the slow factor and the course of the day.
#include <doctest/doctest.h>

#include <cmath>

#include "engine/flow/activity.hpp"

namespace {

using namespace mm;

TEST_CASE("an Ornstein-Uhlenbeck process has its deviation and its memory, whatever the steps are") {
    const OrnsteinUhlenbeck process{.reversion = 0.5, .deviation = 0.4};
    for (const double step : {0.1, 1.0, 3.0}) {
        CAPTURE(step);
        Stream stream(1, 9);
        double level = process.start(stream), squares = 0, products = 0, factor = 0;
        constexpr int kSteps = 400'000;
        for (int i = 0; i < kSteps; ++i) {
            const double next = process.after(level, step, stream);
            squares += next * next;
            products += next * level;
            factor += process.factor(next);
            level = next;
        }
        // Of so many steps those that are independent of each other.
        const double error = 3 / std::sqrt(kSteps * std::min(1.0, 0.25 * step));
        CHECK(squares / kSteps == doctest::Approx(0.16).epsilon(2 * error));
        CHECK(products / squares == doctest::Approx(std::exp(-0.5 * step)).epsilon(2 * error));
        CHECK(factor / kSteps == doctest::Approx(1).epsilon(error));
    }
}

TEST_CASE("a day is a U, and beyond its ends what it is there") {
    const IntradayParams day{
        .session_s = 1000, .base = 0.7, .opening = 0.8, .opening_scale = 0.05, .closing = 1.6, .closing_scale = 0.1};
    CHECK(day.factor(0) == doctest::Approx(1.5 + 1.6 * std::exp(-10)));
    CHECK(day.factor(1000) == doctest::Approx(2.3 + 0.8 * std::exp(-20)));
    CHECK(day.factor(400) < 0.75);
    CHECK(day.factor(-50) == day.factor(0));
    CHECK(day.factor(5000) == day.factor(1000));
    CHECK(IntradayParams{}.factor(123) == 1);
}

}  // namespace
