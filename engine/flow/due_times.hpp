// When each slot of a book is due, and which is first.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <limits>

#include "engine/core/prefetch.hpp"

namespace mm {

// Four integers in a vector.
template <class Integer>
struct FourOf;
template <>
struct FourOf<std::uint32_t> {
    using Vector = std::uint32_t __attribute__((vector_size(16), may_alias));
};
template <>
struct FourOf<std::uint64_t> {
    using Vector = std::uint64_t __attribute__((vector_size(32), may_alias));
};

// The times at which so many slots are due, the earliest of them in order, so that the next is known before it is asked
// for. A due time is a number whose upper bits count ticks and whose lower bits name the slot.
template <std::uint32_t Slots, class Due = std::uint32_t>
class DueTimes {
  public:
    static constexpr int kSlotBits = std::bit_width(Slots - 1);
    static_assert(Slots < 1 << 16);
    static constexpr Due kNotDue = std::numeric_limits<Due>::max();
    static constexpr Due kMostTicks = (kNotDue >> kSlotBits) - 1;

    DueTimes() { clear(); }

    static Due due(Due ticks, std::uint32_t slot) { return ticks << kSlotBits | slot; }
    static Due ticks(Due due) { return due >> kSlotBits; }
    static std::uint32_t slot(Due due) { return static_cast<std::uint32_t>(due) & ((1U << kSlotBits) - 1); }

    void clear() {
        due_.fill(kNotDue);
        used_ = 0;
        forget_order();
    }
    // Sets when a slot is due, and forgets when it was before.
    void set(Due due) {
        due_[slot(due)] = due;
        used_ = std::max(used_, static_cast<std::uint16_t>(slot(due) + 1));
        if (due < horizon_) [[likely]]
            insert(due);
    }
    // The earliest time: that of a slot which may have been set anew since, or kNotDue.
    Due first() const { return near_[first_]; }
    // Whether it still is the time of its slot.
    bool holds(Due due) const { return due != kNotDue && due_[slot(due)] == due; }
    // Takes the earliest time off. If no other stands in order then, `look_further` finds those that do not yet.
    Due take_first() {
        const Due due = near_[first_];
        ++first_;
        if (first_ == kPast) [[unlikely]]
            move_up();
        return due;
    }
    void look_further() {
        if (horizon_ == kNotDue) return;
        const Due from = horizon_;
        forget_order();
        for (std::uint32_t slot = 0; slot < used_; ++slot)
            if (due_[slot] >= from && due_[slot] < horizon_) insert(due_[slot]);
    }

    // The first slots are the first to be used.
    void prefetch(std::uint32_t slots) const { mm::prefetch(this, &due_[std::min(slots, Slots - 1)]); }

    // Time starts anew so many ticks later.
    void shift(Due by) {
        for (Due& due : due_)
            if (due != kNotDue) due = ticks(due) < by ? kNotDue : due - (by << kSlotBits);
        horizon_ = 0;
        look_further();
    }

  private:
    using Four = typename FourOf<Due>::Vector;
    static constexpr std::uint32_t kNear = 32, kPast = 16;
    static constexpr std::uint32_t kFours = kNear / 4, kFew = 6;  // vectors; so many mostly do

    Four* fours(std::uint32_t from) { return reinterpret_cast<Four*>(&near_[from & ~3U]); }

    // Puts a time before the horizon in its place. What then is one too many lies beyond the horizon from now on.
    void insert(Due due) {
        Four* near = fours(first_);
        Four before{};
        shift_in<0, kFew>(before, due, near);
        if (before[3] == kNotDue) [[likely]]
            return;
        shift_in<kFew, kFours>(before, due, near);
        horizon_ = std::min(horizon_, std::max(before[3], due));
    }
    // Each place gets the middle one of three: what stood there, what stood before it, and the new time.
    template <std::uint32_t from, std::uint32_t to>
    static void shift_in(Four& before, Due due, Four* near) {
        const Four fresh = Four{} + due;
        for (std::uint32_t i = from; i < to; ++i) {
            const Four here = near[i], shifted = __builtin_shufflevector(before, here, 3, 4, 5, 6);
            const Four lower = here < fresh ? here : fresh;
            near[i] = shifted > lower ? shifted : lower;
            before = here;
        }
    }

    // Makes room behind the last one.
    void move_up() {
        std::copy(near_.begin() + kPast, near_.end(), near_.begin());
        std::fill(near_.end() - kPast, near_.end(), kNotDue);
        first_ = 0;
    }
    void forget_order() {
        near_.fill(kNotDue);
        first_ = 0;
        horizon_ = kNotDue;
    }

    alignas(Four) std::array<Due, kNear + kPast> near_;  // the earliest in order, behind some that are over
    std::uint16_t first_;
    std::uint16_t used_;  // no slot from here on was ever due
    Due horizon_;         // all times before this are, or were, among those
    std::array<Due, Slots> due_;
};

}  // namespace mm
