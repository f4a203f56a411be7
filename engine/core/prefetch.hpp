// Fetching an object into the cache before it is needed.
#pragma once

#include <cstddef>

namespace mm {

// From one address up to another.
inline void prefetch(const void* begin, const void* end) {
    constexpr std::ptrdiff_t kLine = 128;  // bytes: lines come in pairs
#pragma GCC unroll 64
    for (const auto* line = static_cast<const char*>(begin); line < end; line += kLine) __builtin_prefetch(line, 1);
}

// A large object says itself what of it will be needed.
template <class Object>
void prefetch(const Object& object) {
    if constexpr (requires { object.prefetch(); })
        object.prefetch();
    else
        prefetch(&object, &object + 1);
}

// Thousands of markets outgrow the cache: while number i is played the ones to come arrive, and of the next one what
// could be found only once its first part had.
template <class Markets>
void prefetch_after(const Markets& markets, std::size_t i) {
    if (i + 2 < markets.size()) prefetch(markets[i + 2]);
    if (i + 1 < markets.size()) markets[i + 1].prefetch_touch();
}

}  // namespace mm
