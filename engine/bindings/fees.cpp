#include "engine/maker/fees.hpp"

#include <pybind11/native_enum.h>

#include "engine/bindings/bind.hpp"
#include "engine/bindings/wide_money.hpp"
#include "engine/core/check.hpp"

namespace py = pybind11;

namespace mm {

namespace {

void bind_enums(py::module_& module) {
    py::native_enum<Liquidity>(module, "Liquidity", "enum.Enum")
        .value("maker", Liquidity::maker)
        .value("taker", Liquidity::taker)
        .finalize();
}

WideMoney fee(const FeeSchedule& schedule, Liquidity liquidity, Ticks price, Lots lots, Money traded_before) {
    check(lots >= 1, "lots", "be >= 1", lots);
    check(traded_before >= 0, "traded_before", "be >= 0", traded_before);
    return schedule.fee(liquidity, price, lots, traded_before);
}

}  // namespace

void bind_fees(py::module_& module) {
    bind_enums(module);
    py::class_<FeeSchedule>(module, "FeeSchedule")
        .def(py::init<const FeeParams&>(), py::arg("params"))
        .def("fee", &fee, py::arg("liquidity"), py::arg("price"), py::arg("lots"), py::arg("traded_before") = 0);
}

}  // namespace mm
