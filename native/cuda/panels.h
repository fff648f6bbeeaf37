// Rows of a table as panels: kPanel rows together, turned so that equal components lie side by side. A block reads them
// 16 bytes a thread, next to each other, whatever the length of the rows, and needs no bounds.
//
//   panels[(panel * depth + k) * kPanel + row]     depth: the length of rows, rounded up to whole slabs
//
// What a panel has beyond the table's rows and their components is zero.
#pragma once

#include <cfloat>

#include "cuda/dialect.h"
#include "cuda/warp.h"

namespace palate::k_cuda {

inline constexpr std::uint32_t kSlab = 16;  // components that pass through shared memory together

constexpr std::uint32_t padded_depth(std::uint32_t dim) { return (dim + kSlab - 1) / kSlab * kSlab; }

inline constexpr std::uint32_t kPackThreads = 256;

// 1 / |row|, and 0 for a row of no normal length, in every lane of a warp. Lengths whose square leaves float32 are
// taken in float64, as topk_dot.h has it.
__device__ inline float inverse_length(const float* row, std::uint32_t dim) {
  constexpr float kShortest = 1e-30f;
  constexpr float kLongest = 1e30f;
  const std::uint32_t lane = threadIdx.x % kWarpSize;
  float squared = 0;
  for (std::uint32_t k = lane; k < dim; k += kWarpSize) squared += row[k] * row[k];
  squared = warp_sum(squared);
  if (squared > kShortest && squared < kLongest) return 1.0f / sqrtf(squared);
  double wide = 0;
  for (std::uint32_t k = lane; k < dim; k += kWarpSize) wide += static_cast<double>(row[k]) * row[k];
  const double length = sqrt(warp_sum(wide));
  return length < FLT_MIN ? 0.0f : static_cast<float>(1 / length);
}

// One block packs one panel. Row n of the panels is row rows[n] of the table, or row n where `rows` is nullptr; with
// `normalize` it has length 1, or 0. Reads each row once from memory and writes it once: 8 bytes a component.
template <std::uint32_t kPanel>
__global__ void __launch_bounds__(kPackThreads)
    pack_rows_kernel(float* panels, const float* table, const std::uint32_t* rows, std::uint32_t num_rows,
                     std::uint32_t dim, std::uint32_t depth, bool normalize) {
  static_assert(kPackThreads % kPanel == 0 || kPanel % kPackThreads == 0);
  constexpr std::uint32_t kWarps = kPackThreads / kWarpSize;
  SHARED(tile, float[kPanel][kWarpSize + 1]);  // one more than a warp: columns fall into different banks
  SHARED(scales, float[kPanel]);
  const std::uint32_t lane = threadIdx.x % kWarpSize;
  const std::uint32_t first = blockIdx.x * kPanel;
  for (std::uint32_t row = threadIdx.x / kWarpSize; row < kPanel; row += kWarps) {
    const bool exists = first + row < num_rows;
    float scale = 1;
    if (normalize && exists) {
      const std::uint32_t source = rows == nullptr ? first + row : rows[first + row];
      scale = inverse_length(table + std::size_t{source} * dim, dim);
    }
    if (lane == 0) scales[row] = scale;
  }
  __syncthreads();
  for (std::uint32_t begin = 0; begin < depth; begin += kWarpSize) {
    for (std::uint32_t row = threadIdx.x / kWarpSize; row < kPanel; row += kWarps) {
      float value = 0;
      if (first + row < num_rows && begin + lane < dim) {
        const std::uint32_t source = rows == nullptr ? first + row : rows[first + row];
        value = table[std::size_t{source} * dim + begin + lane] * scales[row];
      }
      tile[row][lane] = value;
    }
    __syncthreads();
    for (std::uint32_t n = threadIdx.x; n < kPanel * kWarpSize; n += kPackThreads) {
      const std::uint32_t k = begin + n / kPanel;
      if (k < depth) panels[(std::size_t{blockIdx.x} * depth + k) * kPanel + n % kPanel] = tile[n % kPanel][n / kPanel];
    }
    __syncthreads();
  }
}

}  // namespace palate::k_cuda
