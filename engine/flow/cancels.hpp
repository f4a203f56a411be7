// Cancels of the background: every order has a clock of its own, which is set when the order comes to rest.
//
// An order looks whether to go at the largest hazard there is, and goes with the share that the hazard at its present
// distance has of that (thinning). All that chance decides about an order follows from numbers drawn at its birth, so
// that an order that two policies both meet lives as long under either.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "engine/book/order.hpp"
#include "engine/core/random.hpp"
#include "engine/core/types.hpp"
#include "engine/flow/due_times.hpp"
#include "engine/flow/poisson.hpp"

namespace mm {

// What is decided at an order's birth: after how many ns of its age it first looks whether to go, and its luck then.
struct Fate {
    Nanoseconds life;
    std::uint16_t luck;  // of 2^16: the less, the sooner it goes
};

// Orders grow older by themselves, unless cancels may be prompted.
template <bool MayBePrompted>
class Cancels {
  public:
    // With `prompted`, orders do not grow older by themselves but by a step at each cancel that comes, prompted or not,
    // of which there are `rate` in a second: whatever bunches those bunches cancels, and each order is cancelled as
    // often as ever.
    Cancels(const PoissonParams& params, bool prompted, double rate, double share);

    template <class Book>
    struct State {
        Stream stream;
        std::uint64_t key = 0;      // with an order's luck, what chance decides about it later
        Nanoseconds origin = 0;     // time from which ticks count
        Nanoseconds age = 0;        // the orders' own time, where they do not grow older by themselves
        Nanoseconds next = kNever;  // when the clock is due
        DueTimes<Book::kCapacity> due;
        std::array<std::uint16_t, Book::kCapacity> luck{};  // of each order, the next time it looks
    };

    // Anew at a time: every order of the background in the book gets a clock.
    template <class Book>
    void restart(State<Book>& state, const Book& book, Random& random, Nanoseconds now) const {
        state.stream = Stream(random);
        state.key = state.stream.bits();
        state.age = now;
        state.origin = now;
        state.due.clear();
        state.next = prompted() ? clock_.after(now, state.stream) : first(state);
        for (std::uint32_t slot = 0; slot < Book::kCapacity; ++slot) {
            const Handle order = book.in_slot(slot);
            if (order && book.order(order).party == Party::background)
                born(state, order, fate(state.stream.bits()), now);
        }
    }

    // The fate that 64 random bits choose.
    Fate fate(std::uint64_t bits) const {
        Stream more(Lehmer::at(kMore, bits));  // in case they do not do
        const double life = more.exponential(static_cast<std::uint32_t>(bits)) * mean_ns_;
        return {static_cast<Nanoseconds>(life), static_cast<std::uint16_t>(bits >> 48)};
    }

    // An order of the background has come to rest.
    template <class Book>
    void born(State<Book>& state, Handle order, const Fate& fate, Nanoseconds now) const {
        wait(state, order.slot, (prompted() ? state.age : now) - state.origin, fate);
    }

    // An order of the background may go: the clock of one of them is due, or a cancel has come by its own clock.
    // `cancel(handle, order, stream)` is called for those that have chosen to go: whether they went.
    template <class Book, class Cancel>
    void fire(State<Book>& state, const Book& book, Nanoseconds now, const Cancel& cancel) const {
        if (prompted()) {
            state.next = clock_.after(now, state.stream);
        } else {
            look(state, book, cancel);
        }
    }

    // A cancel has come, where cancels are prompted: orders grow older by a step.
    template <class Book, class Cancel>
    void act(State<Book>& state, const Book& book, const Cancel& cancel) const {
        state.age += step_ns_;
        while (first(state) <= state.age) look(state, book, cancel);
    }

    bool prompted() const { return MayBePrompted && prompted_; }

  private:
    static constexpr std::uint64_t kMore = 0xd1342543de82ef95;  // a key of random bits

