// The market in a limit order book: the agent's quotes stand in the same queues as everybody's orders.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <numbers>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "engine/core/flatten.hpp"
#include "engine/core/prefetch.hpp"
#include "engine/market/agenda.hpp"
#include "engine/market/agent.hpp"
#include "engine/market/desk.hpp"
#include "engine/market/features.hpp"
#include "engine/market/session.hpp"
#include "engine/market/signal.hpp"
#include "engine/market/venue.hpp"
#include "engine/market/warm_books.hpp"

namespace mm {

// What the agent knows when it decides: market data, and its own position with them, as they left the venue some time
// before.
struct Look {
    std::array<float, kBookColumns> row;
    View view;
};

// What all book markets of a batch share.
template <class VenueKind>
class BookSetting {
  public:
    BookSetting(const Scenario& scenario, const Agent& agent);

    // Of one market: what may be due at once, and fills that wait for their markouts.
    std::size_t tasks() const;
    std::size_t fills() const;

    const Scenario& scenario;
    const BookParams& params;
    const Agent& agent;
    const FeeSchedule fees;
    const Latency latency;
    const std::optional<Signal::Setting> signal;
    const Nanoseconds interval, data_delay;
    const std::uint32_t looks;                 // that are under way at once
    WarmBooks<VenueKind> warm;                 // what an episode may start from
    const std::vector<double> sines, cosines;  // of the clock, by step
};

// Memory of one market that lies elsewhere.
struct BookMemory {
    std::span<Task> tasks;
    std::span<Markouts::Record> fills;
    std::span<Look> looks;
    Signal* signal = nullptr;  // where the setting has one
};

// 64 bytes are a line of the cache. A `Listener` hears all that happens at the venue, as a sink does.
template <class VenueKind, class Listener = Nobody>
class alignas(64) BookMarket {
  public:
    using Setting = BookSetting<VenueKind>;
    using Book = typename VenueKind::Book;

    BookMarket(const Setting& setting, const BookMemory& memory, Listener listener = {});

    // Starts an episode from a warm book at the first step of the clock, or at a random one.
    void reset(const Random& random, bool staggered);
    // Plays one decision interval. Quotes reach the venue after the latency; a quote whose price does not change keeps
    // its place in the queue, and what it has more than before joins behind; one that would cross rests one tick from
    // the opposite best instead.
    void play(const Depths& depth, const Shares& share, double* statistics);
    // Its two halves: sends the quotes, and plays until the next decision.
    void decide(const Depths& depth, const Shares& share);
    void run_until(Nanoseconds time);
    // What the agent knows at this decision.
    View view() const;
    void observe(float* row) const;
    bool finished() const { return setting_->agent.finished(step_); }

    void prefetch() const {
        mm::prefetch(this, &venue_);
        venue_.prefetch();
    }
    void prefetch_touch() const { venue_.prefetch_touch(); }

    const VenueKind& venue() const { return venue_; }
    VenueKind& venue() { return venue_; }
    const Desk& desk() const { return desk_; }
    Listener& listener() { return listener_; }
    // When the next decision is taken, in the venue's time.
    Nanoseconds next_decision() const { return decision_ + setting_->interval; }
    // Messages that were refused because too much was under way.
    std::uint64_t refused() const { return refused_; }

  private:
    struct Sink;

    static constexpr Party kOurs = Party::agent;

    const Book& book() const { return venue_.book(); }
    double mid() const { return 0.5 * venue_.mid2(); }
    double inventory() const { return static_cast<double>(desk_.account().position()); }
    const Look& look() const { return looks_[step_looks_ % setting_->looks]; }

    void arrive(const Task& task);
    void take_look();
    double alpha();
    void write_look(float* row) const;
    void write_own_quotes(float* row) const;
    void write_markouts(double* statistics);
    double luck(double before, double mid_before) const;
    double posted_depth(Side side, double mid) const;
    // Cost of closing the position against the background's orders at the end of an episode, tick x lot.
    double liquidation_cost() const;

