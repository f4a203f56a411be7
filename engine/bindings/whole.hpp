// Whole numbers from Python, refused with a sentence where pybind11 itself would list signatures.
#pragma once

#include <pybind11/pybind11.h>

#include <cstdint>
#include <limits>
#include <stdexcept>
#include <string>

namespace mm {

// Any integer of Python or numpy that an unsigned one of 64 bits holds.
inline std::uint64_t whole(const pybind11::object& value, const std::string& name) {
    const auto integer = pybind11::reinterpret_steal<pybind11::object>(PyNumber_Index(value.ptr()));
    const std::uint64_t number = integer ? PyLong_AsUnsignedLongLong(integer.ptr()) : 0;
    if (PyErr_Occurred() == nullptr) return number;
    PyErr_Clear();
    throw std::invalid_argument(name + " must be a whole number from 0 to " +
                                std::to_string(std::numeric_limits<std::uint64_t>::max()) + ", but it is " +
                                pybind11::repr(value).cast<std::string>());
}

}  // namespace mm
