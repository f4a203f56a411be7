// Fetching an object into the cache before it is needed.
#pragma once

#include <cstddef>

namespace mm {

// Thousands of markets outgrow the cache: the next one arrives while this one is played.
template <class Object>
void prefetch(const Object& object) {
    constexpr std::size_t kLine = 128;  // bytes: lines come in pairs
    const char* memory = reinterpret_cast<const char*>(&object);
#pragma GCC unroll 64
    for (std::size_t offset = 0; offset < sizeof(Object); offset += kLine) __builtin_prefetch(memory + offset, 1);
}

}  // namespace mm
