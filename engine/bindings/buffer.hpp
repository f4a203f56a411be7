// Caller-owned numpy buffers: refused with a sentence unless they can be written in place, never copied silently.
#pragma once

#include <pybind11/numpy.h>

#include <algorithm>
#include <initializer_list>
#include <sstream>
#include <stdexcept>
#include <string>

namespace mm {

using Shape = std::initializer_list<pybind11::ssize_t>;

// By type number, order of bytes and flags: comparing dtypes as numpy does would cost more than a step of a market.
template <class Element>
bool fits(const pybind11::array& array, Shape shape) {
    const pybind11::dtype type = array.dtype();
    const bool native = type.byteorder() == '=' || type.byteorder() == '|';
    return native && type.normalized_num() == pybind11::dtype::num_of<Element>() &&
           (array.flags() & pybind11::array::c_style) != 0 &&
           std::equal(shape.begin(), shape.end(), array.shape(), array.shape() + array.ndim());
}

template <class Element>
[[noreturn, gnu::cold]] void refuse(const pybind11::array& array, const char* name, Shape shape, const char* writable) {
    const auto tuple = [](const auto* begin, const auto* end) {
        pybind11::list sizes;
        for (const auto* size = begin; size != end; ++size) sizes.append(*size);
        return pybind11::repr(pybind11::tuple(sizes)).template cast<std::string>();
    };
    std::ostringstream sentence;
    sentence << name << " must be a " << writable << "C-contiguous "
             << pybind11::str(pybind11::dtype::of<Element>()).template cast<std::string>() << " array of shape "
             << tuple(shape.begin(), shape.end()) << ", but it is "
             << (array.writeable() || *writable == '\0' ? "" : "a read-only ")
             << pybind11::str(array.dtype()).template cast<std::string>() << " of shape "
             << tuple(array.shape(), array.shape() + array.ndim())
             << ((array.flags() & pybind11::array::c_style) != 0 ? "" : ", not C-contiguous");
    throw std::invalid_argument(sentence.str());
}

// The data of an array the engine reads.
template <class Element>
const Element* input(const pybind11::array& array, const char* name, Shape shape) {
    if (!fits<Element>(array, shape)) refuse<Element>(array, name, shape, "");
    return static_cast<const Element*>(array.data());
}

// The data of an array the engine writes.
template <class Element>
Element* output(pybind11::array& array, const char* name, Shape shape) {
    if (!fits<Element>(array, shape) || !array.writeable()) refuse<Element>(array, name, shape, "writable ");
    return static_cast<Element*>(array.mutable_data());
}

}  // namespace mm
