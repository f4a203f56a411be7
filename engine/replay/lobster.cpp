#include "engine/replay/lobster.hpp"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <concepts>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <limits>
#include <stdexcept>
#include <string_view>
#include <system_error>

namespace mm {

namespace {

constexpr std::size_t kMessageColumns = 6;
constexpr std::int64_t kMostLots = std::numeric_limits<Lots>::max();
constexpr Nanoseconds kLatest = Nanoseconds{172'800} * 1'000'000'000;  // a session may last past midnight

std::string read_file(const std::string& path) {
    if (std::filesystem::is_directory(path)) throw std::invalid_argument(path + " cannot be read: it is a folder");
    std::ifstream file(path, std::ios::binary);
    if (!file) throw std::invalid_argument(path + " cannot be read: " + std::strerror(errno));
    std::string text(std::istreambuf_iterator<char>(file), {});
    constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
    if (text.starts_with(kByteOrderMark)) text.erase(0, kByteOrderMark.size());
    if (text.empty()) throw std::invalid_argument(path + ":1: the file must hold at least one row, but it is empty");
    return text;
}

// What a sentence can show of a field: what is not printable ASCII as \xNN, and not whole pages.
std::string printable(std::string_view text) {
    constexpr std::size_t kLongest = 80;
    constexpr std::string_view kDigits = "0123456789abcdef";
    std::string shown;
    for (const char c : text.substr(0, kLongest)) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte >= 0x20 && byte < 0x7f) {
            shown += c;
        } else {
            shown += "\\x";
            shown += kDigits[byte >> 4];
            shown += kDigits[byte & 0xf];
        }
    }
    return text.size() > kLongest ? shown + "..." : shown;
}

// One line of a file: splits it and complains about it.
class Line {
  public:
    Line(const std::string& path, std::size_t number, std::string_view text)
        : path_(path), number_(number), text_(text) {
        for (std::size_t from = 0; from <= text.size();) {
            const std::size_t to = std::min(text.find_first_of(",;", from), text.size());
            fields_.push_back(text.substr(from, to - from));
            from = to + 1;
        }
    }

    std::size_t columns() const { return fields_.size(); }

    [[noreturn]] void refuse(const std::string& rule, std::string_view value) const {
        throw std::invalid_argument(path_ + ":" + std::to_string(number_) + ": " + rule + ", but it is '" +
                                    printable(value) + "'");
    }

    [[noreturn]] void refuse(std::size_t column, const std::string& name, const std::string& rule) const {
        refuse(name + " (column " + std::to_string(column + 1) + ") " + rule, fields_[column]);
    }

    void require_columns(std::size_t columns) const {
        if (fields_.size() == columns) return;
        throw std::invalid_argument(path_ + ":" + std::to_string(number_) + ": a row must have " +
                                    std::to_string(columns) + " columns, but this one has " +
                                    std::to_string(fields_.size()) + ": '" + printable(text_) + "'");
    }

    template <std::integral Value>
    Value whole(std::size_t column, const char* name) const {
        return parse<Value>(fields_[column], column, name);
    }

    // "34200.0042" s -> ns, without a detour through floating point. Such detours by others show as a tenth
    // decimal and more, which are rounded away.
    Nanoseconds time() const {
        const std::string_view field = fields_[0];
        const std::size_t point = std::min(field.find('.'), field.size());
        std::string fraction(field.substr(std::min(point + 1, field.size())));
        if (field.find_first_not_of("0123456789.") != std::string_view::npos || fraction.find('.') != std::string::npos)
            refuse(0, "the time", "must be seconds after midnight");
        fraction.resize(std::max<std::size_t>(fraction.size(), 10), '0');
        const auto seconds = parse<std::int32_t>(field.substr(0, point), 0, "time");
        const auto tenths = parse<std::int64_t>(std::string_view(fraction).substr(0, 10), 0, "time");
        const Nanoseconds time = Nanoseconds{seconds} * 1'000'000'000 + (tenths + 5) / 10;
        if (time >= kLatest) refuse(0, "the time", "must be less than 172800 s after midnight");
        return time;
    }

  private:
    template <std::integral Value>
    Value parse(std::string_view digits, std::size_t column, const char* name) const {
        Value value{};
        const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
        if (error != std::errc{} || end != digits.data() + digits.size())
            refuse(column, std::string("the ") + name, "must be a number within range");
        return value;
    }

