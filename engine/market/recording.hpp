// A simulated market written down as if it had been recorded: what is estimated from real messages can be estimated
// from simulated ones by the same code.
#pragma once

#include <cstdint>
#include <vector>

#include "engine/market/scenario.hpp"
#include "engine/replay/lobster.hpp"

namespace mm {

// The background flow alone, for the warm-up and `seconds` after it; time 0 is the opening, at which the seeded orders
// are submitted. `lot` is shares, `tick` price x 10^4.
std::vector<Message> simulate_messages(const BookParams& params, std::int32_t lot, std::int64_t tick,
                                       std::uint64_t seed, double seconds);

}  // namespace mm
