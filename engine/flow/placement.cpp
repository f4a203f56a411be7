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

Placement::Placement(const PlacementParams& params) : params_(params), behind_(behind(params)) {
}

}  // namespace mm
