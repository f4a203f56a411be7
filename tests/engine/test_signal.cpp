// Alpha: what is seen of the gap between value and mid.
#include <doctest/doctest.h>

#include <cmath>

#include "engine/market/signal.hpp"

namespace {

using namespace mm;

TEST_CASE("it shows the gap as it was, and nothing that came later") {
    const SignalParams params{.lag_ms = 300, .deviation = 4, .signal_to_noise = 1e9, .noise_s = 0};
    const Signal::Setting setting(params, 0.1);
    Signal signal;
    signal.restart(setting, Stream(1, 2), 1);
    for (const double gap : {5.0, 6.0, 7.0}) CHECK(signal.next(setting, gap) == doctest::Approx(0.5 / 4 * 1));
    CHECK(signal.next(setting, -3) == doctest::Approx(0.5 / 4 * 5));
    CHECK(signal.next(setting, 100) == doctest::Approx(0.5 / 4 * 6));
    for (int i = 0; i < 3; ++i) signal.next(setting, 0);
    CHECK(signal.next(setting, 0) == doctest::Approx(0));
}

TEST_CASE("signal and noise have the ratio that is stated, and the noise its memory") {
    const SignalParams params{.lag_ms = 0, .deviation = 2, .signal_to_noise = 0.5, .noise_s = 1};
    const Signal::Setting setting(params, 0.1);
    Signal signal;
    signal.restart(setting, Stream(3, 4), 0);
    Stream gaps(5, 6);
    double squares = 0, with_gap = 0, gap_squares = 0;
    constexpr int kCount = 400'000;
    for (int i = 0; i < kCount; ++i) {
        const double gap = 2 * gaps.normal(), seen = signal.next(setting, gap);
        squares += seen * seen;
        with_gap += seen * gap;
        gap_squares += gap * gap;
    }
    // Its deviation is a half, but for the one in twenty that is cut off at 1; a fifth of its variance is the gap's.
    CHECK(std::sqrt(squares / kCount) == doctest::Approx(0.48).epsilon(0.02));
    CHECK(with_gap / std::sqrt(squares * gap_squares) == doctest::Approx(std::sqrt(0.2)).epsilon(0.03));
    double products = 0, noise_squares = 0, before = 0;
    signal.restart(setting, Stream(7, 8), 0);
    for (int i = 0; i < kCount; ++i) {
        const double noise = signal.next(setting, 0);
        products += noise * before;
        noise_squares += noise * noise;
        before = noise;
    }
    CHECK(products / noise_squares == doctest::Approx(std::exp(-0.1)).epsilon(0.02));
}

}  // namespace
