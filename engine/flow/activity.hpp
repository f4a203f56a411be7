// How busy the market is: a slow random factor (an Ornstein-Uhlenbeck process of its logarithm) times the course of the
// day, a U with its peaks at the open and the close.
#pragma once

#include <tuple>

#include "engine/core/describe.hpp"
#include "engine/core/math.hpp"
#include "engine/core/random.hpp"

namespace mm {

// A stationary Ornstein-Uhlenbeck process of mean 0, moved by exact steps.
struct OrnsteinUhlenbeck {
    double reversion = 0;  // 1/s
    double deviation = 0;

    static constexpr auto fields() {
        return std::tuple{Field{"reversion", &OrnsteinUhlenbeck::reversion, above(0), "1/s"},
                          Field{"deviation", &OrnsteinUhlenbeck::deviation, within(0, 3)}};
    }
    void validate() const { check_fields(*this); }

    double start(Stream& stream) const { return deviation * stream.normal(); }
    double after(double level, double seconds, Stream& stream) const {
        const double kept = math::exp(-reversion * seconds);
        return kept * level + deviation * __builtin_sqrt(1 - kept * kept) * stream.normal();
    }
    // e^level, of mean one.
    double factor(double level) const { return math::exp(level - 0.5 * deviation * deviation); }
};

// U(x) = base + opening e^(-x / opening_scale) + closing e^(-(1 - x) / closing_scale) at share x of the session.
struct IntradayParams {
    double session_s = 23400;
    double base = 1;
    double opening = 0;
    double opening_scale = 1;
    double closing = 0;
    double closing_scale = 1;

    static constexpr auto fields() {
        return std::tuple{Field{"session_s", &IntradayParams::session_s, above(0), "s"},
                          Field{"base", &IntradayParams::base, above(0)},
                          Field{"opening", &IntradayParams::opening, at_least(0)},
                          Field{"opening_scale", &IntradayParams::opening_scale, above(0), "of the session"},
                          Field{"closing", &IntradayParams::closing, at_least(0)},
                          Field{"closing_scale", &IntradayParams::closing_scale, above(0), "of the session"}};
    }
    void validate() const { check_fields(*this); }

    // Before the session and after it, what it is at its ends.
    double factor(double seconds) const {
        const double share = seconds / session_s, x = share < 0 ? 0 : share > 1 ? 1 : share;
        return base + opening * math::exp(-x / opening_scale) + closing * math::exp(-(1 - x) / closing_scale);
    }
};

}  // namespace mm