    // The order whose time has come goes, or waits again.
    template <class Book, class Cancel>
    void look(State<Book>& state, const Book& book, const Cancel& cancel) const {
        using Due = DueTimes<Book::kCapacity>;
        const std::uint32_t due = state.due.take_first();
        if (state.due.first() == Due::kNotDue) [[unlikely]]
            look_further(state, due);
        if (!prompted()) state.next = first(state);
        if (state.due.holds(due)) decide(state, book, due, cancel);  // or it was filled, and another is in its slot
    }
    // No other time is known behind this one.
    template <class Book>
    [[gnu::noinline, gnu::cold]] void look_further(State<Book>& state, std::uint32_t due) const {
        using Due = DueTimes<Book::kCapacity>;
        if (due == Due::kNotDue) {
            begin_anew(state, Due::kMostTicks);
        } else {
            state.due.look_further();
        }
    }
    template <class Book, class Cancel>
    void decide(State<Book>& state, const Book& book, std::uint32_t due, const Cancel& cancel) const {
        using Due = DueTimes<Book::kCapacity>;
        const std::uint32_t slot = Due::slot(due), luck = state.luck[slot], ticks = Due::ticks(due);
        if (!book.occupied(slot)) return;  // it was filled, too
        const Handle handle = book.in_slot(slot);
        const Order order = book.order(handle);
        if (order.party != Party::background) return;
        Stream chance(Lehmer::at(state.key, std::uint64_t{ticks} << 16 | luck));
        const Ticks distance = flip(order.side, book.reference(opposite(order.side)) - order.price);
        const bool goes = luck < threshold_[static_cast<std::size_t>(std::clamp<Ticks>(distance, 0, farthest_))];
        if (goes && cancel(handle, order, chance)) return;
        wait(state, slot, ns(ticks), fate(chance.bits()));
    }

    // An order will look whether to go, at an age from which its life counts.
    template <class Book>
    void wait(State<Book>& state, std::uint32_t slot, Nanoseconds age, const Fate& fate) const {
        using Due = DueTimes<Book::kCapacity>;
        state.luck[slot] = fate.luck;
        std::uint64_t ticks = whole_ticks(age + fate.life) + 1;
        if (ticks > Due::kMostTicks) [[unlikely]] {
            const std::uint64_t over = whole_ticks(age);
            begin_anew(state, static_cast<std::uint32_t>(over));
            ticks = std::min<std::uint64_t>(ticks - over, Due::kMostTicks);
        }
        const auto due = static_cast<std::uint32_t>(ticks);
        state.due.set(Due::due(due, slot));
        if (!prompted()) state.next = std::min(state.next, state.origin + ns(due));
    }

    std::uint64_t whole_ticks(Nanoseconds ns) const { return static_cast<std::uint64_t>(ns) >> tick_bits_; }
    Nanoseconds ns(std::uint32_t ticks) const { return Nanoseconds{ticks} << tick_bits_; }
    // When the next order looks; where none is waiting, the end of the range of ticks.
    template <class Book>
    Nanoseconds first(const State<Book>& state) const {
        return state.origin + ns(DueTimes<Book::kCapacity>::ticks(state.due.first()));
    }
    // The range of ticks begins so many of them later.
    template <class Book>
    [[gnu::noinline, gnu::cold]] void begin_anew(State<Book>& state, std::uint32_t ticks) const {
        state.due.shift(ticks);
        state.origin += ns(ticks);
        if (!prompted()) state.next = first(state);
    }

    bool prompted_;
    PoissonClock clock_;                    // of cancels that nothing prompts
    Nanoseconds step_ns_;                   // how much older a cancel makes the orders
    int tick_bits_;                         // a tick of due times has 2^tick_bits_ ns
    double mean_ns_;                        // between two looks of an order, before they are rounded up to whole ticks
    std::vector<std::uint32_t> threshold_;  // hazard / largest of 2^16, by tick of distance
    Ticks farthest_;                        // tick of the last of them, which holds beyond
};

}  // namespace mm
