#include "engine/flow/cancels.hpp"

#include <bit>
#include <cmath>

namespace mm {

namespace {

// An order looks at least so often, 1/s, so that ticks do not grow too long.
constexpr double kLeastBound = 0.02;
// The mean between two looks has 2^16 to 2^17 ticks: fine enough, and in a range of 2^22 of them, which the largest
// book has, 32 means or more.
constexpr double kTicksInMean = 1 << 16;

}  // namespace

template <bool MayBePrompted>
Cancels<MayBePrompted>::Cancels(const PoissonParams& params, bool prompted, double rate, double share)
    : prompted_(prompted),
      clock_(prompted ? rate * share : 0),
      step_ns_(rate > 0 ? std::llround(kSecond / rate) : 0),
      farthest_(params.distance.back() - 1) {
    const double bound = std::max(*std::ranges::max_element(params.cancel_hazard), kLeastBound);
    const double mean_ns = kSecond / bound;
    tick_bits_ = std::max(0, std::ilogb(mean_ns / kTicksInMean));
    mean_ns_ = std::max(mean_ns - std::ldexp(0.5, tick_bits_), 0.0);
    for (double hazard : params.hazard_by_tick())
        threshold_.push_back(static_cast<std::uint32_t>(std::lround(0x1p16 * hazard / bound)));
}

template class Cancels<false>;
template class Cancels<true>;

}  // namespace mm
