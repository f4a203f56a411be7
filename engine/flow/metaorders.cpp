#include "engine/flow/metaorders.hpp"

#include <algorithm>
#include <cmath>

namespace mm {

// A run begins with a metaorder and goes on with its next piece or, where it ends, half the time with another of the
// same sign. `by_age[j]`: P(the run is so long and its present metaorder has had j + 1 pieces).
SignForecast sign_forecast(const MetaordersParams& params) {
    const auto longest = static_cast<std::size_t>(params.longest);
    const auto reaches = [&](std::size_t pieces) {
        return pieces > longest ? 0.0 : std::pow(static_cast<double>(pieces), -params.tail);
    };
    constexpr std::size_t kMost = 1024;
    SignForecast forecast(std::min(2 * longest, kMost));
    std::vector<double> by_age{1.0};
    for (double& entry : forecast) {
        std::vector<double> next(by_age.size() + 1);
        double same = 0, all = 0;
        for (std::size_t j = 0; j < by_age.size() && j < longest; ++j) {
            const double goes_on = reaches(j + 2) / reaches(j + 1);
            next[j + 1] = by_age[j] * goes_on;
            next[0] += by_age[j] * (1 - goes_on) / 2;
            same += by_age[j] * (1 + goes_on) / 2;
            all += by_age[j];
        }
        entry = 2 * same / all - 1;
        by_age = std::move(next);
    }
    return forecast;
}

}  // namespace mm
