// The occupied prices of one side: a bitmap over a ring of Window ticks.
#pragma once

#include <array>
#include <bit>
#include <cstdint>

#include "engine/core/types.hpp"

namespace mm {

template <Ticks Window>
class PriceSet {
    static_assert(Window >= 64 && (Window & (Window - 1)) == 0, "the window is a power of two");

  public:
    void insert(Ticks price) { words_[word(price)] |= bit(price); }
    void erase(Ticks price) { words_[word(price)] &= ~bit(price); }
    void clear() { words_.fill(0); }

    // The lowest member in [from, end), or kNoPrice.
    Ticks lowest(Ticks from, Ticks end) const {
        while (from < end) {
            const std::uint64_t rest = words_[word(from)] >> (from & 63);
            if (rest != 0) {
                const Ticks found = from + std::countr_zero(rest);
                return found < end ? found : kNoPrice;
            }
            from = (from | 63) + 1;
        }
        return kNoPrice;
    }

    // The highest member in [begin, from], or kNoPrice.
    Ticks highest(Ticks from, Ticks begin) const {
        while (from >= begin) {
            const std::uint64_t rest = words_[word(from)] << (63 - (from & 63));
            if (rest != 0) {
                const Ticks found = from - std::countl_zero(rest);
                return found >= begin ? found : kNoPrice;
            }
            from = (from & ~63) - 1;
        }
        return kNoPrice;
    }

  private:
    static constexpr std::size_t word(Ticks price) { return static_cast<std::size_t>(price & (Window - 1)) / 64; }
    static constexpr std::uint64_t bit(Ticks price) { return std::uint64_t{1} << (price & 63); }

    std::array<std::uint64_t, Window / 64> words_{};
};

}  // namespace mm