    const std::string& path_;
    std::size_t number_;
    std::string_view text_;
    std::vector<std::string_view> fields_;
};

template <class OnLine>
void for_each_line(const std::string& path, OnLine&& on_line) {
    const std::string text = read_file(path);
    std::size_t number = 0;
    for (std::size_t from = 0; from < text.size();) {
        const std::size_t end = std::min(text.find('\n', from), text.size());
        std::string_view line(text.data() + from, end - from);
        if (line.ends_with('\r')) line.remove_suffix(1);
        on_line(Line(path, ++number, line));
        from = end + 1;
    }
}

// What may stand in the columns of a row of some type.
void require_values(const Line& line, const Message& message, std::int64_t tick) {
    if (message.type == MessageType::halt) {
        if (message.price < -1 || message.price > 1)
            line.refuse(4, "the price", "must be -1, 0 or 1 in a row of a halt (type 7)");
        return;
    }
    const int least = message.type == MessageType::cross_trade ? 0 : 1;  // an auction may trade nothing
    if (message.size < least) line.refuse(3, "the size", "must be >= " + std::to_string(least));
    if (touches_book(message.type) && message.price % tick != 0)
        line.refuse(4, "the price", "must be a positive multiple of the tick " + std::to_string(tick));
    if (message.price < least || message.price >= kEmptyLevel)
        line.refuse(4, "the price", "must be >= " + std::to_string(least) + " and below 9999999999");
}

Message parse_message(const Line& line, std::int64_t tick) {
    line.require_columns(kMessageColumns);
    const Nanoseconds time = line.time();
    const int type = line.whole<int>(1, "type");
    if (type < 1 || type > 7) line.refuse(1, "the type", "must be 1 to 7");
    const Message message{time,
                          static_cast<MessageType>(type),
                          line.whole<std::int64_t>(2, "order id"),
                          line.whole<std::int32_t>(3, "size"),
                          line.whole<std::int64_t>(4, "price"),
                          line.whole<std::int8_t>(5, "direction")};
    if (message.direction != 1 && message.direction != -1) line.refuse(5, "the direction", "must be 1 or -1");
    require_values(line, message, tick);
    return message;
}

// A row of a book file: from the best levels outward, each with its size, or empty.
void require_levels(const Line& line, std::span<const std::int64_t> row) {
    for (std::size_t column = 0; column < row.size(); column += 2) {
        const bool ask = column % 4 == 0;
        const std::int64_t empty = ask ? kEmptyLevel : -kEmptyLevel, price = row[column], size = row[column + 1];
        if (price != empty && (price <= 0 || price >= kEmptyLevel))
            line.refuse(column, "the price", "must be above 0 and below 9999999999, or that of an empty level");
        if (price == empty ? size != 0 : size <= 0 || size > kMostLots)
            line.refuse(column + 1, "the size",
                        price == empty ? "must be 0 at an empty level" : "must be >= 1 and fit in 32 bits");
        if (column < 4) continue;
        const std::int64_t before = row[column - 4];
        if (before == empty ? price != empty : ask ? price <= before : price >= before)
            line.refuse(column, "the price", "must be further from the mid than the level before it");
    }
    if (row[0] <= row[2]) line.refuse(0, "the best ask", "must be above the best bid, " + std::to_string(row[2]));
}

Side side_of(const Message& message) {
    return message.direction == 1 ? Side::bid : Side::ask;
}

void require_tick(std::int64_t tick) {
    if (tick <= 0) throw std::invalid_argument("tick must be >= 1 (x 10^4), but it is " + std::to_string(tick));
}

}  // namespace

std::vector<Message> read_messages(const std::string& path, std::int64_t tick) {
    require_tick(tick);
    std::vector<Message> messages;
    for_each_line(path, [&](const Line& line) {
        messages.push_back(parse_message(line, tick));
        if (messages.size() > 1 && messages.back().time_ns < messages[messages.size() - 2].time_ns)
            line.refuse(0, "the time", "must not go backwards");
    });
    return messages;
}

BookRows read_book(const std::string& path) {
    BookRows book;
    for_each_line(path, [&](const Line& line) {
        if (book.columns == 0) book.columns = line.columns();
        if (book.columns % 4 != 0)
            line.refuse("a book row must have four columns for each level", std::to_string(book.columns) + " columns");
        line.require_columns(book.columns);
        for (std::size_t column = 0; column < book.columns; ++column)
            book.values.push_back(line.whole<std::int64_t>(column, column % 2 == 0 ? "price" : "size"));
        require_levels(line, std::span(book.values).last(book.columns));
    });
    return book;
}

Replay::Replay(std::span<const std::int64_t> row, std::int64_t tick, std::int64_t centre)
    : tick_(tick), book_(std::make_unique<WideOrderBook>(0)) {
    require_tick(tick);
    if (centre != 0) centre_once(ticks(centre));
    if (row.size() % 4 != 0)
        throw std::invalid_argument("a book row must have four columns for each level, but it has " +
                                    std::to_string(row.size()));
    for (std::size_t level = 0; level < row.size(); level += 4) {
        if (row[level] != kEmptyLevel) seed(Side::ask, row[level], row[level + 1]);
        if (row[level + 2] != -kEmptyLevel) seed(Side::bid, row[level + 2], row[level + 3]);
    }
}

