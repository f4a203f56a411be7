#include "engine/maker/fees.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdlib>
#include <string>

#include "engine/core/check.hpp"

namespace mm {

namespace {

constexpr double kBasisPoint = 1e-4;

// All of the value, or so many ticks a lot that their billionths still fit 64 bits.
void check_rate(FeeUnit unit, double rate, const std::string& name) {
    if (unit == FeeUnit::basis_points)
        check(std::abs(rate) <= 1e4, name, "lie within 10000 basis points of 0", rate);
    else
        check(std::abs(rate) <= 1e9, name, "lie within 10^9 ticks per lot of 0", rate);
}

void check_rates(const std::vector<double>& rates, const FeeParams& params, const std::string& name) {
    check_entries(rates, params.volume.size(), "tiers of volume", name);
    for (double rate : rates) check_rate(params.unit, rate, name);
}

std::int64_t nano(FeeUnit unit, double rate) {
    return std::llround(rate * (unit == FeeUnit::basis_points ? kBasisPoint * kNano : kNano));
}

}  // namespace

void FeeParams::validate() const {
    check_fields(*this);
    check(!volume.empty(), "volume", "hold at least one tier", volume.size());
    check(volume[0] == 0, "volume[0]", "be 0", volume[0]);
    check_increases(volume, "volume");
    check_rates(maker, *this, "maker");
    check_rates(taker, *this, "taker");
}

FeeSchedule::FeeSchedule(const FeeParams& params) : unit_(params.unit) {
    params.validate();
    for (std::size_t i = 0; i < params.volume.size(); ++i)
        tiers_.push_back({params.volume[i], {nano(unit_, params.maker[i]), nano(unit_, params.taker[i])}});
}

WideMoney FeeSchedule::fee(Liquidity liquidity, Ticks price, Lots lots, Money traded_before) const {
    const std::int64_t rate = tier(traded_before).rates[static_cast<std::size_t>(liquidity)];
    // What changes hands at a negative price is still worth its size: a fee must not turn into a rebate.
    const Money units = unit_ == FeeUnit::basis_points ? std::abs(Money{price}) * lots : Money{lots};
    return WideMoney{rate} * units;
}

const FeeSchedule::Tier& FeeSchedule::tier(Money traded_before) const {
    const auto beyond = std::find_if(tiers_.begin() + 1, tiers_.end(),
                                     [traded_before](const Tier& tier) { return tier.from > traded_before; });
    return *(beyond - 1);
}

}  // namespace mm
