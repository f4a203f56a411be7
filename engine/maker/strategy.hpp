// Quoting strategies as tables of depths, by step, inventory and signal: whatever the formula, playing one is a
// look-up.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "engine/core/check.hpp"
#include "engine/core/types.hpp"
#include "engine/core/vector.hpp"
#include "engine/maker/depths.hpp"

namespace mm {

class Strategy {
  public:
    // Depths by step (or one row for all steps), inventory from -max_lots to max_lots, level of the signal, side. The
    // levels are increasing values of the signal, the nearest of which holds; besides, the signal, from -1 to 1, moves
    // both quotes up by alpha_skew times it.
    Strategy(std::vector<Depths> depths, Lots max_lots, double alpha_skew = 0, std::vector<double> levels = {0});

    // The same depth on both sides, always.
    static Strategy constant(double half_spread);
    // half_spread +- inventory_skew f(q / max_lots), f the market maker's skew_shape.
    static Strategy linear_skew(double half_spread, double inventory_skew, double alpha_skew, Lots max_lots);
    // Avellaneda & Stoikov 2008, equations (29) and (30), with tau = (steps - n) dt left at step n: both quotes half of
    // gamma sigma^2 tau + (2 / gamma) ln(1 + gamma / k) from the reservation price s - q gamma sigma^2 tau.
    static Strategy avellaneda_stoikov(double risk_aversion, double volatility, double decay, double dt,
                                       std::uint32_t steps, Lots max_lots);
    // Gueant, Lehalle & Fernandez-Tapia 2013, the limit far from the end: (1 / gamma) ln(1 + gamma / k) +
    // (1 +- 2 q) / 2 sqrt(sigma^2 gamma / (2 k A) (1 + gamma / k)^(1 + k / gamma)).
    static Strategy glft(double risk_aversion, double volatility, double decay, double rate, Lots max_lots);

    // The same table for inventories that lie so many lots apart, with straight lines between them.
    Strategy in_steps_of(Lots lots) const {
        check(lots >= 1, "lots", "be >= 1", lots);
        Strategy strategy = *this;
        strategy.step_lots_ = lots;
        return strategy;
    }

    // The same table counted outwards from the others' best prices instead of the mid. Nothing is quoted while they
    // are less than `least_spread` apart, nor on a side that the signal is against by more than `most_against`: a bid
    // while it is below -most_against, an ask while it is above it.
    Strategy at_touch(double least_spread, double most_against) const {
        check(least_spread >= 0, "least_spread", "be >= 0", least_spread);
        check(most_against >= 0, "most_against", "be >= 0", most_against);
        Strategy strategy = *this;
        strategy.at_touch_ = true;
        strategy.least_spread_ = least_spread;
        strategy.most_against_ = most_against;
        return strategy;
    }

    // From the mid, where the others' best prices are `spread` apart.
    Depths depths(std::uint32_t step, double inventory, double alpha, double spread) const {
        const Depths depths = tabled(step, inventory, alpha);
        if (!at_touch_) return depths;
        if (spread < least_spread_) return {kFar, kFar};
        return {-alpha > most_against_ ? kFar : depths.bid + 0.5 * spread,
                alpha > most_against_ ? kFar : depths.ask + 0.5 * spread};
    }

    std::size_t rows() const { return depths_.size() / (width() * levels_.size()); }
    std::size_t width() const { return 2 * static_cast<std::size_t>(max_lots_) + 1; }
    Lots max_lots() const { return max_lots_ * step_lots_; }
    double alpha_skew() const { return alpha_skew_; }
    bool touching() const { return at_touch_; }
    const std::vector<double>& levels() const { return levels_; }
    const std::vector<Depths>& table() const { return depths_; }

  private:
    static constexpr double kFar = 1e9;  // ticks, or price: where nobody trades

    // Beyond the table its last row and its outermost inventory hold.
    Depths tabled(std::uint32_t step, double inventory, double alpha) const {
        const std::size_t row = std::min<std::size_t>(step, rows() - 1);
        const double steps = std::clamp(inventory / step_lots_, -limit_, limit_) + limit_;
        const auto below = static_cast<std::size_t>(static_cast<Lots>(steps));
        const Depths* at = &depths_[(row * width() + below) * levels_.size() + level(alpha)];
        Depths depths = *at;
        if (step_lots_ > 1 && below + 1 < width()) {
            const double share = steps - static_cast<double>(below);
            const Depths& next = at[levels_.size()];
            depths = {depths.bid + share * (next.bid - depths.bid), depths.ask + share * (next.ask - depths.ask)};
        }
        return {depths.bid - alpha_skew_ * alpha, depths.ask + alpha_skew_ * alpha};
    }

    // The level nearest to a signal.
    std::size_t level(double alpha) const {
        std::size_t level = 0;
        for (double edge : edges_) level += alpha > edge;
        return level;
    }

    std::vector<Depths> depths_;          // [rows, width, levels]
    std::vector<double> levels_, edges_;  // edges: the middles between neighbours
    Lots max_lots_;                       // in steps
    Lots step_lots_ = 1;
    double limit_;  // max_lots
    double alpha_skew_;
    bool at_touch_ = false;
    double least_spread_ = 0, most_against_ = 0;
};

}  // namespace mm
