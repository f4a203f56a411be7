// A clock whose rate changes rings when as much of its wait is used up as was drawn.
#include <doctest/doctest.h>

#include <cstdlib>

#include "engine/core/random.hpp"
#include "engine/core/rate_clock.hpp"

namespace {

using namespace mm;

// Rates are kept in 1/ns, which rounds.
bool about(Nanoseconds due, Nanoseconds expected) {
    return std::abs(due - expected) <= 1;
}

TEST_CASE("a wait is used up at the rate that holds") {
    RateClock clock;
    clock.wind(0, 2.0);
    CHECK(clock.due() == kNever);
    clock.run_at(1.0, 0);
    CHECK(about(clock.due(), 2'000'000'000));
    clock.run_at(4.0, 1'000'000'000);  // one of two is left
    CHECK(about(clock.due(), 1'250'000'000));
    clock.run_at(0.0, 1'125'000'000);  // half of one
    CHECK(clock.due() == kNever);
    clock.run_at(0.5, 5'000'000'000);
    CHECK(about(clock.due(), 6'000'000'000));
}

TEST_CASE("a rate that stays changes nothing, and what is wound anew starts anew") {
    RateClock clock;
    clock.run_at(3.0, 0);
    clock.wind(0, 1.0);
    const Nanoseconds due = clock.due();
    for (Nanoseconds now = 1; now < due; now += 1000003) clock.run_at(3.0, now);
    CHECK(clock.due() == due);
    clock.wind(due, 3.0);
    CHECK(about(clock.due(), due + 1'000'000'000));
}

// By a rate that depends on the time of the last ring the integral of the rate between rings stays exponential.
TEST_CASE("between two rings the integral of the rate is exponential, whatever the rate does") {
    Stream stream(1, 2), whim(3, 4);
    RateClock clock;
    double sum = 0, squares = 0, integral = 0;
    Nanoseconds now = 0;
    double rate = 1;
    constexpr int kRings = 100'000;
    clock.wind(0, stream.exponential());
    clock.run_at(rate, 0);
    for (int rings = 0; rings < kRings;) {
        const Nanoseconds change = later(now, whim.exponential() * 0.3 * kSecond);
        const bool rings_first = clock.due() <= change;
        const Nanoseconds next = rings_first ? clock.due() : change;
        integral += rate * static_cast<double>(next - now) / kSecond;
        now = next;
        if (rings_first) {
            sum += integral;
            squares += integral * integral;
            integral = 0;
            clock.wind(now, stream.exponential());
            ++rings;
        } else {
            rate = whim.uniform() < 0.3 ? 0 : 5 * whim.uniform();
            clock.run_at(rate, now);
        }
    }
    CHECK(sum / kRings == doctest::Approx(1).epsilon(0.015));
    CHECK(squares / kRings == doctest::Approx(2).epsilon(0.04));
}

}  // namespace
