// A source that writes down what the flow is about to do, and flows that have it.
#pragma once

#include <algorithm>
#include <utility>
#include <vector>

#include "engine/flow/flow.hpp"
#include "engine/flow/source.hpp"

namespace mm {

struct Intention {
    Nanoseconds time = 0;
    Kind kind = Kind::limit;
    Side side = Side::bid;  // of an order
    Ticks distance = 0;     // of an order from the opposite best, before anybody has bent it

    bool operator==(const Intention&) const = default;
};

// Stands first among the sources, so that nobody has bent or thinned what it hears.
class Tape : public Source<> {
  public:
    static constexpr bool kThins = true;  // it does not, but whoever may is shown the book

    // Where it writes, if anywhere; not its own, because a flow builds its sources by itself.
    inline static std::vector<Intention>* paper = nullptr;

    void heard(State&, Kind kind, Nanoseconds now) const {
        if (paper != nullptr) paper->push_back({now, kind, Side::bid, 0});
    }
    void bend(const State&, Proposal& order) const {
        if (paper == nullptr) return;
        paper->back().side = order.side;
        paper->back().distance = order.price;
    }
    template <class Book>
    double chance(const State&, const Proposal& order, const Book& book) const {
        if (paper == nullptr || order.kind == Kind::cancel) return 1;
        Ticks& distance = paper->back().distance;
        distance = flip(order.side, book.reference(opposite(order.side)) - distance);
        return 1;
    }
};

using TapedPlainFlow = Flow<Tape>;
using TapedAnchoredFlow = Flow<Tape, EfficientPrice>;
using TapedFullFlow = Flow<Tape, EfficientPrice, QueueReactive, Hawkes>;

// As the flows without a tape are built.
inline EfficientPrice taped_price(const FlowParams& params, Ticks initial_mid_ticks) {
    const EfficientPriceParams absent{
        .volatility = 0, .step = 1, .edge = -0x1p28, .stale_distance = -0x1p28, .stale_hazard = 0};
    return {params.efficient_price.value_or(absent), initial_mid_ticks,
            std::min(initial_mid_ticks, 2 * params.poisson.distance.back())};
}
inline PerKind<double> taped_shares(const FlowParams& params) {
    return params.hawkes ? params.hawkes->unprompted(params.mean_rates()) : PerKind<double>{{1, 1, 1}};
}

template <>
inline TapedPlainFlow::Flow(const FlowParams& params, Ticks)
    : limits_(params.poisson, 1), markets_(params.poisson, 1), cancels_(params.poisson, false, 0, 1) {
}

template <>
inline TapedAnchoredFlow::Flow(const FlowParams& params, Ticks initial_mid_ticks)
    : limits_(params.poisson, 1),
      markets_(params.poisson, 1),
      cancels_(params.poisson, false, 0, 1),
      sources_(Tape(), taped_price(params, initial_mid_ticks)) {
}

template <>
inline TapedFullFlow::Flow(const FlowParams& params, Ticks initial_mid_ticks)
    : limits_(params.poisson, taped_shares(params)[Kind::limit]),
      markets_(params.poisson, taped_shares(params)[Kind::market]),
      cancels_(params.poisson, params.hawkes.has_value(), params.mean_rates()[Kind::cancel],
               taped_shares(params)[Kind::cancel]),
      sources_(Tape(), taped_price(params, initial_mid_ticks),
               QueueReactive(params.queue_reactive.value_or(QueueReactiveParams{})),
               Hawkes(params.hawkes.value_or(HawkesParams{}))) {
}

// Writes on a paper for as long as it lives.
class Recording {
  public:
    Recording() { Tape::paper = &intentions_; }
    ~Recording() { Tape::paper = nullptr; }
    Recording(const Recording&) = delete;
    Recording& operator=(const Recording&) = delete;

    std::vector<Intention> take() { return std::exchange(intentions_, {}); }
    const std::vector<Intention>& intentions() const { return intentions_; }

  private:
    std::vector<Intention> intentions_;
};

}  // namespace mm
