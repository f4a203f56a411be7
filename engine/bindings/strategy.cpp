#include "engine/maker/strategy.hpp"

#include <pybind11/numpy.h>
#include <pybind11/stl.h>

#include <cmath>
#include <optional>

#include "engine/bindings/bind.hpp"
#include "engine/core/check.hpp"

namespace py = pybind11;

namespace mm {

namespace {

static_assert(sizeof(Depths) == 2 * sizeof(double));

// From [rows, 2 max_lots + 1, levels, 2].
Strategy table(const py::array_t<double, py::array::c_style | py::array::forcecast>& depths, double alpha_skew,
               const std::vector<double>& levels) {
    const auto wanted = static_cast<py::ssize_t>(levels.size());
    if (depths.ndim() != 4 || depths.shape(1) % 2 == 0 || depths.shape(2) != wanted || depths.shape(3) != 2)
        throw std::invalid_argument("depths must have shape (steps or 1, 2 max_lots + 1, " + std::to_string(wanted) +
                                    ", 2), but it is " + py::repr(depths.attr("shape")).cast<std::string>());
    std::vector<Depths> pairs(static_cast<std::size_t>(depths.size() / 2));
    std::copy_n(depths.data(), depths.size(), reinterpret_cast<double*>(pairs.data()));
    return Strategy(std::move(pairs), static_cast<Lots>(depths.shape(1) / 2), alpha_skew, levels);
}

py::array_t<double> depths(const Strategy& strategy) {
    py::array_t<double> array({static_cast<py::ssize_t>(strategy.rows()), static_cast<py::ssize_t>(strategy.width()),
                               static_cast<py::ssize_t>(strategy.levels().size()), py::ssize_t{2}});
    std::copy_n(reinterpret_cast<const double*>(strategy.table().data()), array.size(), array.mutable_data());
    return array;
}

using Column = py::array_t<double, py::array::c_style | py::array::forcecast>;

// What is quoted in n states, [n, 2].
py::array_t<double> quote(const Strategy& strategy, const Column& step, const Column& inventory, const Column& alpha,
                          const std::optional<Column>& spread) {
    if (step.ndim() != 1 || inventory.size() != step.size() || alpha.size() != step.size() ||
        (spread && spread->size() != step.size()))
        throw std::invalid_argument("step, inventory, alpha and spread must be of one length");
    if (strategy.touching() && !spread)
        throw std::invalid_argument("spread must be given to a strategy that quotes at the touch, but it is None");
    py::array_t<double> quotes({step.size(), py::ssize_t{2}});
    auto* row = reinterpret_cast<Depths*>(quotes.mutable_data());
    for (py::ssize_t i = 0; i < step.size(); ++i) {
        check(step.at(i) >= 0 && step.at(i) < 0x1p32, "step", "lie in [0, 2^32)", step.at(i));
        check(!std::isnan(inventory.at(i)), "inventory", "be a number", inventory.at(i));
        row[i] = strategy.depths(static_cast<std::uint32_t>(step.at(i)), inventory.at(i), alpha.at(i),
                                 spread ? spread->at(i) : 0);
    }
    return quotes;
}

}  // namespace

void bind_strategy(py::module_& module) {
    py::class_<Strategy>(module, "Strategy")
        .def_static("table", &table, py::arg("depths"), py::kw_only(), py::arg("alpha_skew") = 0.0,
                    py::arg("levels") = std::vector<double>{0.0})
        .def_static("constant", &Strategy::constant, py::arg("half_spread"))
        .def_static("linear_skew", &Strategy::linear_skew, py::kw_only(), py::arg("half_spread"),
                    py::arg("inventory_skew"), py::arg("alpha_skew") = 0.0, py::arg("max_lots"))
        .def_static("avellaneda_stoikov", &Strategy::avellaneda_stoikov, py::kw_only(), py::arg("risk_aversion"),
                    py::arg("volatility"), py::arg("decay"), py::arg("dt"), py::arg("steps"), py::arg("max_lots"))
        .def_static("glft", &Strategy::glft, py::kw_only(), py::arg("risk_aversion"), py::arg("volatility"),
                    py::arg("decay"), py::arg("rate"), py::arg("max_lots"))
        .def("in_steps_of", &Strategy::in_steps_of, py::arg("lots"))
        .def("at_touch", &Strategy::at_touch, py::kw_only(), py::arg("least_spread") = 0.0,
             py::arg("most_against") = 1.0)
        .def("__call__", &quote, py::arg("step"), py::arg("inventory"), py::arg("alpha"),
             py::arg("spread") = py::none())
        .def_property_readonly("touching", &Strategy::touching)
        .def_property_readonly("depths", &depths)
        .def_property_readonly("levels", &Strategy::levels)
        .def_property_readonly("alpha_skew", &Strategy::alpha_skew);
}

}  // namespace mm
