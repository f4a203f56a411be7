// Recorded messages and their replay: engine.read_messages, engine.read_book, engine.Replay.
#include "engine/replay/lobster.hpp"

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl/filesystem.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include "engine/bindings/bind.hpp"
#include "engine/bindings/whole.hpp"
#include "engine/core/claim.hpp"
#include "engine/market/recording.hpp"

namespace py = pybind11;

namespace mm {

namespace {

using Rows = py::array_t<std::int64_t, py::array::c_style | py::array::forcecast>;

// Message as numpy sees it: the enum as its number.
struct Record {
    std::int64_t time_ns;
    std::int8_t type;
    std::int64_t order_id;
    std::int32_t size;
    std::int64_t price;
    std::int8_t direction;
};

using Records = py::array_t<Record, py::array::c_style | py::array::forcecast>;

// Field by field: where the fields lie is numpy's affair, but it converts them by position, whatever they are called.
bool has_fields_of_messages(const py::dtype& type) {
    const py::object message = py::dtype::of<Record>(), names = message.attr("names");
    const py::object& given = type;
    return names.equal(given.attr("names")) &&
           std::ranges::all_of(names, [&](py::handle name) { return message[name].equal(given[name]); });
}

[[noreturn]] void refuse(const py::object& value, const std::string& rule) {
    const py::object type = py::getattr(value, "dtype", py::type::of(value).attr("__name__"));
    throw std::invalid_argument(rule + ", but it is " + py::str(type).cast<std::string>());
}

// One message or many.
Records to_array(const py::object& messages) {
    const auto array = py::array::ensure(messages);
    if (!array || !has_fields_of_messages(array.dtype()))
        refuse(messages, "messages must be an array of dtype engine.MESSAGE");
    return Records(array);
}

// The levels of a book: numpy would cut the decimals off prices in another unit.
Rows to_row(const py::object& levels) {
    const auto array = py::array::ensure(levels);
    if (!array || (array.dtype().kind() != 'i' && array.size() > 0))
        refuse(levels, "a book row must be an array of signed integers");
    return Rows(array);
}

Message to_message(const Record& record) {
    if (record.type < 1 || record.type > 7)
        throw std::invalid_argument("a message's type must be 1 to 7, but it is " + std::to_string(record.type));
    if (record.direction != 1 && record.direction != -1)
        throw std::invalid_argument("a message's direction must be 1 or -1, but it is " +
                                    std::to_string(record.direction));
    return {record.time_ns,  static_cast<MessageType>(record.type), record.order_id, record.size, record.price,
            record.direction};
}

Record to_record(const Message& message) {
    return {message.time_ns,  static_cast<std::int8_t>(message.type), message.order_id, message.size, message.price,
            message.direction};
}

py::array_t<Record> to_records(const std::vector<Message>& messages) {
    py::array_t<Record> records(static_cast<py::ssize_t>(messages.size()));
    std::ranges::transform(messages, records.mutable_data(), to_record);
    return records;
}

py::array_t<Record> read_messages_array(const std::filesystem::path& path, std::int64_t tick) {
    std::vector<Message> messages;
    {
        py::gil_scoped_release release;
        messages = read_messages(path.string(), tick);
    }
    return to_records(messages);
}

py::array_t<Record> simulate_messages_array(const BookParams& params, std::int32_t lot, std::int64_t tick,
                                            const py::object& seed, double seconds) {
    const std::uint64_t chosen = whole(seed, "seed");
    std::vector<Message> messages;
    {
        py::gil_scoped_release release;
        messages = simulate_messages(params, lot, tick, chosen, seconds);
    }
    return to_records(messages);
}

py::array_t<std::int64_t> read_book_array(const std::filesystem::path& path) {
    BookRows book;
    {
        py::gil_scoped_release release;
        book = read_book(path.string());
    }
    py::array_t<std::int64_t> rows({static_cast<py::ssize_t>(book.rows()), static_cast<py::ssize_t>(book.columns)});
    std::ranges::copy(book.values, rows.mutable_data());
    return rows;
}

std::size_t columns_of(py::ssize_t n_levels) {
    if (n_levels < 1) throw py::value_error("the number of levels must be >= 1, but it is " + std::to_string(n_levels));
    return 4 * static_cast<std::size_t>(n_levels);
}

// A replay that other threads of Python may call while messages are applied.
class SharedReplay {
  public:
    SharedReplay(std::span<const std::int64_t> row, std::int64_t tick, std::int64_t centre)
        : replay_(row, tick, centre) {}

