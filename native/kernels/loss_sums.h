// Sums of losses: float within a chunk of ratings, sixteen lanes wide, and double from there on.
#pragma once

#include "kernels/train.h"
#include "math/lanes.h"

namespace palate::KERNEL_NS {
namespace {

constexpr std::uint32_t kLossChunk = 64;  // ratings

struct LossSums {
  double loss;
  double squared_error;
};

PALATE_INLINE float total(const float* values, std::uint32_t count) {
  Lanes sums = splat(0.0f);
  std::uint32_t n = 0;
  for (; n + kLanes <= count; n += kLanes) sums = sums + load(values + n);
  float result = sum(sums);
  for (; n < count; ++n) result += values[n];
  return result;
}

}  // namespace
}  // namespace palate::KERNEL_NS
