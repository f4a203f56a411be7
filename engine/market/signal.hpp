// The short-term alpha signal: a late and noisy view of how far the efficient price lies from the mid.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <tuple>

#include "engine/core/describe.hpp"
#include "engine/core/random.hpp"
#include "engine/core/types.hpp"

namespace mm {

// Of value - mid, whose standard deviation is `deviation`, with noise of deviation / signal_to_noise on it that is
// forgotten within `noise_s`; twice the standard deviation of both together is 1, and nothing is beyond +-1.
struct SignalParams {
    double lag_ms = 0;  // rounded up to whole decisions
    double deviation = 1;
    double signal_to_noise = 1;
    double noise_s = 0;

    static constexpr auto fields() {
        return std::tuple{Field{"lag_ms", &SignalParams::lag_ms, within(0, 60'000), "ms"},
                          Field{"deviation", &SignalParams::deviation, above(0), "ticks"},
                          Field{"signal_to_noise", &SignalParams::signal_to_noise, above(0)},
                          Field{"noise_s", &SignalParams::noise_s, at_least(0), "s"}};
    }
    void validate() const { check_fields(*this); }
};

class Signal {
  public:
    static constexpr std::size_t kLongest = 32;  // decisions that it may be late

    // What all markets of a batch share; decisions are so many seconds apart.
    class Setting {
      public:
        Setting(const SignalParams& params, double interval_s)
            : lag_(std::min<std::size_t>(static_cast<std::size_t>(std::ceil(1e-3 * params.lag_ms / interval_s - 1e-9)),
                                         kLongest - 1)),
              kept_(params.noise_s > 0 ? std::exp(-interval_s / params.noise_s) : 0),
              noise_(params.deviation / params.signal_to_noise),
              scale_(0.5 / (params.deviation * std::sqrt(1 + 1 / (params.signal_to_noise * params.signal_to_noise)))) {}

      private:
        friend class Signal;
        std::size_t lag_;
        double kept_, noise_, scale_;
    };

    // Before the first decision the gap is what it is then.
    void restart(const Setting& setting, const Stream& stream, double gap) {
        stream_ = stream;
        past_.fill(static_cast<float>(gap));
        now_ = 0;
        noise_ = setting.noise_ * stream_.normal();
    }
    // At the next decision, when the value lies so many ticks from the mid: what is seen.
    double next(const Setting& setting, double gap) {
        past_[now_] = static_cast<float>(gap);
        const double late = past_[(now_ + kLongest - setting.lag_) % kLongest];
        now_ = (now_ + 1) % kLongest;
        noise_ =
            setting.kept_ * noise_ + setting.noise_ * std::sqrt(1 - setting.kept_ * setting.kept_) * stream_.normal();
        return std::clamp(setting.scale_ * (late + noise_), -1.0, 1.0);
    }

  private:
    Stream stream_;
    std::array<float, kLongest> past_{};
    std::size_t now_ = 0;
    double noise_ = 0;
};

}  // namespace mm
