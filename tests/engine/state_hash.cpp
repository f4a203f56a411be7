// Prints the hash of a game in each kind of market, once for each setting that must not change it.
#include <cinttypes>
#include <cstdio>
#include <exception>

#include "tests/engine/play.hpp"

int main() try {
    using namespace mm;
    bool same = true;
    for (const auto& [name, scenario] : scenarios()) {
        const Outcome first = play(scenario, {});
        for (const Setting& setting : settings()) {
            const Outcome outcome = play(scenario, setting);
            std::printf("%-13s %zu threads %zux%zu markets %3d bits %016" PRIx64 "\n", name, setting.threads,
                        setting.batches, kMarkets / setting.batches, setting.vector_bits, outcome.hash);
            same = same && outcome == first;
        }
    }
    return same ? 0 : 1;
} catch (const std::exception& error) {
    std::fputs(error.what(), stderr);
    return 1;
}