    const Setting* setting_;
    Nanoseconds decision_ = 0;
    Desk desk_;
    Session session_;
    Recent recent_;
    Signal* signal_;
    Agenda agenda_;
    Look* looks_;  // as many as the setting says
    std::uint32_t refused_ = 0;
    std::uint32_t step_ = 0;
    std::uint32_t taken_looks_ = 0, step_looks_ = 0;  // looks since the reset: taken, and decided on
    [[no_unique_address]] Listener listener_;
    VenueKind venue_;
};

namespace book_market {

inline constexpr int kImbalanceLevels = 5;

// Of an exponential time's mean: one in e^20 lasts longer.
inline constexpr double kLongestJitter = 20;

inline Nanoseconds nanoseconds(double ms) {
    return std::llround(1e-3 * ms * kSecond);
}

template <class Function>
std::vector<double> of_the_clock(const Agent& agent, std::uint32_t steps, Function&& function) {
    std::vector<double> values;
    for (std::uint32_t step = 0; step <= steps; ++step)
        values.push_back(function(2 * std::numbers::pi * agent.time_to_go(step)));
    return values;
}

}  // namespace book_market

template <class VenueKind>
BookSetting<VenueKind>::BookSetting(const Scenario& scenario, const Agent& agent)
    : scenario(scenario),
      params(std::get<BookParams>(scenario.market)),
      agent(agent),
      fees(params.fees),
      latency{book_market::nanoseconds(params.latency_ms), 1e-3 * params.latency_jitter_ms * kSecond},
      signal(params.signal ? std::optional<Signal::Setting>({*params.signal, scenario.decision_interval_s})
                           : std::nullopt),
      interval(book_market::nanoseconds(1e3 * scenario.decision_interval_s)),
      data_delay(book_market::nanoseconds(params.data_delay_ms)),
      looks(static_cast<std::uint32_t>(data_delay / interval) + 1),
      warm(params, scenario.duration_s()),
      sines(book_market::of_the_clock(agent, scenario.episode_steps, [](double phase) { return std::sin(phase); })),
      cosines(book_market::of_the_clock(agent, scenario.episode_steps, [](double phase) { return std::cos(phase); })) {
}

template <class VenueKind>
std::size_t BookSetting<VenueKind>::tasks() const {
    const double longest = static_cast<double>(latency.constant) + book_market::kLongestJitter * latency.jitter_ns;
    return 2 + static_cast<std::size_t>(longest / static_cast<double>(interval));
}

// Half of all market orders, for as long as the last horizon: more than anybody has been filled.
template <class VenueKind>
std::size_t BookSetting<VenueKind>::fills() const {
    constexpr double kLongest = static_cast<double>(kMarkoutHorizons.back()) / kSecond;
    const auto fills = static_cast<std::size_t>(params.market_rate() * kLongest);
    return std::bit_ceil(std::clamp<std::size_t>(fills, 64, 1 << 16));
}

// Hears what happens at the venue.
template <class VenueKind, class Listener>
struct BookMarket<VenueKind, Listener>::Sink {
    BookMarket& market;

