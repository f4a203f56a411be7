#include "engine/maker/account.hpp"

#include <algorithm>
#include <cstdlib>

namespace mm {

namespace {
// The share of `closed` of `position` lots in their cost, rounded towards zero.
Money share(Money cost, Money closed, Money position) {
    return static_cast<Money>(WideMoney{cost} * closed / position);
}
}  // namespace

void Account::fill(Side side, Ticks price, Lots lots, WideMoney fee_nano) {
    const Money change = sign(side) * Money{lots};
    const Money held = std::abs(position_);
    const bool reduces = position_ > 0 ? change < 0 : position_ < 0 && change > 0;
    const Money closed = reduces ? std::min<Money>(lots, held) : 0;
    // Average cost in integers: what closes takes its share of the cost, and what was rounded stays with the open
    // position, so realised + unrealised = total holds exactly.
    if (closed != 0) cost_ -= share(cost_, closed, held);
    cost_ += sign(side) * (lots - closed) * price;
    position_ += change;
    cash_ -= change * price;
    fees_nano_ += fee_nano;
    (side == Side::bid ? bought_ : sold_) += lots;
}

}  // namespace mm
