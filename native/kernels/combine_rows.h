// A_u and a_u (or B_i and a_i) of kernels/train.h for one row.
#pragma once

#include "kernels/train.h"
#include "math/lanes.h"

namespace palate::KERNEL_NS {

// Writes the combined row and returns the combined bias. `features` may be a private copy of the shared rows.
static PALATE_INLINE float combine_row(float* PALATE_RESTRICT combined, const ParameterTable& table,
                                       const FeatureLists& lists, const float* feature_factors,
                                       const float* feature_biases, std::uint32_t row, std::uint32_t stride,
                                       bool within_side) {
  const float* own = table.factors + static_cast<std::size_t>(row) * stride;
  for (std::uint32_t k = 0; k < stride; k += kLanes) store(combined + k, load(own + k));
  float bias = table.biases[row];
  if (lists.empty()) return bias;
  float squares = 0.0f;
  for (std::uint32_t e = lists.offsets[row]; e < lists.offsets[row + 1]; ++e) {
    const std::uint32_t f = lists.features[e];
    const float weight = lists.weights[e];
    const float* factor = feature_factors + static_cast<std::size_t>(f) * stride;
    const Lanes x = splat(weight);
    for (std::uint32_t k = 0; k < stride; k += kLanes)
      store(combined + k, fma(x, load(factor + k), load(combined + k)));
    bias += weight * feature_biases[f];
    if (within_side) squares += weight * weight * dot(factor, factor, stride);
  }
  if (within_side) bias += 0.5f * (dot(combined, combined, stride) - dot(own, own, stride) - squares);
  return bias;
}

}  // namespace palate::KERNEL_NS
