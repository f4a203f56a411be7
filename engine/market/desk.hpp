// We: one account, what a venue charges us, and what our fills are worth later.
#pragma once

#include <span>

#include "engine/book/order.hpp"
#include "engine/maker/account.hpp"
#include "engine/maker/fees.hpp"
#include "engine/maker/markouts.hpp"

namespace mm {

class Desk {
  public:
    Desk(Party party, const FeeSchedule& fees, std::span<Markouts::Record> ring)
        : party_(party), fees_(&fees), markouts_(ring) {}

    // A match, at a time and at twice the background's mid before it. It is booked if one of its orders was ours,
    // whichever: what rested or what came.
    void filled(const Fill& fill, Nanoseconds now, Ticks mid2) {
        if (fill.maker_party == party_) book(fill.maker_side, Liquidity::maker, fill, now, mid2);
        if (fill.taker_party == party_) book(opposite(fill.maker_side), Liquidity::taker, fill, now, mid2);
    }

    // An episode begins: without a position, at time 0.
    void restart() {
        account_ = {};
        markouts_.clear();
    }

    Lots position() const { return static_cast<Lots>(account_.position()); }
    const Account& account() const { return account_; }
    const FeeSchedule& fees() const { return *fees_; }
    Markouts& markouts() { return markouts_; }
    const Markouts& markouts() const { return markouts_; }

  private:
    [[gnu::noinline]] void book(Side side, Liquidity liquidity, const Fill& fill, Nanoseconds now, Ticks mid2) {
        const WideMoney fee = fees_->fee(liquidity, fill.price, fill.lots, account_.turnover());
        account_.fill(side, fill.price, fill.lots, fee);
        markouts_.fill(now, side, fill.price, fill.lots, mid2);
    }

    Party party_;
    const FeeSchedule* fees_;
    Account account_;
    Markouts markouts_;
};

}  // namespace mm
