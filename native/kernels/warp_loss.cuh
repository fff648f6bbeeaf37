// Losses of the ratings that a warp, and then a block, has worked on.
#pragma once

#include "kernels/warp_rows.cuh"
#include "math/objectives.h"

namespace palate::k_cuda {

struct WarpLoss {
  double loss = 0;
  double squared_error = 0;

  __device__ __forceinline__ void add(const Slope& result) {
    loss += result.loss;
    squared_error += result.squared_error;
  }
};

// The losses of the block's warps, added up in their order, in threads 0 and 1: loss and squared error. Has a barrier.
template <unsigned most_warps>
__device__ __forceinline__ double block_loss(const WarpLoss& sums) {
  SHARED(parts, double[2 * most_warps]);
  if (lane_of_thread() == 0) {
    parts[2 * warp_of_thread()] = sums.loss;
    parts[2 * warp_of_thread() + 1] = sums.squared_error;
  }
  __syncthreads();
  double sum = 0;
  for (std::uint32_t w = 0; threadIdx.x < 2 && w < blockDim.x / kWarpSize; ++w) sum += parts[2 * w + threadIdx.x];
  return sum;
}

}  // namespace palate::k_cuda
