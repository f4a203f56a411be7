// The distribution of order sizes.
#pragma once

#include <cstdint>
#include <optional>
#include <tuple>
#include <utility>
#include <vector>

#include "engine/core/describe.hpp"
#include "engine/core/discrete.hpp"
#include "engine/core/types.hpp"

namespace mm {

// Sizes of this share are lognormal, rounded to the nearest multiple of a unit that is not 0.
struct LognormalSizes {
    double share = 0;
    double median = 1;
    double deviation = 0;  // of the logarithm
    Lots unit = 1;

    static constexpr auto fields() {
        return std::tuple{Field{"share", &LognormalSizes::share, within(0, 1)},
                          Field{"median", &LognormalSizes::median, above(0), "lots"},
                          Field{"deviation", &LognormalSizes::deviation, within(0, 4)},
                          Field{"unit", &LognormalSizes::unit, at_least(1), "lots"}};
    }

    void validate() const { check_fields(*this); }
};

// P(size = lots[i]) = probability[i], of what is not lognormal.
struct Sizes {
    std::vector<Lots> lots;
    std::vector<double> probability;
    std::optional<LognormalSizes> lognormal = std::nullopt;

    static constexpr auto fields() {
        return std::tuple{Field{"lots", &Sizes::lots, at_least(1), "lots"},
                          Field{"probability", &Sizes::probability, at_least(0)},
                          Field{"lognormal", &Sizes::lognormal}};
    }

    void validate() const;
    double mean() const;
    // The same distribution as a list; the lognormal one is that of its quantiles.
    Sizes listed() const;
};

class SizeSampler {
  public:
    explicit SizeSampler(const Sizes& sizes) {
        Sizes listed = sizes.listed();
        only_ = listed.lots.size() == 1 ? listed.lots[0] : 0;
        lots_ = std::move(listed.lots);
        choice_ = Discrete(std::move(listed.probability));
    }

    // A random size; drawn only where there is a choice, which is so for the whole life of a stream.
    template <class Random>
    Lots operator()(Random& random) const {
        return only_ != 0 ? only_ : lots_[choice_(static_cast<std::uint32_t>(random.bits() >> 32))];
    }

  private:
    Lots only_;  // where there is no choice, 0 otherwise
    std::vector<Lots> lots_;
    Discrete choice_;
};

}  // namespace mm
