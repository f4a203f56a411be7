// What our fills are worth some time later, at the mid of then: the markouts.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "engine/core/types.hpp"

namespace mm {

// Ascending; 0 is at the fill.
inline constexpr std::array<Nanoseconds, 5> kMarkoutHorizons = {0, 100'000'000, 1'000'000'000, 5'000'000'000,
                                                                30'000'000'000};

// The value of a fill at a horizon is sign(side) x lots x (mid - price), kept as twice that, an integer. Every horizon
// is settled at its very nanosecond, so who runs the clock calls settle() at next(), before what happens then.
//
// Fills wait in one ring. Due times ascend within a horizon, so each horizon reads the ring in order through a cursor
// of its own, and a record need only say what has changed since the fill before.
class Markouts {
  public:
    // A fill is up to kRecordsPerFill of these, mostly one: fields too large for it go before it, in records of no
    // lots.
    struct [[gnu::packed]] Record {
        std::uint32_t time;  // ns since the fill before; or the large part
        std::int8_t price;   // ticks from the fill before; or which field the large part belongs to
        std::int8_t lots;    // bought positive; 0: a large part
    };
    static_assert(sizeof(Record) == 6);
    static constexpr std::size_t kRecordsPerFill = 4;

    struct Sum {
        Money value = 0;  // half ticks x lots
        Money lots = 0;   // settled

        bool operator==(const Sum&) const = default;
    };
    using Sums = std::array<std::array<Sum, kMarkoutHorizons.size()>, 2>;  // by side, bid when we bought, and horizon

    // `ring` outlives this; its size is a power of two, at least kRecordsPerFill.
    explicit Markouts(std::span<Record> ring);

    // A fill of ours: `side` is bid when we bought; `mid2` is twice the mid just before it. Times never go back.
    void fill(Nanoseconds now, Side side, Ticks price, Lots lots, Ticks mid2);
    // When the next horizon is due; kNever while none is.
    Nanoseconds next() const { return next_; }
    // Settles all that is due at `now` at a mid given as twice its value.
    void settle(Nanoseconds now, Ticks mid2);

    // Of what was settled since the last take() or clear().
    const Sums& sums() const { return sums_; }
    Sums take();
    // Forgets all fills and sums: time may begin anew.
    void clear();
    // Fills that have lost horizons since construction: where the ring is full, a new fill pushes out the oldest.
    std::uint64_t lost() const { return lost_; }

  private:
    struct Fill {
        Nanoseconds time = 0;
        Ticks price = 0;
        Lots lots = 0;  // bought positive
    };
    // The fill that a horizon waits for, or with no lots the last one it has settled; and the record behind it.
    struct Cursor {
        Fill fill;
        std::uint32_t next = 0;

        bool waits() const { return fill.lots != 0; }
    };

    static constexpr std::size_t kLater = kMarkoutHorizons.size() - 1;  // horizons that wait

    void push(const Fill& fill);
    void drop_oldest();
    void read(Cursor& cursor) const;
    void add(std::size_t horizon, const Fill& fill, Ticks mid2);
    Nanoseconds due(std::size_t cursor) const { return cursors_[cursor].fill.time + kMarkoutHorizons[cursor + 1]; }
    void find_next();

    // Records are counted on and on: their place is the remainder by the size.
    Record& at(std::uint32_t record) const { return ring_[record & (ring_.size() - 1)]; }

    std::span<Record> ring_;
    std::array<Cursor, kLater> cursors_{};
    Fill last_;
    Nanoseconds next_ = kNever;
    std::uint64_t lost_ = 0;
    std::uint32_t end_ = 0;  // records written
    Sums sums_{};
};

}  // namespace mm
