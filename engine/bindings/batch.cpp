#include "engine/market/batch.hpp"

#include <pybind11/native_enum.h>
#include <pybind11/numpy.h>
#include <pybind11/stl.h>

#include <algorithm>
#include <bit>
#include <cmath>

#include "engine/bindings/bind.hpp"
#include "engine/bindings/buffer.hpp"
#include "engine/bindings/whole.hpp"
#include "engine/core/vector.hpp"
#include "engine/market/agent.hpp"
#include "engine/market/drift.hpp"

namespace py = pybind11;

namespace mm {

namespace {

// No value is infinite or nan where no exponent is all ones; without a branch, many are looked at at once.
bool all_finite(const float* values, std::size_t size) {
    constexpr std::uint32_t kExponent = 0x7f800000;
    std::uint32_t worst = 0;
    for (std::size_t i = 0; i < size; ++i) worst = std::max(worst, std::bit_cast<std::uint32_t>(values[i]) & kExponent);
    return worst != kExponent;
}

void check_finite(const float* action, std::size_t markets, std::size_t width) {
    if (all_finite(action, width * markets)) return;
    std::size_t i = 0;
    while (std::isfinite(action[i])) ++i;
    std::ostringstream sentence;
    sentence << "action must be finite, but action[" << i / width << ", " << i % width << "] is " << action[i];
    throw std::invalid_argument(sentence.str());
}

void reset(Batch& batch, const py::object& seed, py::array observation, bool staggered) {
    const auto chosen = seed.is_none() ? std::nullopt : std::optional(whole(seed, "seed"));
    const auto n = static_cast<py::ssize_t>(batch.size());
    auto* out = output<float>(observation, "observation", {n, static_cast<py::ssize_t>(batch.columns().size())});
    const py::gil_scoped_release release;
    batch.reset(chosen, staggered, out);
}

void step(Batch& batch, const py::array& action, py::array observation, py::array reward, py::array terminated,
          py::array final_observation, py::array statistics) {
    const auto n = static_cast<py::ssize_t>(batch.size());
    const auto k = static_cast<py::ssize_t>(batch.columns().size());
    const auto* actions = input<float>(action, "action", {n, static_cast<py::ssize_t>(batch.actions().size())});
    const StepBuffers out{
        output<float>(observation, "observation", {n, k}),
        output<double>(reward, "reward", {n}),
        output<bool>(terminated, "terminated", {n}),
        output<float>(final_observation, "final_observation", {n, k}),
        output<double>(statistics, "statistics", {n, static_cast<py::ssize_t>(batch.statistics().size())}),
    };
    check_finite(actions, batch.size(), batch.actions().size());
    const py::gil_scoped_release release;
    batch.step(actions, out);
}

void play(Batch& batch, const Strategy& strategy, const py::object& steps, py::array reward, py::array statistics,
          py::array abs_inventory) {
    const auto n = static_cast<py::ssize_t>(batch.size());
    const Totals out{
        output<double>(reward, "reward", {n}),
        output<double>(statistics, "statistics", {n, static_cast<py::ssize_t>(batch.statistics().size())}),
        output<double>(abs_inventory, "abs_inventory", {n}),
    };
    const std::size_t intervals = whole(steps, "steps");
    const py::gil_scoped_release release;
    batch.play(strategy, intervals, out);
}

py::tuple tuple_of(std::span<const char* const> names) {
    return py::tuple(py::cast(std::vector<std::string>(names.begin(), names.end())));
}

py::dict counters(const Batch& batch) {
    const Counters counted = batch.counters();
    py::dict by_name;
    by_name["events"] = counted.events;
    by_name["rejected"] = counted.rejected;
    by_name["dropped"] = counted.dropped;
    by_name["markouts_lost"] = counted.markouts_lost;
    by_name["resets"] = counted.resets;
    by_name["live_orders"] = counted.live_orders;
    by_name["spread_ticks"] = counted.spread_ticks;
    by_name["memory_per_market"] = counted.memory_per_market;
    return by_name;
}

// The common observation columns of given states, so that a policy can be asked anywhere on a grid. [m, 4]
py::array_t<float> grid_observation(const py::array_t<double, py::array::c_style | py::array::forcecast>& states) {
    if (states.ndim() != 2 || states.shape(1) != 3)
        throw std::invalid_argument("states must have shape (m, 3): tau/T, q/Q, alpha");
    py::array_t<float> rows({states.shape(0), static_cast<py::ssize_t>(kReducedFormObservation.size())});
    for (py::ssize_t i = 0; i < states.shape(0); ++i)
        Agent::common_columns(states.at(i, 0), states.at(i, 1), states.at(i, 2), rows.mutable_data(i, 0));
    return rows;
}

// P(to | from) of the drift chain over one step, [levels, levels].
py::array_t<double> drift_transition(const std::vector<double>& drift, double leaving_rate, double dt) {
    const DriftChain chain(drift, leaving_rate, dt);
    const auto n = static_cast<py::ssize_t>(chain.size());
    py::array_t<double> matrix({n, n});
    std::copy(chain.transition().begin(), chain.transition().end(), matrix.mutable_data());
    return matrix;
}

}  // namespace

void bind_batch(py::module_& module) {
    py::native_enum<Autoreset>(module, "Autoreset", "enum.Enum")
        .value("same_step", Autoreset::same_step)
        .value("next_step", Autoreset::next_step)
        .finalize();
    module.attr("STATISTICS") = py::tuple(py::cast(kStatisticNames));
    module.attr("WIDEST_VECTORS") = widest_vectors();
    module.def("drift_transition", &drift_transition, py::arg("drift"), py::arg("leaving_rate"), py::arg("dt"));
    module.def("grid_observation", &grid_observation, py::arg("states"));
    py::class_<Batch>(module, "Batch")
        .def(py::init([](const Scenario& scenario, const py::object& size, const py::object& first_market,
                         const py::object& threads, Autoreset autoreset, int vector_bits) {
                 return make_batch(scenario, whole(size, "size"), whole(first_market, "first_market"),
                                   whole(threads, "threads"), autoreset, vector_bits);
             }),
             py::arg("scenario"), py::arg("size"), py::kw_only(), py::arg("first_market") = 0, py::arg("threads") = 1,
             py::arg("autoreset") = Autoreset::same_step, py::arg("vector_bits") = 0)
        .def_property_readonly("columns", [](const Batch& batch) { return tuple_of(batch.columns()); })
        .def_property_readonly("statistics", [](const Batch& batch) { return tuple_of(batch.statistics()); })
        .def_property_readonly("actions", [](const Batch& batch) { return tuple_of(batch.actions()); })
        .def("__len__", &Batch::size)
        .def_property_readonly("counters", &counters)
        .def("reset", &reset, py::arg("seed"), py::arg("observation"), py::kw_only(), py::arg("staggered") = false)
        .def("step", &step, py::arg("action"), py::arg("observation"), py::arg("reward"), py::arg("terminated"),
             py::arg("final_observation"), py::arg("statistics"))
        .def("play", &play, py::arg("strategy"), py::arg("steps"), py::arg("reward"), py::arg("statistics"),
             py::arg("abs_inventory"));
}

}  // namespace mm
