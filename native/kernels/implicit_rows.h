// The implicit term of a user (kernels/train.h). Part of train_implicit.cc and evaluate_pairs.cc.
#pragma once

#include "kernels/train.h"
#include "math/lanes.h"

namespace palate::KERNEL_NS {
namespace {

// Rows y that are on their way from L3 while one is added.
constexpr std::uint32_t kImplicitAhead = 8;

// `width` Lanes of a sum of rows, in registers. Two chains of sums: one would wait for each addition.
template <int width>
PALATE_INLINE void add_columns(float* PALATE_RESTRICT target, const float* PALATE_RESTRICT own, float weight,
                               const float* PALATE_RESTRICT rows, std::uint32_t stride,
                               const std::uint32_t* PALATE_RESTRICT items, std::uint32_t count) {
  Lanes even[width];
  Lanes odd[width];
  for (int w = 0; w < width; ++w) even[w] = odd[w] = splat(0.0f);
  const auto row = [rows, items, stride](std::uint32_t n) { return rows + std::size_t{items[n]} * stride; };
  std::uint32_t n = 0;
  for (; n + 2 <= count; n += 2) {
    if (n + 1 + kImplicitAhead < count) {
      for (int w = 0; w < width; ++w) prefetch(row(n + kImplicitAhead) + w * kLanes);
      for (int w = 0; w < width; ++w) prefetch(row(n + 1 + kImplicitAhead) + w * kLanes);
    }
    for (int w = 0; w < width; ++w) even[w] = even[w] + load(row(n) + w * kLanes);
    for (int w = 0; w < width; ++w) odd[w] = odd[w] + load(row(n + 1) + w * kLanes);
  }
  if (n < count) {
    for (int w = 0; w < width; ++w) even[w] = even[w] + load(row(n) + w * kLanes);
  }
  for (int w = 0; w < width; ++w)
    store(target + w * kLanes, fma(splat(weight), even[w] + odd[w], load(own + w * kLanes)));
}

// target = own + |N(u)|^-1/2 sum of y_j over N(u), (stride) floats.
void add_implicit(float* target, const float* own, const TrainState& s, std::uint32_t user) {
  const std::uint32_t begin = s.implicit.offsets[user];
  const std::uint32_t* items = s.implicit.items + begin;
  const std::uint32_t count = s.implicit.offsets[user + 1] - begin;
  const float weight = s.implicit.weights[user];
  const float* rows = s.features.factors;
  std::uint32_t k = 0;
  for (; k + 4 * kLanes <= s.stride; k += 4 * kLanes)
    add_columns<4>(target + k, own + k, weight, rows + k, s.stride, items, count);
  for (; k < s.stride; k += kLanes) add_columns<1>(target + k, own + k, weight, rows + k, s.stride, items, count);
}

}  // namespace
}  // namespace palate::KERNEL_NS
