#include "engine/market/variation.hpp"

#include <algorithm>
#include <array>
#include <numeric>
#include <optional>
#include <stdexcept>
#include <string_view>
#include <vector>

#include "engine/core/math.hpp"

namespace mm {

namespace {

// What is no magnitude of the market: the parts of a mixture, the hours of the venue, and the weight with which the
// value cannot be foreseen.
template <class Params>
constexpr std::array<std::string_view, 0> kKept{};
template <>
constexpr std::array<std::string_view, 1> kKept<Sizes>{"probability"};
template <>
constexpr std::array<std::string_view, 1> kKept<LognormalSizes>{"share"};
template <>
constexpr std::array<std::string_view, 1> kKept<HawkesParams>{"weight"};
template <>
constexpr std::array<std::string_view, 1> kKept<ImpactParams>{"forecast_weight"};
template <>
constexpr std::array<std::string_view, 3> kKept<IntradayParams>{"session_s", "opening_scale", "closing_scale"};

class Variation {
  public:
    Variation(double deviation, Random& random) : deviation_(deviation), random_(&random) {}

    template <Described Params>
    void vary(Params& params, const Range& = {}) {
        each_field<Params>([&](const auto& field) {
            if (std::ranges::find(kKept<Params>, field.name) == kKept<Params>.end())
                vary(params.*field.member, field.range);
        });
    }

  private:
    // A number at an open end of its range would be refused as it stands, so that only closed ends are met.
    void vary(double& value, const Range& range) {
        value = std::clamp(value * math::exp(deviation_ * random_->normal()), range.low, range.high);
    }
    template <std::ranges::range List>
    void vary(List& list, const Range& range) {
        for (auto& element : list) vary(element, range);
    }
    template <class Value>
    void vary(std::optional<Value>& value, const Range& range) {
        if (value) vary(*value, range);
    }
    // Counts, prices and choices stay.
    template <class Value>
        requires(std::integral<Value> || std::is_enum_v<Value>)
    void vary(Value&, const Range&) {}

    double deviation_;
    Random* random_;
};

void share_out(std::vector<double>& shares) {
    const double sum = std::accumulate(shares.begin(), shares.end(), 0.0);
    if (sum == 0) return;  // refused where they are checked
    for (double& share : shares) share /= sum;
}

RealisticParams drawn(const RealisticParams& params, double deviation, Random& random) {
    RealisticParams other = params;
    Variation(deviation, random).vary(other);
    for (std::vector<double> PatienceParams::* shares :
         {&PatienceParams::inside, &PatienceParams::at_best, &PatienceParams::near, &PatienceParams::deep})
        share_out(other.patience.*shares);
    return other;
}

bool holds(const BookParams& book, double most_orders) {
    try {
        book.validate();
    } catch (const std::invalid_argument&) {
        return false;
    }
    return book.needs(0).orders <= most_orders;
}

}  // namespace

RealisticParams varied(const BookParams& book, double most_orders, Random random) {
    constexpr int kTries = 1000;
    BookParams other = book;
    for (int i = 0; i < kTries; ++i) {
        other.realistic = drawn(book.realistic.value(), book.variation, random);
        if (holds(other, most_orders)) return *other.realistic;
    }
    check(false, "variation", "leave one market of a thousand stable and small enough for its book",
          shown(book.variation));
    return *book.realistic;
}

}  // namespace mm
