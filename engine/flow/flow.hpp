// The background flow: its sources, each with a clock and a random stream of its own, and the layers that bend them.
//
// A new source or layer is a file of its own (see source.hpp), its parameters here, and its place in `FullFlow`.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>
#include <tuple>
#include <utility>

#include "engine/book/order.hpp"
#include "engine/core/describe.hpp"
#include "engine/flow/cancels.hpp"
#include "engine/flow/efficient_price.hpp"
#include "engine/flow/hawkes.hpp"
#include "engine/flow/poisson.hpp"
#include "engine/flow/queue_reactive.hpp"

namespace mm {

struct FlowParams {
    PoissonParams poisson;
    std::optional<EfficientPriceParams> efficient_price;
    std::optional<QueueReactiveParams> queue_reactive;
    std::optional<HawkesParams> hawkes;

    static constexpr auto fields() {
        return std::tuple{Field{"poisson", &FlowParams::poisson},
                          Field{"efficient_price", &FlowParams::efficient_price},
                          Field{"queue_reactive", &FlowParams::queue_reactive}, Field{"hawkes", &FlowParams::hawkes}};
    }

    void validate() const;
    bool anchored() const { return efficient_price.has_value(); }
    bool layered() const { return queue_reactive || hawkes; }
    // How often each kind of event happens in the long run, 1/s: what enters the book leaves it.
    PerKind<double> mean_rates() const;
};

// A venue is an order book with its window, its clock and its counters; see market/venue.hpp.
template <class... Sources>
class Flow {
    static constexpr std::size_t kLimits = 0, kMarkets = 1, kFirst = 2;
    static constexpr std::size_t kClocks = kFirst + (0 + ... + std::size_t{Sources::kClocked});
    static constexpr bool kPrompts = (false || ... || Sources::kPrompts);
    static constexpr bool kThins = (false || ... || Sources::kThins);

    // A source of orders: its stream, the next of them, and the time from that to the one after it. They are drawn one
    // ahead, all that does not depend on the book: which event is next is then known early, and a wrong guess at it
    // costs little.
    struct Limits {
        Stream stream;
        LimitOrders::Draft draft;
        Fate fate;
        Nanoseconds wait;
    };
    struct Markets {
        Stream stream;
        MarketOrders::Draft draft;
        Nanoseconds wait;
    };

  public:
    using Params = FlowParams;

    template <class Book>
    struct State {
        std::array<Nanoseconds, kClocks> next{};  // when each clock is due, but that of cancels
        Limits limits;
        Markets markets;
        typename Cancels<kPrompts>::template State<Book> cancels;
        std::tuple<typename Sources::State...> sources{};
    };

    // The efficient price starts at `initial_mid_ticks`.
    Flow(const FlowParams& params, Ticks initial_mid_ticks);

    const LimitOrders& limits() const { return limits_; }

    // A state of its own for a market that opens; the time of day makes no difference.
    template <class Book>
    void open(State<Book>& state, Nanoseconds /*session*/ = 0) const {
        each(state, [](const auto& source, auto& own) {
            if constexpr (requires { source.open(own); }) source.open(own);
        });
    }
    // New streams and clocks, at a time at which the old clocks showed another; what the sources remember stays.
    template <class Book>
    void restart(State<Book>& state, const Book& book, Random& random, Nanoseconds now,
                 Nanoseconds /*then*/ = 0) const {
        state.limits.stream = Stream(random);
        state.markets.stream = Stream(random);
        cancels_.restart(state.cancels, book, random, now);
        each(state, [&](const auto& source, auto& own) { source.restart(own, random, now); });
        state.next[kLimits] = limits_.clock().after(now, state.limits.stream);
        state.next[kMarkets] = markets_.clock().after(now, state.markets.stream);
        draw(state.limits);
        draw(state.markets);
        each_clocked(state, [&](std::size_t clock, const auto& source, const auto& own) {
            state.next[clock] = source.next(own);
        });
    }

