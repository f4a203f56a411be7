// Recorded messages, read from a file and replayed into the wide book.
#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/core/random.hpp"
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
    explicit TemporaryFile(const std::string& text) { write(text); }
    ~TemporaryFile() { std::filesystem::remove(kPath); }
    TemporaryFile(const TemporaryFile&) = delete;
    TemporaryFile& operator=(const TemporaryFile&) = delete;

    void write(const std::string& text) const { std::ofstream(kPath, std::ios::binary) << text; }

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

TEST_CASE("a row of a book file is a book") {
    const TemporaryFile file("");
    for (const auto& [row, sentence] : std::vector<std::pair<std::string, std::string>>{
             {"9900,50,10100,70", "the best ask (column 1) must be above the best bid, 10100, but it is '9900'"},
             {"10100,-5,9900,70", "the size (column 2) must be >= 1 and fit in 32 bits, but it is '-5'"},
             {"9999999999,5,9900,70", "the size (column 2) must be 0 at an empty level, but it is '5'"},
             {"10100,5,9900,7,10100,5,9800,7",
              "the price (column 5) must be further from the mid than the level before it, but it is '10100'"}}) {
        file.write(row + "\n");
        const std::string whole = std::string(TemporaryFile::kPath) + ":1: " + sentence;
        CHECK_THROWS_WITH_AS(read_book(TemporaryFile::kPath), whole.c_str(), std::invalid_argument);
    }
}

// A byte or two of a text replaced, left out or added: mostly such as rows are made of.
std::string mutated(std::string text, Random& random) {
    constexpr std::string_view kUsual = "0123456789,.-;\n\r ";
    for (std::uint32_t left = 1 + random.below(2); left > 0 && !text.empty(); --left) {
        const std::size_t at = random.below(static_cast<std::uint32_t>(text.size()));
        const char byte = random.below(4) == 0 ? static_cast<char>(random.below(256))
                                               : kUsual[random.below(static_cast<std::uint32_t>(kUsual.size()))];
        switch (random.below(4)) {
            case 0:
                text.erase(at, 1 + random.below(20));
                break;
            case 1:
                text.insert(at, 1, byte);
                break;
            default:
                text[at] = byte;
        }
    }
    return text;
}

// Whether a reader takes the file; its refusal is one line that begins with the file's name.
template <class Read>
bool takes(Read&& read) {
    try {
        read();
        return true;
    } catch (const std::invalid_argument& refusal) {
        const std::string sentence = refusal.what();
        CHECK(sentence.starts_with(std::string(TemporaryFile::kPath) + ":"));
        CHECK(sentence.find('\n') == std::string::npos);
        return false;
    }
}

TEST_CASE("whatever bytes a file holds, it is refused, or replayed into a sound book") {
    const std::string messages =
        "34200.1,1,1,100,10000,1\n34200.2,1,2,50,10200,-1\n34200.3,2,1,30,10000,1\n34200.4,4,2,20,10200,-1\n"
        "34200.5,5,0,10,10150,1\n34200.6,7,0,0,-1,-1\n34200.7,3,1,70,10000,1\n34200.8,1,3,9,9900,1\n";
    const std::string rows = "10200,50,10000,100,10300,7,9900,2\n10200,50,10000,70,9999999999,0,9900,2\n";
    const TemporaryFile file(messages);
    Random random(7, 0, 0);
    int replayed = 0, seeded = 0;
    constexpr int kFiles = 1000;
    for (int i = 0; i < kFiles; ++i) {
        file.write(mutated(messages, random));
        replayed += takes([&] {
            Replay replay({}, 100);
            for (const Message& message : read_messages(TemporaryFile::kPath, 100)) replay.apply(message);
            replay.book().validate();
        });
        file.write(mutated(rows, random));
        seeded += takes([&] {
            const BookRows book = read_book(TemporaryFile::kPath);
            const Replay replay(std::span(book.values).first(book.columns), 1);
            replay.book().validate();
        });
    }
    for (const int taken : {replayed, seeded}) {
        CHECK(taken > kFiles / 20);
        CHECK(taken < kFiles);
    }
}

}  // namespace
