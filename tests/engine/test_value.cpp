// The efficient price by its own theory: variance, jumps, and a floor.
#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>

#include "engine/flow/value.hpp"

namespace {

using namespace mm;

constexpr double kStart = 1000;

// Moves within each of so many seconds: their mean square, and the number of moves.
struct Path {
    double mean_square, moves, kurtosis;
};
Path path(const ValueParams& params, int seconds, double activity = 1) {
    const Value value(params, kStart, 0, 10);
    Value::State state;
    Random random(7, 0, 0);
    value.open(state);
    value.restart(state, random, 0, true);
    value.age(state, 0, activity, 0);
    double squares = 0, fourths = 0, moves = 0;
    for (int i = 1; i <= seconds; ++i) {
        const double before = state.value;
        const auto end = static_cast<Nanoseconds>(i * kSecond);
        for (;; ++moves) {
            const Nanoseconds next = std::min(state.steps.due(), state.jumps.due());
            if (next >= end) break;
            if (next == state.steps.due())
                value.step(state, next);
            else
                value.jump(state, next);
        }
        value.age(state, 1, activity, end);
        const double move = state.value - before;
        squares += move * move;
        fourths += move * move * move * move;
        state.value = kStart;
    }
    return {squares / seconds, moves / seconds, fourths * seconds / (squares * squares)};
}

TEST_CASE("steps alone have the variance that is asked for, whatever the step") {
    for (const double step : {0.5, 2.0}) {
        const Path found = path({.volatility = 2, .step = step}, 100'000);
        CHECK(found.mean_square == doctest::Approx(4).epsilon(0.02));
        CHECK(found.moves == doctest::Approx(4 / (step * step)).epsilon(0.02));
    }
}

TEST_CASE("jumps are Laplace") {
    const Path found = path({.jump_rate = 0.5, .jump_size = 3}, 400'000);
    CHECK(found.moves == doctest::Approx(0.5).epsilon(0.02));
    CHECK(found.mean_square == doctest::Approx(0.5 * 2 * 9).epsilon(0.03));
}

TEST_CASE("a volatility that varies has fat tails; its log has the variance it should") {
    // E e^(2 l - s^2) = e^(s^2)
    const ValueParams params{.volatility = 1, .step = 0.2, .log_volatility = {.reversion = 1, .deviation = 0.5}};
    const Path found = path(params, 400'000);
    CHECK(found.mean_square == doctest::Approx(std::exp(0.25)).epsilon(0.03));
    CHECK(found.kurtosis > 4);
    CHECK(path({.volatility = 1, .step = 0.2}, 100'000).kurtosis == doctest::Approx(3).epsilon(0.03));
}

TEST_CASE("what comes with limit orders and what comes by itself are one variance") {
    const ValueParams params{.volatility = 2, .step = 1, .activity_share = 0.25, .jump_rate = 1, .jump_size = 0};
    CHECK(path(params, 100'000).mean_square == doctest::Approx(3).epsilon(0.02));
    const Value value(params, kStart, 0, 10);  // ten limit orders a second
    Value::State state;
    value.open(state);
    value.heard_limit(state, true);
    CHECK(10 * std::pow(state.value - kStart, 2) == doctest::Approx(1));
    value.heard_limit(state, false);
    CHECK(state.value == doctest::Approx(kStart));
    // Jumps come more often while the market is busy: by the share.
    CHECK(path(params, 20'000, 3).moves - path({.volatility = 2, .step = 1, .activity_share = 0.25}, 20'000, 3).moves ==
          doctest::Approx(1.5).epsilon(0.05));
}

TEST_CASE("it never falls below its floor") {
    const Value value({.volatility = 1}, 10, 4, 1);
    Value::State state;
    value.open(state);
    value.move(state, -8);
    CHECK(state.value == 6);  // thrown back
}

}  // namespace
