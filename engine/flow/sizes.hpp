// The distribution of order sizes.
#pragma once

#include <cstdint>
#include <tuple>
#include <vector>

#include "engine/core/describe.hpp"
#include "engine/core/discrete.hpp"
#include "engine/core/types.hpp"

namespace mm {

// P(size = lots[i]) = probability[i].
struct Sizes {
    std::vector<Lots> lots;
    std::vector<double> probability;

    static constexpr auto fields() {
        return std::tuple{Field{"lots", &Sizes::lots, at_least(1), "lots"},
                          Field{"probability", &Sizes::probability, at_least(0)}};
    }

    void validate() const;
    double mean() const;
};

class SizeSampler {
  public:
    explicit SizeSampler(const Sizes& sizes)
        : only_(sizes.lots.size() == 1 ? sizes.lots[0] : 0), lots_(sizes.lots), choice_(sizes.probability) {}

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
