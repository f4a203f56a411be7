#include "engine/market/book_market.hpp"

#include <cmath>
#include <numbers>

namespace mm {

namespace {
constexpr double kFlowMemory = 0.9;         // a step, of the signed flow: about ten decisions
constexpr double kVolatilityMemory = 0.98;  // a step, of the mid's variance: about fifty decisions
constexpr int kImbalanceLevels = 5;
}  // namespace

// Hears what happens in the book while the background runs.
struct BookMarket::Sink {
    BookMarket& market;

    void filled(const Fill& fill) const {
        market.market_flow_ -= sign(fill.maker_side) * fill.lots;
        if (fill.maker_owner != Owner::agent) return;
        market.account_.fill(fill.maker_side, fill.price, fill.lots, std::llround(1e3 * market.params_->maker_fee));
    }
    void submitted(Handle, Side, Ticks, Lots) const {}
    void cancelled(Handle, Side, Ticks, Lots) const {}
};

BookMarket::BookMarket(const Scenario& scenario, const Agent& agent, const PoissonFlow& flow)
    : scenario_(&scenario), params_(&std::get<BookParams>(scenario.market)), agent_(&agent), exchange_(*params_, flow) {
}

void BookMarket::reset(const Random& random, bool staggered) {
    account_ = {};
    quotes_[0] = quotes_[1] = {};
    exchange_.open(random, Sink{*this});
    step_ = staggered ? exchange_.random().below(scenario_->episode_steps) : 0;
    market_flow_ = 0;
    signed_flow_ = mid_variance_ = last_move_ = 0;
    previous_mid_ = mid();
}

View BookMarket::view() const {
    return {mid(), inventory(), alpha(), volatility_per_second() / mid(), step_};
}

void BookMarket::play(const Depths& depth, double* statistics) {
    const double start = exchange_.now();
    const double mid_before = mid();
    const double before = inventory();
    const double pnl_before = account_.pnl(mid2());
    const Money fees_before = account_.fees_milli();
    const Money bought_before = account_.bought(), sold_before = account_.sold();
    // Outward to whole ticks: the edge is never less than asked.
    const Want bid{static_cast<Ticks>(std::floor(mid_before - depth.bid)), agent_->lots(Side::bid, before)};
    const Want ask{static_cast<Ticks>(std::ceil(mid_before + depth.ask)), agent_->lots(Side::ask, before)};

    market_flow_ = 0;
    const Sink sink{*this};
    exchange_.run_until(start + params_->latency_ms * 1e6, sink);
    withdraw(Side::bid, bid);
    withdraw(Side::ask, ask);
    exchange_.remember_touch();
    post(Side::bid, bid);
    post(Side::ask, ask);
    statistics[kBidDepth] = posted_depth(Side::bid, mid_before);
    statistics[kAskDepth] = posted_depth(Side::ask, mid_before);
    exchange_.remember_touch();
    exchange_.run_until(start + scenario_->decision_interval_s * kSecond, sink);
    remember_mid();
    ++step_;

    statistics[kInventoryPenalty] = agent_->inventory_penalty(inventory());
    statistics[kTerminalCost] = agent_->terminal_cost(before, inventory());
    if (finished()) statistics[kTerminalCost] += liquidation_cost();
    statistics[kPnlChange] = account_.pnl(mid2()) - pnl_before;
    statistics[kInventory] = inventory();
    statistics[kMid] = mid();
    statistics[kBidFilled] = static_cast<double>(account_.bought() - bought_before);
    statistics[kAskFilled] = static_cast<double>(account_.sold() - sold_before);
    statistics[kFees] = 1e-3 * static_cast<double>(account_.fees_milli() - fees_before);
}

// Takes away a quote that is no longer wanted where it stands; both sides go before either comes back, so that the
// agent never trades with itself. A smaller size at the same price keeps its place.
void BookMarket::withdraw(Side side, const Want& want) {
    Exchange::Book& book = exchange_.book();
    Handle& resting = quotes_[index(side)];
    if (book.holds(resting)) {
        const auto order = book.order(resting);
        if (order.price == passive(side, want.price) && order.lots == want.lots) return;
        if (order.price == passive(side, want.price) && order.lots > want.lots && want.lots > 0) {
            book.reduce(resting, order.lots - want.lots);
            return;
        }
        book.cancel(resting);
    }
    resting = {};  // withdrawn, filled, or dropped with the window
}

void BookMarket::post(Side side, const Want& want) {
    Handle& resting = quotes_[index(side)];
    // Fills during the latency may have used the room this size was chosen for.
    const Lots lots = std::min(want.lots, scenario_->max_lots() - sign(side) * static_cast<Lots>(account_.position()));
    if (resting || lots <= 0) return;
    const Ticks price = passive(side, want.price);
    resting = exchange_.book().limit(side, price, lots, Owner::agent, [](const Fill&) {}).resting;
}

// What rests may stand behind what was asked for: a quote that would cross has slid.
double BookMarket::posted_depth(Side side, double mid) const {
    const Handle resting = quotes_[index(side)];
    return resting ? sign(side) * (mid - exchange_.book().order(resting).price) : 0;
}

Ticks BookMarket::passive(Side side, Ticks price) const {
    const Ticks nearest = exchange_.touch(opposite(side)) - sign(side);
    return side == Side::bid ? std::min(price, nearest) : std::max(price, nearest);
}

Ticks BookMarket::outside_best(Side side) const {
    const Exchange::Book& book = exchange_.book();
    const Handle own = quotes_[index(side)];
    const Ticks best = exchange_.touch(side);
    if (!book.holds(own) || book.order(own).price != best || book.depth(best) > book.order(own).lots) return best;
    const Ticks next = book.behind(side, best);
    return next == kNoPrice ? best : next;
}

double BookMarket::imbalance(int levels) const {
    double lots[2]{};
    for (Side side : kSides) {
        Ticks price = exchange_.book().best(side);
        for (int i = 0; i < levels && price != kNoPrice; ++i) {
            lots[index(side)] += exchange_.book().depth(price);
            price = exchange_.book().behind(side, price);
        }
    }
    const double total = lots[0] + lots[1];
    return total > 0 ? (lots[0] - lots[1]) / total : 0.0;
}

double BookMarket::alpha() const {
    return imbalance(1);
}

double BookMarket::volatility_per_second() const {
    return std::sqrt(mid_variance_ / scenario_->decision_interval_s);
}

void BookMarket::remember_mid() {
    last_move_ = mid() - previous_mid_;
    previous_mid_ = mid();
    mid_variance_ = kVolatilityMemory * mid_variance_ + (1 - kVolatilityMemory) * last_move_ * last_move_;
    signed_flow_ = kFlowMemory * signed_flow_ + (1 - kFlowMemory) * market_flow_;
}

double BookMarket::liquidation_cost() const {
    const Money position = account_.position();
    const Side side = position > 0 ? Side::bid : Side::ask;  // whom we close against
    const Exchange::Book& book = exchange_.book();
    const Handle own = quotes_[index(side)];
    Money left = std::abs(position);
    Ticks price = book.best(side), last = exchange_.touch(side);
    double cost = params_->taker_fee * static_cast<double>(left);
    while (left > 0) {
        Money lots = left;
        if (price != kNoPrice) {
            const bool ours = book.holds(own) && book.order(own).price == price;
            lots = std::min<Money>(left, book.depth(price) - (ours ? book.order(own).lots : 0));
            last = price;
            price = book.behind(side, price);
        }  // an empty side leaves the rest at the last price seen
        cost += static_cast<double>(lots) * sign(side) * (mid() - last);
        left -= lots;
    }
    return cost;
}

void BookMarket::observe(float* row) const {
    const Exchange::Book& book = exchange_.book();
    const double unit = scenario_->price_unit;
    const Ticks bid = exchange_.touch(Side::bid), ask = exchange_.touch(Side::ask);
    const double bid_lots = book.depth(bid), ask_lots = book.depth(ask);
    const double micro = bid_lots + ask_lots > 0 ? (bid * ask_lots + ask * bid_lots) / (bid_lots + ask_lots) : mid();
    const double phase = 2 * std::numbers::pi * agent_->time_to_go(step_);
    const double value = mid() * scenario_->max_lots();
    agent_->observe(step_, inventory(), alpha(), row);
    std::size_t column = kReducedFormObservation.size();
    const auto write = [&](double x) { row[column++] = static_cast<float>(x); };
    const double origin = mid() - last_move_;
    write((bid - origin) / unit);
    write((ask - origin) / unit);
    write((ask - bid) / unit);
    write(std::log1p(bid_lots));
    write(std::log1p(ask_lots));
    write(imbalance(kImbalanceLevels));
    write((micro - mid()) / unit);
    write(std::sqrt(mid_variance_) / unit);
    write(static_cast<double>(account_.cash()) / value);
    write(std::sin(phase));
    write(std::cos(phase));
    write(signed_flow_);
    const Ticks touches[2]{bid, ask};
    for (Side side : kSides) {
        const Handle own = quotes_[index(side)];
        const double behind = book.holds(own) ? sign(side) * (touches[index(side)] - book.order(own).price) / unit : -1;
        write(behind);
    }
    for (Side side : kSides) {
        const Handle own = quotes_[index(side)];
        write(book.holds(own) ? std::log1p(book.queue_ahead(own)) : 0.0);
    }
}

}  // namespace mm
