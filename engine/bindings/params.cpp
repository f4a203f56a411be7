#include <pybind11/native_enum.h>
#include <pybind11/stl.h>

#include <array>
#include <concepts>
#include <cstddef>
#include <limits>
#include <optional>
#include <string>
#include <tuple>
#include <type_traits>
#include <variant>
#include <vector>

#include "engine/bindings/bind.hpp"
#include "engine/core/describe.hpp"
#include "engine/market/scenario.hpp"

namespace py = pybind11;

namespace mm {

namespace {

// What a field takes, as it follows "must be".
template <class Value>
std::string kind(std::type_identity<Value>) {
    return py::str(py::type::of(py::cast(Value{})).attr("__name__"));
}
std::string kind(std::type_identity<double>) {
    return "a number";
}
template <std::integral Whole>
std::string whole_numbers(const char* noun) {
    using Limits = std::numeric_limits<Whole>;
    return std::string(noun) + " in [" + std::to_string(Limits::min()) + ", " + std::to_string(Limits::max()) + "]";
}
template <std::integral Whole>
std::string kind(std::type_identity<Whole>) {
    return whole_numbers<Whole>("a whole number");
}
template <std::integral Whole>
std::string kind(std::type_identity<std::vector<Whole>>) {
    return whole_numbers<Whole>("a list of whole numbers");
}
std::string kind(std::type_identity<std::vector<double>>) {
    return "a list of numbers";
}
template <std::size_t Rows, std::size_t Columns>
std::string kind(std::type_identity<std::array<std::array<double, Columns>, Rows>>) {
    return std::to_string(Rows) + " x " + std::to_string(Columns) + " numbers";
}
template <class Value>
std::string kind(std::type_identity<std::optional<Value>>) {
    return kind(std::type_identity<Value>{}) + " or None";
}
template <class First, class Second>
std::string kind(std::type_identity<std::variant<First, Second>>) {
    return kind(std::type_identity<First>{}) + " or " + kind(std::type_identity<Second>{});
}

template <class Value>
void read(const py::object& given, const char* name, Value& value) {
    const auto refuse = [&] {
        const std::string repr = py::repr(given);
        throw py::type_error(name + (" must be " + kind(std::type_identity<Value>{})) + ", but it is " + repr);
    };
    try {
        value = given.cast<Value>();
    } catch (const py::cast_error&) {
        refuse();
    } catch (const py::reference_cast_error&) {  // None for a struct
        refuse();
    }
}

template <class Value>
constexpr bool kIsOptional = false;
template <class Value>
constexpr bool kIsOptional<std::optional<Value>> = true;

template <class Params, class Value>
constexpr bool may_be_left_out(const Field<Params, Value>&) {
    return kIsOptional<Value> || requires { Params::kHasDefaults; };
}

template <class Params>
std::string class_name() {
    return py::str(py::type::of<Params>().attr("__name__"));
}

template <class Params>
void check_known(const py::kwargs& given) {
    for (const auto& entry : given) {
        const std::string name = py::str(entry.first);
        bool known = false;
        each_field<Params>([&](const auto& field) { known = known || name == field.name; });
        if (!known) throw py::type_error(class_name<Params>() + " takes no " + name);
    }
}

template <class Params>
Params from_keywords(const py::kwargs& given) {
    check_known<Params>(given);
    Params params;
    each_field<Params>([&](const auto& field) {
        if (given.contains(field.name))
            read(given[field.name], field.name, params.*field.member);
        else if (!may_be_left_out(field))
            throw py::type_error(class_name<Params>() + " needs " + field.name);
    });
    params.validate();
    return params;
}

// A field's name, the rule that follows "must", and the unit.
using Line = std::tuple<std::string, std::string, std::string>;

template <class Params>
std::vector<Line> describe() {
    std::vector<Line> lines;
    each_field<Params>([&]<class Value>(const Field<Params, Value>& field) {
        lines.emplace_back(field.name, rule_of<Value>(field.range), field.unit);
    });
    return lines;
}

// The Python class of a described struct: built from keywords, read-only, and able to say what its fields are.
template <Described Params>
py::class_<Params> bind_struct(py::module_& module, const char* name) {
    py::class_<Params> bound(module, name);
    bound.def(py::init([](const py::kwargs& given) { return from_keywords<Params>(given); }));
    each_field<Params>([&](const auto& field) { bound.def_readonly(field.name, field.member); });
    bound.def_static("describe", &describe<Params>);
    return bound;
}

}  // namespace

void bind_params(py::module_& module) {
    py::native_enum<FillMode>(module, "FillMode", "enum.Enum")
        .value("exponential", FillMode::exponential)
        .value("linear", FillMode::linear)
        .value("mbt", FillMode::mbt)
        .finalize();
    py::native_enum<ActionReference>(module, "ActionReference", "enum.Enum")
        .value("offsets", ActionReference::offsets)
        .value("residual", ActionReference::residual)
        .finalize();
    py::native_enum<FeeUnit>(module, "FeeUnit", "enum.Enum")
        .value("ticks_per_lot", FeeUnit::ticks_per_lot)
        .value("basis_points", FeeUnit::basis_points)
        .finalize();
    bind_struct<LognormalSizes>(module, "LognormalSizes");
    bind_struct<Sizes>(module, "Sizes");
    bind_struct<PoissonParams>(module, "PoissonParams");
    bind_struct<EfficientPriceParams>(module, "EfficientPriceParams");
    bind_struct<QueueReactiveParams>(module, "QueueReactiveParams");
    bind_struct<HawkesParams>(module, "HawkesParams");
    bind_struct<FlowParams>(module, "FlowParams");
    bind_struct<PlacementParams>(module, "PlacementParams");
    bind_struct<PatienceParams>(module, "PatienceParams");
    bind_struct<TakersParams>(module, "TakersParams");
    bind_struct<MetaordersParams>(module, "MetaordersParams");
    bind_struct<OrnsteinUhlenbeck>(module, "OrnsteinUhlenbeck");
    bind_struct<ValueParams>(module, "ValueParams");
    bind_struct<ImpactParams>(module, "ImpactParams");
    bind_struct<StaleParams>(module, "StaleParams");
    bind_struct<InformedParams>(module, "InformedParams");
    bind_struct<ReactionsParams>(module, "ReactionsParams");
    bind_struct<IntradayParams>(module, "IntradayParams");
    bind_struct<RealisticParams>(module, "RealisticParams");
    bind_struct<SignalParams>(module, "SignalParams");
    bind_struct<FeeParams>(module, "FeeParams");
    bind_struct<BookParams>(module, "BookParams");
    bind_struct<ReducedFormParams>(module, "ReducedFormParams");
    bind_struct<QuoteParams>(module, "QuoteParams");
    bind_struct<AgentParams>(module, "AgentParams")
        .def("penalty", &AgentParams::penalty, py::arg("lots"), py::arg("seconds"));
    bind_struct<Scenario>(module, "Scenario");
}

}  // namespace mm
