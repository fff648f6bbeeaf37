// Rows of factors across the lanes of a warp: lane l has `width` neighbouring floats from column width * l on, and
// again 32 * width further on. Rows are padded with zeros to whole 64 bytes, so a lane's floats are all inside or all
// outside.
#pragma once

#include "cuda/warp.h"
#include "math/scalar.h"

namespace palate::k_cuda {

// One aligned load or store.
template <int width>
struct alignas(4 * width) Slice {
  float v[width];
};

template <int width>
__device__ __forceinline__ Slice<width> load_slice(const float* at) {
  return *reinterpret_cast<const Slice<width>*>(at);
}

template <int width>
__device__ __forceinline__ void store_slice(float* at, const Slice<width>& slice) {
  *reinterpret_cast<Slice<width>*>(at) = slice;
}

template <int width>
__device__ __forceinline__ Slice<width> zero_slice() {
  Slice<width> slice;
  for (int n = 0; n < width; ++n) slice.v[n] = 0.0f;
  return slice;
}

// target += weight * other
template <int width>
__device__ __forceinline__ void add_slice(Slice<width>& target, float weight, const Slice<width>& other) {
  for (int n = 0; n < width; ++n) target.v[n] = fma(weight, other.v[n], target.v[n]);
}

template <int width>
__device__ __forceinline__ float dot_slices(const Slice<width>& a, const Slice<width>& b, float sum) {
  for (int n = 0; n < width; ++n) sum = fma(a.v[n], b.v[n], sum);
  return sum;
}

__device__ __forceinline__ unsigned lane_of_thread() { return threadIdx.x % kWarpSize; }
__device__ __forceinline__ unsigned warp_of_thread() { return threadIdx.x / kWarpSize; }
__device__ __forceinline__ std::uint32_t warp_of_grid() {
  return blockIdx.x * (blockDim.x / kWarpSize) + warp_of_thread();
}

__device__ __forceinline__ std::size_t row_start(std::uint32_t row, std::uint32_t stride) {
  return static_cast<std::size_t>(row) * stride;
}

// The widest slices that keep most lanes at work.
constexpr int width_for(std::uint32_t stride) { return stride <= kWarpSize ? 1 : stride <= 2 * kWarpSize ? 2 : 4; }

}  // namespace palate::k_cuda
