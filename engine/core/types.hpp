// Units of the engine: prices in ticks, sizes in lots, time in nanoseconds, money in tick x lot. All integers.
#pragma once

#include <cstdint>
#include <limits>

namespace mm {

using Ticks = std::int32_t;
using Lots = std::int32_t;
using Nanoseconds = std::int64_t;
using Money = std::int64_t;  // tick x lot
// For products of money, and for billionths of tick x lot (names in _nano): 20 bitcoin in lots of 10^-5 are 10^13 ticks
// x lots, and 64 bits hold neither.
__extension__ using WideMoney = __int128;

// Prices lie in [-kPriceEnd, kPriceEnd): the sum of two of them, twice the mid, is an integer of theirs.
inline constexpr Ticks kPriceEnd = 1 << 30;
inline constexpr Ticks kNoPrice = std::numeric_limits<Ticks>::min();
inline constexpr Nanoseconds kNever = std::numeric_limits<Nanoseconds>::max();
inline constexpr double kSecond = 1e9;  // ns
inline constexpr double kNano = 1e9;    // billionths in one

// Whole ticks, +-2^30 for whatever lies beyond: no book has a place there, and the conversion itself is undefined for
// what does not fit.
constexpr Ticks to_ticks(double whole) {
    constexpr double kEnd = kPriceEnd;
    return static_cast<Ticks>(whole > -kEnd ? (whole < kEnd ? whole : kEnd) : -kEnd);
}

// A time so many ns after another; never, where that is further away than a century.
constexpr Nanoseconds later(Nanoseconds now, double wait_ns) {
    constexpr double kCentury = 3.2e18;
    return wait_ns < kCentury ? now + static_cast<Nanoseconds>(wait_ns) : kNever;
}

enum class Side : std::uint8_t { bid, ask };
inline constexpr Side kSides[] = {Side::bid, Side::ask};

constexpr std::size_t index(Side side) {
    return static_cast<std::size_t>(side);
}
// Which side comes next is a coin toss, so the functions of a side are arithmetic: a jump would be guessed wrong half
// the time.
constexpr Side opposite(Side side) {
    return static_cast<Side>(index(side) ^ 1);
}
// +1 for what raises inventory (buying), -1 for what lowers it.
constexpr int sign(Side side) {
    return 1 - 2 * static_cast<int>(side);
}

// sign(side) x value, without a multiplication.
constexpr Ticks flip(Side side, Ticks value) {
    const auto mask = -static_cast<Ticks>(side);
    return (value ^ mask) - mask;
}

// Who sends an order: the background, or one of up to 15 of ours, of whom the agent is the first.
enum class Party : std::uint8_t { background, agent };
// Whether the order of a fill rested in the book or came to it.
enum class Liquidity : std::uint8_t { maker, taker };

}  // namespace mm
