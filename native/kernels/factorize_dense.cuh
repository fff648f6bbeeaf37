// All pairs with their products, for dim >= num_items: residuals R = V V^T - t(X), a chunk of columns at a time, each
// of which gives its rows of the gradient R V, as R is symmetric. Chunks stay in L2 on their way; their width changes
// no bits. Part of factorize_counts.cu.
#pragma once

#include <algorithm>

#include "cuda/products.h"
#include "cuda/search.h"
#include "cuda/warp.h"
#include "kernels/factorize_rows.cuh"

namespace palate::k_cuda {
namespace {

// Tiles of a chunk for each block that a device runs at a time: few, so that a chunk fits in L2.
constexpr std::uint32_t kTileRounds = 2;
constexpr std::uint32_t kTilesAtOnce = 4;  // of a multiprocessor

struct Residuals {
  Product product;  // of a chunk
  CountRows rows;
  const float* targets;
  double* squares;              // (tiles of all pairs, by rows)
  std::uint32_t first;          // column of the chunk
  std::uint32_t tiles_of_rows;  // tiles side by side, of all chunks
};

union TileMemory {
  ProductSlabs slabs;
  float values[kQueryPanel][kItemPanel];
};

// Subtracts the targets of a tile's row from it, and clears the diagonal.
__device__ inline void subtract_targets(const Residuals& r, float* values, std::uint32_t item, std::uint32_t column) {
  const std::uint32_t lane = threadIdx.x % kWarpSize;
  const std::uint64_t begin = r.rows.offsets[item];
  const std::uint64_t size = r.rows.offsets[item + 1] - begin;
  const std::uint32_t* items = r.rows.items + begin;
  for (std::uint64_t n = first_from(items, size, column) + lane; n < size && items[n] < column + kItemPanel;
       n += kWarpSize) {
    values[items[n] - column] -= r.targets[r.rows.counts[begin + n]];
  }
  if (lane == 0 && item >= column && item < column + kItemPanel) values[item - column] = 0;
}

__global__ void __launch_bounds__(kProductThreads) residual_kernel(const __grid_constant__ Residuals r) {
  constexpr std::uint32_t kWarps = kProductThreads / kWarpSize;
  constexpr std::uint32_t kFours = kItemPanel / 4;
  SHARED(memory, TileMemory);
  const TileRange range = {blockIdx.y * kQueryPanel, blockIdx.x * kItemPanel, 0, r.product.depth};
  ProductTile tile;
  multiply_tile(memory.slabs, r.product, range, tile);
  __syncthreads();  // the slabs make room
  const ProductPlace place;
#pragma unroll
  for (std::uint32_t i = 0; i < 8; ++i) {
#pragma unroll
    for (std::uint32_t j = 0; j < 8; ++j) memory.values[place.query_at(i)][place.item_at(j)] = tile[i][j];
  }
  __syncthreads();
  const std::uint32_t rows = min(kQueryPanel, r.product.rows - range.row);
  for (std::uint32_t row = threadIdx.x / kWarpSize; row < rows; row += kWarps) {
    subtract_targets(r, memory.values[row], range.row + row, r.first + range.column);
  }
  __syncthreads();
  double squares = 0;
  for (std::uint32_t n = threadIdx.x; n < rows * kFours; n += kProductThreads) {
    const std::uint32_t row = n / kFours;
    const std::uint32_t column = n % kFours * 4;
    if (range.column + column >= r.product.columns) continue;
    const float4 four = *reinterpret_cast<const float4*>(&memory.values[row][column]);
    for (const float value : {four.x, four.y, four.z, four.w}) {
      squares += static_cast<double>(value) * static_cast<double>(value);
    }
    *reinterpret_cast<float4*>(r.product.result + (range.row + row) * r.product.result_stride + range.column + column) =
        four;
  }
  squares = block_sum<kProductThreads>(squares);
  if (threadIdx.x != 0) return;
  r.squares[std::size_t{blockIdx.y} * r.tiles_of_rows + r.first / kItemPanel + blockIdx.x] = squares;
}

struct DenseKeys {
  char turned, residuals, squares;
};
constexpr DenseKeys kDenseKeys = {};

struct DenseStep {
  const float* vectors;
  float* gradients;  // gets R V
  CountRows rows;
  const float* targets;
  std::uint32_t num_items, stride;
};

// Queues gradients; returns where the squares of the residuals lie, and how many parts they have.
const double* queue_residuals(DeviceMemory& device, const DenseStep& d, std::size_t& parts) {
  const std::uint32_t row_tiles = blocks_of(d.num_items, kQueryPanel);
  const std::uint32_t wanted = device.multiprocessors() * kTilesAtOnce * kTileRounds;
  const std::uint32_t padded = turned_stride(d.num_items);
  const std::uint32_t width = std::min(blocks_of(padded, kItemPanel), blocks_of(wanted, row_tiles)) * kItemPanel;
  float* turned = device.scratch<float>(&kDenseKeys.turned, std::size_t{d.stride} * padded);
  turn(device, turned, d.vectors, d.num_items, d.stride);
  Residuals r = {};
  r.rows = d.rows;
  r.targets = d.targets;
  r.tiles_of_rows = blocks_of(padded, kItemPanel);
  parts = std::size_t{row_tiles} * r.tiles_of_rows;
  r.squares = device.scratch<double>(&kDenseKeys.squares, parts);
  r.product.result = device.scratch<float>(&kDenseKeys.residuals, std::size_t{d.num_items} * width);
  r.product.result_stride = width;
  r.product.left = turned;
  r.product.left_stride = r.product.right_stride = padded;
  r.product.rows = d.num_items;
  r.product.depth = d.stride;
  Product gradient;
  gradient.result_stride = gradient.right_stride = d.stride;
  gradient.left = r.product.result;
  gradient.left_stride = width;
  gradient.right = d.vectors;
  gradient.columns = d.stride;
  gradient.depth = d.num_items;
  for (r.first = 0; r.first < d.num_items; r.first += width) {
    r.product.right = turned + r.first;
    r.product.columns = std::min(width, padded - r.first);
    const dim3 grid(blocks_of(r.product.columns, kItemPanel), row_tiles);
    device.launch(residual_kernel, grid, kProductThreads, 0, r);
    gradient.result = d.gradients + std::size_t{r.first} * d.stride;
    gradient.rows = std::min(width, d.num_items - r.first);
    multiply(device, gradient);
  }
  return r.squares;
}

}  // namespace
}  // namespace palate::k_cuda
