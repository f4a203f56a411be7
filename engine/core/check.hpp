// One sentence for a parameter out of range: its name, the rule, the value.
#pragma once

#include <array>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <limits>
#include <numeric>
#include <sstream>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <vector>

namespace mm {

template <class Value>
void check(bool holds, const std::string& name, const std::string& rule, const Value& value) {
    if (holds) return;
    std::ostringstream sentence;
    sentence << name << " must " << rule << ", but it is " << value;
    throw std::invalid_argument(sentence.str());
}

// The fewest digits that tell the number from its neighbours: one just beyond a bound must not read like the bound.
inline std::string shown(double value) {
    std::array<char, 32> text{};
    return {text.data(), std::to_chars(text.data(), text.data() + text.size(), value).ptr};
}

// Where a number may lie. An end at infinity is none; the number itself must be finite.
struct Range {
    double low = -std::numeric_limits<double>::infinity();
    double high = std::numeric_limits<double>::infinity();
    bool above_low = false;   // the end itself is left out
    bool below_high = false;  // the same

    bool holds(double value) const {
        return std::isfinite(value) && (above_low ? value > low : value >= low) &&
               (below_high ? value < high : value <= high);
    }
    // As it follows "must"; empty where there is nothing to say: whole numbers are finite anyway.
    std::string rule(bool whole) const {
        if (std::isfinite(low) && std::isfinite(high))
            return std::string("lie in ") + (above_low ? '(' : '[') + shown(low) + ", " + shown(high) +
                   (below_high ? ')' : ']');
        std::string end;
        if (std::isfinite(low)) end = (above_low ? "> " : ">= ") + shown(low);
        if (std::isfinite(high)) end = (below_high ? "< " : "<= ") + shown(high);
        if (whole) return end.empty() ? "" : "be " + end;
        return end.empty() ? "be finite" : "be finite and " + end;
    }
};

constexpr Range any() {
    return {};
}
constexpr Range at_least(double low) {
    return {.low = low};
}
constexpr Range above(double low) {
    return {.low = low, .above_low = true};
}
constexpr Range at_most(double high) {
    return {.high = high};
}
constexpr Range below(double high) {
    return {.high = high, .below_high = true};
}
constexpr Range within(double low, double high) {
    return {.low = low, .high = high};
}

template <class Number>
void check_range(Number value, const Range& range, const std::string& name) {
    const auto number = static_cast<double>(value);
    if (!range.holds(number)) check(false, name, range.rule(std::is_integral_v<Number>), shown(number));
}

inline void check_least(double value, double least, const std::string& name) {
    check_range(value, at_least(least), name);
}

inline void check_above(double value, double bound, const std::string& name) {
    check_range(value, above(bound), name);
}

// `whose` says what there are `count` of, as in "bins of distance".
template <class Value>
void check_entries(const std::vector<Value>& values, std::size_t count, const std::string& whose,
                   const std::string& name) {
    if (values.size() == count) return;
    std::ostringstream sentence;
    sentence << name << " must have one entry for each of the " << count << ' ' << whose << ", but it has "
             << values.size();
    throw std::invalid_argument(sentence.str());
}

template <class Value>
void check_increases(const std::vector<Value>& values, const std::string& name) {
    for (std::size_t i = 1; i < values.size(); ++i) check(values[i] > values[i - 1], name, "increase", values[i]);
}

inline void check_sums_to_one(const std::vector<double>& shares, const std::string& name) {
    const double total = std::accumulate(shares.begin(), shares.end(), 0.0);
    check(std::abs(total - 1) < 1e-6, name, "sum to 1", total);
}

}  // namespace mm
