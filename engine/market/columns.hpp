// Names and order of the columns that cross into Python, declared here and nowhere else.
#pragma once

#include <array>
#include <cstddef>

namespace mm {

// The first columns of every market. All are dimensionless and of order one.
inline constexpr std::array kReducedFormObservation{
    "time_to_go",              // 2 tau/T - 1
    "inventory",               // 2 q/Q
    "alpha",                   // the signal: a / max |a| (reduced form), imbalance of the best queues (book)
    "inventory_x_time_to_go",  // 2 (q/Q)(tau/T)
};

// The book's columns: the four above, then what its participants see. Prices in price units.
inline constexpr std::array kBookObservation{
    "time_to_go",
    "inventory",
    "alpha",
    "inventory_x_time_to_go",
    "bid",                // best bid from the mid of the step before
    "ask",                // best ask from the mid of the step before
    "spread",             //
    "bid_volume",         // log(1 + lots at the best bid)
    "ask_volume",         //
    "imbalance",          // (B - A) / (B + A) over the five best levels
    "microprice_offset",  // size-weighted mid from the mid
    "volatility",         // of the mid, per sqrt(decision interval), exponentially weighted
    "cash",               // over the value of max_position
    "clock_sin",          // of the share of the episode that is over
    "clock_cos",          //
    "signed_flow",        // market lots bought less sold, exponentially weighted
    "own_bid_distance",   // of our bid behind the best bid; -1 without a bid
    "own_ask_distance",   //
    "own_bid_queue",      // log(1 + lots before our bid in its queue)
    "own_ask_queue",      //
};

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
    kStatistics
};
inline constexpr std::array<const char*, kStatistics> kStatisticNames{
    "pnl_change", "inventory_penalty", "terminal_cost", "inventory", "mid",
    "bid_filled", "ask_filled",        "fees",          "bid_depth", "ask_depth",
};

}  // namespace mm
