// The same seed gives the same bits, whatever machinery plays the game.
#include <doctest/doctest.h>

#include <limits>
#include <stdexcept>
#include <vector>

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

TEST_CASE("a batch that was never reset refuses to play") {
    for (const auto& [name, scenario] : scenarios()) {
        CAPTURE(name);
        const auto batch = make_batch(scenario, 1, 0, 1, Autoreset::same_step);
        const std::vector<float> action(batch->actions().size());
        std::vector<float> observation(batch->columns().size()), last(observation.size());
        std::vector<double> statistics(batch->statistics().size());
        double reward = 0, abs_inventory = 0;
        bool ended = false;
        const StepBuffers out{observation.data(), &reward, &ended, last.data(), statistics.data()};
        const Totals totals{&reward, statistics.data(), &abs_inventory};
        const char* sentence = "reset the batch before its first step";
        CHECK_THROWS_WITH_AS(batch->step(action.data(), out), sentence, std::logic_error);
        CHECK_THROWS_WITH_AS(batch->play(Strategy::constant(1), 1, totals), sentence, std::logic_error);
        batch->reset(1, false, observation.data());
        batch->step(action.data(), out);
        batch->play(Strategy::constant(1), 1, totals);
    }
}

TEST_CASE("what is further than any price is as far as prices go") {
    for (const double whole : {0.0, -1.0, 1e9, -1e9, 0x1p30 - 1, -0x1p30}) CHECK(to_ticks(whole) == whole);
    const double infinity = std::numeric_limits<double>::infinity();
    for (const double whole : {0x1p30, 0x1p31, 0x1p32, 0x1p63, 1e300, infinity}) {
        CHECK(to_ticks(whole) == kPriceEnd);
        CHECK(to_ticks(-whole) == -kPriceEnd);
    }
}

TEST_CASE("a random stream that nobody seeded still flows") {
    Random random;
    double time = 0;
    for (int i = 0; i < 1000; ++i) time += random.exponential();
    CHECK(time > 900);
    CHECK(time < 1100);
}

}  // namespace
