#include "engine/flow/patience.hpp"

#include <algorithm>
#include <numeric>

namespace mm {

void PatienceParams::validate() const {
    check_fields(*this);
    check(!hazard.empty() && hazard.size() <= kClasses, "hazard", "hold 1 to 8 classes", hazard.size());
    const auto check_shares = [&](const std::vector<double>& shares, const char* name) {
        check_entries(shares, hazard.size(), "classes of hazard", name);
        check_sums_to_one(shares, name);
    };
    check_shares(inside, "inside");
    check_shares(at_best, "at_best");
    check_shares(near, "near");
    check_shares(deep, "deep");
}

double PatienceParams::longest_life() const {
    double longest = 0;
    for (const std::vector<double>* shares : {&inside, &at_best, &near, &deep}) {
        double life = 0;
        for (std::size_t i = 0; i < hazard.size(); ++i) life += (*shares)[i] / hazard[i];
        longest = std::max(longest, life);
    }
    return longest;
}

Patience::Patience(const PatienceParams& params)
    : zones_{Discrete(params.inside), Discrete(params.at_best), Discrete(params.near), Discrete(params.deep)},
      near_ticks_(params.near_ticks) {
    for (std::size_t i = 0; i < params.hazard.size(); ++i) mean_ns_[i] = kSecond / params.hazard[i];
}

}  // namespace mm
