#include "engine/maker/strategy.hpp"

#include <pybind11/numpy.h>

#include "engine/bindings/bind.hpp"

namespace py = pybind11;

namespace mm {

namespace {

static_assert(sizeof(Depths) == 2 * sizeof(double));

// From [rows, 2 max_lots + 1, 2].
Strategy table(const py::array_t<double, py::array::c_style | py::array::forcecast>& depths, double alpha_skew) {
    if (depths.ndim() != 3 || depths.shape(1) % 2 == 0 || depths.shape(2) != 2)
        throw std::invalid_argument("depths must have shape (steps or 1, 2 max_lots + 1, 2), but it is " +
                                    py::repr(depths.attr("shape")).cast<std::string>());
    std::vector<Depths> pairs(static_cast<std::size_t>(depths.size() / 2));
    std::copy_n(depths.data(), depths.size(), reinterpret_cast<double*>(pairs.data()));
    return Strategy(std::move(pairs), static_cast<Lots>(depths.shape(1) / 2), alpha_skew);
}

py::array_t<double> depths(const Strategy& strategy) {
    py::array_t<double> array(
        {static_cast<py::ssize_t>(strategy.rows()), static_cast<py::ssize_t>(strategy.width()), py::ssize_t{2}});
    std::copy_n(reinterpret_cast<const double*>(strategy.table().data()), array.size(), array.mutable_data());
    return array;
}

}  // namespace

void bind_strategy(py::module_& module) {
    py::class_<Strategy>(module, "Strategy")
        .def_static("table", &table, py::arg("depths"), py::kw_only(), py::arg("alpha_skew") = 0.0)
        .def_static("constant", &Strategy::constant, py::arg("half_spread"))
        .def_static("linear_skew", &Strategy::linear_skew, py::kw_only(), py::arg("half_spread"),
                    py::arg("inventory_skew"), py::arg("alpha_skew") = 0.0, py::arg("max_lots"))
        .def_static("avellaneda_stoikov", &Strategy::avellaneda_stoikov, py::kw_only(), py::arg("risk_aversion"),
                    py::arg("volatility"), py::arg("decay"), py::arg("dt"), py::arg("steps"), py::arg("max_lots"))
        .def_static("glft", &Strategy::glft, py::kw_only(), py::arg("risk_aversion"), py::arg("volatility"),
                    py::arg("decay"), py::arg("rate"), py::arg("max_lots"))
        .def_property_readonly("depths", &depths)
        .def_property_readonly("alpha_skew", &Strategy::alpha_skew);
}

}  // namespace mm