    // Plays the next event, if it comes before a time: whether it does. `now` is the venue's clock. Limit orders and
    // cancels are nearly all there is; which of them is next cannot be guessed, so nothing else is asked before.
    template <class Book, class Venue, class Sink>
    bool play(Nanoseconds until, Nanoseconds& now, State<Book>& state, Venue& venue, Sink& sink) const {
        const Nanoseconds order = state.next[kLimits], cancelled = state.cancels.next;
        if (cancelled <= order) {
            if (other(state) < cancelled) return play_other(until, now, state, venue, sink);
            if (cancelled >= until) return false;
            now = cancelled;
            cancel(state, venue, sink);
        } else {
            if (other(state) < order) return play_other(until, now, state, venue, sink);
            if (order >= until) return false;
            now = order;
            state.next[kLimits] += state.limits.wait;
            limit(state.limits.draft, state.limits.fate, state, venue, sink);
            draw(state.limits);
        }
        return true;
    }

    // An order or a cancel that something has prompted.
    template <class Book, class Venue, class Sink>
    void act(Kind kind, State<Book>& state, Venue& venue, Sink& sink) const {
        if (kind == Kind::limit) {
            Stream& stream = state.limits.stream;
            const auto draft = limits_.draw(high(stream.bits()), stream);
            return limit(draft, fate(stream.bits()), state, venue, sink);
        }
        if (kind == Kind::market) {
            Stream& stream = state.markets.stream;
            return market(markets_.draw(high(stream.bits()), stream), state, venue, sink);
        }
        age(state, venue, sink);
    }

    template <class Book>
    std::uint64_t lost(const State<Book>&) const {
        return 0;
    }

    // The fate that 64 random bits choose for an order.
    Fate fate(std::uint64_t bits) const { return cancels_.fate(bits); }
    // An order of the background.
    template <class Book, class Venue, class Sink>
    void place(Side side, Ticks price, Lots lots, const Fate& fate, State<Book>& state, Venue& venue,
               Sink& sink) const {
        const Handle resting = venue.limit(side, price, lots, Party::background, TimeInForce::gtc, sink).resting;
        if (resting) cancels_.born(state.cancels, resting, fate, venue.now());
    }
    // The first order of the background's best queue goes.
    template <class Book, class Venue, class Sink>
    void withdraw_best(Side side, State<Book>&, Venue& venue, Sink& sink) const {
        const Book& book = venue.book();
        Handle order = book.front(book.reference(side));
        while (order && book.order(order).party != Party::background) order = book.following(order);
        if (order) venue.cancel(order, sink);
    }

  private:
    // When the first of the other clocks is due.
    template <class Book>
    Nanoseconds other(const State<Book>& state) const {
        return *std::min_element(state.next.begin() + kMarkets, state.next.end());
    }
    template <class Book, class Venue, class Sink>
    bool play_other(Nanoseconds until, Nanoseconds& now, State<Book>& state, Venue& venue, Sink& sink) const {
        const Nanoseconds due = other(state);
        if (due >= until) return false;
        now = due;
        if (due == state.next[kMarkets]) {
            state.next[kMarkets] += state.markets.wait;
            market(state.markets.draft, state, venue, sink);
            draw(state.markets);
            return true;
        }
        each_clocked(state, [&](std::size_t clock, const auto& source, auto& own) {
            if (due == state.next[clock]) source.fire(own, *this, state, venue, sink);
        });
        update_clocks(state);
        return true;
    }

    // The halves of 64 random bits.
    static std::uint32_t low(std::uint64_t bits) { return static_cast<std::uint32_t>(bits); }
    static std::uint32_t high(std::uint64_t bits) { return static_cast<std::uint32_t>(bits >> 32); }

    void draw(Limits& limits) const {
        const std::uint64_t bits = limits.stream.bits();
        limits.wait = limits_.clock().wait(low(bits), limits.stream);
        limits.draft = limits_.draw(high(bits), limits.stream);
        limits.fate = fate(limits.stream.bits());
    }
    void draw(Markets& markets) const {
        const std::uint64_t bits = markets.stream.bits();
        markets.wait = markets_.clock().wait(low(bits), markets.stream);
        markets.draft = markets_.draw(high(bits), markets.stream);
    }

