// What a participant reads off the background's orders in a book: queues, microprice, and a short memory of how the mid
// and the flow moved.
#pragma once

#include <array>
#include <cmath>
#include <cstddef>

#include "engine/core/types.hpp"

namespace mm {

// (B - A) / (B + A) of the background's lots on its best `levels` prices of each side; 0 where there are none.
template <class Book>
double imbalance(const Book& book, int levels) {
    const auto bids = static_cast<double>(book.background_lots(Side::bid, levels));
    const auto asks = static_cast<double>(book.background_lots(Side::ask, levels));
    return bids + asks > 0 ? (bids - asks) / (bids + asks) : 0.0;
}

// The mid weighted by the opposite queues (Gatheral & Oomen 2010), ticks; the mid itself while a side is empty.
template <class Book>
double microprice(const Book& book) {
    const double bid = book.reference(Side::bid), ask = book.reference(Side::ask);
    if (book.background_empty(Side::bid) || book.background_empty(Side::ask)) return 0.5 * (bid + ask);
    const double bids = book.background_depth(book.reference(Side::bid));
    const double asks = book.background_depth(book.reference(Side::ask));
    return (bid * asks + ask * bids) / (bids + asks);
}

// log(1 + lots), from a table: queues are short, and a logarithm costs as much as an order.
inline float log_lots(Lots lots) {
    static const auto kTable = [] {
        std::array<float, 1024> table{};
        for (std::size_t i = 0; i < table.size(); ++i)
            table[i] = static_cast<float>(std::log1p(static_cast<double>(i)));
        return table;
    }();
    return lots < static_cast<Lots>(kTable.size()) ? kTable[static_cast<std::size_t>(lots)]
                                                   : static_cast<float>(std::log1p(lots));
}

// Exponentially weighted memory of the last decisions.
class Recent {
  public:
    Recent() = default;
    explicit Recent(double mid) : mid_(mid) {}

    // Market lots bought (positive) or sold since the last decision.
    void trade(Lots signed_lots) { traded_ += signed_lots; }
    // A decision interval has ended at this mid, ticks.
    void close(double mid) {
        move_ = mid - mid_;
        mid_ = mid;
        variance_ = kVarianceMemory * variance_ + (1 - kVarianceMemory) * move_ * move_;
        flow_ = kFlowMemory * flow_ + (1 - kFlowMemory) * traded_;
        traded_ = 0;
    }

    double mid_before() const { return mid_ - move_; }  // ticks, one decision ago
    double variance() const { return variance_; }       // of the mid, ticks^2 per interval
    double flow() const { return flow_; }               // market lots bought less sold, per interval

  private:
    static constexpr double kFlowMemory = 0.9;       // about ten decisions
    static constexpr double kVarianceMemory = 0.98;  // about fifty

    double mid_ = 0;
    double move_ = 0;
    double variance_ = 0;
    double flow_ = 0;
    Lots traded_ = 0;
};

}  // namespace mm
