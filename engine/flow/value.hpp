// The efficient price that informed traders know: what quotes follow and what trades reveal. Nobody of ours sees it.
//
// It moves by small steps up or down, at a rate that a slow volatility bends; by rare jumps; with every limit order,
// because news and activity come together; and by what market orders tell. All of it is a pure-jump process: rates
// change at events only.
#pragma once

#include <cmath>
#include <cstdint>
#include <tuple>

#include "engine/core/describe.hpp"
#include "engine/core/random.hpp"
#include "engine/core/rate_clock.hpp"
#include "engine/core/types.hpp"
#include "engine/flow/activity.hpp"

namespace mm {

struct ValueParams {
    double volatility = 0;  // of the steps and of what comes with limit orders
    double step = 1;
    double activity_share = 0;  // of the variance comes with limit orders, of the jumps' rate with the activity
    OrnsteinUhlenbeck log_volatility = {};
    double jump_rate = 0;
    double jump_size = 0;  // mean of its absolute value, Laplace

    static constexpr auto fields() {
        return std::tuple{Field{"volatility", &ValueParams::volatility, at_least(0), "ticks per sqrt(s)"},
                          Field{"step", &ValueParams::step, above(0), "ticks"},
                          Field{"activity_share", &ValueParams::activity_share, within(0, 1)},
                          Field{"log_volatility", &ValueParams::log_volatility},
                          Field{"jump_rate", &ValueParams::jump_rate, at_least(0), "1/s"},
                          Field{"jump_size", &ValueParams::jump_size, at_least(0), "ticks"}};
    }
    void validate() const { check_fields(*this); }
};

class Value {
  public:
    struct State {
        Stream stream;
        double value = 0;
        double log_volatility = 0;
        double volatility = 1;  // relative to its mean
        RateClock steps, jumps;
    };

    // Starts at `initial` ticks and never falls below `floor`; `limit_rate` is that of all limit orders, 1/s.
    Value(const ValueParams& params, double initial, double floor, double limit_rate)
        : params_(params),
          initial_(initial),
          floor_(floor),
          with_limit_(limit_rate > 0 ? params.volatility * std::sqrt(params.activity_share / limit_rate) : 0) {}

    void open(State& state) const { state.value = initial_; }
    void restart(State& state, Random& random, Nanoseconds now, bool opening) const {
        state.stream = Stream(random);
        state.steps.wind(now, state.stream.exponential());
        state.jumps.wind(now, state.stream.exponential());
        if (opening) set_volatility(state, params_.log_volatility.start(state.stream));
    }
    // So many seconds of the slow clock have passed; the market is so busy from now on.
    void age(State& state, double seconds, double activity, Nanoseconds now) const {
        if (seconds > 0)
            set_volatility(state, params_.log_volatility.after(state.log_volatility, seconds, state.stream));
        const double steps = state.volatility * params_.volatility / params_.step;
        state.steps.run_at((1 - params_.activity_share) * steps * steps, now);
        state.jumps.run_at(params_.jump_rate * (1 + params_.activity_share * (activity - 1)), now);
    }

    void step(State& state, Nanoseconds now) const {
        const std::uint64_t bits = state.stream.bits();
        move(state, (bits >> 63) != 0 ? params_.step : -params_.step);
        state.steps.wind(now, state.stream.exponential(static_cast<std::uint32_t>(bits)));
    }
    void jump(State& state, Nanoseconds now) const {
        const double size = params_.jump_size * state.volatility * state.stream.exponential();
        move(state, (state.stream.bits() >> 63) != 0 ? size : -size);
        state.jumps.wind(now, state.stream.exponential());
    }
    // A limit order has come.
    void heard_limit(State& state, bool up) const {
        const double by = state.volatility * with_limit_;
        move(state, up ? by : -by);
    }
    // By what a market order has told.
    void move(State& state, double by) const {
        const double value = state.value + by;
        state.value = value < floor_ ? 2 * floor_ - value : value;
    }

  private:
    void set_volatility(State& state, double log) const {
        state.log_volatility = log;
        state.volatility = params_.log_volatility.factor(log);
    }

    ValueParams params_;
    double initial_, floor_;
    double with_limit_;  // ticks of a move that comes with a limit order
};

}  // namespace mm
