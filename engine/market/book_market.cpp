#include "engine/market/book_market.hpp"

#include <algorithm>
#include <numbers>

namespace mm {

namespace {

constexpr int kImbalanceLevels = 5;

// So many starts that episodes are as good as independent; few enough to be made in an instant and to stay in the
// cache. They are the same for every seed: a batch's seed chooses among them.
constexpr std::uint64_t kWarmBooks = 256;
constexpr std::uint64_t kWarmSeed = 0x77a3;

struct Nobody {
    void filled(const Fill&) const {}
    void submitted(Handle, const Order&) const {}
    void cancelled(Handle, const Order&) const {}
};

template <class Function>
std::vector<double> of_the_clock(const Agent& agent, std::uint32_t steps, Function&& function) {
    std::vector<double> values;
    for (std::uint32_t step = 0; step <= steps; ++step)
        values.push_back(function(2 * std::numbers::pi * agent.time_to_go(step)));
    return values;
}

}  // namespace

template <class ExchangeKind>
BookSetting<ExchangeKind>::BookSetting(const Scenario& scenario, const Agent& agent)
    : scenario(scenario),
      params(std::get<BookParams>(scenario.market)),
      agent(agent),
      flow(params.flow),
      maker_fee_milli(std::llround(1e3 * params.maker_fee)),
      warm(warm_up()),
      sines(of_the_clock(agent, scenario.episode_steps, [](double phase) { return std::sin(phase); })),
      cosines(of_the_clock(agent, scenario.episode_steps, [](double phase) { return std::cos(phase); })) {
}

template <class ExchangeKind>
std::vector<ExchangeKind> BookSetting<ExchangeKind>::warm_up() const {
    std::vector<ExchangeKind> books;
    for (std::uint64_t i = 0; i < kWarmBooks; ++i)
        books.emplace_back(params, flow).open(Random(kWarmSeed, i, 0), Nobody{});
    return books;
}

// Hears what happens in the book while the background runs.
template <class ExchangeKind>
struct BookMarket<ExchangeKind>::Sink {
    BookMarket& market;

