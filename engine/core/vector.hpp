// Loops compiled for several widths of vector registers, one of which is chosen at run time.
//
// Without contraction of a * b + c every width gives the same bits: each element sees the same IEEE operations.
#pragma once

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && __GNUC__ >= 12
#define MM_VECTOR_WIDTHS 1
#else
#define MM_VECTOR_WIDTHS 0
#endif

namespace mm {

// Bits of the widest vector registers that this machine has and a loop is compiled for.
inline int widest_vectors() {
#if MM_VECTOR_WIDTHS
    if (__builtin_cpu_supports("x86-64-v4")) return 512;
    if (__builtin_cpu_supports("x86-64-v3")) return 256;
#endif
    return 128;
}

#if MM_VECTOR_WIDTHS
template <class Loop>
[[gnu::target("arch=x86-64-v4,prefer-vector-width=512")]] void with_512_bits(const Loop& loop) {
    loop();
}
template <class Loop>
[[gnu::target("arch=x86-64-v3")]] void with_256_bits(const Loop& loop) {
    loop();
}
#endif

// Calls `loop`, a lambda marked MM_VECTORISED, compiled for vectors of `bits`, which the machine must have.
template <class Loop>
void with_vectors([[maybe_unused]] int bits, const Loop& loop) {
#if MM_VECTOR_WIDTHS
    if (bits == 512) return with_512_bits(loop);
    if (bits == 256) return with_256_bits(loop);
#endif
    loop();
}

// Where a loop's body goes into each of its callers, and is compiled as they are.
#define MM_VECTORISED __attribute__((always_inline))

}  // namespace mm
