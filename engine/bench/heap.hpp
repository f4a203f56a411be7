// Counts what the whole program takes from the heap.
#pragma once

#include <cstdint>

namespace mm::heap {

std::uint64_t allocations();  // so far
std::int64_t bytes();         // held now

}  // namespace mm::heap
