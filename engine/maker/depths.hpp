// How far two quotes stand from the mid, and how large they are.
#pragma once

namespace mm {

// Positive outward; in ticks (book) or price (reduced form).
struct Depths {
    double bid = 0;
    double ask = 0;
};

// Of the size that the market maker would quote.
struct Shares {
    float bid = 1;
    float ask = 1;
};

}  // namespace mm
