#include "engine/maker/markouts.hpp"

#include <algorithm>
#include <bit>
#include <concepts>
#include <limits>
#include <utility>

#include "engine/core/check.hpp"

namespace mm {

namespace {

using Record = Markouts::Record;

// The field that a large part belongs to.
enum class Field : std::uint8_t { time, price, lots };

Record large_part(Field field, std::uint32_t part) {
    return {part, static_cast<std::int8_t>(field), 0};
}

// As much of it as a record's own field holds.
std::int8_t small_part(Money value) {
    using Limits = std::numeric_limits<std::int8_t>;
    return static_cast<std::int8_t>(std::clamp<Money>(value, Limits::min(), Limits::max()));
}

// Two prices may lie further apart than a price can say, but not modulo 2^32.
Ticks shifted(Ticks price, std::uint32_t change) {
    return static_cast<Ticks>(static_cast<std::uint32_t>(price) + change);
}

}  // namespace

Markouts::Markouts(std::span<Record> ring) : ring_(ring) {
    check(std::has_single_bit(ring.size()) && ring.size() >= kRecordsPerFill, "the size of the ring",
          "be a power of two, at least 4", ring.size());
}

void Markouts::fill(Nanoseconds now, Side side, Ticks price, Lots lots, Ticks mid2) {
    const Fill fill{now, price, flip(side, lots)};
    add(0, fill, mid2);
    push(fill);
    for (Cursor& cursor : cursors_)
        if (!cursor.waits()) read(cursor);
    find_next();
}

void Markouts::settle(Nanoseconds now, Ticks mid2) {
    for (std::size_t i = 0; i < kLater; ++i) {
        while (cursors_[i].waits() && due(i) <= now) {
            add(i + 1, cursors_[i].fill, mid2);
            read(cursors_[i]);
        }
    }
    find_next();
}

Markouts::Sums Markouts::take() {
    return std::exchange(sums_, {});
}

void Markouts::clear() {
    cursors_ = {};
    last_ = {};
    next_ = kNever;
    end_ = 0;
    sums_ = {};
}

void Markouts::push(const Fill& fill) {
    const auto wait = static_cast<std::uint64_t>(fill.time - last_.time);
    const Money change = Money{fill.price} - last_.price;
    const Record record{static_cast<std::uint32_t>(wait), small_part(change), small_part(fill.lots)};
    const std::array<Record, kRecordsPerFill> records = {
        large_part(Field::time, static_cast<std::uint32_t>(wait >> 32)),
        large_part(Field::price, static_cast<std::uint32_t>(change - record.price)),
        large_part(Field::lots, static_cast<std::uint32_t>(fill.lots - record.lots)), record};
    const auto needed = [](const Record& part) { return part.lots != 0 || part.time != 0; };
    const auto count = static_cast<std::size_t>(std::ranges::count_if(records, needed));
    while (ring_.size() - (end_ - cursors_.back().next) < count) drop_oldest();
    for (const Record& part : records)
        if (needed(part)) at(end_++) = part;
    last_ = fill;
}

// The longest horizon is behind all others.
void Markouts::drop_oldest() {
    const std::uint32_t behind = cursors_.back().next;
    for (Cursor& cursor : cursors_)
        if (cursor.next == behind) read(cursor);
    ++lost_;
}

// Goes on to the next fill, if there is one.
void Markouts::read(Cursor& cursor) const {
    Fill& fill = cursor.fill;
    fill.lots = 0;
    bool whole = cursor.next == end_;
    while (!whole) {
        const Record& record = at(cursor.next++);
        whole = record.lots != 0;
        if (whole) {
            fill.time += record.time;
            fill.price = shifted(fill.price, static_cast<std::uint32_t>(record.price));
            fill.lots += record.lots;
        } else if (record.price == static_cast<std::int8_t>(Field::time)) {
            fill.time += Nanoseconds{record.time} << 32;
        } else if (record.price == static_cast<std::int8_t>(Field::price)) {
            fill.price = shifted(fill.price, record.time);
        } else {
            fill.lots = static_cast<Lots>(record.time);
        }
    }
}

void Markouts::add(std::size_t horizon, const Fill& fill, Ticks mid2) {
    const Side side = fill.lots > 0 ? Side::bid : Side::ask;
    Sum& sum = sums_[index(side)][horizon];
    sum.value += fill.lots * (mid2 - 2 * Money{fill.price});
    sum.lots += std::abs(Money{fill.lots});
}

void Markouts::find_next() {
    next_ = kNever;
    for (std::size_t i = 0; i < kLater; ++i)
        if (cursors_[i].waits()) next_ = std::min(next_, due(i));
}

}  // namespace mm
