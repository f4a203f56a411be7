// The agenda: what is due first comes first, and of what is due at once, what came first.
#include <doctest/doctest.h>

#include <array>
#include <map>
#include <vector>

#include "engine/core/random.hpp"
#include "engine/market/agenda.hpp"

namespace {

using namespace mm;

// A task that is told apart by its price.
Task due_at(Nanoseconds due, Ticks name) {
    Task task{.due = due, .kind = Task::Kind::take, .party = Party::agent, .side = Side::ask};
    task.wish[1] = {name, 1};
    return task;
}
Ticks name_of(const Task& task) {
    return task.wish[1].price;
}

std::vector<Ticks> all_of(Agenda& agenda) {
    std::vector<Ticks> names;
    while (!agenda.empty()) names.push_back(name_of(agenda.pop()));
    return names;
}

TEST_CASE("tasks come by their due times, whatever the order in which they were added") {
    std::array<Task, 8> memory;
    Agenda agenda(memory);
    CHECK(agenda.empty());
    CHECK(agenda.next() == kNever);
    for (const Ticks due : {5, 1, 4, 2, 3}) CHECK(agenda.add(due_at(due, due)));
    CHECK(agenda.size() == 5);
    CHECK(agenda.next() == 1);
    const Task first = agenda.pop();
    CHECK(first.due == 1);
    CHECK(first.kind == Task::Kind::take);
    CHECK(first.party == Party::agent);
    CHECK(first.side == Side::ask);
    CHECK(first.wish[1].lots == 1);
    CHECK(agenda.next() == 2);
    CHECK(all_of(agenda) == std::vector<Ticks>{2, 3, 4, 5});
    CHECK(agenda.next() == kNever);
}

TEST_CASE("what is due at once comes in order of arrival") {
    std::array<Task, 8> memory;
    Agenda agenda(memory);
    agenda.add(due_at(7, 1));
    agenda.add(due_at(9, 2));
    agenda.add(due_at(7, 3));
    agenda.add(due_at(9, 4));
    agenda.add(due_at(7, 5));
    CHECK(all_of(agenda) == std::vector<Ticks>{1, 3, 5, 2, 4});
}

TEST_CASE("a full agenda refuses, and is as it was") {
    std::array<Task, 3> memory;
    Agenda agenda(memory);
    for (const Ticks due : {30, 10, 20}) CHECK(agenda.add(due_at(due, due)));
    CHECK_FALSE(agenda.add(due_at(5, 5)));
    CHECK_FALSE(agenda.add(due_at(40, 40)));
    CHECK(agenda.size() == 3);
    CHECK(agenda.next() == 10);
    CHECK(name_of(agenda.pop()) == 10);
    CHECK(agenda.add(due_at(25, 25)));  // there is room again
    CHECK(all_of(agenda) == std::vector<Ticks>{20, 25, 30});
}

TEST_CASE("the ring goes round and round") {
    std::array<Task, 3> memory;
    Agenda agenda(memory);
    agenda.add(due_at(0, 0));
    for (Ticks due = 1; due < 100; ++due) {
        // Behind what is there, or before it.
        CHECK(agenda.add(due_at(Nanoseconds{2} * due, due)));
        CHECK(agenda.add(due_at(Nanoseconds{2} * due - 1, -due)));
        CHECK(name_of(agenda.pop()) == due - 1);
        CHECK(name_of(agenda.pop()) == -due);
    }
    CHECK(agenda.size() == 1);
}

TEST_CASE("cleared, it is empty wherever it stood") {
    std::array<Task, 4> memory;
    Agenda agenda(memory);
    for (const Ticks due : {1, 2, 3}) agenda.add(due_at(due, due));
    agenda.pop();
    agenda.clear();
    CHECK(agenda.empty());
    CHECK(agenda.next() == kNever);
    for (const Ticks due : {4, 3, 2, 1}) CHECK(agenda.add(due_at(due, due)));
    CHECK(all_of(agenda) == std::vector<Ticks>{1, 2, 3, 4});
}

TEST_CASE("random tasks come as a sorted list of them says") {
    for (const std::size_t capacity : {1, 2, 5, 16, 33}) {
        CAPTURE(capacity);
        std::vector<Task> memory(capacity);
        Agenda agenda(memory);
        std::multimap<Nanoseconds, Ticks> naive;  // equal keys stand in order of arrival
        Random random(1, capacity, 0);
        Nanoseconds now = 0;
        int refused = 0;
        for (Ticks name = 0; name < 20'000; ++name) {
            if (random.below(2) == 0) {
                const Nanoseconds due = now + random.below(random.below(2) == 0 ? 3 : 1000);
                const bool added = agenda.add(due_at(due, name));
                REQUIRE(added == (naive.size() < capacity));
                if (added) naive.emplace(due, name);
                refused += !added;
            } else if (!naive.empty()) {
                const Task task = agenda.pop();
                REQUIRE(task.due == naive.begin()->first);
                REQUIRE(name_of(task) == naive.begin()->second);
                now = task.due;
                naive.erase(naive.begin());
            }
            REQUIRE(agenda.size() == naive.size());
            REQUIRE(agenda.empty() == naive.empty());
            REQUIRE(agenda.next() == (naive.empty() ? kNever : naive.begin()->first));
            if (random.below(500) == 0) {
                agenda.clear();
                naive.clear();
            }
        }
        CHECK(refused > 50);
    }
}

}  // namespace
