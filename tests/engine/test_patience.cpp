// Lives of orders by class: exponential, of the mixture that the zone gives, in the orders' own time.
#include <doctest/doctest.h>

#include <cmath>
#include <memory>
#include <stdexcept>
#include <vector>

#include "engine/book/order_book.hpp"
#include "engine/flow/patience.hpp"

namespace {

using namespace mm;

PatienceParams params_of_test() {
    return {.hazard = {20, 0.5},
            .inside = {1, 0},
            .at_best = {0, 1},
            .near = {0.5, 0.5},
            .deep = {0.1, 0.9},
            .near_ticks = 3};
}

// Orders come one at a time to the same place, and live as long as they do; their lives, s.
struct Lives {
    Patience patience{params_of_test()};
    MediumOrderBook book{1000};
    Patience::State<MediumOrderBook> state;
    Stream stream{1, 2};
    Nanoseconds now = 0;

    std::vector<double> of(Ticks behind, int count, double speed = 1) {
        std::vector<double> lives;
        patience.run_at(state, speed, now);
        while (static_cast<int>(lives.size()) < count) {
            const Handle order =
                book.limit(Side::bid, 990, 1, Party::background, TimeInForce::gtc, [](const Fill&) {}).resting;
            patience.born(state, order, behind, now, stream);
            const Nanoseconds born = now;
            while (book.holds(order)) {
                now = state.next;
                patience.fire(state, book, now, [&](Handle gone, const Order&, std::uint64_t) { book.withdraw(gone); });
            }
            lives.push_back(static_cast<double>(now - born) / kSecond);
        }
        return lives;
    }
};

struct Moments {
    double mean = 0, square = 0;
};
Moments moments(const std::vector<double>& values) {
    Moments sum;
    for (const double value : values) {
        sum.mean += value / static_cast<double>(values.size());
        sum.square += value * value / static_cast<double>(values.size());
    }
    return sum;
}

TEST_CASE("each zone has the mixture of lives that is asked for") {
    const auto lives = std::make_unique<Lives>();
    constexpr int kCount = 60'000;
    struct Case {
        Ticks behind;
        double fast;  // share
    };
    for (const auto& [behind, fast] : {Case{-2, 1}, Case{0, 0}, Case{1, 0.5}, Case{3, 0.5}, Case{4, 0.1}}) {
        CAPTURE(behind);
        const Moments found = moments(lives->of(behind, kCount));
        CHECK(found.mean == doctest::Approx(fast / 20 + (1 - fast) / 0.5).epsilon(0.025));
        CHECK(found.square == doctest::Approx(2 * (fast / 400 + (1 - fast) / 0.25)).epsilon(0.05));
    }
}

TEST_CASE("a busy market ages them as much faster") {
    const auto lives = std::make_unique<Lives>();
    CHECK(moments(lives->of(0, 40'000, 3)).mean == doctest::Approx(2.0 / 3).epsilon(0.025));
    CHECK(moments(lives->of(0, 20'000, 0.25)).mean == doctest::Approx(8).epsilon(0.03));
}

// Steps of age that come by a clock of their own: the hazard is that of the sum.
TEST_CASE("steps of age add to what passes by itself") {
    const auto lives = std::make_unique<Lives>();
    Patience& patience = lives->patience;
    Stream clock(5, 6);
    double sum = 0;
    int gone = 0;
    constexpr int kOrders = 500, kCount = 40'000;
    const auto place = [&] {
        const Handle order =
            lives->book.limit(Side::bid, 990, 1, Party::background, TimeInForce::gtc, [](const Fill&) {}).resting;
        patience.born(lives->state, order, 0, lives->now, lives->stream);
    };
    for (int i = 0; i < kOrders; ++i) place();
    Nanoseconds step = 0;
    double order_seconds = 0;
    while (gone < kCount) {
        const Nanoseconds next = std::min(step, lives->state.next);
        order_seconds += kOrders * static_cast<double>(next - lives->now) / kSecond;
        lives->now = next;
        if (next == step) {  // ten in a second, of 30 ms each: orders age by 1.3 s in a second
            patience.hasten(lives->state, 30'000'000);
            step = later(step, clock.exponential() * 0.1 * kSecond);
            continue;
        }
        int now_gone = 0;
        patience.fire(lives->state, lives->book, lives->now, [&](Handle order, const Order&, std::uint64_t) {
            lives->book.withdraw(order);
            ++now_gone;
        });
        gone += now_gone;
        for (; now_gone > 0; --now_gone) place();
    }
    sum = gone / order_seconds;
    CHECK(sum == doctest::Approx(1.3 * 0.5).epsilon(0.02));
}

TEST_CASE("an order that was filled is not cancelled, nor is who took its slot before his time") {
    const auto lives = std::make_unique<Lives>();
    const auto place = [&](Party party) {
        return lives->book.limit(Side::bid, 990, 1, party, TimeInForce::gtc, [](const Fill&) {}).resting;
    };
    const Handle filled = place(Party::background);
    lives->patience.born(lives->state, filled, -1, 0, lives->stream);
    lives->book.withdraw(filled);
    const Handle ours = place(Party::agent);
    CHECK(ours.slot == filled.slot);
    lives->patience.fire(lives->state, lives->book, 100'000'000'000,
                         [](Handle, const Order&, std::uint64_t) { FAIL("cancelled"); });
    CHECK(lives->book.holds(ours));
}

TEST_CASE("shares that are none are refused") {
    PatienceParams params = params_of_test();
    params.near = {0.5, 0.4};
    CHECK_THROWS_WITH_AS(params.validate(), "near must sum to 1, but it is 0.9", std::invalid_argument);
    params.near = {1};
    CHECK_THROWS_AS(params.validate(), std::invalid_argument);
    params = params_of_test();
    params.hazard = {0, 1};
    CHECK_THROWS_AS(params.validate(), std::invalid_argument);
}

}  // namespace
