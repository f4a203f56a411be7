// Recorded messages, read from a file and replayed into the wide book.
#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "engine/replay/lobster.hpp"

namespace {

using namespace mm;

constexpr std::int64_t kRow[]{10'100, 50, 9'900, 70};

std::vector<std::int64_t> levels(const Replay& replay, std::size_t count) {
    std::vector<std::int64_t> row(4 * count);
    replay.levels(row);
    return row;
}

// A file that goes with the test.
class TemporaryFile {
  public:
    explicit TemporaryFile(const std::string& text) { std::ofstream(kPath, std::ios::binary) << text; }
    ~TemporaryFile() { std::filesystem::remove(kPath); }
    TemporaryFile(const TemporaryFile&) = delete;
    TemporaryFile& operator=(const TemporaryFile&) = delete;

    static constexpr const char* kPath = "test_lobster.csv";  // in CTest's own folder
};

TEST_CASE("a few messages leave the book that the exchange would show") {
    Replay replay(kRow);
    for (const Message& message :
         {Message{1, MessageType::submission, 1, 30, 10'000, 1}, Message{2, MessageType::submission, 2, 20, 10'000, 1},
          Message{3, MessageType::execution, 1, 10, 10'000, 1},
          Message{4, MessageType::partial_cancel, 2, 5, 10'000, 1}, Message{5, MessageType::deletion, 1, 20, 10'000, 1},
          Message{6, MessageType::hidden_execution, 0, 99, 10'050, 1},
          Message{7, MessageType::partial_cancel, 77, 20, 10'100, -1}})
        replay.apply(message);
    CHECK(levels(replay, 2) == std::vector<std::int64_t>{10'100, 30, 10'000, 15, kEmptyLevel, 0, 9'900, 70});
    CHECK(replay.counters().messages == 7);
    CHECK(replay.counters().hidden == 1);
    CHECK(replay.counters().anonymous == 1);
    CHECK(replay.counters().out_of_turn == 0);
    replay.book().validate();
}

TEST_CASE("what cannot be is counted, not followed") {
    Replay replay(kRow);
    for (const Message& message :
         {Message{1, MessageType::deletion, 1, 30, 9'800, 1}, Message{2, MessageType::submission, 2, 20, 9'900, 1},
          Message{3, MessageType::execution, 2, 30, 9'900, 1},
          Message{4, MessageType::submission, 3, 20, 10'000'000, 1},
          Message{5, MessageType::submission, 4, 20, 10'100, 1}})
        replay.apply(message);
    CHECK(replay.counters().unknown == 1);
    CHECK(replay.counters().out_of_turn == 1);
    CHECK(replay.counters().excess == 1);
    CHECK(replay.counters().outside_window == 1);
    CHECK(replay.counters().stale == 1);
    CHECK(levels(replay, 1) == std::vector<std::int64_t>{kEmptyLevel, 0, 10'100, 20});
    replay.book().validate();
}

TEST_CASE("a deletion leaves nothing of its order, whatever it counts") {
    Replay replay(kRow);
    for (const Message& message :
         {Message{1, MessageType::submission, 1, 30, 10'000, 1}, Message{2, MessageType::submission, 2, 20, 10'000, 1},
          Message{3, MessageType::execution, 1, 10, 10'000, 1}, Message{4, MessageType::deletion, 1, 5, 10'000, 1}})
        replay.apply(message);
    CHECK(levels(replay, 1) == std::vector<std::int64_t>{10'100, 50, 10'000, 20});
    CHECK(replay.counters().short_deletion == 1);
    CHECK(replay.counters().excess == 0);

    replay.apply({5, MessageType::deletion, 2, 25, 10'000, 1});
    CHECK(levels(replay, 1) == std::vector<std::int64_t>{10'100, 50, 9'900, 70});
    CHECK(replay.counters().excess == 1);
    replay.apply({6, MessageType::execution, 1, 5, 10'000, 1});  // it is gone for whatever comes later
    CHECK(replay.counters().unknown == 1);

    replay.apply({7, MessageType::deletion, 77, 40, 9'900, 1});  // one of the many orders of a seeded level
    CHECK(levels(replay, 1) == std::vector<std::int64_t>{10'100, 50, 9'900, 30});
    CHECK(replay.counters().short_deletion == 1);
    replay.book().validate();
}

TEST_CASE("messages are read to the nanosecond") {
    const TemporaryFile file("34200.000000001,1,7,18,5853300,1\r\n34200.5,4,7,18,5853300,-1");
    const std::vector<Message> messages = read_messages(TemporaryFile::kPath, 100);
    REQUIRE(messages.size() == 2);
    CHECK(messages[0].time_ns == 34'200'000'000'001);
    CHECK(messages[1].time_ns == 34'200'500'000'000);
    CHECK(messages[1].type == MessageType::execution);
    CHECK(messages[1].order_id == 7);
    CHECK(messages[1].size == 18);
    CHECK(messages[1].price == 5'853'300);
    CHECK(messages[1].direction == -1);
}

TEST_CASE("a broken line is refused by file, line, rule and value") {
    const TemporaryFile file("34200.5,1,7,18,5853300,1\n34200.6,1,7,18,5853350,1\n");
    const std::string sentence =
        std::string(TemporaryFile::kPath) +
        ":2: the price (column 5) must be a positive multiple of the tick 100, but it is '5853350'";
    CHECK_THROWS_WITH_AS(read_messages(TemporaryFile::kPath, 100), sentence.c_str(), std::invalid_argument);
}

TEST_CASE("a book file is read row after row") {
    const TemporaryFile file("10100,50,9900,70\n10100,40,9900,70\n");
    const BookRows book = read_book(TemporaryFile::kPath);
    CHECK(book.columns == 4);
    CHECK(book.rows() == 2);
    CHECK(book.values == std::vector<std::int64_t>{10'100, 50, 9'900, 70, 10'100, 40, 9'900, 70});
}

}  // namespace
