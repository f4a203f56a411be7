#include "engine/bindings/bind.hpp"

// Compared in engine/__init__.py: raise both when a signature or a column changes.
constexpr int kInterface = 6;

PYBIND11_MODULE(_core, module) {
    module.doc() = "The C++ engine: order book, flow, market maker, markets.";
    module.attr("INTERFACE") = kInterface;
    mm::bind_math(module);
    mm::bind_order_book(module);
    mm::bind_params(module);
    mm::bind_fees(module);
    mm::bind_market_maker(module);
    mm::bind_lobster(module);
    mm::bind_strategy(module);
    mm::bind_batch(module);
}