    void filled(const Fill& fill) const {
        market.recent_.trade(-sign(fill.maker_side) * fill.lots);
        if (fill.maker_owner == Owner::agent)
            market.account_.fill(fill.maker_side, fill.price, fill.lots, market.setting_->maker_fee_milli);
    }
    void submitted(Handle, const Order&) const {}
    void cancelled(Handle, const Order&) const {}
};

template <class ExchangeKind>
void BookMarket<ExchangeKind>::reset(const Random& random, bool staggered) {
    Random own = random;
    const std::uint32_t start = own.below(static_cast<std::uint32_t>(setting_->warm.size()));
    step_ = staggered ? own.below(setting_->scenario.episode_steps) : 0;
    exchange_.resume(setting_->warm[start], own);
    account_ = {};
    quotes_[0] = quotes_[1] = {};
    for (Side side : kSides) others_[index(side)] = book().touch(side);
    recent_ = Recent(mid());
    alpha_ = imbalance(book(), 1);
}

template <class ExchangeKind>
View BookMarket<ExchangeKind>::view() const {
    const double per_second = recent_.variance() / setting_->scenario.decision_interval_s;
    return {mid(), inventory(), alpha_, std::sqrt(per_second) / mid(), step_};
}

// Flattened, as `observe` is: what surrounds the events of a step takes as long as a third of them.
template <class ExchangeKind>
[[gnu::flatten]] void BookMarket<ExchangeKind>::play(const Depths& depth, double* statistics) {
    const Agent& agent = setting_->agent;
    const double start = exchange_.now();
    const double mid_before = mid();
    const double before = inventory();
    const double pnl_before = account_.pnl(mid2());
    const Account books_before = account_;
    // Outward to whole ticks: the edge is never less than asked.
    const Want bid{static_cast<Ticks>(std::floor(mid_before - depth.bid)), agent.lots(Side::bid, before)};
    const Want ask{static_cast<Ticks>(std::ceil(mid_before + depth.ask)), agent.lots(Side::ask, before)};

    exchange_.run_until(start + setting_->params.latency_ms * 1e6, Sink{*this});
    send(bid, ask);
    statistics[kBidDepth] = posted_depth(Side::bid, mid_before);
    statistics[kAskDepth] = posted_depth(Side::ask, mid_before);
    exchange_.run_until(start + setting_->scenario.decision_interval_s * kSecond, Sink{*this});
    look_at_others();
    recent_.close(mid());
    alpha_ = imbalance(book(), 1);
    ++step_;

    statistics[kInventoryPenalty] = agent.inventory_penalty(inventory());
    statistics[kTerminalCost] = agent.terminal_cost(before, inventory());
    if (finished()) statistics[kTerminalCost] += liquidation_cost();
    statistics[kPnlChange] = account_.pnl(mid2()) - pnl_before;
    statistics[kInventory] = inventory();
    statistics[kMid] = mid();
    statistics[kBidFilled] = static_cast<double>(account_.bought() - books_before.bought());
    statistics[kAskFilled] = static_cast<double>(account_.sold() - books_before.sold());
    statistics[kFees] = 1e-3 * static_cast<double>(account_.fees_milli() - books_before.fees_milli());
}

// Brings the quotes to what is wanted. Both sides go before either comes back, so that the agent's new bid never meets
// its old ask; prices that would cross the others or each other slide to the nearest that do not.
template <class ExchangeKind>
void BookMarket<ExchangeKind>::send(Want bid, Want ask) {
    look_at_others();
    bid.price = std::min(bid.price, others_[index(Side::ask)] - 1);
    ask.price = std::max(ask.price, others_[index(Side::bid)] + 1);
    if (bid.lots > 0) ask.price = std::max(ask.price, bid.price + 1);
    withdraw(Side::bid, bid);
    withdraw(Side::ask, ask);
    post(Side::bid, bid);
    post(Side::ask, ask);
}

// Takes away a quote that is no longer wanted where it stands; a smaller size at the same price keeps its place.
template <class ExchangeKind>
void BookMarket<ExchangeKind>::withdraw(Side side, const Want& want) {
    Handle& resting = quotes_[index(side)];
    if (book().holds(resting)) {
        const Order order = book().order(resting);
        if (order.price == want.price && want.lots > 0 && want.lots <= order.lots) {
            if (want.lots < order.lots) exchange_.reduce(resting, order.lots - want.lots);
            return;
        }
        exchange_.cancel(resting, Sink{*this});
    }
    resting = {};  // withdrawn, filled, or dropped with the window
}

template <class ExchangeKind>
void BookMarket<ExchangeKind>::post(Side side, const Want& want) {
    Handle& resting = quotes_[index(side)];
    // Fills during the latency may have used the room this size was chosen for.
    const auto position = static_cast<Lots>(account_.position());
    const Lots lots = std::min(want.lots, setting_->scenario.max_lots() - sign(side) * position);
    if (resting || lots <= 0) return;
    resting = exchange_.limit(side, want.price, lots, Owner::agent, TimeInForce::post_only, Sink{*this}).resting;
}

// What rests may stand behind what was asked for: a quote that would cross has slid.
template <class ExchangeKind>
double BookMarket<ExchangeKind>::posted_depth(Side side, double mid) const {
    const Handle resting = quotes_[index(side)];
    return resting ? sign(side) * (mid - book().order(resting).price) : 0;
}

template <class ExchangeKind>
Lots BookMarket<ExchangeKind>::own_lots(Ticks price, Side side) const {
    const Handle own = quotes_[index(side)];
    const Order order = book().order(own);
    return order.lots * static_cast<Lots>(book().holds(own) & (order.price == price));
}

// Without a jump: where our quote stands is hard to guess.
template <class ExchangeKind>
Ticks BookMarket<ExchangeKind>::others_best(Side side) const {
    const Ticks best = book().touch(side), next = book().behind(side, best);
    const auto alone = -static_cast<Ticks>(own_lots(best, side) == book().depth(best));
    const Ticks price = best ^ ((best ^ next) & alone);
    return price == kNoPrice ? others_[index(side)] : price;
}

template <class ExchangeKind>
void BookMarket<ExchangeKind>::look_at_others() {
    for (Side side : kSides) others_[index(side)] = others_best(side);
}

template <class ExchangeKind>
double BookMarket<ExchangeKind>::liquidation_cost() const {
    const Money position = account_.position();
    const Side side = position > 0 ? Side::bid : Side::ask;  // whom we close against
    Money left = std::abs(position);
    Ticks price = book().best(side), last = others_[index(side)];
    double cost = setting_->params.taker_fee * static_cast<double>(left);
    while (left > 0) {
        Money lots = left;
        if (price != kNoPrice) {
            lots = std::min<Money>(left, book().depth(price) - own_lots(price, side));
            last = price;
            price = book().behind(side, price);
        }  // an empty side leaves the rest at the last price seen
        cost += static_cast<double>(lots) * sign(side) * (mid() - last);
        left -= lots;
    }
    return cost;
}

template <class ExchangeKind>
[[gnu::flatten]] void BookMarket<ExchangeKind>::observe(float* row) const {
    const double per_unit = 1 / setting_->scenario.price_unit;
    const Ticks bid = book().touch(Side::bid), ask = book().touch(Side::ask);
    setting_->agent.observe(step_, inventory(), alpha_, row);
    std::size_t column = kReducedFormObservation.size();
    const auto write = [&](double x) { row[column++] = static_cast<float>(x); };
    write((bid - recent_.mid_before()) * per_unit);
    write((ask - recent_.mid_before()) * per_unit);
    write((ask - bid) * per_unit);
    write(log_lots(book().depth(bid)));
    write(log_lots(book().depth(ask)));
    write(imbalance(book(), kImbalanceLevels));
    write((microprice(book()) - mid()) * per_unit);
    write(std::sqrt(recent_.variance()) * per_unit);
    write(static_cast<double>(account_.cash()) / (mid() * setting_->scenario.max_lots()));
    write(setting_->sines[step_]);
    write(setting_->cosines[step_]);
    write(recent_.flow());
    const bool quoted[2]{book().holds(quotes_[0]), book().holds(quotes_[1])};
    for (Side side : kSides) {
        const Handle own = quotes_[index(side)];
        write(quoted[index(side)] ? sign(side) * (book().touch(side) - book().order(own).price) * per_unit : -1);
    }
    for (Side side : kSides) write(quoted[index(side)] ? log_lots(book().queue_ahead(quotes_[index(side)])) : 0.0);
}

template class BookSetting<Exchange<PlainFlow, CompactOrderBook>>;
template class BookSetting<Exchange<PlainFlow, MediumOrderBook>>;
template class BookSetting<Exchange<LayeredFlow, CompactOrderBook>>;
template class BookSetting<Exchange<LayeredFlow, MediumOrderBook>>;
template class BookMarket<Exchange<PlainFlow, CompactOrderBook>>;
template class BookMarket<Exchange<PlainFlow, MediumOrderBook>>;
template class BookMarket<Exchange<LayeredFlow, CompactOrderBook>>;
template class BookMarket<Exchange<LayeredFlow, MediumOrderBook>>;

}  // namespace mm
