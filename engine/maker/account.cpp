#include "engine/maker/account.hpp"

#include <algorithm>
#include <cstdlib>

namespace mm {

void Account::fill(Side side, Ticks price, Lots lots, Money fee_milli) {
    const Money change = sign(side) * Money{lots};
    const Money value = change * price;
    const bool reduces = position_ * change < 0;
    const Money closed = reduces ? std::min(std::abs(change), std::abs(position_)) : 0;
    // Average cost in integers: what closes takes its share of the cost, rounded towards zero; the remainder stays
    // with the open position, so realised + unrealised = total holds exactly whatever was rounded.
    if (closed != 0) cost_ -= closed == std::abs(position_) ? cost_ : cost_ * closed / std::abs(position_);
    cost_ += sign(side) * (std::abs(change) - closed) * price;
    position_ += change;
    cash_ -= value;
    fees_milli_ += fee_milli * lots;
    (side == Side::bid ? bought_ : sold_) += lots;
}

}  // namespace mm
