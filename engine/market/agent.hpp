// What both kinds of market share about the agent: its episode, its reference quotes, its penalties. One for a batch.
#pragma once

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>

#include "engine/core/vector.hpp"
#include "engine/maker/depths.hpp"
#include "engine/market/columns.hpp"
#include "engine/market/scenario.hpp"

namespace mm {

// What a quote is made from.
struct View {
    double mid = 0;         // ticks or price
    double inventory = 0;   // lots
    double alpha = 0;       // the signal, from -1 to 1
    double volatility = 0;  // of the mid, as a fraction of it per sqrt(s)
    std::uint32_t step = 0;
    Ticks spread = 0;  // of the others' best prices, ticks; 0 where there is no book
};

class Agent {
  public:
    explicit Agent(const Scenario& scenario)
        : params_(scenario.agent),
          maker_(scenario.maker),
          max_lots_(scenario.max_lots()),
          unit_(scenario.price_unit),
          dt_(scenario.decision_interval_s),
          steps_(scenario.episode_steps) {}

    bool finished(std::uint32_t step) const { return step >= steps_; }
    // Share of the episode that is left, tau/T.
    double time_to_go(std::uint32_t step) const { return 1.0 - static_cast<double>(step) / steps_; }

    // What an action sets.
    std::span<const char* const> actions() const {
        if (params_.sizes) return kSizedQuoteActions;
        return kQuoteActions;
    }

    // The depths that n actions ask for; `view(i)` is what market i shows.
    template <class ViewOf>
    MM_VECTORISED void depths(const float* action, std::size_t n, const ViewOf& view, Depths* depths) const {
        const std::size_t width = actions().size();
        for (std::size_t i = 0; i < n; ++i)
            depths[i] = params_.action == ActionReference::offsets ? Depths{unit_, unit_} : reference(view(i));
        for (std::size_t i = 0; i < n; ++i) {
            depths[i].bid += offset(action[width * i]);
            depths[i].ask += offset(action[width * i + 1]);
        }
    }
    // What share of its size each quote of n actions shows.
    void shares(const float* action, std::size_t n, Shares* shares) const {
        const std::size_t width = actions().size();
        for (std::size_t i = 0; i < n; ++i, action += width)
            shares[i] = params_.sizes ? Shares{share(action[2]), share(action[3])} : Shares{};
    }

    Lots max_lots() const { return max_lots_; }
    std::uint32_t steps() const { return steps_; }

    // Lots to quote on a side: of what the market maker would quote the share that is asked for.
    Lots lots(Side side, double inventory, float share) const {
        const Lots full = maker_.size(side, inventory * lot()) / maker_.params().lot;
        return static_cast<Lots>(std::lround(share * static_cast<float>(full)));
    }

    // The inventory terms of the reward for a step that took the inventory from `before` to `after`. The terminal
    // penalty is paid as it changes: the sum over an episode that starts flat is the lump at its end, and learning
    // from it is faster.
    double inventory_penalty(double after) const { return params_.penalty(after, dt_); }
    double terminal_cost(double before, double after) const {
        return params_.terminal_penalty * (after * after - before * before);
    }

    // Writes the columns every market has.
    void observe(std::uint32_t step, double inventory, double alpha, float* row) const {
        common_columns(time_to_go(step), inventory / max_lots_, alpha, row);
    }
    static void common_columns(double time_to_go, double inventory_ratio, double alpha, float* row) {
        row[kTimeToGo] = static_cast<float>(2 * time_to_go - 1);
        row[kInventoryRatio] = static_cast<float>(2 * inventory_ratio);
        row[kAlpha] = static_cast<float>(alpha);
        row[kInventoryXTimeToGo] = static_cast<float>(2 * inventory_ratio * time_to_go);
    }

  private:
    double lot() const { return maker_.params().lot; }

    // The market maker's own quotes.
    Depths reference(const View& view) const {
        const double half = maker_.half_spread(view.volatility);
        const double shift = maker_.skew(view.inventory * lot(), view.alpha);
        return {view.mid * (half - shift), view.mid * (half + shift)};
    }
    // An action of 0 shows the whole size, -1 none.
    static float share(float size) { return size < -1 ? 0 : size > 0 ? 1 : 1 + size; }
    double offset(float u) const {
        const double x = u, low = params_.action_low, high = params_.action_high;
        return unit_ * (x < low ? low : x > high ? high : x);
    }

    AgentParams params_;
    AdaptiveMarketMaker maker_;
    Lots max_lots_;
    double unit_;  // price unit
    double dt_;    // s
    std::uint32_t steps_;
};

}  // namespace mm
