// A clock whose rate changes with what happens around it. Its wait is an exponential time of mean one, which is used up
// at the present rate (the time change of a Poisson process): the draws are the same whatever the rates were, so that
// two policies on one seed meet the same ones, and nothing has to be thinned.
#pragma once

#include <algorithm>

#include "engine/core/types.hpp"

namespace mm {

class RateClock {
  public:
    Nanoseconds due() const { return due_; }

    // A new wait from a time on.
    void wind(Nanoseconds now, double wait) {
        left_ = wait;
        since_ = now;
        due_ = rate_ > 0 ? later(now, left_ / rate_) : kNever;
    }
    // From a time on it runs at a rate, 1/s.
    void run_at(double rate, Nanoseconds now) {
        rate *= 1.0 / kSecond;
        if (rate == rate_) return;
        left_ = std::max(left_ - rate_ * static_cast<double>(now - since_), 0.0);  // rounding aside
        rate_ = rate;
        since_ = now;
        due_ = rate_ > 0 ? later(now, left_ / rate_) : kNever;
    }

  private:
    double left_ = 0;  // of the wait
    double rate_ = 0;  // 1/ns
    Nanoseconds since_ = 0;
    Nanoseconds due_ = kNever;
};

}  // namespace mm
