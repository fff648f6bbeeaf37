// What both solvers of solve_als.cu know of a call: arrays on the device, of a batch of rows.
#pragma once

#include "cuda/pair_sums.h"
#include "kernels/solve_als.h"

namespace palate::k_cuda {
namespace {

struct AlsBatch {
  float* rows;                   // (num_rows, stride) of the batch
  const std::uint32_t* offsets;  // (num_rows + 1) of the batch, into others
  const std::uint32_t* others;   // (pairs) of all rows
  const float* roots;            // (pairs), or nullptr
  const float* penalties;        // (num_rows) of the batch
  const float* fixed;
  const float* gram;
  AlsSums* sums;  // (num_rows) of the batch
  std::uint32_t num_rows, stride;
  float unobserved_weight;
};

__device__ __forceinline__ float weight_of(const float* roots, std::uint32_t pair) {
  return roots == nullptr ? 1.0f : roots[pair] * roots[pair];
}

__device__ __forceinline__ double squared(float x) { return static_cast<double>(x) * static_cast<double>(x); }

// l |p|^2, in every thread. A block calls it, behind a barrier that follows the last write to the row.
__device__ inline double penalty_of(const float* row, std::uint32_t stride, float penalty) {
  float squares = 0;
  for (std::uint32_t k = threadIdx.x; k < stride; k += kPairThreads) squares = fmaf(row[k], row[k], squares);
  return static_cast<double>(penalty) * static_cast<double>(block_sum<kPairThreads>(squares));
}

}  // namespace
}  // namespace palate::k_cuda
