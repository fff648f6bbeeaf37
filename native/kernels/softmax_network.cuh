// The network of the rows of a batch, from the rows of E to h and back: see softmax.h for the formulas. A block takes
// kNetworkRows rows. Between the phases of a block values lie in global memory, behind barriers; they stay in L1.
#pragma once

#include <math.h>

#include "cuda/warp.h"
#include "kernels/softmax_device.cuh"

namespace palate::k_cuda {
namespace {

constexpr std::uint32_t kNetworkWarps = kNetworkThreads / kWarpSize;

// A 32-bit hash of (key, row, unit), the finaliser of MurmurHash3, as on the CPU.
__device__ __forceinline__ bool dropout_keeps(const SoftmaxArrays& a, std::uint32_t row, std::uint32_t unit) {
  std::uint32_t x = a.key ^ ((row * a.hidden + unit) * 0x9e3779b9u);
  x = (x ^ (x >> 16)) * 0x85ebca6bu;
  x = (x ^ (x >> 13)) * 0xc2b2ae35u;
  return (x ^ (x >> 16)) >= a.dropout_threshold;
}

// Rows [first, first + count) of the batch are the block's.
struct NetworkRows {
  std::uint32_t first;
  std::uint32_t count;
};

__device__ __forceinline__ NetworkRows network_rows(const SoftmaxArrays& a) {
  const std::uint32_t first = a.first_row + blockIdx.x * kNetworkRows;
  return {first, a.end_row - first < kNetworkRows ? a.end_row - first : kNetworkRows};
}

// Calls visit(row, column) for each of the block's rows and each column, one a thread.
template <typename Visit>
__device__ __forceinline__ void each_value(const NetworkRows& rows, std::uint32_t columns, Visit visit) {
  for (std::uint32_t n = threadIdx.x; n < rows.count * columns; n += kNetworkThreads) {
    visit(rows.first + n / columns, n % columns);
  }
}

// weights . values[r] for each of the block's rows, by a warp: lane r returns that of row r.
__device__ __forceinline__ float dot_rows(const float* weights, const float* values, std::uint32_t stride,
                                          std::uint32_t size, std::uint32_t count) {
  float sums[kNetworkRows] = {};
  for (std::uint32_t k = threadIdx.x % kWarpSize; k < size; k += kWarpSize) {
    const float weight = weights[k];
#pragma unroll
    for (std::uint32_t r = 0; r < kNetworkRows; ++r) {
      if (r < count) sums[r] = fmaf(weight, values[std::size_t{r} * stride + k], sums[r]);
    }
  }
  float own = 0.0f;
#pragma unroll
  for (std::uint32_t r = 0; r < kNetworkRows; ++r) {
    const float sum = warp_sum(sums[r]);
    if (threadIdx.x % kWarpSize == r) own = sum;
  }
  return own;
}

__device__ __forceinline__ void residual_forward(const SoftmaxArrays& a, const NetworkRows& rows) {
  const float* weights = a.dense.values;
  const std::uint32_t lane = threadIdx.x % kWarpSize;
  const std::size_t inputs = std::size_t{rows.first} * a.stride;
  const std::size_t units = std::size_t{rows.first} * a.hidden_stride;
  for (std::uint32_t unit = threadIdx.x / kWarpSize; unit < a.hidden; unit += kNetworkWarps) {
    const float* row = weights + a.layout.first_weights + std::size_t{unit} * a.stride;
    float value = dot_rows(row, a.input + inputs, a.stride, a.dim, rows.count);
    if (lane >= rows.count) continue;
    value = fmaxf(value + weights[a.layout.first_bias + unit], 0.0f);
    if (a.dropout_threshold != 0) value = dropout_keeps(a, rows.first + lane, unit) ? value * a.dropout_scale : 0.0f;
    a.units[units + std::size_t{lane} * a.hidden_stride + unit] = value;
  }
  __syncthreads();
  for (std::uint32_t k = threadIdx.x / kWarpSize; k < a.dim; k += kNetworkWarps) {
    const float* row = weights + a.layout.second_weights + std::size_t{k} * a.hidden_stride;
    const float value = dot_rows(row, a.units + units, a.hidden_stride, a.hidden, rows.count);
    if (lane >= rows.count) continue;
    const std::size_t at = inputs + std::size_t{lane} * a.stride + k;
    a.normal[at] = a.input[at] + weights[a.layout.second_bias + k] + value;
  }
  __syncthreads();
}

// A warp for each row.
__device__ __forceinline__ void normalize(const SoftmaxArrays& a, const NetworkRows& rows) {
  const std::uint32_t lane = threadIdx.x % kWarpSize;
  for (std::uint32_t r = threadIdx.x / kWarpSize; r < rows.count; r += kNetworkWarps) {
    float* values = a.normal + std::size_t{rows.first + r} * a.stride;
    float* output = a.output + std::size_t{rows.first + r} * a.stride;
    float sum = 0.0f;
    for (std::uint32_t k = lane; k < a.dim; k += kWarpSize) sum += values[k];
    const float mean = warp_sum(sum) / static_cast<float>(a.dim);
    float squares = 0.0f;
    for (std::uint32_t k = lane; k < a.dim; k += kWarpSize) squares = fmaf(values[k] - mean, values[k] - mean, squares);
    const float inverse = 1.0f / sqrtf(warp_sum(squares) / static_cast<float>(a.dim) + kNormEpsilon);
    for (std::uint32_t k = lane; k < a.dim; k += kWarpSize) {
      const float normal = (values[k] - mean) * inverse;
      values[k] = normal;
      output[k] = fmaf(a.dense.values[a.layout.gain + k], normal, a.dense.values[a.layout.shift + k]);
    }
    if (lane == 0) a.inverse[rows.first + r] = inverse;
  }
}

__global__ void __launch_bounds__(kNetworkThreads) forward_kernel(SoftmaxArrays a) {
  const NetworkRows rows = network_rows(a);
  const bool network = a.hidden != 0 || a.layer_norm;
  each_value(rows, a.stride, [&](std::uint32_t row, std::uint32_t k) {
    const float value = a.inputs.values[std::size_t{a.rows[row].item} * a.stride + k];
    const std::size_t at = std::size_t{row} * a.stride + k;
    a.output[at] = value;  // of columns behind `dim` this is all
    if (!network) return;
    a.input[at] = value;
    a.normal[at] = value;
  });
  if (!network) return;
  __syncthreads();
  if (a.hidden != 0) residual_forward(a, rows);
  if (a.layer_norm) {
    normalize(a, rows);
  } else {
    each_value(rows, a.stride, [&](std::uint32_t row, std::uint32_t k) {
      a.output[std::size_t{row} * a.stride + k] = a.normal[std::size_t{row} * a.stride + k];
    });
  }
}

// From the gradient of h to that of x. A warp for each row.
__device__ __forceinline__ void normalize_backward(const SoftmaxArrays& a, const NetworkRows& rows) {
  const float* gains = a.dense.values + a.layout.gain;
  const std::uint32_t lane = threadIdx.x % kWarpSize;
  for (std::uint32_t r = threadIdx.x / kWarpSize; r < rows.count; r += kNetworkWarps) {
    const std::size_t base = std::size_t{rows.first + r} * a.stride;
    float sum = 0.0f;
    float product = 0.0f;
    for (std::uint32_t k = lane; k < a.dim; k += kWarpSize) {
      const float gradient = a.gradient[base + k] * gains[k];
      sum += gradient;
      product = fmaf(gradient, a.normal[base + k], product);
      a.along[base + k] = a.gradient[base + k] * a.normal[base + k];
    }
    const float mean = warp_sum(sum) / static_cast<float>(a.dim);
    const float along = warp_sum(product) / static_cast<float>(a.dim);
    const float inverse = a.inverse[rows.first + r];
    for (std::uint32_t k = lane; k < a.dim; k += kWarpSize) {
      const float gradient = a.gradient[base + k] * gains[k];
      a.residual[base + k] = (gradient - mean - a.normal[base + k] * along) * inverse;
    }
  }
}

__device__ __forceinline__ void residual_backward(const SoftmaxArrays& a, const NetworkRows& rows) {
  const float* weights = a.dense.values;
  // A unit that let nothing through lets no gradient back; the others were scaled by the dropout.
  each_value(rows, a.hidden, [&](std::uint32_t row, std::uint32_t unit) {
    const std::size_t at = std::size_t{row} * a.hidden_stride + unit;
    float sum = 0.0f;
    for (std::uint32_t k = 0; k < a.dim; ++k) {
      sum = fmaf(weights[a.layout.second_weights + std::size_t{k} * a.hidden_stride + unit],
                 a.residual[std::size_t{row} * a.stride + k], sum);
    }
    a.unit_gradient[at] = a.units[at] > 0.0f ? sum * a.dropout_scale : 0.0f;
  });
  __syncthreads();
  each_value(rows, a.stride, [&](std::uint32_t row, std::uint32_t k) {
    const std::size_t at = std::size_t{row} * a.stride + k;
    float sum = 0.0f;
    for (std::uint32_t unit = 0; unit < a.hidden; ++unit) {
      sum = fmaf(weights[a.layout.first_weights + std::size_t{unit} * a.stride + k],
                 a.unit_gradient[std::size_t{row} * a.hidden_stride + unit], sum);
    }
    a.in_gradient[at] = a.residual[at] + sum;
  });
}

// Gradients of h, x, a and e of the group's rows.
__global__ void __launch_bounds__(kNetworkThreads) backward_kernel(SoftmaxArrays a) {
  const NetworkRows rows = network_rows(a);
  const std::size_t part = std::size_t{a.end_row - a.first_row} * a.stride;
  const bool whole = a.hidden == 0 && !a.layer_norm;
  each_value(rows, a.stride, [&](std::uint32_t row, std::uint32_t k) {
    const float* parts = a.parts + std::size_t{row - a.first_row} * a.stride + k;
    float sum = 0.0f;
    for (std::uint32_t n = 0; n < a.panel_blocks; ++n) sum += parts[n * part];
    const std::size_t at = std::size_t{row} * a.stride + k;
    (whole ? a.in_gradient : a.gradient)[at] = sum;
    if (!whole) a.residual[at] = sum;
  });
  if (whole) return;
  __syncthreads();
  if (a.layer_norm) {
    normalize_backward(a, rows);
    __syncthreads();
  }
  if (a.hidden != 0) {
    residual_backward(a, rows);
  } else {
    each_value(rows, a.stride, [&](std::uint32_t row, std::uint32_t k) {
      a.in_gradient[std::size_t{row} * a.stride + k] = a.residual[std::size_t{row} * a.stride + k];
    });
  }
}

// Sum over the rows of left[row][m] right[row][n], at target + m target_stride + n; `left` nullptr: ones, one row of m.
struct WeightGradient {
  const float* left;
  const float* right;
  std::uint32_t left_stride;
  std::uint32_t right_stride;
  std::uint32_t num_left;
  std::uint32_t num_right;
  std::uint32_t target_stride;
  float* target;
};

struct WeightGradients {
  static constexpr std::uint32_t kMost = 6;
  WeightGradient of[kMost];
  std::uint32_t count = 0;
};

constexpr std::uint32_t kRowParts = 8;  // of the rows, a warp for each

// Block (piece, array): a piece is one m and the 32 n of the lanes.
__global__ void __launch_bounds__(kRowParts* kWarpSize) weight_kernel(WeightGradients gradients, std::uint32_t batch) {
  SHARED(sums, float[kRowParts][kWarpSize]);
  const WeightGradient& own = gradients.of[blockIdx.y];
  const std::uint32_t pieces = (own.num_right + kWarpSize - 1) / kWarpSize;
  const std::uint32_t m = blockIdx.x / pieces;
  const std::uint32_t lane = threadIdx.x % kWarpSize;
  const std::uint32_t n = blockIdx.x % pieces * kWarpSize + lane;
  const std::uint32_t part = threadIdx.x / kWarpSize;
  if (m >= own.num_left) return;
  float sum = 0.0f;
  if (n < own.num_right) {
#pragma unroll 4
    for (std::uint32_t row = part; row < batch; row += kRowParts) {
      const float left = own.left != nullptr ? own.left[std::size_t{row} * own.left_stride + m] : 1.0f;
      sum = fmaf(left, own.right[std::size_t{row} * own.right_stride + n], sum);
    }
  }
  sums[part][lane] = sum;
  __syncthreads();
  if (part != 0 || n >= own.num_right) return;
  float total = 0.0f;
  for (std::uint32_t p = 0; p < kRowParts; ++p) total += sums[p][lane];
  own.target[std::size_t{m} * own.target_stride + n] = total;
}

}  // namespace
}  // namespace palate::k_cuda
