// A resting order, the handle that names it, what may be asked of a book and what comes of it.
#pragma once

#include <cstdint>

#include "engine/core/types.hpp"

namespace mm {

// Names one order for its whole life: a slot is reused, but under a new generation.
struct Handle {
    std::uint32_t slot = 0;
    std::uint32_t generation = 0;  // 0 names no order

    explicit operator bool() const { return generation != 0; }
    bool operator==(const Handle&) const = default;
};

struct Order {
    Side side = Side::bid;
    Party party = Party::background;
    Ticks price = 0;
    Lots lots = 0;

    bool operator==(const Order&) const = default;
};

// What becomes of the part of a limit order that finds no counterparty at once.
enum class TimeInForce : std::uint8_t {
    gtc,        // good till cancelled: it rests
    ioc,        // immediate or cancel: it is gone
    fok,        // fill or kill: there is none, or the order is refused
    post_only,  // it is the whole order, or the order is refused
};

// One match: the resting (maker) order gives up `lots` at its own price.
struct Fill {
    Handle maker;
    Party maker_party = Party::background;
    Party taker_party = Party::background;
    Side maker_side = Side::bid;
    Ticks price = 0;
    Lots lots = 0;
    Lots maker_remaining = 0;

    bool operator==(const Fill&) const = default;
};

// Why a command was refused; a refused command has changed nothing.
enum class Rejection : std::uint8_t {
    none,
    size_not_positive,
    size_too_large,        // a price level counts so many lots and no more
    price_outside_window,  // the book keeps a window of prices around the touch
    pool_exhausted,        // every order slot is live
    unknown_order,
    would_trade,  // post-only
    cannot_fill,  // fill or kill
};

constexpr const char* describe(Rejection rejection) {
    switch (rejection) {
        case Rejection::none:
            return "accepted";
        case Rejection::size_not_positive:
            return "size must be at least one lot";
        case Rejection::size_too_large:
            return "a price level holds no more lots";
        case Rejection::price_outside_window:
            return "price lies outside the book's window";
        case Rejection::pool_exhausted:
            return "the book holds no more orders";
        case Rejection::unknown_order:
            return "no live order has this handle";
        case Rejection::would_trade:
            return "a post-only order would trade";
        case Rejection::cannot_fill:
            return "a fill-or-kill order cannot be filled";
    }
    return "unknown rejection";
}

struct Submission {
    Rejection rejection = Rejection::none;
    Handle resting;              // empty when nothing rests
    Lots filled = 0;             // never more than was asked for
    std::int64_t prevented = 0;  // lots of the agent's own that were taken out of its order's way, at any price

    bool operator==(const Submission&) const = default;
};

}  // namespace mm
