// What is due at a market, in order of time: a sorted ring of fixed capacity, in memory that lies elsewhere.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "engine/core/types.hpp"

namespace mm {

// What we want to stand on a side; no lots: nothing.
struct Wish {
    Ticks price = 0;
    Lots lots = 0;
};

// One thing that is due, and for whom.
struct Task {
    enum class Kind : std::uint8_t {
        look,    // market data that will reach us later leaves the venue
        quotes,  // our wishes for both sides arrive at the venue
        take,    // our order arrives that trades at once up to its price, or not at all: the wish of its side
    };

    Nanoseconds due = 0;
    Kind kind = Kind::look;
    Party party = Party::background;
    Side side = Side::bid;
    Wish wish[2]{};
};

class Agenda {
  public:
    explicit Agenda(std::span<Task> memory) : memory_(memory) {}

    // Behind all that is due no later; refused while the ring is full.
    bool add(const Task& task) {
        if (size_ == memory_.size()) return false;
        std::size_t i = size_++;
        for (; i > 0 && at(i - 1).due > task.due; --i) at(i) = at(i - 1);
        at(i) = task;
        return true;
    }

    bool empty() const { return size_ == 0; }
    std::size_t size() const { return size_; }
    Nanoseconds next() const { return size_ == 0 ? kNever : memory_[first_].due; }
    Task pop() {
        const Task task = memory_[first_];
        first_ = first_ + 1 == memory_.size() ? 0 : first_ + 1;
        --size_;
        return task;
    }
    void clear() { size_ = 0; }

  private:
    Task& at(std::size_t i) {
        i += first_;
        return memory_[i < memory_.size() ? i : i - memory_.size()];
    }

    std::span<Task> memory_;
    std::uint32_t first_ = 0;
    std::uint32_t size_ = 0;
};

}  // namespace mm
