#include "engine/market/drift.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "engine/core/check.hpp"

namespace mm {

namespace {

using Matrix = std::vector<double>;  // square, row by row

Matrix multiply(const Matrix& a, const Matrix& b, std::size_t n) {
    Matrix product(n * n, 0.0);
    for (std::size_t i = 0; i < n; ++i)
        for (std::size_t k = 0; k < n; ++k)
            for (std::size_t j = 0; j < n; ++j) product[i * n + j] += a[i * n + k] * b[k * n + j];
    return product;
}

// exp(generator dt) by scaling and squaring of its Taylor series; rates are small and the matrix is at most 64 x 64.
Matrix exponential(Matrix generator, double largest, std::size_t n) {
    constexpr int kTerms = 18;  // 2^-18 / 18! is far below rounding
    int squarings = 0;
    while (largest > 0.5) {
        largest /= 2;
        ++squarings;
    }
    const double scale = std::ldexp(1.0, -squarings);
    Matrix sum(n * n, 0.0), term(n * n, 0.0);
    for (std::size_t i = 0; i < n; ++i) sum[i * n + i] = term[i * n + i] = 1.0;
    for (double& entry : generator) entry *= scale;
    for (int k = 1; k <= kTerms; ++k) {
        term = multiply(term, generator, n);
        for (std::size_t i = 0; i < n * n; ++i) sum[i] += term[i] /= k;
    }
    for (int k = 0; k < squarings; ++k) sum = multiply(sum, sum, n);
    return sum;
}

}  // namespace

void DriftChain::check_levels(const std::vector<double>& levels) {
    check(!levels.empty() && levels.size() <= 64, "drift", "hold 1 to 64 levels", levels.size());
}

DriftChain::DriftChain(const std::vector<double>& levels, double leaving_rate, double dt) : levels_(levels) {
    check_levels(levels);
    const std::size_t n = levels.size();
    double largest = 0;
    for (double level : levels) largest = std::max(largest, std::abs(level));
    for (double level : levels) signals_.push_back(largest > 0 ? level / largest : 0.0);
    Matrix generator(n * n, 0.0);
    for (std::size_t i = 0; i < n && n > 1; ++i) {
        const double neighbours = (i > 0) + (i + 1 < n);
        if (i > 0) generator[i * n + i - 1] = leaving_rate * dt / neighbours;
        if (i + 1 < n) generator[i * n + i + 1] = leaving_rate * dt / neighbours;
        generator[i * n + i] = -leaving_rate * dt;
    }
    transition_ = exponential(std::move(generator), leaving_rate * dt, n);
    cumulative_ = transition_;
    for (std::size_t i = 0; i < n; ++i) {
        const auto row = cumulative_.begin() + static_cast<std::ptrdiff_t>(i * n);
        std::partial_sum(row, row + static_cast<std::ptrdiff_t>(n), row);
    }
}

}  // namespace mm
