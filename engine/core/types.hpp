// Units of the engine: prices in ticks, sizes in lots, time in nanoseconds, money in tick x lot. All integers.
#pragma once

#include <cstdint>
#include <limits>

namespace mm {

using Ticks = std::int32_t;
using Lots = std::int32_t;
using Nanoseconds = std::int64_t;
using Money = std::int64_t;  // tick x lot

inline constexpr Ticks kNoPrice = std::numeric_limits<Ticks>::min();
inline constexpr double kSecond = 1e9;  // ns

enum class Side : std::uint8_t { bid, ask };
inline constexpr Side kSides[] = {Side::bid, Side::ask};

constexpr Side opposite(Side side) {
    return side == Side::bid ? Side::ask : Side::bid;
}
// +1 for what raises inventory (buying), -1 for what lowers it.
constexpr int sign(Side side) {
    return side == Side::bid ? 1 : -1;
}
constexpr std::size_t index(Side side) {
    return static_cast<std::size_t>(side);
}

enum class Owner : std::uint8_t { background, agent };

}  // namespace mm
