// Money of 128 bits is an int in Python, exactly.
#pragma once

#include <pybind11/pybind11.h>

#include <cstdint>

#include "engine/core/types.hpp"

namespace pybind11::detail {

template <>
struct type_caster<mm::WideMoney> {
    PYBIND11_TYPE_CASTER(mm::WideMoney, const_name("int"));

    // Refuses floats and what is wider still, as the caster of other integers does.
    bool load(handle source, bool) {
        const auto number = reinterpret_steal<object>(PyNumber_Index(source.ptr()));
        if (!number) {
            PyErr_Clear();
            return false;
        }
        int overflow = 0;
        const std::int64_t high = PyLong_AsLongLongAndOverflow((number >> int_(64)).ptr(), &overflow);
        value = mm::WideMoney{high} << 64 | PyLong_AsUnsignedLongLongMask(number.ptr());
        return overflow == 0;
    }

    static handle cast(mm::WideMoney money, return_value_policy, handle) {
        const int_ high(static_cast<std::int64_t>(money >> 64)), low(static_cast<std::uint64_t>(money));
        return ((high << int_(64)) | low).release();
    }
};

}  // namespace pybind11::detail
