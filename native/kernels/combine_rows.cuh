// A_u and a_u (or B_i and a_i) of kernels/train.h, a warp a row. A row lists a feature once.
#pragma once

#include "kernels/train.h"
#include "kernels/warp_rows.cuh"

namespace palate::k_cuda {

// The features of one row.
struct Active {
  const std::uint32_t* features;
  const float* weights;
  std::uint32_t count;
};

__device__ __forceinline__ Active active_of(const FeatureLists& lists, std::uint32_t row) {
  if (lists.empty()) return {nullptr, nullptr, 0};
  const std::uint32_t begin = lists.offsets[row];
  return {lists.features + begin, lists.weights + begin, lists.offsets[row + 1] - begin};
}

// A slice of A_u or B_i; adds the slice's part of W to `within` where asked for.
template <int width>
__device__ __forceinline__ Slice<width> combine_slice(const float* own, const Active& active, const float* features,
                                                      std::uint32_t stride, std::uint32_t k, bool within_side,
                                                      float& within) {
  const Slice<width> start = load_slice<width>(own + k);
  Slice<width> sum = start;
  float squares = 0.0f;
  for (std::uint32_t e = 0; e < active.count; ++e) {
    const Slice<width> factor = load_slice<width>(features + row_start(active.features[e], stride) + k);
    const float x = active.weights[e];
    add_slice(sum, x, factor);
    squares = fma(x * x, dot_slices(factor, factor, 0.0f), squares);
  }
  if (within_side) within += 0.5f * (dot_slices(sum, sum, 0.0f) - dot_slices(start, start, 0.0f) - squares);
  return sum;
}

// Biases of the features of one side, a lane a feature.
__device__ __forceinline__ float feature_biases(const Active& active, const float* biases, unsigned lane) {
  float sum = 0.0f;
  for (std::uint32_t e = lane; e < active.count; e += kWarpSize)
    sum = fma(active.weights[e], biases[active.features[e]], sum);
  return sum;
}

// Writes the combined row; returns the combined bias in every lane.
template <int width>
__device__ __forceinline__ float combine_row(float* combined, const TrainState& s, const ParameterTable& table,
                                             const FeatureLists& lists, std::uint32_t row) {
  const unsigned lane = lane_of_thread();
  const Active active = active_of(lists, row);
  const float* own = table.factors + row_start(row, s.stride);
  float bias = feature_biases(active, s.features.biases, lane);
  for (std::uint32_t k = lane * width; k < s.stride; k += kWarpSize * width) {
    store_slice(combined + k, combine_slice<width>(own, active, s.features.factors, s.stride, k,
                                                   s.options.within_side && active.count != 0, bias));
  }
  return table.biases[row] + warp_sum(bias);
}

}  // namespace palate::k_cuda
