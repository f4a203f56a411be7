// Names and order of the columns that cross into Python, declared here and nowhere else.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "engine/maker/markouts.hpp"

namespace mm {

// What an action sets, per market and step.
inline constexpr std::array kQuoteActions{
    "bid_offset",  // how far each quote stands behind its reference, price units
    "ask_offset",
};
inline constexpr std::array kSizedQuoteActions{
    "bid_offset",
    "ask_offset",
    "bid_size",  // of the size that the market maker would quote: 0 all of it, -1 none; rounded to lots
    "ask_size",
};

// The observation's first columns, which every market has. All are dimensionless and of order one.
enum Column : std::uint8_t {
    kTimeToGo,            // 2 tau/T - 1
    kInventoryRatio,      // 2 q/Q
    kAlpha,               // the signal: a / max |a| (reduced form), imbalance of the background's best queues (book)
    kInventoryXTimeToGo,  // 2 (q/Q)(tau/T)
    // The book's: what its participants see, our own quotes left out of all but the last six. Prices in price units.
    kBid,  // best bid from the mid one decision ago
    kAsk,  // best ask from the mid one decision ago
    kSpread,
    kBidVolume,  // log(1 + lots at the best bid)
    kAskVolume,
    kImbalance,         // (B - A) / (B + A) over the five best levels
    kMicropriceOffset,  // size-weighted mid from the mid
    kVolatility,        // of the mid, per sqrt(decision interval), exponentially weighted
    kCash,              // over the value of max_position
    kClockSin,          // of the share of the episode that is over
    kClockCos,
    kSignedFlow,      // market lots bought less sold, exponentially weighted
    kOwnBidDistance,  // of our bid behind the best bid of the others; 0 without a bid
    kOwnAskDistance,
    kOwnBidQueue,  // log(1 + lots before our bid in its queue)
    kOwnAskQueue,
    kOwnBidVolume,  // log(1 + lots of our bid)
    kOwnAskVolume,
};
inline constexpr std::size_t kCommonColumns = kBid, kBookColumns = kOwnAskVolume + 1;
inline constexpr std::array<const char*, kCommonColumns> kReducedFormObservation{"time_to_go", "inventory", "alpha",
                                                                                 "inventory_x_time_to_go"};
inline constexpr std::array<const char*, kBookColumns> kBookObservation = [] {
    std::array<const char*, kBookColumns> names{};
    for (std::size_t i = 0; i < kCommonColumns; ++i) names[i] = kReducedFormObservation[i];
    names[kBid] = "bid";
    names[kAsk] = "ask";
    names[kSpread] = "spread";
    names[kBidVolume] = "bid_volume";
    names[kAskVolume] = "ask_volume";
    names[kImbalance] = "imbalance";
    names[kMicropriceOffset] = "microprice_offset";
    names[kVolatility] = "volatility";
    names[kCash] = "cash";
    names[kClockSin] = "clock_sin";
    names[kClockCos] = "clock_cos";
    names[kSignedFlow] = "signed_flow";
    names[kOwnBidDistance] = "own_bid_distance";
    names[kOwnAskDistance] = "own_ask_distance";
    names[kOwnBidQueue] = "own_bid_queue";
    names[kOwnAskQueue] = "own_ask_queue";
    names[kOwnBidVolume] = "own_bid_volume";
    names[kOwnAskVolume] = "own_ask_volume";
    return names;
}();

// What happened in one step. Money in tick x lot (book) or price x lot (reduced form), positions in lots.
enum Statistic : std::size_t {
    kPnlChange,         // reward = pnl_change - inventory_penalty - terminal_cost
    kInventoryPenalty,  // inventory_penalty q^2 dt
    kTerminalCost,      // terminal_penalty (q'^2 - q^2), plus the liquidation at the end in the book
    kInventory,         // after the step, before any liquidation
    kMid,               // ticks or price, after the step
    kBidFilled,         // lots we bought
    kAskFilled,         // lots we sold
    kFees,
    kBidDepth,  // of our quote from the mid at the decision; 0 without a quote
    kAskDepth,
};
inline constexpr std::size_t kStatistics = kAskDepth + 1;
// The book's follow: markouts of our fills that have come due in the step, by side and horizon (see Markouts), and what
// of the reward is luck.
inline constexpr std::size_t kMarkouts = kStatistics, kLuck = kMarkouts + 4 * kMarkoutHorizons.size(),
                             kBookStatistics = kLuck + 1;
inline constexpr std::array<const char*, kStatistics> kStatisticNames{
    "pnl_change", "inventory_penalty", "terminal_cost", "inventory", "mid",
    "bid_filled", "ask_filled",        "fees",          "bid_depth", "ask_depth",
};
// For each side and horizon: the sum of sign(side) x lots x (mid then - price), tick x lot, and the lots in it. Luck is
// what the efficient price did to what was held, and how far the mid is from it: of mean zero over an episode whatever
// the policy does, because nobody can foresee that price. 0 where there is none.
inline constexpr std::array<const char*, kBookStatistics> kBookStatisticNames{
    "pnl_change",
    "inventory_penalty",
    "terminal_cost",
    "inventory",
    "mid",
    "bid_filled",
    "ask_filled",
    "fees",
    "bid_depth",
    "ask_depth",
    "bid_markout_0s",
    "bid_marked_0s",
    "bid_markout_100ms",
    "bid_marked_100ms",
    "bid_markout_1s",
    "bid_marked_1s",
    "bid_markout_5s",
    "bid_marked_5s",
    "bid_markout_30s",
    "bid_marked_30s",
    "ask_markout_0s",
    "ask_marked_0s",
    "ask_markout_100ms",
    "ask_marked_100ms",
    "ask_markout_1s",
    "ask_marked_1s",
    "ask_markout_5s",
    "ask_marked_5s",
    "ask_markout_30s",
    "ask_marked_30s",
    "luck",
};

}  // namespace mm
