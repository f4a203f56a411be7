// What a venue charges for a fill: for making and for taking, by the lot or by value, in tiers of the volume traded.
#pragma once

#include <array>
#include <cstdint>
#include <tuple>
#include <vector>

#include "engine/core/describe.hpp"
#include "engine/core/types.hpp"

namespace mm {

enum class FeeUnit : std::uint8_t { ticks_per_lot, basis_points };  // basis points of the value traded

// Tier i holds from `volume[i]` lots traded on. A negative rate is a rebate.
struct FeeParams {
    FeeUnit unit = FeeUnit::ticks_per_lot;
    std::vector<Money> volume{0};
    std::vector<double> maker{0.0};
    std::vector<double> taker{0.0};

    static constexpr auto fields() {
        return std::tuple{Field{"unit", &FeeParams::unit}, Field{"volume", &FeeParams::volume, at_least(0), "lots"},
                          Field{"maker", &FeeParams::maker, any(), "the unit"},
                          Field{"taker", &FeeParams::taker, any(), "the unit"}};
    }
    void validate() const;
};

// Rates are rounded once, here, to billionths of a tick (per lot, or per lot and tick of price); fees are exact from
// then on, so that the fees of parts sum to the fee of the whole.
class FeeSchedule {
  public:
    explicit FeeSchedule(const FeeParams& params = {});

    // Billionths of tick x lot. The whole fill is charged at the tier that `traded_before` lots have reached, also
    // where it crosses into the next.
    WideMoney fee(Liquidity liquidity, Ticks price, Lots lots, Money traded_before) const;

  private:
    struct Tier {
        Money from;                         // lots
        std::array<std::int64_t, 2> rates;  // by liquidity
    };

    const Tier& tier(Money traded_before) const;

    FeeUnit unit_;
    std::vector<Tier> tiers_;
};

}  // namespace mm
