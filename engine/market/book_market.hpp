// The market in a limit order book: the agent's two quotes stand in the same queues as everybody's orders.
#pragma once

#include "engine/maker/account.hpp"
#include "engine/market/agent.hpp"
#include "engine/market/exchange.hpp"

namespace mm {

class BookMarket {
  public:
    BookMarket(const Scenario& scenario, const Agent& agent, const PoissonFlow& flow);

    // Opens a fresh book and starts an episode from the given step.
    void reset(const Random& random, bool staggered);
    // Plays one decision interval: the quotes reach the book after the latency; a quote whose price and size do not
    // change keeps its place in the queue; a quote that would cross rests one tick from the opposite best instead.
    void play(const Depths& depth, double* statistics);
    View view() const;
    bool finished() const { return agent_->finished(step_); }
    void observe(float* row) const;

  private:
    struct Want {
        Ticks price = 0;
        Lots lots = 0;  // 0: no quote
    };
    struct Sink;

    // Twice the mid of the background's orders: our own quotes must not move the price we are marked at.
    Ticks mid2() const { return outside_best(Side::bid) + outside_best(Side::ask); }
    double mid() const { return 0.5 * mid2(); }
    Ticks outside_best(Side side) const;
    double inventory() const { return static_cast<double>(account_.position()); }
    double alpha() const;
    double imbalance(int levels) const;
    double volatility_per_second() const;

    void withdraw(Side side, const Want& want);
    void post(Side side, const Want& want);
    double posted_depth(Side side, double mid) const;
    // The price nearest to the wanted one that does not cross.
    Ticks passive(Side side, Ticks price) const;
    // Cost of closing the position against the book at the end of an episode, tick x lot.
    double liquidation_cost() const;
    void remember_mid();

    const Scenario* scenario_;
    const BookParams* params_;
    const Agent* agent_;
    Exchange exchange_;
    Account account_;
    Handle quotes_[2]{};
    std::uint32_t step_ = 0;
    Lots market_flow_ = 0;     // market lots bought less sold in this step
    double signed_flow_ = 0;   // exponentially weighted
    double mid_variance_ = 0;  // ticks^2 per step, exponentially weighted
    double previous_mid_ = 0;  // ticks
    double last_move_ = 0;     // ticks, of the mid in the last step
};

}  // namespace mm
