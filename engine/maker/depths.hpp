// How far the two quotes stand from the mid.
#pragma once

namespace mm {

// Positive outward; in ticks (book) or price (reduced form).
struct Depths {
    double bid = 0;
    double ask = 0;
};

}  // namespace mm
