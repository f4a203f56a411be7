// Events that are to come, in order of their times.
#include <doctest/doctest.h>

#include <algorithm>
#include <memory>
#include <vector>

#include "engine/core/random.hpp"
#include "engine/flow/prompts.hpp"

namespace {

using namespace mm;

TEST_CASE("they come in order of time, however they went in, and those of one time in order of their names") {
    const auto prompts = std::make_unique<Prompts>();
    Stream stream(1, 2);
    std::vector<std::pair<Nanoseconds, std::uint64_t>> naive;
    for (int i = 0; i < 100'000; ++i) {
        if (naive.empty() || (naive.size() < Prompts::kCapacity && stream.below(2) == 0)) {
            const Prompt prompt{.due = stream.below(50), .event = stream.bits()};
            CHECK(prompts->add(prompt));
            naive.emplace_back(prompt.due, prompt.event);
        } else {
            const auto first = std::ranges::min_element(naive);
            CHECK(prompts->next() == first->first);
            const Prompt popped = prompts->pop();
            CHECK((popped.due == first->first && popped.event == first->second));
            naive.erase(first);
        }
        CHECK(prompts->size() == naive.size());
    }
}

TEST_CASE("a full one refuses, an empty one is never due, and a redraw keeps the order") {
    const auto prompts = std::make_unique<Prompts>();
    CHECK(prompts->next() == kNever);
    for (std::size_t i = 0; i < Prompts::kCapacity; ++i) CHECK(prompts->add({.due = 5, .event = i}));
    CHECK(!prompts->add({.due = 1}));
    prompts->redraw([](Prompt& prompt) { prompt.due = 1000 - static_cast<Nanoseconds>(prompt.event); });
    Nanoseconds before = 0;
    while (prompts->size() > 0) {
        const Prompt prompt = prompts->pop();
        CHECK(prompt.due > before);
        before = prompt.due;
    }
}

}  // namespace
