// Who hears what happens at a venue. Any class with these functions will do.
#pragma once

#include "engine/book/order.hpp"

namespace mm {

// Hears nothing.
struct Nobody {
    void filled(const Fill&) const {}
    // An order has come to rest.
    void submitted(Handle, const Order&) const {}
    // An order has gone, as it was.
    void cancelled(Handle, const Order&) const {}
    // An order has lost some of its lots: the order holds those that went.
    void reduced(Handle, const Order&) const {}
};

}  // namespace mm
