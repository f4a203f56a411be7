// A flow that shows what real books show: traders of every patience place orders around a value that they know better
// than we do, work large orders in pieces, answer each other and take what is mispriced.
//
// Every event has a name, 64 bits that follow from what caused it, and all that chance decides about it follows from
// its name. So two policies on one seed meet the same events, as far as what they do has not prevented or prompted
// some. The flow looks at the background's orders alone; our own it feels only where they trade.
//
// A layer that is not given is off. With all of them off this is zero-intelligence flow (Daniels, Farmer, Gillemot,
// Iori & Smith 2003): Poisson orders of one patience around the best prices.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <tuple>

#include "engine/book/order.hpp"
#include "engine/core/describe.hpp"
#include "engine/core/prefetch.hpp"
#include "engine/core/random.hpp"
#include "engine/core/rate_clock.hpp"
#include "engine/flow/activity.hpp"
#include "engine/flow/hawkes.hpp"
#include "engine/flow/impact.hpp"
#include "engine/flow/informed.hpp"
#include "engine/flow/metaorders.hpp"
#include "engine/flow/patience.hpp"
#include "engine/flow/placement.hpp"
#include "engine/flow/prompts.hpp"
#include "engine/flow/reactions.hpp"
#include "engine/flow/sizes.hpp"
#include "engine/flow/stale.hpp"
#include "engine/flow/takers.hpp"
#include "engine/flow/value.hpp"

namespace mm {

// Rates are those of orders that nothing prompts, in a market of average activity.
struct RealisticParams {
    PlacementParams placement;
    Sizes limit_sizes;
    PatienceParams patience;
    TakersParams takers;
    std::optional<MetaordersParams> metaorders;
    std::optional<ValueParams> value;  // the mid is it where it is not given
    std::optional<ImpactParams> impact;
    std::optional<StaleParams> stale;
    std::optional<InformedParams> informed;
    std::optional<HawkesParams> hawkes;
    std::optional<ReactionsParams> reactions;
    std::optional<OrnsteinUhlenbeck> log_activity;
    std::optional<IntradayParams> intraday;

    static constexpr auto fields() {
        return std::tuple{
            Field{"placement", &RealisticParams::placement},   Field{"limit_sizes", &RealisticParams::limit_sizes},
            Field{"patience", &RealisticParams::patience},     Field{"takers", &RealisticParams::takers},
            Field{"metaorders", &RealisticParams::metaorders}, Field{"value", &RealisticParams::value},
            Field{"impact", &RealisticParams::impact},         Field{"stale", &RealisticParams::stale},
            Field{"informed", &RealisticParams::informed},     Field{"hawkes", &RealisticParams::hawkes},
            Field{"reactions", &RealisticParams::reactions},   Field{"log_activity", &RealisticParams::log_activity},
            Field{"intraday", &RealisticParams::intraday}};
    }

    void validate() const;
    // How often limit orders come in the long run, and market orders, 1/s; of both sides.
    struct Rates {
        double limits, markets;
    };
    Rates mean_rates() const;
    // How many times as fast orders age as they would without prompted cancels, where every order is cancelled.
    double hurry() const;
    // Spectral radius of the matrix of children that an event has, by which activity lives or explodes.
    double spectral_radius() const;
};

class RealisticFlow {
    enum Clock : std::uint8_t {
        kLimit,
        kTake,
        kCancel,
        kPrompt,
        kStaleBid,
        kStaleAsk,
        kInformedBid,
        kInformedAsk,
        kStep,
        kJump,
        kSlow,
        kClocks
    };

    // Orders that nothing prompts: their clock, and how many there were.
    struct Source {
        RateClock clock;
        Stream waits;
        std::uint64_t count = 0;
    };

  public:
    using Params = RealisticParams;

    template <class Book>
    struct State {
        std::array<Nanoseconds, kClocks> next{};
        std::uint64_t key = 0;  // with an event's name, what chance decides about it
        Source limits, takers;
        std::array<Source, 2> stale, informed;
        Value::State value;
        Metaorders::State metaorder;
        Impact::State impact;
        Stream weather;           // of the slow clock
        double log_activity = 0;  //
        double activity = 1;
        Nanoseconds slow = 0;    // when the slow clock last rang
        Nanoseconds opened = 0;  // when the session did
        std::uint64_t lost = 0;  // events that too many had been prompted for
        Prompts prompts;
        Patience::State<Book> patience;

        void prefetch() const {
            mm::prefetch(this, &prompts);
            prompts.prefetch();
            patience.prefetch();
        }
    };

    RealisticFlow(const RealisticParams& params, Ticks initial_mid_ticks);

