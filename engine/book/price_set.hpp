// The occupied prices of one side of a book: a bitmap over its window, counted from the end away from the touch.
#pragma once

#include <array>
#include <bit>
#include <cstdint>

#include "engine/core/types.hpp"

namespace mm {

template <Ticks Window>
class PriceSet {
    static_assert(Window >= 64 && Window % 64 == 0, "the window is whole words");

  public:
    static constexpr int kNone = -1;

    void insert(int at) { words_[word(at)] |= bit(at); }
    // Without a jump: whether a level empties is hard to guess.
    void erase_if(bool vacant, int at) { words_[word(at)] &= ~(std::uint64_t{vacant} << (at & 63)); }
    bool contains(int at) const { return (words_[word(at)] & bit(at)) != 0; }
    void clear() { words_.fill(0); }

    // The highest member, where none is above `from`.
    int highest_of_all(int from) const {
        if constexpr (Window == 64) return top_bit(words_[0]);
        return highest(from);
    }
    // The highest member up to `from`, or kNone; `from` may be below all.
    int highest(int from) const {
        if constexpr (Window == 64) return top_bit(words_[0] & up_to(from));  // again without a jump
        if (from < 0) return kNone;
        std::size_t i = word(from);
        std::uint64_t rest = words_[i] & up_to(from & 63);
        while (rest == 0 && i > 0) rest = words_[--i];
        return rest == 0 ? kNone : static_cast<int>(64 * i) + top_bit(rest);
    }

  private:
    static constexpr std::size_t word(int at) { return Window == 64 ? 0 : static_cast<std::size_t>(at) / 64; }
    static constexpr std::uint64_t bit(int at) { return std::uint64_t{1} << (at & 63); }
    static constexpr std::uint64_t up_to(int at) { return at < 0 ? 0 : ~std::uint64_t{0} >> (63 - at); }
    static constexpr int top_bit(std::uint64_t bits) { return static_cast<int>(std::bit_width(bits)) - 1; }

    std::array<std::uint64_t, Window / 64> words_{};
};

}  // namespace mm
