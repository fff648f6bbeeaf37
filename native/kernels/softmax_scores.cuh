// Losses of a group of rows. Blocks score tiles of rows and items, and keep for each row of their part of the items the
// largest logit, the sum of exponentials of the distance to it, and the logits of the targets; the parts are merged in
// their order. Logits never reach global memory.
#pragma once

#include <math.h>

#include "cuda/warp.h"
#include "kernels/softmax_tile.cuh"

namespace palate::k_cuda {
namespace {

// The sum of exp(s - origin) over some logits, none of which is above `origin`.
struct Exponentials {
  float origin = kMasked;
  float sum = 0.0f;

  __device__ __forceinline__ void merge(float other_origin, float other_sum) {
    const float largest = fmaxf(origin, other_origin);
    sum = sum * expf(origin - largest) + other_sum * expf(other_origin - largest);
    origin = largest;
  }
};

__device__ __forceinline__ std::uint32_t group_size(const SoftmaxArrays& a) { return a.end_row - a.first_row; }

// The rows of h from `row` of the group on.
__device__ __forceinline__ RowRange hidden_rows(const SoftmaxArrays& a, std::uint32_t row) {
  return {a.output + (std::size_t{a.first_row} + row) * a.stride, group_size(a) - row, a.stride};
}

__device__ __forceinline__ RowRange output_rows(const SoftmaxArrays& a, std::uint32_t item) {
  return {a.outputs.values + std::size_t{item} * a.stride, a.num_items - item, a.stride};
}

// Turns products into logits, in place.
template <std::uint32_t kThreadRows>
__device__ __forceinline__ void add_biases(const SoftmaxArrays& a, float (&sums)[kThreadRows][kThreadItems],
                                           std::uint32_t first_item) {
  if (a.biases.size == 0) return;
#pragma unroll
  for (std::uint32_t j = 0; j < kThreadItems; ++j) {
    const float bias = first_item + j < a.num_items ? a.biases.values[first_item + j] : 0.0f;
#pragma unroll
    for (std::uint32_t i = 0; i < kThreadRows; ++i) sums[i][j] += bias;
  }
}

// The item that is no candidate for a row of the group; num_items: none.
__device__ __forceinline__ std::uint32_t masked_item(const SoftmaxArrays& a, std::uint32_t row) {
  return a.self_mask && row < group_size(a) ? a.rows[a.first_row + row].item : a.num_items;
}

// Of an entry: see SoftmaxTargets.
__device__ __forceinline__ std::uint32_t place_of(std::uint32_t entry) { return entry % (1u << kSoftmaxPlaceBits); }
__device__ __forceinline__ std::uint32_t count_of(std::uint32_t entry) { return entry >> kSoftmaxPlaceBits; }

// Calls visit(row of the tile, item of the panel, first entry of the chunk, this one, their end) for the targets of the
// tile that are the thread's: blocks of kSoftmaxRows rows have as many threads each. A panel is half a chunk.
template <std::uint32_t kThreadRows, typename Visit>
__device__ __forceinline__ void each_target(const SoftmaxArrays& a, std::uint32_t first_row, std::uint32_t panel,
                                            Visit visit) {
  constexpr std::uint32_t kHalves = kSoftmaxChunk / kTileItems;
  constexpr std::uint32_t kBlockThreads = kTileThreads / (TileMemory<kThreadRows>::kRows / kSoftmaxRows);
  const std::uint32_t first = threadIdx.x / kBlockThreads * kSoftmaxRows;  // row of the tile
  if (first_row + first >= group_size(a)) return;
  const SoftmaxTargets& targets = a.targets[(a.first_row + first_row + first) / kSoftmaxRows];
  const std::uint32_t chunk = panel / kHalves;
  const std::uint32_t* begin = targets.entries + (chunk == 0 ? 0 : targets.ends[chunk - 1]);
  const std::uint32_t* end = targets.entries + targets.ends[chunk];
  for (const std::uint32_t* e = begin + threadIdx.x % kBlockThreads; e < end; e += kBlockThreads) {
    const std::uint32_t item = place_of(*e) / kSoftmaxRows;
    if (item / kTileItems != panel % kHalves) continue;
    visit(first + *e % kSoftmaxRows, item % kTileItems, begin, e, end);
  }
}

// Where part `part` of `parts` about equal ones begins.
__device__ __forceinline__ std::uint32_t first_panel(std::uint32_t panels, std::uint32_t parts, std::uint32_t part) {
  const std::uint32_t larger = panels % parts;  // the first ones have one more
  return panels / parts * part + (part < larger ? part : larger);
}

// Block (part, tile of rows).
template <std::uint32_t kThreadRows>
__global__ void __launch_bounds__(kTileThreads, 2) score_kernel(SoftmaxArrays a) {
  using Memory = TileMemory<kThreadRows>;
  SHARED(memory, Memory);
  constexpr std::uint32_t kRows = Memory::kRows;
  const std::uint32_t first_row = blockIdx.y * kRows;
  const std::uint32_t x = threadIdx.x % kTileSide;
  const std::uint32_t y = threadIdx.x / kTileSide * kThreadRows;
  const std::uint32_t part = blockIdx.x;
  Exponentials own[kThreadRows];
  float target = 0.0f;
  const std::uint32_t end = first_panel(a.panels, a.score_parts, part + 1);
  for (std::uint32_t panel = first_panel(a.panels, a.score_parts, part); panel < end; ++panel) {
    const std::uint32_t first_item = panel * kTileItems;
    float sums[kThreadRows][kThreadItems];
    dot_tile<kThreadRows>(sums, hidden_rows(a, first_row), output_rows(a, first_item), memory);
    add_biases<kThreadRows>(a, sums, first_item + x * kThreadItems);
#pragma unroll
    for (std::uint32_t i = 0; i < kThreadRows; ++i) {
      const std::uint32_t masked = masked_item(a, first_row + y + i);
      store4(&memory.product[y + i][x * kThreadItems], make_float4(sums[i][0], sums[i][1], sums[i][2], sums[i][3]));
      float largest = own[i].origin;
#pragma unroll
      for (std::uint32_t j = 0; j < kThreadItems; ++j) {
        const std::uint32_t item = first_item + x * kThreadItems + j;
        if (item == masked) sums[i][j] = kMasked;
        if (item < a.num_items) largest = fmaxf(largest, sums[i][j]);
      }
      own[i].sum *= expf(own[i].origin - largest);
      own[i].origin = largest;
#pragma unroll
      for (std::uint32_t j = 0; j < kThreadItems; ++j) {
        if (first_item + x * kThreadItems + j < a.num_items) own[i].sum += expf(sums[i][j] - largest);
      }
    }
    __syncthreads();
    each_target<kThreadRows>(
        a, first_row, panel,
        [&](std::uint32_t row, std::uint32_t item, const std::uint32_t*, const std::uint32_t* e, const std::uint32_t*) {
          target = fmaf(static_cast<float>(count_of(*e)), memory.product[row][item], target);
        });
    // The next tile's products are stored only behind the barriers of its dot products.
  }
  const std::size_t base = std::size_t{part} * group_size(a);
#pragma unroll
  for (std::uint32_t i = 0; i < kThreadRows; ++i) {
#pragma unroll
    for (std::uint32_t lanes = kTileSide / 2; lanes != 0; lanes /= 2) {
      const float other = __shfl_xor_sync(kAllLanes, own[i].origin, lanes);
      const float sum = __shfl_xor_sync(kAllLanes, own[i].sum, lanes);
      own[i].merge(other, sum);
    }
    const std::uint32_t row = first_row + y + i;
    if (x != 0 || row >= group_size(a)) continue;
    a.part_origin[base + row] = own[i].origin;
    a.part_sum[base + row] = own[i].sum;
  }
  const double sum = block_sum<kTileThreads>(static_cast<double>(target));
  if (threadIdx.x == 0) a.part_target[part * gridDim.y + blockIdx.y] = sum;
}

constexpr std::uint32_t kMergeThreads = 256;

// A warp for each row: its normalizer and its loss. That of a tile's first row has the targets of all of them.
__global__ void __launch_bounds__(kMergeThreads) merge_parts_kernel(SoftmaxArrays a) {
  const std::uint32_t row = (blockIdx.x * kMergeThreads + threadIdx.x) / kWarpSize;
  const std::uint32_t lane = threadIdx.x % kWarpSize;
  const std::uint32_t group = group_size(a);
  if (row >= group) return;
  Exponentials all;
  double target = 0;
  for (std::uint32_t part = lane; part < a.score_parts; part += kWarpSize) {
    const std::size_t at = std::size_t{part} * group + row;
    all.merge(a.part_origin[at], a.part_sum[at]);
    if (row % a.tile_rows == 0) target += a.part_target[part * ((group - 1) / a.tile_rows + 1) + row / a.tile_rows];
  }
  for (std::uint32_t lanes = kWarpSize / 2; lanes != 0; lanes /= 2) {
    const float origin = __shfl_xor_sync(kAllLanes, all.origin, lanes);
    const float sum = __shfl_xor_sync(kAllLanes, all.sum, lanes);
    all.merge(origin, sum);
  }
  target = warp_sum(target);
  if (lane != 0) return;
  const float normalizer = all.origin + logf(all.sum);
  a.normalizer[row] = normalizer;
  const double total = a.rows[a.first_row + row].total;
  a.losses[a.first_row + row] += total * static_cast<double>(normalizer) - target;
}

}  // namespace
}  // namespace palate::k_cuda
