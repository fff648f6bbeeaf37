// Systems of linear equations with a positive definite matrix, by Cholesky: M x = v with M = U'U, U'y = v, U x = y. In
// place of U_ii stands 1 / U_ii, which is all that is needed of it. Part of
// solve_als.cc and fold_rows.cc.
#pragma once

#include "kernels/als_products.h"
#include "math/scalar.h"

namespace palate::KERNEL_NS {
namespace {

// Lanes of a triangle of sixteen matrices: rows after one another, each from its diagonal on.
constexpr std::size_t triangle_lanes(std::uint32_t width) { return std::size_t{width} * (width + 1) / 2; }

// Solves sixteen systems in place, one a lane, as a single small one would leave the processor waiting for one result
// after the other. triangles (triangle_lanes(width), 16), least_pivots (16), v (width, 16)
void solve_sixteen(float* triangles, std::uint32_t width, const float* least_pivots, float* v) {
  const Lanes zero = splat(0.0f);
  float* row = triangles;
  for (std::uint32_t j = 0; j < width; ++j) {
    const std::uint32_t size = width - j;
    float pivots[kLanes];
    for (std::uint32_t r = 0; r < kLanes; ++r) pivots[r] = row[r] > least_pivots[r] ? row[r] : least_pivots[r];
    const Lanes inverse = splat(1.0f) / sqrt(load(pivots));
    store(row, inverse);
    for (std::uint32_t k = 1; k < size; ++k) store(row + k * kLanes, load(row + k * kLanes) * inverse);
    const Lanes y = load(v + j * kLanes) * inverse;
    store(v + j * kLanes, y);
    float* below = row + size * kLanes;
    for (std::uint32_t i = 1; i < size; ++i) {
      const Lanes factor = zero - load(row + i * kLanes);
      for (std::uint32_t k = i; k < size; ++k, below += kLanes)
        store(below, fma(factor, load(row + k * kLanes), load(below)));
      store(v + (j + i) * kLanes, fma(factor, y, load(v + (j + i) * kLanes)));
    }
    row += size * kLanes;
  }
  for (std::uint32_t j = width; j-- > 0;) {
    row -= (width - j) * kLanes;
    Lanes even = load(v + j * kLanes);
    Lanes odd = zero;
    for (std::uint32_t k = 1; k < width - j; ++k) {
      const Lanes u = zero - load(row + k * kLanes);
      const Lanes x = load(v + (j + k) * kLanes);
      if (k % 2 == 0)
        even = fma(u, x, even);
      else
        odd = fma(u, x, odd);
    }
    store(v + j * kLanes, (even + odd) * load(row));
  }
}

// Rows [first, first + 16) of U and of y, from what the panels before left of them.
PALATE_INLINE void factor_panel(float* matrix, std::size_t stride, std::uint32_t width, std::uint32_t first,
                                float least_pivot, float* v) {
  const std::uint32_t end = first + kLanes;
  for (std::uint32_t j = first; j < end; ++j) {
    float* row = matrix + j * stride;
    const float inverse = 1.0f / __builtin_sqrtf(row[j] > least_pivot ? row[j] : least_pivot);
    const Lanes scale = splat(inverse);
    for (std::uint32_t k = first; k < width; k += kLanes) store(row + k, scale * load(row + k));
    row[j] = inverse;
    v[j] *= inverse;
    for (std::uint32_t i = j + 1; i < end; ++i) {
      float* below = matrix + i * stride;
      const float factor = -row[i];
      const Lanes weight = splat(factor);
      for (std::uint32_t k = first; k < width; k += kLanes)
        store(below + k, fma(weight, load(row + k), load(below + k)));
      v[i] = fma(factor, v[j], v[i]);
    }
  }
  for (std::uint32_t k = end; k < width; k += kLanes) {
    Lanes rest = load(v + k);
    for (std::uint32_t j = first; j < end; ++j) rest = fma(splat(-v[j]), load(matrix + j * stride + k), rest);
    store(v + k, rest);
  }
}

// Solves one system in place. Of M (width, width) the upper triangle is read, and overwritten by U; what lies below is
// lost, too. `width` is a multiple of 16.
void solve_one(float* matrix, std::size_t stride, std::uint32_t width, float least_pivot, float* v) {
  for (std::uint32_t first = 0; first < width; first += kLanes) {
    factor_panel(matrix, stride, width, first, least_pivot, v);
    const std::uint32_t next = first + kLanes;
    if (next == width) break;
    add_products<true>(matrix + next * stride + next, stride, matrix + first * stride + next, stride, width - next,
                       kLanes);
  }
  for (std::uint32_t j = width; j-- > 0;) {
    const float* row = matrix + j * stride;
    // The first lanes hold what is no part of U.
    const std::uint32_t end = j / kLanes * kLanes + kLanes;
    Lanes sums = splat(0.0f);
    for (std::uint32_t k = end; k < width; k += kLanes) sums = fma(load(row + k), load(v + k), sums);
    float even = v[j] - sum(sums);
    float odd = 0;
    for (std::uint32_t k = j + 1; k < end; ++k) {
      if (k % 2 == 0)
        even = fma(-row[k], v[k], even);
      else
        odd = fma(-row[k], v[k], odd);
    }
    v[j] = (even + odd) * row[j];
  }
}

}  // namespace
}  // namespace palate::KERNEL_NS
