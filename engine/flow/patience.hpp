// Cancels by patience: an order is, from its birth, of a class whose members go at a hazard of their own. The mixture
// gives the heavy tail of lifetimes that every market shows. Orders age as fast as the market is busy.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <tuple>
#include <vector>

#include "engine/book/order.hpp"
#include "engine/core/describe.hpp"
#include "engine/core/discrete.hpp"
#include "engine/core/prefetch.hpp"
#include "engine/core/random.hpp"
#include "engine/core/types.hpp"
#include "engine/flow/due_times.hpp"

namespace mm {

// Classes by hazard; which share of the orders is of each class, by where they are placed.
struct PatienceParams {
    std::vector<double> hazard;
    std::vector<double> inside, at_best, near, deep;
    Ticks near_ticks = 1;  // behind the best price that still are near

    static constexpr std::size_t kClasses = 8;
    static constexpr Ticks kSeeded = 1 << 20;  // where an order that a book begins with is as if placed: it lives long

    static constexpr auto fields() {
        return std::tuple{Field{"hazard", &PatienceParams::hazard, within(1e-6, 1e6), "1/s per order"},
                          Field{"inside", &PatienceParams::inside, at_least(0)},
                          Field{"at_best", &PatienceParams::at_best, at_least(0)},
                          Field{"near", &PatienceParams::near, at_least(0)},
                          Field{"deep", &PatienceParams::deep, at_least(0)},
                          Field{"near_ticks", &PatienceParams::near_ticks, at_least(1), "ticks"}};
    }
    void validate() const;
    // Mean time that an order of the most patient zone lives, s.
    double longest_life() const;
};

class Patience {
  public:
    template <class Book>
    struct State {
        // The orders' own time, ns, is `age` + `speed` x the time since `since`. It is rounded from there, so that when
        // anybody asks for it makes no difference.
        std::int64_t age = 0;
        Nanoseconds since = 0;
        double speed = 1;
        Nanoseconds next = kNever;  // when the first order goes
        DueTimes<Book::kCapacity, std::uint64_t> due;
        std::array<std::uint8_t, Book::kCapacity> classes{};

        void prefetch() const {
            mm::prefetch(this, &due);
            due.prefetch(Book::kUsual);
            mm::prefetch(classes.data(), classes.data() + Book::kUsual);
        }
    };

    explicit Patience(const PatienceParams& params);

    // The clocks of all orders of the background anew: classes stay, lives have no memory.
    template <class Book>
    void restart(State<Book>& state, const Book& book, Stream& stream, Nanoseconds now) const {
        state.age = 0;
        state.since = now;
        state.due.clear();
        for (std::uint32_t slot = 0; slot < Book::kCapacity; ++slot) {
            const Handle order = book.in_slot(slot);
            if (order && book.order(order).party == Party::background)
                wait(state, slot, state.classes[slot], stream.exponential(), now);
        }
        look_ahead(state);
    }

    template <class Book>
    void run_at(State<Book>& state, double speed, Nanoseconds now) const {
        if (speed == state.speed) return;
        state.age = age(state, now);
        state.since = now;
        state.speed = speed;
        look_ahead(state);
    }

    // An order has come to rest, so many ticks behind its side's best price (negative: inside).
    template <class Book>
    void born(State<Book>& state, Handle order, Ticks behind, Nanoseconds now, Stream& stream) const {
        const std::size_t zone = behind < 0 ? 0 : behind == 0 ? 1 : behind <= near_ticks_ ? 2 : 3;
        const std::uint32_t which = zones_[zone](static_cast<std::uint32_t>(stream.bits() >> 32));
        wait(state, order.slot, which, stream.exponential(), now);
        look_ahead(state);
    }

    // All orders are older by so many ns.
    template <class Book>
    void hasten(State<Book>& state, std::int64_t by) const {
        state.age += by;
        look_ahead(state);
    }

    // Calls `cancel(handle, order, age)` for each order whose time has come.
    template <class Book, class Cancel>
    void fire(State<Book>& state, const Book& book, Nanoseconds now, const Cancel& cancel) const {
        using Due = DueTimes<Book::kCapacity, std::uint64_t>;
        const auto old = static_cast<std::uint64_t>(age(state, now));
        while (state.due.first() != Due::kNotDue && Due::ticks(state.due.first()) <= old) {
            const std::uint64_t due = state.due.take_first();
            if (state.due.first() == Due::kNotDue) state.due.look_further();
            const std::uint32_t slot = Due::slot(due);
            if (!state.due.holds(due) || !book.occupied(slot)) continue;  // it was filled, or another is in its slot
            const Handle handle = book.in_slot(slot);
            const Order order = book.order(handle);
            if (order.party == Party::background) cancel(handle, order, Due::ticks(due));
        }
        look_ahead(state);
    }

  private:
    template <class Book>
    void wait(State<Book>& state, std::uint32_t slot, std::uint32_t which, double exponential, Nanoseconds now) const {
        using Due = DueTimes<Book::kCapacity, std::uint64_t>;
        state.classes[slot] = static_cast<std::uint8_t>(which);
        const auto life = static_cast<std::int64_t>(exponential * mean_ns_[which]) + 1;
        state.due.set(Due::due(static_cast<std::uint64_t>(age(state, now) + life), slot));
    }
    template <class Book>
    static std::int64_t age(const State<Book>& state, Nanoseconds now) {
        return state.age + static_cast<std::int64_t>(state.speed * static_cast<double>(now - state.since));
    }
    template <class Book>
    static void look_ahead(State<Book>& state) {
        using Due = DueTimes<Book::kCapacity, std::uint64_t>;
        const std::uint64_t first = state.due.first();
        if (first == Due::kNotDue) {
            state.next = kNever;
            return;
        }
        const std::int64_t left = static_cast<std::int64_t>(Due::ticks(first)) - state.age;
        // Rounded up, so that its time has come by then.
        state.next = left <= 0 ? state.since : later(state.since, static_cast<double>(left) / state.speed + 1);
    }

    std::array<double, PatienceParams::kClasses> mean_ns_{};
    std::array<Discrete, 4> zones_;
    Ticks near_ticks_;
};

}  // namespace mm
