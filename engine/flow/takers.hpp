// Market orders of uninformed traders: more of them while the spread is tight, fewer against the heavier queue, and of
// sizes that look at what stands at the best price (Farmer, Gillemot, Lillo, Mike & Sen 2004: most trades take the best
// queue or less).
#pragma once

#include <algorithm>
#include <cmath>
#include <tuple>
#include <vector>

#include "engine/core/describe.hpp"
#include "engine/core/random.hpp"
#include "engine/core/types.hpp"
#include "engine/flow/placement.hpp"
#include "engine/flow/poisson.hpp"
#include "engine/flow/sizes.hpp"

namespace mm {

// They come at 2 rate min(most, (spread / usual_spread)^-spread_power).
struct TakersParams {
    double rate = 0;
    double usual_spread = 1;
    double spread_power = 0;
    double most = 1;
    double imbalance = 0;    // share of those against the heavier queue, per unit of imbalance, that are put off
    double whole_queue = 0;  // share that takes just the best queue
    double trimmed = 0;      // share of the larger ones that takes no more than the best queue
    Ticks collar = PoissonParams::kNoCollar;  // how far from the mid a market order pays
    Sizes sizes;

    static constexpr auto fields() {
        return std::tuple{Field{"rate", &TakersParams::rate, at_least(0), "1/s per side"},
                          Field{"usual_spread", &TakersParams::usual_spread, above(0), "ticks"},
                          Field{"spread_power", &TakersParams::spread_power, within(0, 8)},
                          Field{"most", &TakersParams::most, above(0)},
                          Field{"imbalance", &TakersParams::imbalance, within(0, 1)},
                          Field{"whole_queue", &TakersParams::whole_queue, within(0, 1)},
                          Field{"trimmed", &TakersParams::trimmed, within(0, 1)},
                          Field{"collar", &TakersParams::collar, within(0, PoissonParams::kNoCollar), "ticks"},
                          Field{"sizes", &TakersParams::sizes}};
    }
    void validate() const { check_fields(*this); }
};

class Takers {
  public:
    explicit Takers(const TakersParams& params) : params_(params), lots_(params.sizes) {
        for (Ticks spread = 0; spread < kSpreads; ++spread)
            by_spread_.push_back(
                2 * params.rate *
                std::min(params.most, std::pow(std::max(spread, 1) / params.usual_spread, -params.spread_power)));
    }

    // Of both sides, 1/s.
    double rate(Ticks spread) const {
        return by_spread_[static_cast<std::size_t>(std::clamp(spread, 0, kSpreads - 1))];
    }
    bool puts_off(Side side, double imbalance, Stream& stream) const {
        const double against = -sign(side) * imbalance;
        return against > 0 && stream.uniform() < params_.imbalance * against;
    }
    // Against a best queue of so many lots.
    Lots lots(Lots queue, Stream& stream) const {
        if (stream.uniform() < params_.whole_queue) return queue;
        const Lots lots = lots_(stream);
        return lots > queue && stream.uniform() < params_.trimmed ? queue : lots;
    }
    Lots free_lots(Stream& stream) const { return lots_(stream); }
    // The worst price that is paid.
    Ticks worst(Side side, const Sight& seen) const {
        const double limit = std::floor(sign(side) * seen.mid() + params_.collar);
        return flip(side, to_ticks(limit));
    }

  private:
    static constexpr Ticks kSpreads = 512;

    TakersParams params_;
    SizeSampler lots_;
    std::vector<double> by_spread_;
};

}  // namespace mm
