// The market in a limit order book: the agent's two quotes stand in the same queues as everybody's orders.
#pragma once

#include <cmath>
#include <vector>

#include "engine/maker/account.hpp"
#include "engine/market/agent.hpp"
#include "engine/market/exchange.hpp"
#include "engine/market/features.hpp"

namespace mm {

// What all book markets of a batch share.
template <class ExchangeKind>
class BookSetting {
  public:
    BookSetting(const Scenario& scenario, const Agent& agent);

    const Scenario& scenario;
    const BookParams& params;
    const Agent& agent;
    const typename ExchangeKind::Flow flow;
    const Money maker_fee_milli;
    const std::vector<ExchangeKind> warm;      // what an episode may start from
    const std::vector<double> sines, cosines;  // of the clock, by step

  private:
    std::vector<ExchangeKind> warm_up() const;
};

// 64 bytes are a line of the cache.
template <class ExchangeKind>
class alignas(64) BookMarket {
  public:
    using Setting = BookSetting<ExchangeKind>;
    using Book = typename ExchangeKind::Book;

    explicit BookMarket(const Setting& setting) : setting_(&setting), exchange_(setting.params, setting.flow) {}

    // Starts an episode from a warm book at the first step of the clock, or at a random one.
    void reset(const Random& random, bool staggered);
    // Plays one decision interval: the quotes reach the book after the latency; a quote whose price and size do not
    // change keeps its place in the queue; a quote that would cross rests one tick from the opposite best instead.
    void play(const Depths& depth, double* statistics);
    View view() const;
    bool finished() const { return setting_->agent.finished(step_); }
    void observe(float* row) const;

    const ExchangeKind& exchange() const { return exchange_; }

  private:
    struct Want {
        Ticks price = 0;
        Lots lots = 0;  // 0: no quote
    };
    struct Sink;

    const Book& book() const { return exchange_.book(); }
    // Twice the mid of the background's orders: our own quotes must not move the price we are marked at.
    Ticks mid2() const { return others_[0] + others_[1]; }
    double mid() const { return 0.5 * mid2(); }
    double inventory() const { return static_cast<double>(account_.position()); }
    // Best price of the others on a side; the last one known while there is none.
    Ticks others_best(Side side) const;
    void look_at_others();
    Lots own_lots(Ticks price, Side side) const;

    void send(Want bid, Want ask);
    void withdraw(Side side, const Want& want);
    void post(Side side, const Want& want);
    double posted_depth(Side side, double mid) const;
    // Cost of closing the position against the book at the end of an episode, tick x lot.
    double liquidation_cost() const;

    const Setting* setting_;
    Account account_;
    Recent recent_;
    Handle quotes_[2]{};
    Ticks others_[2]{};  // best prices of the others
    std::uint32_t step_ = 0;
    double alpha_ = 0;  // imbalance of the best queues after the last step
    ExchangeKind exchange_;
};

}  // namespace mm
