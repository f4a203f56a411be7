#include "engine/core/math.hpp"

#include <pybind11/numpy.h>

#include "engine/bindings/bind.hpp"

namespace py = pybind11;

namespace mm {

void bind_math(py::module_& module) {
    module.def("exp", py::vectorize([](double x) { return math::exp(x); }), py::arg("x"));
    module.def("log", py::vectorize([](double x) { return math::log(x); }), py::arg("x"));
    module.def("cos_turns", py::vectorize([](double u) { return math::cos_turns(u); }), py::arg("u"));
}

}  // namespace mm
