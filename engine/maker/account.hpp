// Position, cash and profit of one market maker, in exact integers.
#pragma once

#include "engine/core/types.hpp"

namespace mm {

// Fees are kept apart, in billionths of tick x lot, so that prices stay whole ticks.
class Account {
  public:
    // One fill of ours: `side` is bid when we bought. `fee_nano` is what the whole fill is charged (negative: a
    // rebate).
    void fill(Side side, Ticks price, Lots lots, WideMoney fee_nano = 0);

    Money position() const { return position_; }  // lots, long positive
    Money cash() const { return cash_; }          // before fees
    Money cost() const { return cost_; }          // paid for the open position; negative when short
    Money realised() const { return cash_ + cost_; }
    WideMoney fees_nano() const { return fees_nano_; }
    double fees() const { return static_cast<double>(fees_nano_) / kNano; }  // tick x lot
    Money turnover() const { return bought_ + sold_; }                       // lots
    Money bought() const { return bought_; }
    Money sold() const { return sold_; }

    // Average price of the open position; 0 when flat.
    double average_cost() const {
        return position_ == 0 ? 0.0 : static_cast<double>(cost_) / static_cast<double>(position_);
    }
    // Twice the profit of the open position at a mid given as twice its value; and twice the total before fees.
    Money unrealised2(Money mid2) const { return position_ * mid2 - 2 * cost_; }
    Money total2(Money mid2) const { return 2 * cash_ + position_ * mid2; }
    // Total profit after fees at the mid, tick x lot.
    double pnl(Money mid2) const { return 0.5 * static_cast<double>(total2(mid2)) - fees(); }

  private:
    Money position_ = 0;
    Money cash_ = 0;
    Money cost_ = 0;
    WideMoney fees_nano_ = 0;
    Money bought_ = 0;
    Money sold_ = 0;
};

}  // namespace mm