    void filled(const Fill& fill) const {
        market.recent_.trade(-sign(fill.maker_side) * fill.lots);
        if (fill.maker_party == kOurs || fill.taker_party == kOurs)
            market.desk_.filled(fill, market.venue_.now(), market.venue_.mid2_before());
        market.listener_.filled(fill);
    }
    void submitted(Handle handle, const Order& order) const { market.listener_.submitted(handle, order); }
    void cancelled(Handle handle, const Order& order) const { market.listener_.cancelled(handle, order); }
    void reduced(Handle handle, const Order& order) const { market.listener_.reduced(handle, order); }
};

template <class VenueKind, class Listener>
BookMarket<VenueKind, Listener>::BookMarket(const Setting& setting, const BookMemory& memory, Listener listener)
    : setting_(&setting),
      desk_(kOurs, setting.fees, memory.fills),
      session_(kOurs, setting.latency),
      signal_(memory.signal),
      agenda_(memory.tasks),
      looks_(memory.looks.data()),
      listener_(std::move(listener)),
      venue_(setting.params, setting.warm.flow(0)) {
}

// The clock starts so long before the first decision as data take to reach us: what is known at a decision left the
// venue at a whole number of intervals.
template <class VenueKind, class Listener>
void BookMarket<VenueKind, Listener>::reset(const Random& random, bool staggered) {
    Random own = random;
    const std::uint32_t start = own.below(static_cast<std::uint32_t>(setting_->warm.size()));
    step_ = staggered ? own.below(setting_->scenario.episode_steps) : 0;
    venue_.resume(setting_->warm[start], own);
    session_.restart(Stream(own));
    desk_.restart();
    agenda_.clear();
    recent_ = Recent(mid());
    if (setting_->signal) signal_->restart(*setting_->signal, Stream(own), venue_.value() - mid());
    taken_looks_ = step_looks_ = 0;
    take_look();
    decision_ = setting_->data_delay;
    run_until(decision_);
}

template <class VenueKind, class Listener>
View BookMarket<VenueKind, Listener>::view() const {
    View view = look().view;
    view.step = step_;
    return view;
}

template <class VenueKind, class Listener>
void BookMarket<VenueKind, Listener>::decide(const Depths& depth, const Shares& share) {
    const Agent& agent = setting_->agent;
    const View& known = look().view;
    // Outward to whole ticks: the edge is never less than asked.
    const Wish bid{to_ticks(std::floor(known.mid - depth.bid)), agent.lots(Side::bid, known.inventory, share.bid)};
    const Wish ask{to_ticks(std::ceil(known.mid + depth.ask)), agent.lots(Side::ask, known.inventory, share.ask)};
    refused_ += !session_.send_quotes(venue_.now(), bid, ask, agenda_);
}

// All that is due up to a time, and what the background does before it.
template <class VenueKind, class Listener>
MM_FLATTENED [[gnu::noinline]] void BookMarket<VenueKind, Listener>::run_until(Nanoseconds time) {
    for (;;) {
        const Nanoseconds due = std::min(agenda_.next(), desk_.markouts().next());
        if (due > time) break;
        venue_.run_until(due, Sink{*this});
        if (desk_.markouts().next() == due) {
            desk_.markouts().settle(due, venue_.mid2());
        } else {
            arrive(agenda_.pop());
        }
    }
    venue_.run_until(time, Sink{*this});
}

template <class VenueKind, class Listener>
void BookMarket<VenueKind, Listener>::arrive(const Task& task) {
    if (task.kind == Task::Kind::look) return take_look();
    const auto room = [&](Side side) { return setting_->agent.max_lots() - sign(side) * desk_.position(); };
    session_.arrive(task, venue_, room, Sink{*this});
}

template <class VenueKind, class Listener>
MM_FLATTENED void BookMarket<VenueKind, Listener>::play(const Depths& depth, const Shares& share, double* statistics) {
    const Agent& agent = setting_->agent;
    const Account books = desk_.account();
    const double mid_before = mid(), before = inventory(), pnl_before = books.pnl(venue_.mid2());
    decide(depth, share);
    decision_ += setting_->interval;
    run_until(decision_);
    ++step_;
    ++step_looks_;

    const Account& account = desk_.account();
    statistics[kInventoryPenalty] = agent.inventory_penalty(inventory());
    statistics[kTerminalCost] = agent.terminal_cost(before, inventory());
    if (finished()) statistics[kTerminalCost] += liquidation_cost();
    statistics[kPnlChange] = account.pnl(venue_.mid2()) - pnl_before;
    statistics[kInventory] = inventory();
    statistics[kMid] = mid();
    statistics[kBidFilled] = static_cast<double>(account.bought() - books.bought());
    statistics[kAskFilled] = static_cast<double>(account.sold() - books.sold());
    statistics[kFees] = static_cast<double>(account.fees_nano() - books.fees_nano()) / kNano;
    statistics[kBidDepth] = posted_depth(Side::bid, mid_before);
    statistics[kAskDepth] = posted_depth(Side::ask, mid_before);
    write_markouts(statistics);
    statistics[kLuck] = luck(before, mid_before);
}

// Of the change of PnL since the step began, what is left when each fill is worth what the efficient price then says.
template <class VenueKind, class Listener>
double BookMarket<VenueKind, Listener>::luck(double before, double mid_before) const {
    if (!venue_.fair()) return 0;
    const double after = inventory(), value = venue_.value(), mark = finished() ? value : mid();
    return after * mark - before * mid_before - (after - before) * value;
}

template <class VenueKind, class Listener>
void BookMarket<VenueKind, Listener>::write_markouts(double* statistics) {
    double* out = statistics + kMarkouts;
    for (const auto& by_horizon : desk_.markouts().take()) {
        for (const Markouts::Sum& sum : by_horizon) {
            *out++ = 0.5 * static_cast<double>(sum.value);
            *out++ = static_cast<double>(sum.lots);
        }
    }
}

// What was posted may stand behind what was asked for: a quote that would cross has slid.
template <class VenueKind, class Listener>
double BookMarket<VenueKind, Listener>::posted_depth(Side side, double mid) const {
    const Ticks price = session_.posted(side);
    return price == kNoPrice ? 0 : sign(side) * (mid - price);
}

// Market data leave the venue, and so does the next look one interval later.
template <class VenueKind, class Listener>
void BookMarket<VenueKind, Listener>::take_look() {
    if (taken_looks_ > 0) recent_.close(mid());
    Look& look = looks_[taken_looks_++ % setting_->looks];
    write_look(look.row.data());
    look.row[kAlpha] = static_cast<float>(alpha());
    const double per_second = recent_.variance() / setting_->scenario.decision_interval_s;
    const Ticks spread = venue_.reference(Side::ask) - venue_.reference(Side::bid);
    look.view = {mid(), inventory(), double{look.row[kAlpha]}, std::sqrt(per_second) / mid(), 0, spread};
    agenda_.add({.due = venue_.now() + setting_->interval, .kind = Task::Kind::look});
}

template <class VenueKind, class Listener>
double BookMarket<VenueKind, Listener>::alpha() {
    return setting_->signal ? signal_->next(*setting_->signal, venue_.value() - mid()) : imbalance(book(), 1);
}

template <class VenueKind, class Listener>
void BookMarket<VenueKind, Listener>::observe(float* row) const {
    std::ranges::copy(look().row, row);
    setting_->agent.observe(step_, look().view.inventory, look().view.alpha, row);
    row[kClockSin] = static_cast<float>(setting_->sines[step_]);
    row[kClockCos] = static_cast<float>(setting_->cosines[step_]);
}

template <class VenueKind, class Listener>
void BookMarket<VenueKind, Listener>::write_look(float* row) const {
    const double per_unit = 1 / setting_->scenario.price_unit;
    const Ticks bid = venue_.reference(Side::bid), ask = venue_.reference(Side::ask);
    const auto prices = [&](double ticks) { return static_cast<float>(ticks * per_unit); };
    row[kBid] = prices(bid - recent_.mid_before());
    row[kAsk] = prices(ask - recent_.mid_before());
    row[kSpread] = prices(ask - bid);
    row[kBidVolume] = log_lots(book().background_depth(bid));
    row[kAskVolume] = log_lots(book().background_depth(ask));
    row[kImbalance] = static_cast<float>(imbalance(book(), book_market::kImbalanceLevels));
    row[kMicropriceOffset] = prices(microprice(book()) - mid());
    row[kVolatility] = prices(std::sqrt(recent_.variance()));
    row[kCash] =
        static_cast<float>(static_cast<double>(desk_.account().cash()) / (mid() * setting_->scenario.max_lots()));
    row[kSignedFlow] = static_cast<float>(recent_.flow() / setting_->scenario.quote_lots());
    write_own_quotes(row);
}

template <class VenueKind, class Listener>
void BookMarket<VenueKind, Listener>::write_own_quotes(float* row) const {
    for (const Side side : kSides) {
        const std::size_t ours = index(side);
        const Handle first = session_.first(side, book());
        row[kOwnBidDistance + ours] = row[kOwnBidQueue + ours] = row[kOwnBidVolume + ours] = 0;
        if (!first) continue;
        const double behind = sign(side) * (venue_.reference(side) - book().order(first).price);
        row[kOwnBidDistance + ours] = static_cast<float>(behind / setting_->scenario.price_unit);
        row[kOwnBidQueue + ours] = log_lots(book().queue_ahead(first));
        row[kOwnBidVolume + ours] = log_lots(session_.resting(side, book()));
    }
}

template <class VenueKind, class Listener>
double BookMarket<VenueKind, Listener>::liquidation_cost() const {
    const Account& account = desk_.account();
    const Side side = account.position() > 0 ? Side::bid : Side::ask;  // whom we close against
    Money left = std::abs(account.position());
    Ticks price = book().background_empty(side) ? kNoPrice : venue_.reference(side), last = venue_.reference(side);
    const double all = static_cast<double>(left);
    double cost = AdaptiveMarketMaker::impact_cost(setting_->params.market_impact, all, 1, mid());
    while (left > 0) {
        Money lots = left;
        if (price != kNoPrice) {
            lots = std::min<Money>(left, book().background_depth(price));
            last = price;
            price = book().background_behind(side, price);
        }  // an empty side leaves the rest at the last price seen
        const WideMoney fee = setting_->fees.fee(Liquidity::taker, last, static_cast<Lots>(lots), account.turnover());
        cost += static_cast<double>(lots) * sign(side) * (mid() - last) + static_cast<double>(fee) / kNano;
        left -= lots;
    }
    return cost;
}

}  // namespace mm
