// Sums and extremes over the lanes of a warp and over a block, in an order that depends on nothing.
#pragma once

#include "cuda/dialect.h"

namespace palate::k_cuda {

// The same sum in every lane: lane l plus l ^ 16, then ^ 8, 4, 2, 1. All lanes of the warp take part.
template <typename T>
__device__ __forceinline__ T warp_sum(T value) {
  for (unsigned step = kWarpSize / 2; step != 0; step /= 2) value += __shfl_xor_sync(kAllLanes, value, step);
  return value;
}

template <typename T>
__device__ __forceinline__ T warp_max(T value) {
  for (unsigned step = kWarpSize / 2; step != 0; step /= 2) {
    const T other = __shfl_xor_sync(kAllLanes, value, step);
    value = other > value ? other : value;
  }
  return value;
}

// The sum over a block of kThreads, in every thread. Ends with a barrier, so that the next call may reuse its memory.
template <unsigned kThreads, typename T>
__device__ T block_sum(T value) {
  static_assert(kThreads % kWarpSize == 0 && kThreads <= 1024);
  constexpr unsigned kWarps = kThreads / kWarpSize;
  SHARED(parts, T[kWarps]);
  value = warp_sum(value);
  if (threadIdx.x % kWarpSize == 0) parts[threadIdx.x / kWarpSize] = value;
  __syncthreads();
  T sum = parts[0];
  for (unsigned w = 1; w < kWarps; ++w) sum += parts[w];
  __syncthreads();
  return sum;
}

}  // namespace palate::k_cuda
