// Products of tiles in shared memory, by blocks of 16 x 16 threads. The next strip of the depth is read from global
// memory while this one is multiplied.
#pragma once

#include "kernels/softmax_device.cuh"

namespace palate::k_cuda {
namespace {

// Successive rows of a matrix: `count` of them exist, what lies behind reads as zeros.
struct RowRange {
  const float* values;
  std::uint32_t count;
  std::uint32_t stride;
};

template <std::uint32_t kThreadRows>
struct TileMemory {
  static constexpr std::uint32_t kRows = kThreadRows * kTileSide;
  float rows[kTileDepth][kRows + 4];
  float items[kTileDepth][kTileItems + 4];
  float product[kRows][kTileItems + 4];
};

__device__ __forceinline__ float4 load4(const float* address) { return *reinterpret_cast<const float4*>(address); }

__device__ __forceinline__ void store4(float* address, float4 value) { *reinterpret_cast<float4*>(address) = value; }

__device__ __forceinline__ float4 row_piece(const RowRange& range, std::uint32_t row, std::uint32_t column) {
  if (row >= range.count || column >= range.stride) return make_float4(0.0f, 0.0f, 0.0f, 0.0f);
  return load4(range.values + std::size_t{row} * range.stride + column);
}

__device__ __forceinline__ void add_scaled(float (&sums)[4], float factor, float4 values) {
  sums[0] = fmaf(factor, values.x, sums[0]);
  sums[1] = fmaf(factor, values.y, sums[1]);
  sums[2] = fmaf(factor, values.z, sums[2]);
  sums[3] = fmaf(factor, values.w, sums[3]);
}

// Four components of `kRows` rows from `column` on, across: a thread's share of a strip.
template <std::uint32_t kRows>
struct Strip {
  static constexpr std::uint32_t kPieces = kRows * kTileDepth / 4;
  static constexpr std::uint32_t kOwn = (kPieces + kTileThreads - 1) / kTileThreads;
  float4 pieces[kOwn] = {};

  __device__ __forceinline__ void load(const RowRange& range, std::uint32_t column) {
#pragma unroll
    for (std::uint32_t n = 0; n < kOwn; ++n) {
      const std::uint32_t piece = threadIdx.x + n * kTileThreads;
      if (piece < kPieces) pieces[n] = row_piece(range, piece / 4, column + piece % 4 * 4);
    }
  }

  __device__ __forceinline__ void store(float (&target)[kTileDepth][kRows + 4]) const {
#pragma unroll
    for (std::uint32_t n = 0; n < kOwn; ++n) {
      const std::uint32_t piece = threadIdx.x + n * kTileThreads;
      if (piece >= kPieces) continue;
      const std::uint32_t row = piece / 4;
      const std::uint32_t depth = piece % 4 * 4;
      target[depth][row] = pieces[n].x;
      target[depth + 1][row] = pieces[n].y;
      target[depth + 2][row] = pieces[n].z;
      target[depth + 3][row] = pieces[n].w;
    }
  }
};

// sums[i][j] = rows[y kThreadRows + i] . items[4 x + j] for thread (x, y). Ends with a barrier.
template <std::uint32_t kThreadRows>
__device__ __forceinline__ void dot_tile(float (&sums)[kThreadRows][kThreadItems], const RowRange& rows,
                                         const RowRange& items, TileMemory<kThreadRows>& memory) {
  constexpr std::uint32_t kRows = TileMemory<kThreadRows>::kRows;
  const std::uint32_t x = threadIdx.x % kTileSide * kThreadItems;
  const std::uint32_t y = threadIdx.x / kTileSide * kThreadRows;
#pragma unroll
  for (std::uint32_t i = 0; i < kThreadRows; ++i) {
#pragma unroll
    for (std::uint32_t j = 0; j < kThreadItems; ++j) sums[i][j] = 0.0f;
  }
  Strip<kRows> row_strip;
  Strip<kTileItems> item_strip;
  row_strip.load(rows, 0);
  item_strip.load(items, 0);
  for (std::uint32_t depth = 0; depth < rows.stride; depth += kTileDepth) {
    row_strip.store(memory.rows);
    item_strip.store(memory.items);
    __syncthreads();
    if (depth + kTileDepth < rows.stride) {
      row_strip.load(rows, depth + kTileDepth);
      item_strip.load(items, depth + kTileDepth);
    }
#pragma unroll 4
    for (std::uint32_t k = 0; k < kTileDepth; ++k) {
      const float4 item = load4(&memory.items[k][x]);
#pragma unroll
      for (std::uint32_t i = 0; i < kThreadRows; ++i) add_scaled(sums[i], memory.rows[k][y + i], item);
    }
    __syncthreads();
  }
}

// 16 rows of 64 columns, not across: a thread's share is one piece.
struct Slab {
  float4 piece;

