// The efficient price: a value that nobody of ours sees, to which the background's prices come back.
//
// It is a pure-jump process on a grid: up or down by one step, at equal rates. Nobody places an order at a price that
// is not worth it, and orders that have become too good for it are withdrawn: so quotes follow the value, and a price
// that orders have pushed away from it comes back.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <tuple>

#include "engine/core/describe.hpp"
#include "engine/core/random.hpp"
#include "engine/core/types.hpp"
#include "engine/flow/poisson.hpp"
#include "engine/flow/source.hpp"

namespace mm {

struct EfficientPriceParams {
    double volatility = 0;
    double step = 1;            // of one jump
    double edge = 0;            // that a new order stays away from the value, on its own side
    double stale_distance = 0;  // an order that stands closer than this to the value, or beyond it, is stale
    double stale_hazard = 0;    // at which the best queue's first order goes while it is stale

    static constexpr auto fields() {
        return std::tuple{
            Field{"volatility", &EfficientPriceParams::volatility, at_least(0), "ticks per sqrt(s)"},
            Field{"step", &EfficientPriceParams::step, above(0), "ticks"},
            Field{"edge", &EfficientPriceParams::edge, at_least(0), "ticks"},
            Field{"stale_distance", &EfficientPriceParams::stale_distance, any(), "ticks"},
            Field{"stale_hazard", &EfficientPriceParams::stale_hazard, at_least(0), "1/s per side"},
        };
    }
    void validate() const;
};

struct EfficientPriceState {
    Stream value, hurry;                               // when the value moves; when stale orders go
    std::int64_t steps = 0;                            // the value, in steps
    std::array<Ticks, 2> worth{};                      // best price that a new order of each side may have
    std::array<Ticks, 2> fresh{};                      // best price of each side that is not stale
    Nanoseconds jump = kNever;                         // when the value moves next
    std::array<Nanoseconds, 2> stale{kNever, kNever};  // when the best queue of each side next loses an order
};

class EfficientPrice : public Source<EfficientPriceState> {
  public:
    static constexpr bool kClocked = true;

    // Starts at `initial` ticks and never falls below `floor`.
    EfficientPrice(const EfficientPriceParams& params, Ticks initial, Ticks floor);

    double value(const State& state) const { return static_cast<double>(state.steps) * step_; }

    void open(State& state) const {
        state.steps = initial_steps_;
        moved(state);
    }
    void restart(State& state, Random& random, Nanoseconds now) const {
        state.value = Stream(random);
        state.hurry = Stream(random);
        state.jump = jumps_.after(now, state.value);
        state.stale = {kNever, kNever};
    }

    Nanoseconds next(const State& state) const { return std::min({state.jump, state.stale[0], state.stale[1]}); }

    template <class Flow, class States, class Venue, class Sink>
    void fire(State& state, const Flow& flow, States& states, Venue& venue, Sink& sink) const {
        const Nanoseconds now = venue.now();
        if (state.jump <= now) {
            const std::int64_t by = (state.value.bits() >> 63) != 0 ? 1 : -1;
            state.steps = state.steps + by < floor_steps_ ? state.steps + 1 : state.steps + by;
            state.jump = jumps_.after(now, state.value);
            moved(state);
        }
        for (const Side side : kSides) {
            Nanoseconds& due = state.stale[index(side)];
            const bool withdraws = due <= now;
            if (withdraws && stale(state, venue.book(), side)) flow.withdraw_best(side, states, venue, sink);
            if (!stale(state, venue.book(), side)) {
                due = kNever;
            } else if (withdraws || due == kNever) {
                due = withdrawals_.after(now, state.hurry);
            }
        }
    }

    void bend(const State& state, Proposal& order) const {
        if (order.kind != Kind::limit) return;
        const Ticks worth = flip(order.side, state.worth[index(order.side)]);
        order.price = flip(order.side, std::min(flip(order.side, order.price), worth));
    }

  private:
    // Where prices stand against the value, once it has moved.
    void moved(State& state) const;
    template <class Book>
    static bool stale(const State& state, const Book& book, Side side) {
        return !book.background_empty(side) && flip(side, book.reference(side)) > flip(side, state.fresh[index(side)]);
    }

    double step_, edge_, stale_distance_;
    std::int64_t initial_steps_, floor_steps_;
    PoissonClock jumps_, withdrawals_;
};

}  // namespace mm
