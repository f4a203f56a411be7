// Elementary functions without branches, tables or libm: loops over them vectorise, and no machine gives other bits.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>

namespace mm::math {

// c0 + c1 x + c2 x^2 + ... by Estrin's scheme, as a polynomial in x^2 whose coefficients are those of pairs: more of it
// runs side by side than of Horner's rule.
template <std::size_t n>
[[gnu::always_inline]] constexpr double polynomial(double x, const double (&c)[n]) {
    if constexpr (n == 1) {
        return c[0];
    } else {
        double pairs[(n + 1) / 2]{};
        for (std::size_t i = 0; i < n / 2; ++i) pairs[i] = c[2 * i] + c[2 * i + 1] * x;
        if constexpr (n % 2 != 0) pairs[n / 2] = c[n - 1];
        return polynomial(x * x, pairs);
    }
}

// Adding it rounds to an integer, which then stands in the low bits.
inline constexpr double kRound = 0x1.8p52;

[[gnu::always_inline]] constexpr double smaller(double a, double b) {
    return a < b ? a : b;
}

// ln 2 in two parts; the first has so few bits that its multiples by an exponent are exact.
inline constexpr double kLn2High = 0x1.62e42feep-1;
inline constexpr double kLn2Low = 0x1.a39ef35793c76p-33;

// e^x within 1.1 ulp from x = -708 to 709, where the normal numbers end; 0 below, as at 709 above.
[[gnu::always_inline]] constexpr double exp(double x) {
    constexpr double kLog2E = 0x1.71547652b82fep+0;
    const double shifted = x * kLog2E + kRound;
    const double exponent = shifted - kRound;
    const double r = (x - exponent * kLn2High) - exponent * kLn2Low;  // |r| <= ln(2) / 2
    // (e^r - 1 - r) / r^2, Chebyshev's fit: 1.3e-17 of e^r
    const double tail =
        polynomial(r, {0x1.0000000000001p-1, 0x1.5555555555556p-3, 0x1.5555555553d68p-5, 0x1.11111111109b5p-7,
                       0x1.6c16c17889ef9p-10, 0x1.a01a01a7c2f03p-13, 0x1.a019b914985a9p-16, 0x1.71de0db2f585ep-19,
                       0x1.28917c8be7ad6p-22, 0x1.af389ed28db09p-26});
    const double mantissa = 1.0 + (r + r * r * tail);
    const double value =
        std::bit_cast<double>(std::bit_cast<std::uint64_t>(mantissa) + (std::bit_cast<std::uint64_t>(shifted) << 52));
    const double bounded = x > 709.0 ? 0x1.d422d2be5dc9bp+1022 : value;
    return x < -708.0 ? 0.0 : bounded;
}

// ln x within 1 ulp for normal x > 0, by the method and coefficients of FreeBSD's e_log.c (Sun Microsystems 1993).
[[gnu::always_inline]] constexpr double log(double x) {
    constexpr std::uint64_t kSqrtHalf = 0x3fe6a09e667f3bcd, kOne = 0x3ff0000000000000, kMantissa = 0xfffffffffffff;
    constexpr double kInteger = 0x1p52;  // its low bits hold an integer
    const std::uint64_t bits = std::bit_cast<std::uint64_t>(x) + (kOne - kSqrtHalf);
    const double biased = std::bit_cast<double>((bits >> 52) | std::bit_cast<std::uint64_t>(kInteger));
    const double exponent = biased - (kInteger + 1023);
    const double f = std::bit_cast<double>((bits & kMantissa) + kSqrtHalf) - 1.0;  // from sqrt(1/2) - 1 to sqrt(2) - 1
    const double s = f / (2.0 + f), z = s * s;
    const double tail =
        z * polynomial(z, {0x1.5555555555593p-1, 0x1.999999997fa04p-2, 0x1.2492494229359p-2, 0x1.c71c51d8e78afp-3,
                           0x1.7466496cb03dep-3, 0x1.39a09d078c69fp-3, 0x1.2f112df3e5244p-3});
    const double half_square = 0.5 * f * f;
    return exponent * kLn2High - ((half_square - (s * (half_square + tail) + exponent * kLn2Low)) - f);
}

// ln(1 + x) / x for x >= 0, 1 at 0, by Kahan's way: what rounding takes from 1 + x it takes from the divisor too.
[[gnu::always_inline]] constexpr double log1p_ratio(double x) {
    const double sum = 1.0 + x;
    return sum == 1.0 ? 1.0 : log(sum) / (sum - 1.0);
}

// cos(2 pi u) within 1.7 ulp for u in [0, 1): the sine or cosine of what is left of u after whole quarters.
[[gnu::always_inline]] constexpr double cos_turns(double u) {
    constexpr double kTwoPi = 0x1.921fb54442d18p+2, kTwoPiLow = 0x1.1a62633145c07p-52;
    const double shifted = 4.0 * u + kRound;
    const auto quarter = std::bit_cast<std::uint64_t>(shifted);
    const double w = u - 0.25 * (shifted - kRound), z = w * w;  // |w| <= 1/8
    const double sine_tail = z * polynomial(z, {-0x1.4abbce625be52p+5, 0x1.466bc6775a476p+6, -0x1.32d2cce500387p+6,
                                                0x1.50783208843ebp+5, -0x1.e3027dea82bd7p+3, 0x1.e4a9d9166f052p+1});
    const double sine = w * kTwoPi + w * (sine_tail + kTwoPiLow);
    const double cosine = 1.0 + z * polynomial(z, {-0x1.3bd3cc9be45dep+4, 0x1.03c1f081b5ac0p+6, -0x1.55d3c7e3cb241p+6,
                                                   0x1.e1f5068688d5bp+5, -0x1.a6d1eef479be1p+4, 0x1.f9ce245cada0bp+2,
                                                   -0x1.b2f3eb054afcdp+0});
    const double value = (quarter & 1) != 0 ? sine : cosine;
    const std::uint64_t negative = ((quarter + 1) & 2) << 62;  // in the second and third quarter
    return std::bit_cast<double>(std::bit_cast<std::uint64_t>(value) ^ negative);
}

// The middle of one of 2^32 equal parts of (0, 1), by the upper or the lower half of 64 random bits. They go into the
// mantissa of a number whose last place is worth 2^-32: unlike for conversion, there are vector instructions for it.
[[gnu::always_inline]] constexpr double high_uniform(std::uint64_t bits) {
    constexpr double kBase = 0x1p20;
    return std::bit_cast<double>((bits >> 32) | std::bit_cast<std::uint64_t>(kBase)) - (kBase - 0x1p-33);
}
[[gnu::always_inline]] constexpr double low_uniform(std::uint64_t bits) {
    return high_uniform(bits << 32);
}

}  // namespace mm::math
