#include "engine/flow/sizes.hpp"

#include <numeric>

namespace mm {

void Sizes::validate() const {
    check_fields(*this);
    check_entries(probability, lots.size(), "lots", "probability");
    check_sums_to_one(probability, "probability");  // so there is at least one
}

double Sizes::mean() const {
    return std::inner_product(lots.begin(), lots.end(), probability.begin(), 0.0);
}

}  // namespace mm
