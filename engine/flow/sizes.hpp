// The distribution of order sizes.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/core/discrete.hpp"
#include "engine/core/random.hpp"
#include "engine/core/types.hpp"

namespace mm {

// P(size = lots[i]) = probability[i].
struct Sizes {
    std::vector<Lots> lots;
    std::vector<double> probability;

    void validate(const std::string& name) const;
    double mean() const;
};

class SizeSampler {
  public:
    explicit SizeSampler(const Sizes& sizes)
        : only_(sizes.lots.size() == 1 ? sizes.lots[0] : 0), lots_(sizes.lots), choice_(sizes.probability) {}

    Lots operator()(Random& random) const {
        if (only_ != 0) return only_;
        Random rest = random;  // a copy goes out of line, so that the state may stay in registers
        const Lots lots = draw(rest);
        random = rest;
        return lots;
    }

  private:
    [[gnu::noinline]] Lots draw(Random& random) const {
        return lots_[choice_(static_cast<std::uint32_t>(random.bits() >> 32))];
    }

    Lots only_;  // where there is no choice, 0 otherwise
    std::vector<Lots> lots_;
    Discrete choice_;
};

}  // namespace mm
