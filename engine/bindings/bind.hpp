// One function for each noun; module.cpp calls them in order.
#pragma once

#include <pybind11/pybind11.h>

namespace mm {

void bind_math(pybind11::module_& module);
void bind_order_book(pybind11::module_& module);
void bind_lobster(pybind11::module_& module);
void bind_fees(pybind11::module_& module);
void bind_market_maker(pybind11::module_& module);
void bind_params(pybind11::module_& module);
void bind_strategy(pybind11::module_& module);
void bind_batch(pybind11::module_& module);

}  // namespace mm
