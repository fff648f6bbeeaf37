// Weighted sums of the rows that a list names, where a weight may depend on the row's product with another vector: what
// training on counts and by least squares do for each row of theirs, a block a row.
//
//   target += sum over n of w_n table[others[n]],  w_n = weigh(n, query . table[others[n]])
//
// A tile of 64 pairs at a time: each warp takes products, then each thread has a column. So a row comes from memory
// once, and from the nearest cache the second time: 4 bytes a component, bound by L2 where it holds the table (5.5 TB/s
// on an H100). Any stride that is a multiple of 16. Sums are float32 in an order that depends on the shape alone.
#pragma once

#include "cuda/dialect.h"
#include "cuda/warp.h"

namespace palate::k_cuda {

inline constexpr std::uint32_t kPairThreads = 256;
inline constexpr std::uint32_t kPairTile = 64;

struct PairSums {
  float weights[kPairTile];
  float parts[kPairThreads];
};

// query . columns [0, width) of a row, in every lane of a warp.
__device__ __forceinline__ float warp_dot(const float* query, const float* row, std::uint32_t width) {
  float sum = 0;
  for (std::uint32_t k = threadIdx.x % kWarpSize; k < width; k += kWarpSize) sum = fmaf(query[k], row[k], sum);
  return warp_sum(sum);
}

// Columns of the target as threads share them: where there are fewer than threads, `groups` of threads take turns with
// the pairs.
struct PairColumns {
  std::uint32_t width, groups, group, column;

  __device__ explicit PairColumns(std::uint32_t stride) {
    width = stride < kPairThreads ? stride : kPairThreads;
    groups = kPairThreads / width;
    group = threadIdx.x / width;
    column = threadIdx.x % width;
  }

  // Of column threadIdx.x, behind a barrier: what each group has in `parts`.
  __device__ float total(const float* parts) const {
    float total = parts[threadIdx.x];
    for (std::uint32_t g = 1; g < groups; ++g) total += parts[g * width + threadIdx.x];
    return total;
  }
};

__device__ __forceinline__ float sum_column(const float* weights, const float* table, std::size_t stride,
                                            const std::uint32_t* others, std::uint32_t size, std::uint32_t first,
                                            std::uint32_t step, std::uint32_t column, float sum) {
#pragma unroll 4
  for (std::uint32_t n = first; n < size; n += step) {
    sum = fmaf(weights[n], table[others[n] * stride + column], sum);
  }
  return sum;
}

// All threads of the block call it; a second call needs a barrier before it. Thread t alone reads and writes columns t,
// t + kPairThreads and so on of the target, which may lie anywhere. weigh(n, product) is called once a pair, by lane 0
// of a warp; with kScored false the query is not read, and the product is 0.
template <bool kScored, typename Weigh>
__device__ void add_pairs(PairSums& sums, float* target, const float* query, const float* table, std::uint32_t stride,
                          const std::uint32_t* others, std::uint32_t count, Weigh weigh) {
  constexpr std::uint32_t kWarps = kPairThreads / kWarpSize;
  const std::uint32_t warp = threadIdx.x / kWarpSize;
  const PairColumns place(stride);
  const bool narrow = stride <= kPairThreads;
  float part = 0;
  for (std::uint32_t begin = 0; begin < count; begin += kPairTile) {
    const std::uint32_t size = count - begin < kPairTile ? count - begin : kPairTile;
    const std::uint32_t* names = others + begin;
    for (std::uint32_t n = warp; n < size; n += kWarps) {
      float product = 0;
      if constexpr (kScored) product = warp_dot(query, table + std::size_t{names[n]} * stride, stride);
      if (threadIdx.x % kWarpSize == 0) sums.weights[n] = weigh(begin + n, product);
    }
    __syncthreads();
    if (narrow) {
      if (place.group < place.groups) {
        part = sum_column(sums.weights, table, stride, names, size, place.group, place.groups, place.column, part);
      }
    } else {
      for (std::uint32_t k = threadIdx.x; k < stride; k += kPairThreads) {
        target[k] += sum_column(sums.weights, table, stride, names, size, 0, 1, k, 0.0f);
      }
    }
    __syncthreads();  // before the next weights
  }
  if (!narrow) return;
  sums.parts[threadIdx.x] = part;
  __syncthreads();
  if (threadIdx.x < stride) target[threadIdx.x] += place.total(sums.parts);
}

}  // namespace palate::k_cuda
