// The same seed gives the same bits, whatever the number of threads and however the markets are split.
#include <doctest/doctest.h>

#include "tests/engine/play.hpp"

namespace {

using namespace mm;

TEST_CASE("threads and splits change nothing") {
    for (const auto& [name, scenario] : scenarios()) {
        const Outcome once = play(scenario, {});
        for (const std::size_t threads : {1, 2, 3, 7})
            for (const std::size_t batches : {1, 4}) {
                CAPTURE(threads);
                CAPTURE(batches);
                CHECK(play(scenario, {.threads = threads, .batches = batches}) == once);
            }
    }
}

TEST_CASE("it is a game: both sides trade and episodes end") {
    for (const auto& [name, scenario] : scenarios()) {
        const Outcome outcome = play(scenario, {});
        CHECK(outcome.bought > 1000);
        CHECK(outcome.sold > 1000);
        CHECK(outcome.ended == 3 * static_cast<int>(kMarkets));
    }
}

TEST_CASE("another seed is another game") {
    for (const auto& [name, scenario] : scenarios())
        CHECK(play(scenario, {.seed = 8}).hash != play(scenario, {.seed = 7}).hash);
}

TEST_CASE("episodes that start at the next call are the same on every thread") {
    for (const auto& [name, scenario] : scenarios()) {
        const Outcome once = play(scenario, {.autoreset = Autoreset::next_step});
        CHECK(play(scenario, {.threads = 3, .autoreset = Autoreset::next_step}) == once);
        CHECK(play(scenario, {}).hash != once.hash);
    }
}

}  // namespace