    // A state of its own for a market that opens when the session is so old.
    template <class Book>
    void open(State<Book>& state, Nanoseconds session) const {
        state.opened = -session;
        value_.open(state.value);
    }
    // New streams and clocks, at a time at which the old clocks showed another; what the market remembers stays.
    template <class Book>
    void restart(State<Book>& state, const Book& book, Random& random, Nanoseconds now, Nanoseconds then) const;

    // Plays the next event, if it comes before a time: whether it does. `now` is the venue's clock.
    template <class Book, class Venue, class Sink>
    bool play(Nanoseconds until, Nanoseconds& now, State<Book>& state, Venue& venue, Sink& sink) const;

    // Orders to begin with: one at each side's first best price, so many ticks apart.
    template <class Book, class Venue, class Sink>
    void seed(Ticks mid, Ticks spread, State<Book>& state, Venue& venue, Random& random, Sink& sink) const;

    template <class Book>
    std::uint64_t lost(const State<Book>& state) const {
        return state.lost;
    }
    // The value itself: for tests and for the signal.
    template <class Book>
    double value(const State<Book>& state, const Book& book) const {
        return valued_ ? state.value.value : 0.5 * (book.reference(Side::bid) + book.reference(Side::ask));
    }

    // Whether the value is a martingale: trades move it by what was not foreseen of them, or not at all.
    bool fair() const { return valued_ && (!impacts_ || impact_.fair()); }

  private:
    // The longest that activity and volatility stay as they are.
    static constexpr Nanoseconds kSlowly = 1'000'000'000;
    // Delays of reactions, behind those of the kernels.
    static constexpr std::uint8_t kFollow = kKernels, kRefill = kKernels + 1, kDelays = kKernels + 2;
    // What names events of each source.
    enum Origin : std::uint8_t { kFromLimits = 1, kFromTakers, kFromCancels, kFromStale, kFromInformed };

    static std::uint64_t name(Origin origin, std::uint64_t count) { return mix(std::uint64_t{origin} << 56 ^ count); }
    static std::uint64_t child(std::uint64_t event, std::uint64_t i) { return mix(event + i * 0x9e3779b97f4a7c15U); }

    template <class Book>
    Stream chance(const State<Book>& state, std::uint64_t event) const {
        return Stream(Lehmer::at(state.key, event));
    }

    template <class Book>
    Sight sight(const State<Book>& state, const Book& book) const {
        Sight sight{.bid = book.reference(Side::bid), .ask = book.reference(Side::ask)};
        sight.value = valued_ ? state.value.value : sight.mid();
        return sight;
    }
    template <class Book>
    Sight sight_with_imbalance(const State<Book>& state, const Book& book) const {
        Sight seen = sight(state, book);
        const double bids = book.background_depth(seen.bid), asks = book.background_depth(seen.ask);
        seen.imbalance = bids + asks > 0 ? (bids - asks) / (bids + asks) : 0;
        return seen;
    }

    template <class Book, class Venue, class Sink>
    void fire(Clock clock, Nanoseconds now, State<Book>& state, Venue& venue, Sink& sink) const;

    // A limit order of the background.
    template <class Book, class Venue, class Sink>
    void limit(std::uint64_t event, const Prompt* prompt, State<Book>& state, Venue& venue, Sink& sink) const;
    // A market order of an uninformed trader, and of an informed one.
    template <class Book, class Venue, class Sink>
    void take(std::uint64_t event, State<Book>& state, Venue& venue, Sink& sink) const;
    template <class Book, class Venue, class Sink>
    void take_mispriced(Side maker, std::uint64_t event, State<Book>& state, Venue& venue, Sink& sink) const;
    template <class Book, class Venue, class Sink>
    void execute(Side side, Ticks worst, Lots lots, std::uint64_t event, State<Book>& state, Venue& venue,
                 Sink& sink) const;
    template <class Book, class Venue, class Sink>
    void prompted(State<Book>& state, Venue& venue, Sink& sink) const;
    template <class Book, class Venue, class Sink>
    void withdraw_stale(Side side, std::uint64_t event, State<Book>& state, Venue& venue, Sink& sink) const;
    template <class Book, class Venue, class Sink>
    void cancel(Handle handle, const Order& order, std::uint64_t event, State<Book>& state, Venue& venue,
                Sink& sink) const;