    // Calls body(replay) while nobody else does.
    template <class Body>
    auto use(const Body& body) {
        const Claim claim(taken_, "the replay");
        return body(replay_);
    }

  private:
    Replay replay_;
    std::atomic_flag taken_;
};

std::span<const Record> span_of(const Records& messages) {
    return {messages.data(), static_cast<std::size_t>(messages.size())};
}

void apply(SharedReplay& shared, const py::object& messages) {
    const Records array = to_array(messages);
    const std::span records = span_of(array);
    py::gil_scoped_release release;
    shared.use([&](Replay& replay) {
        for (const Record& record : records) replay.apply(to_message(record));
    });
}

py::array_t<std::int64_t> apply_and_record(SharedReplay& shared, const py::object& messages, py::ssize_t n_levels) {
    const std::size_t columns = columns_of(n_levels);
    const Records array = to_array(messages);
    const std::span records = span_of(array);
    py::array_t<std::int64_t> rows({array.size(), static_cast<py::ssize_t>(columns)});
    std::int64_t* row = rows.mutable_data();
    py::gil_scoped_release release;
    shared.use([&](Replay& replay) {
        for (const Record& record : records) {
            replay.apply(to_message(record));
            replay.levels({row, columns});
            row += columns;
        }
    });
    return rows;
}

py::array_t<std::int64_t> levels(SharedReplay& shared, py::ssize_t n_levels) {
    const std::size_t columns = columns_of(n_levels);
    py::array_t<std::int64_t> row(static_cast<py::ssize_t>(columns));
    shared.use([&](const Replay& replay) { replay.levels({row.mutable_data(), columns}); });
    return row;
}

py::dict counters(SharedReplay& shared) {
    const ReplayCounters seen = shared.use([](const Replay& replay) { return replay.counters(); });
    py::dict result;
    result["messages"] = seen.messages;
    result["hidden"] = seen.hidden;
    result["halts"] = seen.halts;
    result["anonymous"] = seen.anonymous;
    result["unknown"] = seen.unknown;
    result["excess"] = seen.excess;
    result["short_deletion"] = seen.short_deletion;
    result["out_of_turn"] = seen.out_of_turn;
    result["traded_through"] = seen.traded_through;
    result["stale"] = seen.stale;
    result["duplicate"] = seen.duplicate;
    result["outside_window"] = seen.outside_window;
    result["rejected"] = seen.rejected;
    return result;
}

std::unique_ptr<SharedReplay> make_replay(const py::object& levels, std::int64_t tick, std::int64_t centre) {
    const Rows row = to_row(levels);
    return std::make_unique<SharedReplay>(std::span(row.data(), static_cast<std::size_t>(row.size())), tick, centre);
}

}  // namespace

void bind_lobster(py::module_& module) {
    PYBIND11_NUMPY_DTYPE(Record, time_ns, type, order_id, size, price, direction);
    module.attr("MESSAGE") = py::dtype::of<Record>();
    module.def("read_messages", &read_messages_array, py::arg("path"), py::arg("tick") = 1);
    module.def("simulate_messages", &simulate_messages_array, py::arg("params"), py::kw_only(), py::arg("lot"),
               py::arg("tick"), py::arg("seed"), py::arg("seconds"));
    module.def("read_book", &read_book_array, py::arg("path"));
    py::class_<SharedReplay>(module, "Replay")
        .def(py::init(&make_replay), py::arg("row"), py::arg("tick") = 100, py::arg("centre") = 0)
        .def("apply", &apply, py::arg("messages"))
        .def("apply_and_record", &apply_and_record, py::arg("messages"), py::arg("n_levels"))
        .def("levels", &levels, py::arg("n_levels"))
        .def_property_readonly("counters", &counters)
        .def_property_readonly(
            "live",
            [](SharedReplay& shared) { return shared.use([](const Replay& replay) { return replay.book().live(); }); })
        .def("validate",
             [](SharedReplay& shared) { shared.use([](const Replay& replay) { replay.book().validate(); }); });
}

}  // namespace mm
