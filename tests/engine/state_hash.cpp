// Prints the hash of a game in each kind of market, once for each number of threads and each split of the batch.
#include <cinttypes>
#include <cstdio>

#include "tests/engine/play.hpp"

int main() {
    using namespace mm;
    bool same = true;
    for (const auto& [name, scenario] : scenarios()) {
        const Outcome first = play(scenario, {});
        for (const std::size_t threads : {1, 2, 3, 7})
            for (const std::size_t batches : {1, 4}) {
                const Outcome outcome = play(scenario, {.threads = threads, .batches = batches});
                std::printf("%-12s %zu threads %zux%zu %016" PRIx64 "\n", name, threads, batches, kMarkets / batches,
                            outcome.hash);
                same = same && outcome == first;
            }
    }
    return same ? 0 : 1;
}
