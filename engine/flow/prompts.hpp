// Events that others have prompted, in order of the time at which they are due: an array of fixed capacity.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

#include "engine/core/prefetch.hpp"
#include "engine/core/types.hpp"
#include "engine/flow/proposal.hpp"

namespace mm {

struct Prompt {
    Nanoseconds due = 0;
    std::uint64_t event = 0;  // names the event: what chance decides about it
    Kind kind = Kind::limit;
    std::uint8_t delay = 0;  // which of the delays it waits for
    bool sided = false;      // whether the side is given
    bool inside = false;     // whether it goes inside the spread
    Side side = Side::bid;
};

// Sorted, the next one last: most are due soon, so that they find their place after a step or two.
class Prompts {
  public:
    static constexpr std::size_t kCapacity = 512;

    Nanoseconds next() const { return size_ == 0 ? kNever : sorted_[size_ - 1].due; }
    // Whether there was room.
    bool add(const Prompt& prompt) {
        if (size_ == kCapacity) return false;
        std::uint32_t at = size_++;
        for (; at > 0 && later_first(prompt, sorted_[at - 1]); --at) sorted_[at] = sorted_[at - 1];
        sorted_[at] = prompt;
        return true;
    }
    Prompt pop() { return sorted_[--size_]; }
    std::size_t size() const { return size_; }
    void prefetch() const { mm::prefetch(this, &sorted_[kUsual]); }
    // Calls `visit` for each, which may change when it is due.
    template <class Visit>
    void redraw(const Visit& visit) {
        for (std::uint32_t i = 0; i < size_; ++i) visit(sorted_[i]);
        std::sort(sorted_.begin(), sorted_.begin() + size_, later_first);
    }

  private:
    static constexpr std::size_t kUsual = 48;  // seldom are there more

    static bool later_first(const Prompt& a, const Prompt& b) {
        return a.due != b.due ? a.due > b.due : a.event > b.event;
    }

    std::uint32_t size_ = 0;
    std::array<Prompt, kCapacity> sorted_;
};

}  // namespace mm
