// Markets that are like one another, each of them stable: every magnitude of a realistic flow is times a number of its
// own, whose logarithm is normal with mean 0 and the book's `variation` as deviation.
#pragma once

#include <cstdint>
#include <type_traits>

#include "engine/core/random.hpp"
#include "engine/market/scenario.hpp"

namespace mm {

// No other stream of the batch's seed is one of this.
constexpr std::uint64_t variation_seed(std::uint64_t seed) {
    return mix(seed + 0x6d61726b65747321U);
}

// One of them, whose orders fit in a book of so many. Shares of a whole still sum to it.
RealisticParams varied(const BookParams& book, double most_orders, Random random);

// The flow of market i of a seed; the same for all where nothing varies.
template <class VenueKind>
typename VenueKind::Flow varied_flow(const BookParams& params, std::uint64_t seed, std::uint64_t i) {
    using Flow = typename VenueKind::Flow;
    if constexpr (std::is_same_v<Flow, RealisticFlow>)
        if (params.variation > 0)
            return Flow(varied(params, VenueKind::Book::kCapacity, Random(variation_seed(seed), i, 2)),
                        params.initial_mid_ticks);
    return Flow(params.of<Flow>(), params.initial_mid_ticks);
}

}  // namespace mm
