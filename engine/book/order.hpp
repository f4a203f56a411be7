// A resting order, the handle that names it, and what happens to it.
#pragma once

#include <cstdint>

#include "engine/core/types.hpp"

namespace mm {

// Names one order for its whole life: a slot is reused, but never with the same generation.
struct Handle {
    std::uint32_t slot = 0;
    std::uint32_t generation = 0;  // 0 names no order

    explicit operator bool() const { return generation != 0; }
    bool operator==(const Handle&) const = default;
};

template <class Index>
struct Order {
    Ticks price = 0;
    Lots lots = 0;
    std::uint32_t generation = 0;
    Index previous = 0;  // towards the front of the queue
    Index next = 0;
    Side side = Side::bid;
    Owner owner = Owner::background;
    bool live = false;
};

// One match: the resting (maker) order gives up `lots` at its own price.
struct Fill {
    Handle maker;
    Owner maker_owner = Owner::background;
    Owner taker_owner = Owner::background;
    Side maker_side = Side::bid;
    Ticks price = 0;
    Lots lots = 0;
    Lots maker_remaining = 0;
};

enum class Rejection : std::uint8_t {
    none,
    size_not_positive,
    price_outside_window,  // the book keeps a window of prices around the touch
    pool_exhausted,        // every order slot is live
    unknown_order,
};

constexpr const char* describe(Rejection rejection) {
    switch (rejection) {
        case Rejection::none:
            return "accepted";
        case Rejection::size_not_positive:
            return "size must be at least one lot";
        case Rejection::price_outside_window:
            return "price lies outside the book's window";
        case Rejection::pool_exhausted:
            return "the book holds no more orders";
        case Rejection::unknown_order:
            return "no live order has this handle";
    }
    return "unknown rejection";
}

struct Submission {
    Rejection rejection = Rejection::none;
    Handle resting;  // empty when nothing rests
    Lots filled = 0;
};

}  // namespace mm
