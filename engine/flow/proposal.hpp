// What the background flow is about to do.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "engine/core/types.hpp"

namespace mm {

enum class Kind : std::uint8_t { limit, market, cancel };
inline constexpr std::size_t kKinds = 3;
inline constexpr std::array<const char*, kKinds> kKindNames{"limit", "market", "cancel"};

constexpr std::size_t index(Kind kind) {
    return static_cast<std::size_t>(kind);
}

// One value for each kind.
template <class Value>
struct PerKind {
    std::array<Value, kKinds> of{};

    Value operator[](Kind kind) const { return of[index(kind)]; }
    Value total() const { return of[0] + of[1] + of[2]; }
};

// An order to come; `price` is where it would stand or whom a market order meets first.
struct Proposal {
    Kind kind = Kind::limit;
    Side side = Side::bid;
    Ticks price = 0;
    Lots lots = 0;
};

}  // namespace mm
