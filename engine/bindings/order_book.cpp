// The order book itself, in its three sizes, for inspection and tests.
#include "engine/book/order_book.hpp"

#include <pybind11/native_enum.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <optional>
#include <tuple>
#include <utility>
#include <vector>

#include "engine/bindings/bind.hpp"

namespace py = pybind11;

namespace mm {

namespace {

using OrderId = std::uint64_t;  // a handle in one number, opaque to Python

OrderId to_id(Handle handle) {
    return OrderId{handle.generation} << 32 | handle.slot;
}
Handle to_handle(OrderId id) {
    return {static_cast<std::uint32_t>(id), static_cast<std::uint32_t>(id >> 32)};
}

std::optional<const char*> sentence(Rejection rejection) {
    if (rejection == Rejection::none) return std::nullopt;
    return describe(rejection);
}

// What became of one command: the engine's Submission with its fills.
struct Report {
    std::optional<const char*> rejection;
    std::optional<OrderId> order;  // what rests
    Lots filled = 0;
    std::int64_t prevented = 0;
    std::vector<std::tuple<OrderId, Ticks, Lots>> fills;
};

template <class Command>
Report report(Command&& command) {
    Report report;
    const Submission submission =
        command([&](const Fill& fill) { report.fills.emplace_back(to_id(fill.maker), fill.price, fill.lots); });
    report.rejection = sentence(submission.rejection);
    if (submission.resting) report.order = to_id(submission.resting);
    report.filled = submission.filled;
    report.prevented = submission.prevented;
    return report;
}

template <class Book>
std::optional<Ticks> best(const Book& book, Side side) {
    if (book.best(side) == kNoPrice) return std::nullopt;
    return book.best(side);
}

template <class Book>
std::vector<std::pair<Ticks, Lots>> depth(const Book& book, Side side, std::size_t n) {
    std::vector<std::pair<Ticks, Lots>> levels;
    for (Ticks price = book.best(side); price != kNoPrice && levels.size() < n; price = book.behind(side, price))
        levels.emplace_back(price, book.depth(price));
    return levels;
}

template <class Book>
std::vector<OrderId> queue(const Book& book, Ticks price) {
    std::vector<OrderId> orders;
    for (Handle order = book.front(price); order; order = book.following(order)) orders.push_back(to_id(order));
    return orders;
}

template <class Book>
void bind_book(py::module_& module, const char* name) {
    py::class_<Book>(module, name)
        .def(py::init<Ticks>(), py::arg("centre"))
        .def(
            "limit",
            [](Book& book, Side side, Ticks price, Lots lots, Party party, TimeInForce time_in_force) {
                return report(
                    [&](auto on_fill) { return book.limit(side, price, lots, party, time_in_force, on_fill); });
            },
            py::arg("side"), py::arg("price"), py::arg("lots"), py::arg("party") = Party::background,
            py::arg("time_in_force") = TimeInForce::gtc)
        .def(
            "market",
            [](Book& book, Side side, Lots lots, Party party) {
                return report([&](auto on_fill) { return book.market(side, lots, party, on_fill); });
            },
            py::arg("side"), py::arg("lots"), py::arg("party") = Party::background)
        .def(
            "cancel", [](Book& book, OrderId order) { return sentence(book.cancel(to_handle(order))); },
            py::arg("order"))
        .def(
            "reduce",
            [](Book& book, OrderId order, Lots lots) { return sentence(book.reduce(to_handle(order), lots)); },
            py::arg("order"), py::arg("lots"))
        .def(
            "replace",
            [](Book& book, OrderId order, Ticks price, Lots lots, TimeInForce time_in_force) {
                return report(
                    [&](auto on_fill) { return book.replace(to_handle(order), price, lots, time_in_force, on_fill); });
            },
            py::arg("order"), py::arg("price"), py::arg("lots"), py::arg("time_in_force") = TimeInForce::gtc)
        .def(
            "recentre", [](Book& book, Ticks centre) { book.recentre(centre, [](Handle) {}); }, py::arg("centre"))
        .def("depth", &depth<Book>, py::arg("side"), py::arg("n"))
        .def("queue", &queue<Book>, py::arg("price"))
        .def("validate", &Book::validate)
        .def_property_readonly("best_bid", [](const Book& book) { return best(book, Side::bid); })
        .def_property_readonly("best_ask", [](const Book& book) { return best(book, Side::ask); })
        .def_property_readonly("window",
                               [](const Book& book) { return std::pair(book.base(), book.base() + Book::kWindow); })
        .def_property_readonly("live", &Book::live)
        .def_property_readonly("dropped", &Book::dropped)
        .def_property_readonly_static("capacity", [](const py::object&) { return Book::kCapacity; });
}

}  // namespace

void bind_order_book(py::module_& module) {
    py::native_enum<Side>(module, "Side", "enum.Enum").value("bid", Side::bid).value("ask", Side::ask).finalize();
    py::native_enum<Party>(module, "Party", "enum.Enum")
        .value("background", Party::background)
        .value("agent", Party::agent)
        .finalize();
    py::native_enum<TimeInForce>(module, "TimeInForce", "enum.Enum")
        .value("gtc", TimeInForce::gtc)
        .value("ioc", TimeInForce::ioc)
        .value("fok", TimeInForce::fok)
        .value("post_only", TimeInForce::post_only)
        .finalize();
    py::class_<Report>(module, "Submission")
        .def_readonly("rejection", &Report::rejection)
        .def_readonly("order", &Report::order)
        .def_readonly("filled", &Report::filled)
        .def_readonly("prevented", &Report::prevented)
        .def_readonly("fills", &Report::fills);
    bind_book<WideOrderBook>(module, "OrderBook");
    bind_book<MediumOrderBook>(module, "MediumOrderBook");
    bind_book<CompactOrderBook>(module, "CompactOrderBook");
}

}  // namespace mm