  __device__ __forceinline__ void load(const RowRange& range, std::uint32_t row, std::uint32_t column) {
    piece = row_piece(range, row + threadIdx.x / kTileSide, column + threadIdx.x % kTileSide * 4);
  }

  __device__ __forceinline__ void store(float (&target)[kTileDepth][kTileItems + 4]) const {
    store4(&target[threadIdx.x / kTileSide][threadIdx.x % kTileSide * 4], piece);
  }
};

// sums[i][j] = sum_r product[r][4 y + i] rows[r][column + 4 x + j] over the rows of the tile. Ends with a barrier.
template <std::uint32_t kThreadRows>
__device__ __forceinline__ void multiply_down(float (&sums)[kThreadItems][4], const RowRange& rows,
                                              std::uint32_t column, TileMemory<kThreadRows>& memory) {
  constexpr std::uint32_t kRows = TileMemory<kThreadRows>::kRows;
  const std::uint32_t count = rows.count < kRows ? rows.count : kRows;
  const std::uint32_t x = threadIdx.x % kTileSide * 4;
  const std::uint32_t y = threadIdx.x / kTileSide * kThreadItems;
#pragma unroll
  for (std::uint32_t i = 0; i < kThreadItems; ++i) {
#pragma unroll
    for (std::uint32_t j = 0; j < 4; ++j) sums[i][j] = 0.0f;
  }
  Slab slab;
  slab.load(rows, 0, column);
  for (std::uint32_t row = 0; row < count; row += kTileDepth) {
    slab.store(memory.items);
    __syncthreads();
    if (row + kTileDepth < count) slab.load(rows, row + kTileDepth, column);
#pragma unroll
    for (std::uint32_t k = 0; k < kTileDepth; ++k) {
      const float4 values = load4(&memory.items[k][x]);
      const float4 factors = load4(&memory.product[row + k][y]);
      add_scaled(sums[0], factors.x, values);
      add_scaled(sums[1], factors.y, values);
      add_scaled(sums[2], factors.z, values);
      add_scaled(sums[3], factors.w, values);
    }
    __syncthreads();
  }
}

// sums[i][j] = sum_n product[y kThreadRows + i][n] items[n][column + 4 x + j] over the items of the tile. Ends with a
// barrier.
template <std::uint32_t kThreadRows>
__device__ __forceinline__ void multiply_along(float (&sums)[kThreadRows][4], const RowRange& items,
                                               std::uint32_t column, TileMemory<kThreadRows>& memory) {
  const std::uint32_t count = items.count < kTileItems ? items.count : kTileItems;
  const std::uint32_t x = threadIdx.x % kTileSide * 4;
  const std::uint32_t y = threadIdx.x / kTileSide * kThreadRows;
#pragma unroll
  for (std::uint32_t i = 0; i < kThreadRows; ++i) {
#pragma unroll
    for (std::uint32_t j = 0; j < 4; ++j) sums[i][j] = 0.0f;
  }
  Slab slab;
  slab.load(items, 0, column);
  for (std::uint32_t item = 0; item < count; item += kTileDepth) {
    slab.store(memory.items);
    __syncthreads();
    if (item + kTileDepth < count) slab.load(items, item + kTileDepth, column);
#pragma unroll
    for (std::uint32_t k = 0; k < kTileDepth; k += 2) {
      const float4 first = load4(&memory.items[k][x]);
      const float4 second = load4(&memory.items[k + 1][x]);
#pragma unroll
      for (std::uint32_t i = 0; i < kThreadRows; ++i) {
        const float2 factors = *reinterpret_cast<const float2*>(&memory.product[y + i][item + k]);
        add_scaled(sums[i], factors.x, first);
        add_scaled(sums[i], factors.y, second);
      }
    }
    __syncthreads();
  }
}

}  // namespace
}  // namespace palate::k_cuda
