// Elementary functions without branches, tables or libm: loops over them vectorise, and no machine gives other bits.
#pragma once

#include <bit>
#include <cstdint>

namespace mm::math {

// c0 + c1 x + c2 x^2 + ... by Horner's rule.
template <class... Higher>
[[gnu::always_inline]] constexpr double polynomial(double x, double lowest, Higher... higher) {
    if constexpr (sizeof...(higher) == 0) {
        return lowest;
    } else {
        return lowest + x * polynomial(x, higher...);
    }
}

// Adding it rounds to an integer, which then stands in the low bits.
inline constexpr double kRound = 0x1.8p52;
// ln 2 in two parts; the first has so few bits that its multiples by an exponent are exact.
inline constexpr double kLn2High = 0x1.62e42feep-1;
inline constexpr double kLn2Low = 0x1.a39ef35793c76p-33;

// e^x within 1.1 ulp; x outside [-708, 709], where the result would leave the normal numbers, is moved to that end.
[[gnu::always_inline]] constexpr double exp(double x) {
    constexpr double kLog2E = 0x1.71547652b82fep+0;
    x = x < -708.0 ? -708.0 : x;
    x = x > 709.0 ? 709.0 : x;
    const double shifted = x * kLog2E + kRound;
    const double exponent = shifted - kRound;
    const double r = (x - exponent * kLn2High) - exponent * kLn2Low;  // |r| <= ln(2) / 2
    // (e^r - 1 - r) / r^2, Chebyshev's fit: 1.3e-17 of e^r
    const double tail =
        polynomial(r, 0x1.0000000000001p-1, 0x1.5555555555556p-3, 0x1.5555555553d68p-5, 0x1.11111111109b5p-7,
                   0x1.6c16c17889ef9p-10, 0x1.a01a01a7c2f03p-13, 0x1.a019b914985a9p-16, 0x1.71de0db2f585ep-19,
                   0x1.28917c8be7ad6p-22, 0x1.af389ed28db09p-26);
    const double mantissa = 1.0 + (r + r * r * tail);
    return std::bit_cast<double>(std::bit_cast<std::uint64_t>(mantissa) +
                                 (std::bit_cast<std::uint64_t>(shifted) << 52));
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
        z * polynomial(z, 0x1.5555555555593p-1, 0x1.999999997fa04p-2, 0x1.2492494229359p-2, 0x1.c71c51d8e78afp-3,
                       0x1.7466496cb03dep-3, 0x1.39a09d078c69fp-3, 0x1.2f112df3e5244p-3);
    const double half_square = 0.5 * f * f;
    return exponent * kLn2High - ((half_square - (s * (half_square + tail) + exponent * kLn2Low)) - f);
}

// cos(2 pi u) within 1.7 ulp for u in [0, 1): the sine or cosine of what is left of u after whole quarters.
[[gnu::always_inline]] constexpr double cos_turns(double u) {
    constexpr double kTwoPi = 0x1.921fb54442d18p+2, kTwoPiLow = 0x1.1a62633145c07p-52;
    const double shifted = 4.0 * u + kRound;
    const auto quarter = std::bit_cast<std::uint64_t>(shifted);
    const double w = u - 0.25 * (shifted - kRound), z = w * w;  // |w| <= 1/8
    const double sine_tail = z * polynomial(z, -0x1.4abbce625be52p+5, 0x1.466bc6775a476p+6, -0x1.32d2cce500387p+6,
                                            0x1.50783208843ebp+5, -0x1.e3027dea82bd7p+3, 0x1.e4a9d9166f052p+1);
    const double sine = w * kTwoPi + w * (sine_tail + kTwoPiLow);
    const double cosine =
        1.0 + z * polynomial(z, -0x1.3bd3cc9be45dep+4, 0x1.03c1f081b5ac0p+6, -0x1.55d3c7e3cb241p+6,
                             0x1.e1f5068688d5bp+5, -0x1.a6d1eef479be1p+4, 0x1.f9ce245cada0bp+2, -0x1.b2f3eb054afcdp+0);
    const double value = (quarter & 1) != 0 ? sine : cosine;
    const std::uint64_t negative = ((quarter + 1) & 2) << 62;  // in the second and third quarter
    return std::bit_cast<double>(std::bit_cast<std::uint64_t>(value) ^ negative);
}

}  // namespace mm::math
