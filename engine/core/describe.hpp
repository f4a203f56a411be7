// What a parameter struct says of its fields, once: name, member, range and unit of each, listed by its `fields()`. The
// checks, the Python class, the ranges of the YAML schema and the bench's command line are all made from that list.
#pragma once

#include <concepts>
#include <optional>
#include <ranges>
#include <stdexcept>
#include <string>
#include <tuple>
#include <type_traits>
#include <variant>

#include "engine/core/check.hpp"

namespace mm {

template <class Params, class Value>
struct Field {
    const char* name;
    Value Params::* member;
    Range range{};  // of the number, or of each one in a list or matrix
    const char* unit = "";
};

// What lists its fields; a field may be such a struct too, whose own list then says the rest.
template <class Type>
concept Described = requires(const Type& params) {
    Type::fields();
    params.validate();
};

template <class Type>
concept Number = std::is_arithmetic_v<Type>;

template <Described Params, class Visit>
void each_field(Visit&& visit) {
    std::apply([&](const auto&... field) { (visit(field), ...); }, Params::fields());
}

template <class Value>
std::string rule_of(const Range& range) {
    if constexpr (Number<Value>)
        return range.rule(std::is_integral_v<Value>);
    else if constexpr (std::ranges::range<Value>)
        return rule_of<std::ranges::range_value_t<Value>>(range);
    else
        return "";
}

template <class Value>
void check_field(const Value& value, const Range& range, const std::string& name) {
    if constexpr (Number<Value>) {
        check_range(value, range, name);
    } else if constexpr (std::ranges::range<Value>) {
        for (const auto& element : value) check_field(element, range, name);
    } else if constexpr (Described<Value>) {
        try {
            value.validate();
        } catch (const std::invalid_argument& error) {
            throw std::invalid_argument(name + "." + error.what());
        }
    } else {
        static_assert(std::is_enum_v<Value>, "a field of this type needs its own check_field");
    }
}

template <class Value>
void check_field(const std::optional<Value>& value, const Range& range, const std::string& name) {
    if (value) check_field(*value, range, name);
}

template <class... Values>
void check_field(const std::variant<Values...>& value, const Range& range, const std::string& name) {
    std::visit([&](const auto& chosen) { check_field(chosen, range, name); }, value);
}

// Every range of the description, fields that are structs included: all of validate() but the rules between fields.
template <Described Params>
void check_fields(const Params& params) {
    each_field<Params>([&](const auto& field) { check_field(params.*field.member, field.range, field.name); });
}

}  // namespace mm
