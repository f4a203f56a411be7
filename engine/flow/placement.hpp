// Where limit orders are placed: inside the spread, at their side's best price, or behind it with a heavy tail (Zovko &
// Farmer 2002; Bouchaud, Mezard & Potters 2002), and never where the order is not worth it to who sends it.
#pragma once

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <tuple>

#include "engine/core/describe.hpp"
#include "engine/core/discrete.hpp"
#include "engine/core/math.hpp"
#include "engine/core/random.hpp"
#include "engine/core/types.hpp"

namespace mm {

// What traders see before they act: the best prices of the background, its queues' imbalance, and, those who know it,
// the efficient price.
struct Sight {
    Ticks bid = 0, ask = 0;
    double imbalance = 0;  // (B - A) / (B + A) of the best queues
    double value = 0;      // ticks

    Ticks best(Side side) const { return side == Side::bid ? bid : ask; }
    Ticks spread() const { return ask - bid; }
    double mid() const { return 0.5 * (bid + ask); }
    // How far the value lies beyond a side's best price.
    double gap(Side side) const { return sign(side) * (value - best(side)); }
};

// With 2 g the spread that the gap g between value and own best price stands for, an order goes inside with probability
// min(most_inside, inside (2 g / inside_gap)^inside_power), by 1 + floor(E inside_reach 2 g) ticks, E exponential.
struct PlacementParams {
    double rate = 0;
    double inside = 0;
    double inside_gap = 1;
    double inside_power = 1;
    double most_inside = 1;
    double inside_reach = 0;
    double at_best = 1;  // of the others
    double behind_power = 1, behind_offset = 0;
    Ticks farthest = 1;        // P(i ticks behind) ~ (i + behind_offset)^-behind_power, i = 1 .. farthest
    double edge = 0;           // that an order keeps to the value
    bool random_edge = false;  // whether it is that times an exponential number
    double imbalance = 0;      // share by which a weak side, per unit of imbalance, is not improved

    static constexpr Ticks kFarthest = 250;

    static constexpr auto fields() {
        return std::tuple{Field{"rate", &PlacementParams::rate, above(0), "1/s per side"},
                          Field{"inside", &PlacementParams::inside, within(0, 1)},
                          Field{"inside_gap", &PlacementParams::inside_gap, above(0), "ticks"},
                          Field{"inside_power", &PlacementParams::inside_power, within(0, 8)},
                          Field{"most_inside", &PlacementParams::most_inside, within(0, 1)},
                          Field{"inside_reach", &PlacementParams::inside_reach, at_least(0)},
                          Field{"at_best", &PlacementParams::at_best, within(0, 1)},
                          Field{"behind_power", &PlacementParams::behind_power, within(0, 8)},
                          Field{"behind_offset", &PlacementParams::behind_offset, at_least(0), "ticks"},
                          Field{"farthest", &PlacementParams::farthest, within(1, kFarthest), "ticks"},
                          Field{"edge", &PlacementParams::edge, at_least(0), "ticks"},
                          Field{"random_edge", &PlacementParams::random_edge},
                          Field{"imbalance", &PlacementParams::imbalance, within(0, 1)}};
    }
    void validate() const { check_fields(*this); }
};

class Placement {
  public:
    explicit Placement(const PlacementParams& params);

    // Price of a new order, if one is placed. `inside`: it goes inside the spread where there is room.
    std::optional<Ticks> price(Side side, bool inside, const Sight& sight, Stream& stream) const {
        const Ticks best = sight.best(side), spread = sight.spread();
        const double apart = 2 * std::max(0.0, sight.gap(side));
        Ticks price = best;
        if (spread > 1 && (inside || goes_inside(apart, stream.uniform()))) {
            const double weakness = -sign(side) * sight.imbalance;
            if (weakness > 0 && stream.uniform() < params_.imbalance * weakness) return {};
            price += flip(side, std::min(spread - 1, 1 + reach(std::min<double>(apart, spread - 1), stream)));
        } else if (stream.uniform() >= params_.at_best) {
            price -= flip(side, 1 + static_cast<Ticks>(behind_(static_cast<std::uint32_t>(stream.bits() >> 32))));
        }
        price = flip(side, std::min(flip(side, price), worth(side, sight.value, stream)));
        const Ticks passive = flip(side, sight.best(opposite(side))) - 1;
        return flip(side, std::min(flip(side, price), passive));
    }

  private:
    // By shares of `inside_gap`, between which chances the chance of going inside lies: mostly that says enough.
    struct Bounds {
        double low, high;
    };
    static constexpr double kCellsPerGap = 16;
    static constexpr std::size_t kCells = 128;

    std::array<Bounds, kCells> bounds() const;

    double chance_inside(double apart) const {
        const double power = math::exp(params_.inside_power * math::log(apart / params_.inside_gap));
        return std::min(params_.most_inside, params_.inside * power);
    }
    bool goes_inside(double apart, double uniform) const {
        if (apart <= 0) return false;
        const auto cell = static_cast<std::size_t>(std::min(apart * cells_per_tick_, kCells - 1.0));
        if (uniform < inside_[cell].low) return true;
        return uniform < inside_[cell].high && uniform < chance_inside(apart);
    }
    Ticks reach(double apart, Stream& stream) const {
        return static_cast<Ticks>(std::min(stream.exponential() * params_.inside_reach * apart, 0x1p20));
    }
    // Best price that an order may have, times the side's sign.
    Ticks worth(Side side, double value, Stream& stream) const {
        const double edge = params_.random_edge ? params_.edge * stream.exponential() : params_.edge;
        return static_cast<Ticks>(std::floor(sign(side) * value - edge));
    }

    PlacementParams params_;
    Discrete behind_;  // ticks behind the best, less one
    double cells_per_tick_;
    std::array<Bounds, kCells> inside_;
};

}  // namespace mm
