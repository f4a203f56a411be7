// Recorded order flow in LOBSTER's format, and its replay into the wide book.
//
// A message file has one row per event: time (s after midnight), type, order id, size (shares), price (x
// 10^4), direction (1 buy, -1 sell: the side of the resting order). A book file has one row per message: ask
// price 1, ask size 1, bid price 1, bid size 1, ask price 2, ...; row k is the book after message k.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "engine/book/order_book.hpp"
#include "engine/core/types.hpp"

namespace mm {

enum class MessageType : std::int8_t {
    submission = 1,
    partial_cancel = 2,
    deletion = 3,
    execution = 4,
    hidden_execution = 5,  // the order was never in the visible book
    cross_trade = 6,       // an auction
    halt = 7,
};

struct Message {
    Nanoseconds time_ns = 0;  // since midnight
    MessageType type = MessageType::submission;
    std::int64_t order_id = 0;
    std::int32_t size = 0;      // shares
    std::int64_t price = 0;     // x 10^4
    std::int8_t direction = 1;  // of the resting order
};

// A book file: `rows` x `columns` numbers, row after row.
struct BookRows {
    std::size_t columns = 0;
    std::vector<std::int64_t> values;

    std::size_t rows() const { return columns == 0 ? 0 : values.size() / columns; }
};

// LOBSTER's price of a level at which nobody stands: + on the ask side, - on the bid side.
inline constexpr std::int64_t kEmptyLevel = 9'999'999'999;

// Whether a message names an order of the visible book.
constexpr bool touches_book(MessageType type) {
    return type <= MessageType::execution;
}

// Read a whole file. Prices of messages that touch the book must be multiples of `tick` (x 10^4); the levels of a
// book row must differ, with every ask above every bid. A file that breaks the format throws
// std::invalid_argument: FILE:LINE, the rule and the value.
std::vector<Message> read_messages(const std::string& path, std::int64_t tick = 1);
BookRows read_book(const std::string& path);

// What a replay met besides the ordinary; nothing is left out silently.
struct ReplayCounters {
    std::uint64_t messages = 0;
    std::uint64_t hidden = 0;  // hidden executions and auction trades: the book is not touched
    std::uint64_t halts = 0;
    std::uint64_t anonymous = 0;       // reductions of an unknown id, taken from the order seeded at that price
    std::uint64_t unknown = 0;         // reductions that found no order at all
    std::uint64_t excess = 0;          // reductions by more than the order held
    std::uint64_t short_deletion = 0;  // deletions that counted less than the order held; all of it is gone
    std::uint64_t out_of_turn = 0;     // executions of an order that was not at the front of its queue
    std::uint64_t traded_through = 0;  // executions at a price behind the best
    std::uint64_t stale = 0;           // orders removed because a submission came to rest through them
    std::uint64_t duplicate = 0;       // submissions under an id that was still live; the older order is removed
    std::uint64_t outside_window = 0;  // messages whose price lies outside the book's window
    std::uint64_t rejected = 0;        // submissions refused by the book for any other reason
};

// Applies messages to a book that starts from one row of a book file. Sizes are shares (one lot is one
// share).
class Replay {
  public:
    // `row` is a LOBSTER book row, possibly empty; each of its levels becomes one anonymous order. The window
    // lies around `centre`, or around the first price seen when that is 0. `tick` and `centre` are x 10^4.
    explicit Replay(std::span<const std::int64_t> row, std::int64_t tick = 100, std::int64_t centre = 0);

    void apply(const Message& message);
    // Writes the best levels in LOBSTER's own layout; the size of `row` is 4 times the number of levels.
    void levels(std::span<std::int64_t> row) const;

    const ReplayCounters& counters() const { return counters_; }
    const WideOrderBook& book() const { return *book_; }

  private:
    void seed(Side side, std::int64_t price, std::int64_t size);
    void centre_once(Ticks price);
    void submit(const Message& message, Ticks price);
    void reduce(const Message& message, Ticks price);
    void evict_crossed(Side side, Ticks price);
    Handle resolve(const Message& message, Ticks price);
    void count_priority(Handle handle);
    void write_side(Side side, std::span<std::int64_t> row) const;
    Ticks ticks(std::int64_t price) const;

    std::int64_t tick_;
    bool centred_ = false;
    std::unique_ptr<WideOrderBook> book_;  // 2.9 MB: too much for a stack
    std::unordered_map<std::int64_t, Handle> named_;
    std::unordered_map<Ticks, Handle> anonymous_;
    ReplayCounters counters_;
};

}  // namespace mm
