// Caller-owned numpy buffers: refused with a sentence unless they can be written in place, never copied silently.
#pragma once

#include <pybind11/numpy.h>

#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

namespace mm {

template <class Element>
bool fits(const pybind11::array& array, const std::vector<pybind11::ssize_t>& shape) {
    if (!pybind11::isinstance<pybind11::array_t<Element, pybind11::array::c_style>>(array)) return false;
    return std::vector<pybind11::ssize_t>(array.shape(), array.shape() + array.ndim()) == shape;
}

template <class Element>
[[noreturn]] void refuse(const pybind11::array& array, const char* name, const std::vector<pybind11::ssize_t>& shape,
                         const char* writable) {
    const auto tuple = [](const std::vector<pybind11::ssize_t>& sizes) {
        return pybind11::repr(pybind11::tuple(pybind11::cast(sizes))).template cast<std::string>();
    };
    std::ostringstream sentence;
    sentence << name << " must be a " << writable << "C-contiguous "
             << pybind11::str(pybind11::dtype::of<Element>()).template cast<std::string>() << " array of shape "
             << tuple(shape) << ", but it is " << (array.writeable() || *writable == '\0' ? "" : "a read-only ")
             << pybind11::str(array.dtype()).template cast<std::string>() << " of shape "
             << tuple({array.shape(), array.shape() + array.ndim()})
             << ((array.flags() & pybind11::array::c_style) != 0 ? "" : ", not C-contiguous");
    throw std::invalid_argument(sentence.str());
}

// The data of an array the engine reads.
template <class Element>
const Element* input(const pybind11::array& array, const char* name, const std::vector<pybind11::ssize_t>& shape) {
    if (!fits<Element>(array, shape)) refuse<Element>(array, name, shape, "");
    return static_cast<const Element*>(array.data());
}

// The data of an array the engine writes.
template <class Element>
Element* output(pybind11::array& array, const char* name, const std::vector<pybind11::ssize_t>& shape) {
    if (!fits<Element>(array, shape) || !array.writeable()) refuse<Element>(array, name, shape, "writable ");
    return static_cast<Element*>(array.mutable_data());
}

}  // namespace mm
