// For objects that one thread at a time may use, where another may come because a call gives up Python's own lock.
#pragma once

#include <atomic>
#include <stdexcept>
#include <string>

namespace mm {

// Held for the length of a call. A second thread is refused: were it to wait, its calls would come in any order.
class Claim {
  public:
    Claim(std::atomic_flag& taken, const char* what) : taken_(taken) {
        if (taken_.test_and_set(std::memory_order_acquire))
            throw std::logic_error(std::string(what) + " is in use by another thread; it takes one call at a time");
    }
    ~Claim() { taken_.clear(std::memory_order_release); }
    Claim(const Claim&) = delete;
    Claim& operator=(const Claim&) = delete;

  private:
    std::atomic_flag& taken_;
};

}  // namespace mm
