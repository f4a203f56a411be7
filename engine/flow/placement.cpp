#include "engine/flow/placement.hpp"

#include <vector>

namespace mm {

namespace {

std::vector<double> behind(const PlacementParams& params) {
    std::vector<double> weights;
    for (Ticks i = 1; i <= params.farthest; ++i)
        weights.push_back(std::pow((i + params.behind_offset) / (1 + params.behind_offset), -params.behind_power));
    return weights;
}

}  // namespace

Placement::Placement(const PlacementParams& params)
    : params_(params), behind_(behind(params)), cells_per_tick_(kCellsPerGap / params.inside_gap), inside_(bounds()) {
}

// The chance grows with the gap; the last cell has no upper end.
std::array<Placement::Bounds, Placement::kCells> Placement::bounds() const {
    constexpr double kRounding = 1e-9;
    std::array<Bounds, kCells> bounds{};
    for (std::size_t cell = 0; cell < kCells; ++cell) {
        const double begin = static_cast<double>(cell) / cells_per_tick_;
        const double end = static_cast<double>(cell + 1) / cells_per_tick_;
        const double low = cell == 0 ? 0 : chance_inside(begin);
        const double high = cell + 1 == kCells ? params_.most_inside : chance_inside(end);
        bounds[cell] = {(1 - kRounding) * low, (1 + kRounding) * high};
    }
    return bounds;
}

}  // namespace mm
