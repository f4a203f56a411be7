// What a participant reads off a book: queues, microprice, and a short memory of how the mid and the flow moved.
#pragma once

#include <array>
#include <cmath>
#include <cstddef>

#include "engine/core/types.hpp"

namespace mm {

// (B - A) / (B + A) of the lots on the best `levels` occupied prices of each side; 0 in an empty book.
template <class Book>
double imbalance(const Book& book, int levels) {
    const double lots[2]{static_cast<double>(book.lots_near_touch(Side::bid, levels)),
                         static_cast<double>(book.lots_near_touch(Side::ask, levels))};
    const double total = lots[0] + lots[1];
    return total > 0 ? (lots[0] - lots[1]) / total : 0.0;
}

// The mid weighted by the opposite queues (Gatheral & Oomen 2010), ticks; the mid itself while a side is empty.
template <class Book>
double microprice(const Book& book) {
    const Ticks bid = book.touch(Side::bid), ask = book.touch(Side::ask);
    const double bid_lots = book.depth(bid), ask_lots = book.depth(ask);
    if (!book.two_sided()) return 0.5 * (bid + ask);
    return (bid * ask_lots + ask * bid_lots) / (bid_lots + ask_lots);
}

// log(1 + lots), from a table: queues are short, and a logarithm costs as much as an order.
inline double log_lots(Lots lots) {
    static const auto kTable = [] {
        std::array<double, 1024> table{};
        for (std::size_t i = 0; i < table.size(); ++i) table[i] = std::log1p(static_cast<double>(i));
        return table;
    }();
    return lots < static_cast<Lots>(kTable.size()) ? kTable[static_cast<std::size_t>(lots)] : std::log1p(lots);
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
