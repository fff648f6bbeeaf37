// AdamW on the device, and the norm that it waits for where gradients are clipped.
#pragma once

#include <math.h>

#include "cuda/warp.h"
#include "kernels/softmax_device.cuh"

namespace palate::k_cuda {
namespace {

// The step of one parameter; see math/optimizers.h.
__device__ __forceinline__ void step_value(const SoftmaxArrays& a, const ParameterArray& array, std::size_t at,
                                           float gradient) {
  const float first = fmaf(a.beta1, array.first[at], (1.0f - a.beta1) * gradient);
  const float second = fmaf(a.beta2, array.second[at], (1.0f - a.beta2) * (gradient * gradient));
  array.first[at] = first;
  array.second[at] = second;
  // Within two units of the last place; the exact quotient would cost more registers than there are.
  const float step = __fdividef(a.rate * first, fmaf(sqrtf(second), a.denominator, a.epsilon));
  array.values[at] = array.values[at] * a.keep - step;
}

// The block's threads step [begin, end).
__device__ __forceinline__ void step_range(const SoftmaxArrays& a, const ParameterArray& array, std::size_t begin,
                                           std::size_t end) {
  for (std::size_t n = begin + threadIdx.x; n < end; n += blockDim.x) step_value(a, array, n, array.gradient[n]);
}

constexpr std::uint32_t kStepThreads = 256;

// A warp for each row of the batch that is the first with its input: adds up the rows with the same one. In the tied
// model the sum goes into the item's gradient; with two tables it replaces the row's own, and first_rows tells of it.
__global__ void __launch_bounds__(kStepThreads) merge_inputs_kernel(SoftmaxArrays a) {
  const std::uint32_t row = (blockIdx.x * kStepThreads + threadIdx.x) / kWarpSize;
  const std::uint32_t lane = threadIdx.x % kWarpSize;
  if (row >= a.batch || !a.rows[row].first) return;
  const std::size_t item = a.rows[row].item;
  for (std::uint32_t k = lane; k < a.stride; k += kWarpSize) {
    float sum = a.in_gradient[std::size_t{row} * a.stride + k];
    for (std::uint32_t next = a.rows[row].next; next != 0; next = a.rows[next - 1].next) {
      sum += a.in_gradient[std::size_t{next - 1} * a.stride + k];
    }
    if (a.tied) {
      a.outputs.gradient[item * a.stride + k] += sum;
    } else {
      a.in_gradient[std::size_t{row} * a.stride + k] = sum;
    }
  }
  if (!a.tied && lane == 0) a.first_rows[item] = row + 1;
}

__device__ __forceinline__ double squares_of(const float* values, std::size_t size) {
  double sum = 0;
  const std::size_t stride = std::size_t{gridDim.x} * kStepThreads;
  for (std::size_t n = std::size_t{blockIdx.x} * kStepThreads + threadIdx.x; n < size; n += stride) {
    sum += static_cast<double>(values[n]) * static_cast<double>(values[n]);
  }
  return sum;
}

// kNormBlocks blocks: each a part of the squared norm of the whole gradient.
__global__ void __launch_bounds__(kStepThreads) norm_kernel(SoftmaxArrays a) {
  double sum = squares_of(a.outputs.gradient, a.outputs.size) + squares_of(a.biases.gradient, a.biases.size) +
               squares_of(a.dense.gradient, a.dense.size);
  for (std::uint32_t row = blockIdx.x; !a.tied && row < a.batch; row += gridDim.x) {
    if (!a.rows[row].first) continue;
    for (std::uint32_t k = threadIdx.x; k < a.stride; k += kStepThreads) {
      const double value = a.in_gradient[std::size_t{row} * a.stride + k];
      sum += value * value;
    }
  }
  sum = block_sum<kStepThreads>(sum);
  if (threadIdx.x == 0) a.norms[blockIdx.x] = sum;
}

// What the whole gradient is multiplied by; every block finds the same. All threads take part.
__device__ __forceinline__ float clip_scale(const SoftmaxArrays& a) {
  if (a.clip_norm <= 0.0f) return 1.0f;
  const double norm = sqrt(block_sum<kStepThreads>(threadIdx.x < kNormBlocks ? a.norms[threadIdx.x] : 0.0));
  const double most = a.clip_norm;
  return norm > most ? static_cast<float>(most / norm) : 1.0f;
}

__device__ __forceinline__ void step_share(const SoftmaxArrays& a, const ParameterArray& array, float scale) {
  const std::size_t stride = std::size_t{gridDim.x} * kStepThreads;
  for (std::size_t n = std::size_t{blockIdx.x} * kStepThreads + threadIdx.x; n < array.size; n += stride) {
    step_value(a, array, n, array.gradient[n] * scale);
  }
}

// Rows that are no input of the batch have no gradient, and move by their moments.
__device__ __forceinline__ void step_inputs(const SoftmaxArrays& a, float scale) {
  const std::uint32_t lane = threadIdx.x % kWarpSize;
  const std::uint32_t warps = gridDim.x * (kStepThreads / kWarpSize);
  for (std::uint32_t item = (blockIdx.x * kStepThreads + threadIdx.x) / kWarpSize; item < a.num_items; item += warps) {
    const std::uint32_t first = a.first_rows[item];
    const float* gradient = first != 0 ? a.in_gradient + std::size_t{first - 1} * a.stride : nullptr;
    for (std::uint32_t k = lane; k < a.stride; k += kWarpSize) {
      step_value(a, a.inputs, std::size_t{item} * a.stride + k, gradient != nullptr ? gradient[k] * scale : 0.0f);
    }
    // The next step finds no row of this one.
    __syncwarp();
    if (lane == 0 && first != 0) a.first_rows[item] = 0;
  }
}

// `outputs`: whether these and the biases are still to be stepped.
__global__ void __launch_bounds__(kStepThreads) step_kernel(SoftmaxArrays a, bool outputs) {
  const float scale = clip_scale(a);
  if (outputs) {
    step_share(a, a.outputs, scale);
    step_share(a, a.biases, scale);
  }
  step_share(a, a.dense, scale);
  if (!a.tied) step_inputs(a, scale);
}

}  // namespace
}  // namespace palate::k_cuda