void Replay::seed(Side side, std::int64_t price, std::int64_t size) {
    const Ticks at = ticks(price);
    centre_once(at);
    if (size <= 0 || size > kMostLots)
        throw std::invalid_argument("the size of a book row's level must be >= 1 and fit in 32 bits, but it is " +
                                    std::to_string(size));
    if (!book_->inside(at)) {
        ++counters_.outside_window;
        return;
    }
    const Submission seeded =
        book_->limit(side, at, static_cast<Lots>(size), Party::background, TimeInForce::gtc, [](const Fill&) {});
    if (seeded.filled > 0 || book_->depth(at) != size)
        throw std::invalid_argument("a book row's prices must differ, with every ask above every bid, but " +
                                    std::to_string(price) + " does not fit in");
    anonymous_[at] = seeded.resting;
}

void Replay::apply(const Message& message) {
    ++counters_.messages;
    if (!touches_book(message.type)) {
        ++(message.type == MessageType::halt ? counters_.halts : counters_.hidden);
        return;
    }
    if (message.size <= 0)
        throw std::invalid_argument("a message's size must be >= 1, but it is " + std::to_string(message.size));
    const Ticks price = ticks(message.price);
    centre_once(price);
    if (!book_->inside(price)) {
        ++counters_.outside_window;
    } else if (message.type == MessageType::submission) {
        submit(message, price);
    } else {
        reduce(message, price);
    }
}

void Replay::centre_once(Ticks price) {
    if (!centred_) book_->recentre(price, [](Handle) {});
    centred_ = true;
}

void Replay::submit(const Message& message, Ticks price) {
    const Side side = side_of(message);
    evict_crossed(side, price);
    Handle& named = named_[message.order_id];
    if (book_->cancel(named) == Rejection::none) ++counters_.duplicate;
    named = book_->limit(side, price, message.size, Party::background, TimeInForce::gtc, [](const Fill&) {}).resting;
    if (!named) ++counters_.rejected;
}

// The file reports what came to rest, so whatever it would have matched had left unseen, beyond the file's
// last level.
void Replay::evict_crossed(Side side, Ticks price) {
    const Side other = opposite(side);
    while (book_->best(other) != kNoPrice && (book_->best(other) - price) * sign(side) <= 0) {
        book_->cancel(book_->front(book_->best(other)));
        ++counters_.stale;
    }
}

void Replay::reduce(const Message& message, Ticks price) {
    const Handle handle = resolve(message, price);
    if (!handle) {
        ++counters_.unknown;
        return;
    }
    if (message.type == MessageType::execution) count_priority(handle);
    const Lots held = book_->order(handle).lots;
    if (message.size > held) ++counters_.excess;
    // A deletion leaves nothing, whatever it counts; from a level seeded as one order it takes its own lots alone.
    const bool whole = message.type == MessageType::deletion && named_.contains(message.order_id);
    if (whole && message.size < held) ++counters_.short_deletion;
    book_->reduce(handle, whole ? held : message.size);
    if (!book_->holds(handle)) named_.erase(message.order_id);
}

// The live order a reduction takes from: its own, or the anonymous one seeded at that price; empty when there
// is none.
Handle Replay::resolve(const Message& message, Ticks price) {
    if (const auto named = named_.find(message.order_id); named != named_.end())
        return book_->holds(named->second) ? named->second : Handle{};
    const auto seeded = anonymous_.find(price);
    if (seeded == anonymous_.end() || !book_->holds(seeded->second)) return {};
    if (book_->order(seeded->second).side != side_of(message)) return {};
    ++counters_.anonymous;
    return seeded->second;
}

void Replay::count_priority(Handle handle) {
    const auto& order = book_->order(handle);
    if (order.price != book_->best(order.side)) ++counters_.traded_through;
    if (book_->front(order.price) != handle) ++counters_.out_of_turn;
}

void Replay::levels(std::span<std::int64_t> row) const {
    if (row.size() % 4 != 0) throw std::invalid_argument("a book row must have four columns for each level");
    write_side(Side::ask, row);
    write_side(Side::bid, row);
}

void Replay::write_side(Side side, std::span<std::int64_t> row) const {
    Ticks price = book_->best(side);
    for (std::size_t column = side == Side::ask ? 0 : 2; column < row.size(); column += 4) {
        row[column] = price == kNoPrice ? -sign(side) * kEmptyLevel : price * tick_;
        row[column + 1] = price == kNoPrice ? 0 : book_->depth(price);
        if (price != kNoPrice) price = book_->behind(side, price);
    }
}

Ticks Replay::ticks(std::int64_t price) const {
    if (price <= 0 || price % tick_ != 0 || price / tick_ > std::numeric_limits<Ticks>::max() / 2)
        throw std::invalid_argument("a price must be a positive multiple of the tick " + std::to_string(tick_) +
                                    ", but it is " + std::to_string(price));
    return static_cast<Ticks>(price / tick_);
}

}  // namespace mm
