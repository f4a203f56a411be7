// Every index is visited exactly once, whatever the number of threads and the size of the range.
#include <doctest/doctest.h>

#include <algorithm>
#include <mutex>
#include <utility>
#include <vector>

#include "engine/market/thread_pool.hpp"

namespace {

using namespace mm;

constexpr std::size_t kThreads[] = {1, 2, 3, 4, 7, 16};
constexpr std::size_t kCounts[] = {0, 1, 15, 16, 17, 31, 32, 33, 64, 100, 255, 256, 257, 1000, 4096};

TEST_CASE("every index is visited once a round") {
    for (const std::size_t threads : kThreads) {
        ThreadPool pool(threads);
        CHECK(pool.threads() == threads);
        for (const std::size_t count : kCounts) {
            // Not atomic: two threads at one index are a race, which the thread sanitizer sees.
            std::vector<int> visits(count);
            for (int round = 0; round < 10; ++round)
                pool.run(count, [&](std::size_t begin, std::size_t end) {
                    for (std::size_t i = begin; i < end; ++i) ++visits[i];
                });
            CAPTURE(threads);
            CAPTURE(count);
            CHECK(std::ranges::count(visits, 10) == static_cast<std::ptrdiff_t>(count));
        }
    }
}

TEST_CASE("pieces are the same in every round and end at multiples of the grain") {
    for (const std::size_t threads : kThreads) {
        ThreadPool pool(threads);
        for (const std::size_t count : kCounts) {
            const auto pieces = [&] {
                std::mutex mutex;
                std::vector<std::pair<std::size_t, std::size_t>> seen;
                pool.run(count, [&](std::size_t begin, std::size_t end) {
                    const std::scoped_lock lock(mutex);
                    seen.emplace_back(begin, end);
                });
                std::ranges::sort(seen);
                return seen;
            };
            const auto first = pieces();
            CHECK(first.size() <= threads);
            for (const auto& [begin, end] : first) {
                CHECK(begin % ThreadPool::kGrain == 0);
                CHECK((end == count || end % ThreadPool::kGrain == 0));
            }
            CHECK(pieces() == first);
        }
    }
}

TEST_CASE("a pool that never ran can be left") {
    for (int i = 0; i < 20; ++i) CHECK(ThreadPool(4).threads() == 4);
}

}  // namespace
