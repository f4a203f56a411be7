// What a parameter struct says of its fields, and the checks that are made of it.
#include <doctest/doctest.h>

#include <array>
#include <cstdint>
#include <limits>
#include <optional>
#include <tuple>
#include <variant>
#include <vector>

#include "engine/core/describe.hpp"

namespace {

using namespace mm;

struct Inner {
    std::vector<int> count{1};

    static constexpr auto fields() { return std::tuple{Field{"count", &Inner::count, at_least(1), "lots"}}; }
    void validate() const {
        check_fields(*this);
        check_increases(count, "count");
    }
};

struct Other {
    double share = 0.5;

    static constexpr auto fields() { return std::tuple{Field{"share", &Other::share, within(0, 1)}}; }
    void validate() const { check_fields(*this); }
};

enum class Colour : std::uint8_t { red, green };

struct Outer {
    double rate = 1;
    std::array<std::array<double, 2>, 2> matrix{};
    Colour colour = Colour::green;
    Inner inner{};
    std::optional<Inner> perhaps = std::nullopt;
    std::variant<Inner, Other> either = Inner{};

    static constexpr auto fields() {
        return std::tuple{Field{"rate", &Outer::rate, above(0), "1/s"},
                          Field{"matrix", &Outer::matrix, at_most(9)},
                          Field{"colour", &Outer::colour},
                          Field{"inner", &Outer::inner},
                          Field{"perhaps", &Outer::perhaps},
                          Field{"either", &Outer::either}};
    }
    void validate() const { check_fields(*this); }
};

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

TEST_CASE("a range holds its closed ends, no open one, and nothing that is not finite") {
    CHECK(at_least(1).holds(1));
    CHECK_FALSE(above(1).holds(1));
    CHECK(at_most(1).holds(1));
    CHECK_FALSE(below(1).holds(1));
    CHECK(within(0, 1).holds(0));
    CHECK_FALSE(within(0, 1).holds(1.0000001));
    for (const double value : {kNaN, kInfinity, -kInfinity})
        for (const Range& range : {any(), at_least(0), above(0), at_most(0), below(0), within(0, 1)})
            CHECK_FALSE(range.holds(value));
}

TEST_CASE("a range reads as it follows must") {
    CHECK(any().rule(false) == "be finite");
    CHECK(any().rule(true).empty());
    CHECK(at_least(0).rule(false) == "be finite and >= 0");
    CHECK(at_least(1).rule(true) == "be >= 1");
    CHECK(above(0.5).rule(false) == "be finite and > 0.5");
    CHECK(at_most(2).rule(true) == "be <= 2");
    CHECK(below(2).rule(true) == "be < 2");
    CHECK(within(0, 1).rule(false) == "lie in [0, 1]");
    CHECK(Range{.low = 0, .high = 1, .above_low = true, .below_high = true}.rule(false) == "lie in (0, 1)");
}

TEST_CASE("a refusal names the field, the rule and the value, of whatever the field is made") {
    CHECK_NOTHROW(Outer{}.validate());
    CHECK_THROWS_WITH((Outer{.rate = kNaN}.validate()), "rate must be finite and > 0, but it is nan");
    CHECK_THROWS_WITH((Outer{.matrix = {{{1, 2}, {9.5, 3}}}}.validate()),
                      "matrix must be finite and <= 9, but it is 9.5");
    CHECK_THROWS_WITH((Outer{.inner = {.count = {1, 0}}}.validate()), "inner.count must be >= 1, but it is 0");
    CHECK_THROWS_WITH((Outer{.inner = {.count = {2, 2}}}.validate()), "inner.count must increase, but it is 2");
    CHECK_THROWS_WITH((Outer{.perhaps = Inner{.count = {0}}}.validate()), "perhaps.count must be >= 1, but it is 0");
    CHECK_THROWS_WITH((Outer{.either = Other{.share = 1.0000001}}.validate()),
                      "either.share must lie in [0, 1], but it is 1.0000001");
}

TEST_CASE("lists are held to their length and their sum") {
    CHECK_THROWS_WITH(check_entries(std::vector{1.0}, 2, "bins", "rate"),
                      "rate must have one entry for each of the 2 bins, but it has 1");
    CHECK_THROWS_WITH(check_sums_to_one({0.5, 0.25}, "share"), "share must sum to 1, but it is 0.75");
    CHECK_THROWS_WITH(check_sums_to_one({}, "share"), "share must sum to 1, but it is 0");
    CHECK_NOTHROW(check_sums_to_one({0.5, 0.5}, "share"));
}

}  // namespace
