// What a batch counts besides what it returns: nothing is lost silently.
#pragma once

#include <cstddef>
#include <cstdint>

namespace mm {

// Since the batch was built; `live_orders` and `spread_ticks` are of the present books, averaged over the markets. The
// reduced-form market has no book, so all but the memory are zero there.
struct Counters {
    std::uint64_t events = 0;           // orders that came and cancels
    std::uint64_t rejected = 0;         // orders that found no place in the pool, the window or the level; and messages
                                        // of ours for which too many were under way
    std::uint64_t dropped = 0;          // orders the window moved away from
    std::uint64_t resets = 0;           // episodes that ended since the last seed
    std::uint64_t markouts_lost = 0;    // fills of ours of which not all markouts could be kept
    double live_orders = 0;             //
    double spread_ticks = 0;            //
    std::size_t memory_per_market = 0;  // bytes
};

}  // namespace mm
