// What the ratings of one slot do with the vectors of the other side. Part of train_batch.cc.
//
// Each loop does one thing for all ratings of a slot, so that it keeps its sums in registers and its ratings
// do not wait for each other. Orders of summation depend on the place of a rating in its slot alone.
#pragma once

#include "kernels/slopes.h"
#include "math/objectives.h"
#include "math/sum_four.h"

namespace palate::KERNEL_NS {
namespace {

// The rows of one side that ratings meet: combined rows by slot, or the table.
struct Vectors {
  const float* factors;
  const float* biases;
  std::uint32_t stride;

  PALATE_INLINE const float* row(std::uint32_t vector) const {
    return factors + static_cast<std::size_t>(vector) * stride;
  }
};

PALATE_INLINE Vectors vectors_of(const ParameterTable& table, const SlotScratch& side, std::uint32_t stride) {
  if (side.combined != nullptr) return {side.combined, side.combined_bias, stride};
  return {table.factors, table.biases, stride};
}

// sums[r] adds up to base + bias of others[r] + row . others[r]. Its bits do not depend on `rows`.
template <int rows>
PALATE_INLINE void score_lanes(Lanes (&sums)[rows], const float* row, float base, const Vectors& vectors,
                               const std::uint32_t* others) {
  const float* other[rows];
  for (int r = 0; r < rows; ++r) {
    other[r] = vectors.row(others[r]);
    sums[r] = first_lane(base + vectors.biases[others[r]]);
  }
  for (std::uint32_t k = 0; k < vectors.stride; k += kLanes) {
    const Lanes x = load(row + k);
    for (int r = 0; r < rows; ++r) sums[r] = fma(x, load(other[r] + k), sums[r]);
  }
}

// target[n] = base + bias of others[n] + row . others[n]
void scores(float* PALATE_RESTRICT target, const float* row, float base, const Vectors& vectors,
            const std::uint32_t* others, std::uint32_t count) {
  std::uint32_t n = 0;
  for (; n + 4 <= count; n += 4) {
    Lanes sums[4];
    score_lanes(sums, row, base, vectors, others + n);
    sum_four(target + n, sums);
  }
  for (; n < count; ++n) {
    Lanes sums[1];
    score_lanes(sums, row, base, vectors, others + n);
    target[n] = sum(sums[0]);
  }
}

// `width` Lanes of weighted_sum, from column `k` on. Two chains of sums: one would wait for each addition.
template <int width>
PALATE_INLINE void weighted_columns(float* target, const float* weights, const Vectors& vectors,
                                    const std::uint32_t* others, std::uint32_t count, std::uint32_t k) {
  Lanes even[width];
  Lanes odd[width];
  for (int w = 0; w < width; ++w) even[w] = odd[w] = splat(0.0f);
  std::uint32_t n = 0;
  for (; n + 2 <= count; n += 2) {
    const float* first = vectors.row(others[n]) + k;
    const float* second = vectors.row(others[n + 1]) + k;
    for (int w = 0; w < width; ++w) even[w] = fma(splat(weights[n]), load(first + w * kLanes), even[w]);
    for (int w = 0; w < width; ++w) odd[w] = fma(splat(weights[n + 1]), load(second + w * kLanes), odd[w]);
  }
  if (n < count) {
    const float* last = vectors.row(others[n]) + k;
    for (int w = 0; w < width; ++w) even[w] = fma(splat(weights[n]), load(last + w * kLanes), even[w]);
  }
  for (int w = 0; w < width; ++w) store(target + k + w * kLanes, even[w] + odd[w]);
}

// target = sum over n of weights[n] others[n], (stride) floats.
void weighted_sum(float* target, const float* weights, const Vectors& vectors, const std::uint32_t* others,
                  std::uint32_t count) {
  std::uint32_t k = 0;
  for (; k + 2 * kLanes <= vectors.stride; k += 2 * kLanes)
    weighted_columns<2>(target, weights, vectors, others, count, k);
  if (k < vectors.stride) weighted_columns<1>(target, weights, vectors, others, count, k);
}

}  // namespace
}  // namespace palate::KERNEL_NS