    // What follows an event: its children, and others' reactions to it.
    template <class Book>
    void heard(Kind kind, std::uint64_t event, State<Book>& state, Nanoseconds now) const;
    template <class Book>
    void react_to_gap(const Sight& before, std::uint64_t event, State<Book>& state, const Book& book,
                      Nanoseconds now) const;
    template <class Book>
    void react(double probability, std::uint8_t delay, Side side, bool inside, std::uint64_t event, State<Book>& state,
               Nanoseconds now) const;
    template <class Book>
    void add(const Prompt& prompt, State<Book>& state) const {
        state.lost += !state.prompts.add(prompt);
    }

    // Sets the clocks by what the book and the value have become.
    template <class Book>
    void adjust(State<Book>& state, const Book& book, Nanoseconds now) const;
    // The slow clock rings.
    template <class Book>
    void weather(State<Book>& state, Nanoseconds now, bool opening) const;

    Placement placement_;
    SizeSampler lots_;
    Patience patience_;
    Takers takers_;
    Metaorders metaorders_;
    Value value_;
    Impact impact_;
    StaleParams stale_;
    InformedParams informed_;
    std::array<Offspring, kKinds> offspring_;
    std::array<double, kDelays> mean_delay_ns_{};
    ReactionsParams reactions_;
    OrnsteinUhlenbeck log_activity_;
    IntradayParams intraday_;
    double limit_rate_;      // of both sides, 1/s, that nothing prompts
    std::int64_t hurry_ns_;  // by which a prompted cancel makes orders older
    Lots first_lots_;        // of an order to begin with
    bool valued_, impacts_;  // whether there is a value, and whether trades move it
};

template <class Book>
void RealisticFlow::restart(State<Book>& state, const Book& book, Random& random, Nanoseconds now,
                            Nanoseconds then) const {
    const bool opening = state.key == 0;
    state.opened += now - then;
    state.lost = 0;
    state.key = random.bits() | 1;
    state.weather = Stream(random);
    for (Source* source :
         {&state.limits, &state.takers, &state.stale[0], &state.stale[1], &state.informed[0], &state.informed[1]}) {
        source->waits = Stream(random);
        source->count = 0;
        source->clock = {};
        source->clock.wind(now, source->waits.exponential());
    }
    state.value.steps = state.value.jumps = {};
    value_.restart(state.value, random, now, opening);
    Stream delays(random);
    state.prompts.redraw([&](Prompt& prompt) {
        prompt.due = later(now, delays.exponential() * mean_delay_ns_[prompt.delay]);
        prompt.event = delays.bits();
    });
    patience_.restart(state.patience, book, delays, now);
    state.slow = now;
    weather(state, now, opening);
    adjust(state, book, now);
}

template <class Book>
void RealisticFlow::weather(State<Book>& state, Nanoseconds now, bool opening) const {
    const double seconds = static_cast<double>(now - state.slow) / kSecond;
    if (log_activity_.deviation > 0)
        state.log_activity = opening ? log_activity_.start(state.weather)
                                     : log_activity_.after(state.log_activity, seconds, state.weather);
    state.activity =
        intraday_.factor(static_cast<double>(now - state.opened) / kSecond) * log_activity_.factor(state.log_activity);
    state.slow = now;
    state.limits.clock.run_at(limit_rate_ * state.activity, now);
    patience_.run_at(state.patience, state.activity, now);
    if (valued_) value_.age(state.value, seconds, state.activity, now);
}

template <class Book>
void RealisticFlow::adjust(State<Book>& state, const Book& book, Nanoseconds now) const {
    const Sight seen = sight(state, book);
    state.takers.clock.run_at(takers_.rate(seen.spread()) * state.activity, now);
    for (const Side side : kSides) {
        const bool empty = book.background_empty(side);
        const double hazard = empty ? 0 : stale_.hazard_of(side, seen);
        const double orders = hazard > 0 ? book.background_orders(seen.best(side)) : 0;
        state.stale[index(side)].clock.run_at(hazard * orders, now);
        state.informed[index(side)].clock.run_at(empty ? 0 : informed_.rate_against(side, seen), now);
        state.next[kStaleBid + index(side)] = state.stale[index(side)].clock.due();
        state.next[kInformedBid + index(side)] = state.informed[index(side)].clock.due();
    }
    state.next[kLimit] = state.limits.clock.due();
    state.next[kTake] = state.takers.clock.due();
    state.next[kCancel] = state.patience.next;
    state.next[kPrompt] = state.prompts.next();
    state.next[kStep] = state.value.steps.due();
    state.next[kJump] = state.value.jumps.due();
    state.next[kSlow] = state.slow + kSlowly;
}

template <class Book, class Venue, class Sink>
bool RealisticFlow::play(Nanoseconds until, Nanoseconds& now, State<Book>& state, Venue& venue, Sink& sink) const {
    std::size_t first = 0;
    for (std::size_t clock = 1; clock < kClocks; ++clock)
        if (state.next[clock] < state.next[first]) first = clock;
    if (state.next[first] >= until) return false;
    now = std::max(now, state.next[first]);
    fire(static_cast<Clock>(first), now, state, venue, sink);
    adjust(state, venue.book(), now);
    return true;
}

template <class Book, class Venue, class Sink>
void RealisticFlow::fire(Clock clock, Nanoseconds now, State<Book>& state, Venue& venue, Sink& sink) const {
    const auto ring = [&](Source& source) {
        source.clock.wind(now, source.waits.exponential());
        return source.count++;
    };
    switch (clock) {
        case kLimit:
            return limit(name(kFromLimits, ring(state.limits)), nullptr, state, venue, sink);
        case kTake:
            return take(name(kFromTakers, ring(state.takers)), state, venue, sink);
        case kCancel:
            return patience_.fire(state.patience, venue.book(), now,
                                  [&](Handle handle, const Order& order, std::uint64_t age) {
                                      cancel(handle, order, name(kFromCancels, age), state, venue, sink);
                                  });
        case kPrompt:
            return prompted(state, venue, sink);
        case kStaleBid:
        case kStaleAsk: {
            const auto side = static_cast<Side>(clock - kStaleBid);
            return withdraw_stale(side, name(kFromStale, 2 * ring(state.stale[index(side)]) + index(side)), state,
                                  venue, sink);
        }
        case kInformedBid:
        case kInformedAsk: {
            const auto side = static_cast<Side>(clock - kInformedBid);
            return take_mispriced(side, name(kFromInformed, 2 * ring(state.informed[index(side)]) + index(side)), state,
                                  venue, sink);
        }
        case kStep:
            return value_.step(state.value, now);
        case kJump:
            return value_.jump(state.value, now);
        case kSlow:
        case kClocks:
            return weather(state, now, false);
    }
}

template <class Book, class Venue, class Sink>
void RealisticFlow::limit(std::uint64_t event, const Prompt* prompt, State<Book>& state, Venue& venue,
                          Sink& sink) const {
    Stream chance = this->chance(state, event);
    const std::uint64_t bits = chance.bits();
    const bool sided = prompt != nullptr && prompt->sided;
    const Side side = sided ? prompt->side : static_cast<Side>(bits >> 63);
    const Sight seen = sight_with_imbalance(state, venue.book());
    const std::optional<Ticks> price = placement_.price(side, prompt != nullptr && prompt->inside, seen, chance);
    if (!price || *price < 1) return;  // nobody bids nothing
    const Handle resting = venue.limit(side, *price, lots_(chance), Party::background, TimeInForce::gtc, sink).resting;
    const Ticks behind = flip(side, seen.best(side) - *price);
    if (resting) patience_.born(state.patience, resting, behind, venue.now(), chance);
    if (valued_) value_.heard_limit(state.value, (bits >> 62 & 1) != 0);
    heard(Kind::limit, event, state, venue.now());
}

template <class Book, class Venue, class Sink>
void RealisticFlow::take(std::uint64_t event, State<Book>& state, Venue& venue, Sink& sink) const {
    Stream chance = this->chance(state, event);
    const Book& book = venue.book();
    const Side side = metaorders_.next(state.metaorder, chance);
    const Sight seen = sight_with_imbalance(state, book);
    const Ticks best = seen.best(opposite(side)), worst = takers_.worst(side, seen);
    const bool affordable = !book.background_empty(opposite(side)) && flip(side, best) <= flip(side, worst);
    if (!affordable || takers_.puts_off(side, seen.imbalance, chance)) return;
    metaorders_.sent(state.metaorder);
    const Lots lots = takers_.lots(book.background_depth(best), chance);
    execute(side, worst, lots, event, state, venue, sink);
    const double told = impact_.move(state.impact, side, lots);
    if (impacts_) value_.move(state.value, told);
}

template <class Book, class Venue, class Sink>
void RealisticFlow::take_mispriced(Side maker, std::uint64_t event, State<Book>& state, Venue& venue,
                                   Sink& sink) const {
    Stream chance = this->chance(state, event);
    const Lots queue = venue.book().background_depth(venue.reference(maker));
    const bool all = chance.uniform() < informed_.whole_queue;
    const Lots lots = all ? queue : std::min(queue, takers_.free_lots(chance));
    execute(opposite(maker), venue.reference(maker), lots, event, state, venue, sink);
    // They teach nothing and are no piece of a metaorder: counted into its run they would spoil the forecast.
}

template <class Book, class Venue, class Sink>
void RealisticFlow::execute(Side side, Ticks worst, Lots lots, std::uint64_t event, State<Book>& state, Venue& venue,
                            Sink& sink) const {
    const Sight before = sight(state, venue.book());
    venue.take(side, worst, lots, Party::background, sink);
    heard(Kind::market, event, state, venue.now());
    react(reactions_.follow, kFollow, side, true, event, state, venue.now());
    react_to_gap(before, event, state, venue.book(), venue.now());
}

template <class Book, class Venue, class Sink>
void RealisticFlow::prompted(State<Book>& state, Venue& venue, Sink& sink) const {
    const Prompt prompt = state.prompts.pop();
    if (prompt.kind == Kind::limit) return limit(prompt.event, &prompt, state, venue, sink);
    if (prompt.kind == Kind::market) return take(prompt.event, state, venue, sink);
    patience_.hasten(state.patience, hurry_ns_);
}

// The first order of the best queue, or the last.
template <class Book, class Venue, class Sink>
void RealisticFlow::withdraw_stale(Side side, std::uint64_t event, State<Book>& state, Venue& venue, Sink& sink) const {
    const Book& book = venue.book();
    const bool last = chance(state, event).bits() >> 63 != 0;
    Handle chosen{};
    for (Handle order = book.front(book.reference(side)); order; order = book.following(order)) {
        if (book.order(order).party != Party::background) continue;
        chosen = order;
        if (!last) break;
    }
    if (chosen) cancel(chosen, book.order(chosen), event, state, venue, sink);
}

template <class Book, class Venue, class Sink>
void RealisticFlow::cancel(Handle handle, const Order& order, std::uint64_t event, State<Book>& state, Venue& venue,
                           Sink& sink) const {
    const Sight before = sight(state, venue.book());
    venue.cancel(handle, sink);
    heard(Kind::cancel, event, state, venue.now());
    react(reactions_.refill, kRefill, order.side, order.price == before.best(order.side), event, state, venue.now());
    react_to_gap(before, event, state, venue.book(), venue.now());
}

template <class Book>
void RealisticFlow::heard(Kind kind, std::uint64_t event, State<Book>& state, Nanoseconds now) const {
    const Offspring& offspring = offspring_[index(kind)];
    if (offspring.most == 0) return;
    Stream chance = this->chance(state, child(event, 1));
    const std::uint32_t count = offspring.count(chance);
    for (std::uint32_t i = 0; i < count; ++i) {
        const std::uint64_t bits = chance.bits();
        const std::uint32_t which = offspring.which(static_cast<std::uint32_t>(bits >> 32));
        const auto kernel = static_cast<std::uint8_t>(which / kKinds);
        const double delay = chance.exponential(static_cast<std::uint32_t>(bits)) * mean_delay_ns_[kernel];
        add({.due = later(now, delay),
             .event = child(event, 8 + i),
             .kind = static_cast<Kind>(which % kKinds),
             .delay = kernel},
            state);
    }
}

template <class Book>
void RealisticFlow::react_to_gap(const Sight& before, std::uint64_t event, State<Book>& state, const Book& book,
                                 Nanoseconds now) const {
    if (reactions_.renew == 0) return;
    for (const Side side : kSides)
        if (book.background_empty(side) || book.reference(side) != before.best(side))
            react(reactions_.renew, kRefill, opposite(side), true, event, state, now);
}

template <class Book>
void RealisticFlow::react(double probability, std::uint8_t delay, Side side, bool inside, std::uint64_t event,
                          State<Book>& state, Nanoseconds now) const {
    if (probability == 0) return;
    const std::uint64_t reaction = child(event, 2 + delay + (inside ? 40 : 80) + index(side));
    Stream chance = this->chance(state, child(reaction, 1));
    if (chance.uniform() >= probability) return;
    add({.due = later(now, chance.exponential() * mean_delay_ns_[delay]),
         .event = reaction,
         .kind = Kind::limit,
         .delay = delay,
         .sided = true,
         .inside = inside,
         .side = side},
        state);
}

template <class Book, class Venue, class Sink>
void RealisticFlow::seed(Ticks mid, Ticks spread, State<Book>& state, Venue& venue, Random& random, Sink& sink) const {
    for (const Side side : kSides) {
        const Ticks touch = mid - spread / 2 + static_cast<Ticks>(index(side)) * spread;
        Stream chance(random);
        const Handle resting = venue.limit(side, touch, first_lots_, Party::background, TimeInForce::gtc, sink).resting;
        if (resting) patience_.born(state.patience, resting, PatienceParams::kSeeded, venue.now(), chance);
    }
    adjust(state, venue.book(), venue.now());
}

}  // namespace mm
