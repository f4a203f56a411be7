// Events that others have prompted, in order of the time at which they are due: a binary heap of fixed capacity.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

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

class Prompts {
  public:
    static constexpr std::size_t kCapacity = 512;

    Nanoseconds next() const { return size_ == 0 ? kNever : heap_[0].due; }
    // Whether there was room.
    bool add(const Prompt& prompt) {
        if (size_ == kCapacity) return false;
        heap_[size_++] = prompt;
        std::push_heap(heap_.begin(), heap_.begin() + size_, later_first);
        return true;
    }
    Prompt pop() {
        std::pop_heap(heap_.begin(), heap_.begin() + size_, later_first);
        return heap_[--size_];
    }
    std::size_t size() const { return size_; }
    // Calls `visit` for each, which may change when it is due.
    template <class Visit>
    void redraw(const Visit& visit) {
        for (std::uint32_t i = 0; i < size_; ++i) visit(heap_[i]);
        std::make_heap(heap_.begin(), heap_.begin() + size_, later_first);
    }

  private:
    static bool later_first(const Prompt& a, const Prompt& b) {
        return a.due != b.due ? a.due > b.due : a.event > b.event;
    }

    std::array<Prompt, kCapacity> heap_;
    std::uint32_t size_ = 0;
};

}  // namespace mm
