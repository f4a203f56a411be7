// The same seed gives the same bits, whatever machinery plays the game.
#include <doctest/doctest.h>

#include "tests/engine/play.hpp"

namespace {

using namespace mm;

TEST_CASE("threads, splits and vector widths change nothing") {
    for (const auto& [name, scenario] : scenarios()) {
        const Outcome once = play(scenario, {});
        for (const Setting& setting : settings()) {
            CAPTURE(setting.threads);
            CAPTURE(setting.batches);
            CAPTURE(setting.vector_bits);
            CHECK(play(scenario, setting) == once);
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