    template <class Book, class Venue, class Sink>
    void limit(const LimitOrders::Draft& draft, const Fate& fate, State<Book>& state, Venue& venue, Sink& sink) const {
        Proposal order = limits_.propose(draft, venue.book());
        if (!admit(order, state, venue, state.limits.stream)) return;
        // Nobody bids nothing.
        if (order.price >= 1) place(order.side, order.price, order.lots, fate, state, venue, sink);
    }

    template <class Book, class Venue, class Sink>
    void market(const MarketOrders::Draft& draft, State<Book>& state, Venue& venue, Sink& sink) const {
        Proposal order = markets_.propose(draft, venue.book());
        if (!admit(order, state, venue, state.markets.stream)) return;
        venue.take(order.side, markets_.limit(order), order.lots, Party::background, sink);
    }

    template <class Book, class Venue, class Sink>
    void cancel(State<Book>& state, Venue& venue, Sink& sink) const {
        cancels_.fire(state.cancels, venue.book(), venue.now(), canceller(state, venue, sink));
        if (cancels_.prompted()) age(state, venue, sink);
    }
    // A cancel has come that makes all orders older.
    template <class Book, class Venue, class Sink>
    void age(State<Book>& state, Venue& venue, Sink& sink) const {
        tell(Kind::cancel, state, venue.now());
        cancels_.act(state.cancels, venue.book(), canceller(state, venue, sink));
    }
    // Cancels an order that has chosen to go, unless a layer keeps it.
    template <class Book, class Venue, class Sink>
    auto canceller(State<Book>& state, Venue& venue, Sink& sink) const {
        return [&](Handle handle, const Order& order, Stream& chance) {
            const Proposal proposal{Kind::cancel, order.side, order.price, order.lots};
            if (!passes(proposal, state, venue, chance)) return false;
            venue.cancel(handle, sink);
            return true;
        };
    }

    template <class Book, class Venue>
    bool admit(Proposal& order, State<Book>& state, const Venue& venue, Stream& stream) const {
        tell(order.kind, state, venue.now());
        each(state, [&](const auto& source, const auto& own) { source.bend(own, order); });
        return passes(order, state, venue, stream);
    }
    // One draw, needed or not, so that what follows on the stream is the same in every book.
    template <class Book, class Venue>
    bool passes(const Proposal& order, const State<Book>& state, const Venue& venue, Stream& stream) const {
        if constexpr (!kThins) return true;
        const double luck = stream.uniform();
        double chance = 1;
        each(state, [&](const auto& source, const auto& own) { chance *= source.chance(own, order, venue.book()); });
        return luck < chance;
    }

    template <class Book>
    void tell(Kind kind, State<Book>& state, Nanoseconds now) const {
        each(state, [&](const auto& source, auto& own) { source.heard(own, kind, now); });
        update_clocks(state);
    }

    template <class Book>
    void update_clocks(State<Book>& state) const {
        each_clocked(state, [&](std::size_t clock, const auto& source, const auto& own) {
            state.next[clock] = source.next(own);
        });
    }

    template <class States, class Visit>
    void each(States& states, Visit&& visit) const {
        [&]<std::size_t... I>(std::index_sequence<I...>) {
            (visit(std::get<I>(sources_), std::get<I>(states.sources)), ...);
        }(std::index_sequence_for<Sources...>{});
    }
    // Those that have a clock, with its place.
    template <class States, class Visit>
    void each_clocked(States& states, Visit&& visit) const {
        std::size_t clock = kFirst;
        each(states, [&]<class Kind>(const Kind& source, auto& own) {
            if constexpr (Kind::kClocked) visit(clock++, source, own);
        });
    }

    LimitOrders limits_;
    MarketOrders markets_;
    Cancels<kPrompts> cancels_;
    std::tuple<Sources...> sources_;
};

using PlainFlow = Flow<>;
using AnchoredFlow = Flow<EfficientPrice>;
using FullFlow = Flow<EfficientPrice, QueueReactive, Hawkes>;

}  // namespace mm
