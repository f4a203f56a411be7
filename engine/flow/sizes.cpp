#include "engine/flow/sizes.hpp"

#include <cmath>
#include <numeric>

#include "engine/core/check.hpp"

namespace mm {

void Sizes::validate(const std::string& name) const {
    check(!lots.empty() && lots.size() == probability.size(), name, "have as many probabilities as lots",
          probability.size());
    for (Lots size : lots) check(size >= 1, name + ".lots", "be >= 1", size);
    for (double p : probability) check_least(p, 0, name + ".probability");
    const double total = std::accumulate(probability.begin(), probability.end(), 0.0);
    check(std::abs(total - 1) < 1e-6, name + ".probability", "sum to 1", total);
}

double Sizes::mean() const {
    return std::inner_product(lots.begin(), lots.end(), probability.begin(), 0.0);
}

}  // namespace mm
