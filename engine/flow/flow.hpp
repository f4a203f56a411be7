// The background flow: Poisson streams, and the layers that bend them.
//
// A new layer is a file of its own (see layer.hpp), its parameters here, and its place in `LayeredFlow`.
#pragma once

#include <optional>
#include <tuple>
#include <utility>

#include "engine/book/order.hpp"
#include "engine/flow/hawkes.hpp"
#include "engine/flow/poisson.hpp"
#include "engine/flow/queue_reactive.hpp"

namespace mm {

struct FlowParams {
    PoissonParams poisson;
    std::optional<QueueReactiveParams> queue_reactive;
    std::optional<HawkesParams> hawkes;

    void validate() const;
    bool layered() const { return queue_reactive || hawkes; }
    // How often each kind of event happens in the long run, 1/s: what enters the book leaves it.
    PerKind<double> mean_rates() const;
};

// A venue is an order book with its window, its clock and its counters; see market/exchange.hpp.
template <class... Layers>
class Flow {
  public:
    struct State {
        std::tuple<typename Layers::State...> layers{};
    };

    explicit Flow(const FlowParams& params);

    const PoissonFlow& poisson() const { return poisson_; }

    // Rates of the three kinds with `live` orders in the book; until something happens they may only fall.
    Rates rates(const State& state, std::uint32_t live) const {
        Rates rates = poisson_.rates(live);
        each(state, [&](const auto& layer, const auto& own) { rates = layer.bend(own, rates); });
        return rates;
    }

    // A wait at these rates, ns.
    double wait(const Rates& rates, Random& random) const { return poisson_.wait(rates.total(), random); }

    // Time passes without an event, ns.
    void elapse(State& state, double wait) const {
        each(state, [&](const auto& layer, auto& own) { layer.elapse(own, wait * (1 / kSecond)); });
    }

    // Plays what happens after a wait that was drawn at the rates `before`: one event, or none if its kind's rate has
    // fallen since or it is thinned out (Ogata 1981). The kind is chosen among the rates before, which are known early.
    template <class Venue, class Sink>
    void event(State& state, const Rates& before, Venue& venue, Random& random, Sink& sink) const {
        const Split draw = random.split(static_cast<std::uint64_t>(before.total()));
        const Rates now = sizeof...(Layers) == 0 ? before : rates(state, venue.book().live());
        const auto choice = static_cast<std::int64_t>(draw.whole), limits = before[Kind::limit];
        const std::int64_t orders = limits + before[Kind::market];
        const auto holds = [&](std::int64_t from, Kind kind) {
            return sizeof...(Layers) == 0 || choice - from < now[kind];
        };
        if (choice < limits) {
            if (holds(0, Kind::limit)) limit(state, venue, draw.rest, random, sink);
        } else if (choice < orders) {
            if (holds(limits, Kind::market)) market(state, venue, draw.rest, random, sink);
        } else if (holds(orders, Kind::cancel)) {
            cancel(state, venue, draw.rest, random, sink);
        }
    }

  private:
    template <class Venue, class Sink>
    void limit(State& state, Venue& venue, std::uint32_t bits, Random& random, Sink& sink) const {
        Proposal order = poisson_.limit(venue.book(), bits, random);
        if (!admit(state, order, venue, random)) return;
        venue.limit(order.side, order.price, order.lots, Owner::background, TimeInForce::gtc, sink);
        tell(state, order);
    }

    template <class Venue, class Sink>
    void market(State& state, Venue& venue, std::uint32_t bits, Random& random, Sink& sink) const {
        Proposal order = poisson_.market(venue.book(), bits, random);
        if (!admit(state, order, venue, random)) return;
        venue.market(order.side, order.lots, Owner::background, sink);
        tell(state, order);
    }

    template <class Venue, class Sink>
    void cancel(State& state, Venue& venue, std::uint32_t bits, Random& random, Sink& sink) const {
        const std::uint64_t product = std::uint64_t{bits} * venue.book().live();  // what is left over is a draw too
        const Handle handle = venue.book().live_order(static_cast<std::uint32_t>(product >> 32));
        const Order order = venue.book().order(handle);
        if (order.owner != Owner::background) return;
        if (!poisson_.cancels(venue.book(), order.side, order.price, static_cast<std::uint32_t>(product))) return;
        Proposal proposal{Kind::cancel, order.side, order.price, order.lots};
        if (!admit(state, proposal, venue, random)) return;
        venue.cancel(handle, sink);
        tell(state, proposal);
    }

    template <class States, class Visit>
    void each(States& states, Visit&& visit) const {
        [&]<std::size_t... I>(std::index_sequence<I...>) {
            (visit(std::get<I>(layers_), std::get<I>(states.layers)), ...);
        }(std::index_sequence_for<Layers...>{});
    }

    template <class Venue>
    bool admit(State& state, Proposal& proposal, const Venue& venue, Random& random) const {
        bool admitted = true;
        each(state, [&](const auto& layer, auto& own) {
            admitted = admitted && layer.admit(own, proposal, venue.book(), random);
        });
        return admitted;
    }

    void tell(State& state, const Proposal& event) const {
        each(state, [&](const auto& layer, auto& own) { layer.heard(own, event); });
    }

    PoissonFlow poisson_;
    std::tuple<Layers...> layers_;
};

using PlainFlow = Flow<>;
using LayeredFlow = Flow<QueueReactive, Hawkes>;

}  // namespace mm
