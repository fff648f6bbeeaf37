// Gradients of a group of rows. A block owns panels of items: it walks over all rows of the group, makes the tile of
// logits' gradients
//
//   g_ij = weight_i exp(s_ij - normalizer_i) - share C_ij
//
// once more, and takes both products with it: with h for the items' gradients, which nobody else touches, and with the
// items for its part of the gradients of h. The parts are added in the order of blocks by softmax_network.cuh.
#pragma once

#include "kernels/softmax_adam.cuh"
#include "kernels/softmax_scores.cuh"

namespace palate::k_cuda {
namespace {

// Takes the targets of the panel out of the tile. Counts that take several entries stand side by side: the thread of
// the first of them takes all.
template <std::uint32_t kThreadRows>
__device__ __forceinline__ void subtract_targets(const SoftmaxArrays& a, std::uint32_t first_row, std::uint32_t panel,
                                                 TileMemory<kThreadRows>& memory) {
  each_target<kThreadRows>(a, first_row, panel,
                           [&](std::uint32_t row, std::uint32_t item, const std::uint32_t* begin,
                               const std::uint32_t* entry, const std::uint32_t* end) {
                             const std::uint32_t place = place_of(*entry);
                             if (entry != begin && place_of(entry[-1]) == place) return;
                             std::uint32_t count = 0;
                             for (const std::uint32_t* e = entry; e < end && place_of(*e) == place; ++e) {
                               count += count_of(*e);
                             }
                             float& gradient = memory.product[row][item];
                             gradient = fmaf(-static_cast<float>(count), a.share, gradient);
                           });
}

// The tile of g in memory.product; zeros where there are no rows or items. Ends with a barrier.
template <std::uint32_t kThreadRows>
__device__ __forceinline__ void gradient_tile(const SoftmaxArrays& a, std::uint32_t first_row, std::uint32_t panel,
                                              TileMemory<kThreadRows>& memory) {
  const std::uint32_t x = threadIdx.x % kTileSide * kThreadItems;
  const std::uint32_t y = threadIdx.x / kTileSide * kThreadRows;
  const std::uint32_t first_item = panel * kTileItems;
  float sums[kThreadRows][kThreadItems];
  dot_tile<kThreadRows>(sums, hidden_rows(a, first_row), output_rows(a, first_item), memory);
  add_biases<kThreadRows>(a, sums, first_item + x);
#pragma unroll
  for (std::uint32_t i = 0; i < kThreadRows; ++i) {
    const std::uint32_t row = first_row + y + i;
    const bool exists = row < group_size(a);
    const float normalizer = exists ? a.normalizer[row] : 0.0f;
    const std::uint32_t masked = masked_item(a, row);
    const float weight = exists ? a.rows[a.first_row + row].weight : 0.0f;
#pragma unroll
    for (std::uint32_t j = 0; j < kThreadItems; ++j) {
      const std::uint32_t item = first_item + x + j;
      if (item == masked) sums[i][j] = kMasked;
      sums[i][j] = exists && item < a.num_items ? weight * expf(sums[i][j] - normalizer) : 0.0f;
    }
    store4(&memory.product[y + i][x], make_float4(sums[i][0], sums[i][1], sums[i][2], sums[i][3]));
  }
  __syncthreads();
  subtract_targets<kThreadRows>(a, first_row, panel, memory);
  __syncthreads();
}

// Writes or adds four values.
__device__ __forceinline__ void collect(float* target, const float (&values)[4], bool add) {
  float4 sum = make_float4(values[0], values[1], values[2], values[3]);
  if (add) {
    const float4 old = load4(target);
    sum = make_float4(old.x + sum.x, old.y + sum.y, old.z + sum.z, old.w + sum.w);
  }
  store4(target, sum);
}

// Items [panel's begin, its end) get what the tile's rows add to their gradients.
template <std::uint32_t kThreadRows>
__device__ __forceinline__ void add_item_gradients(const SoftmaxArrays& a, std::uint32_t first_row, std::uint32_t panel,
                                                   TileMemory<kThreadRows>& memory) {
  const std::uint32_t x = threadIdx.x % kTileSide * 4;
  const std::uint32_t first_item = panel * kTileItems + threadIdx.x / kTileSide * kThreadItems;
  const bool add = a.first_row + first_row != 0;
  for (std::uint32_t column = 0; column < a.stride; column += kTileItems) {
    float sums[kThreadItems][4];
    multiply_down<kThreadRows>(sums, hidden_rows(a, first_row), column, memory);
    if (column + x >= a.stride) continue;
#pragma unroll
    for (std::uint32_t i = 0; i < kThreadItems; ++i) {
      const std::uint32_t item = first_item + i;
      if (item < a.num_items) collect(a.outputs.gradient + std::size_t{item} * a.stride + column + x, sums[i], add);
    }
  }
}

// The block's part of the gradients of h for the tile's rows.
template <std::uint32_t kThreadRows>
__device__ __forceinline__ void add_row_gradients(const SoftmaxArrays& a, std::uint32_t first_row, std::uint32_t panel,
                                                  bool add, TileMemory<kThreadRows>& memory) {
  const std::uint32_t x = threadIdx.x % kTileSide * 4;
  const std::uint32_t y = threadIdx.x / kTileSide * kThreadRows;
  float* part = a.parts + std::size_t{blockIdx.x} * group_size(a) * a.stride;
  for (std::uint32_t column = 0; column < a.stride; column += kTileItems) {
    float sums[kThreadRows][4];
    multiply_along<kThreadRows>(sums, output_rows(a, panel * kTileItems), column, memory);
    if (column + x >= a.stride) continue;
#pragma unroll
    for (std::uint32_t i = 0; i < kThreadRows; ++i) {
      const std::uint32_t row = first_row + y + i;
      if (row < group_size(a)) collect(part + std::size_t{row} * a.stride + column + x, sums[i], add);
    }
  }
}

// Gradients of the biases of a panel. Thread (item, quarter) sums every fourth row of each tile.
struct BiasSums {
  static constexpr std::uint32_t kQuarters = kTileThreads / kTileItems;
  float sum = 0.0f;

  template <std::uint32_t kThreadRows>
  __device__ __forceinline__ void add(const TileMemory<kThreadRows>& memory) {
    const std::uint32_t item = threadIdx.x % kTileItems;
    for (std::uint32_t row = threadIdx.x / kTileItems; row < TileMemory<kThreadRows>::kRows; row += kQuarters) {
      sum += memory.product[row][item];
    }
  }

  // Behind a barrier since the last use of the memory, and ends with one.
  template <std::uint32_t kThreadRows>
  __device__ __forceinline__ void write(const SoftmaxArrays& a, std::uint32_t panel, TileMemory<kThreadRows>& memory) {
    const std::uint32_t item = panel * kTileItems + threadIdx.x;
    memory.items[threadIdx.x / kTileItems][threadIdx.x % kTileItems] = sum;
    __syncthreads();
    if (threadIdx.x < kTileItems && item < a.num_items) {
      float total = a.first_row != 0 ? a.biases.gradient[item] : 0.0f;
      for (std::uint32_t n = 0; n < kQuarters; ++n) total += memory.items[n][threadIdx.x];
      a.biases.gradient[item] = total;
    }
    __syncthreads();
  }
};

// A block for some successive panels. `step`: takes AdamW's step of the panel at once, which is right when nothing else
// adds to its gradient and nobody waits for the norm.
template <std::uint32_t kThreadRows>
__global__ void __launch_bounds__(kTileThreads, 2) gradient_kernel(SoftmaxArrays a, bool step) {
  using Memory = TileMemory<kThreadRows>;
  SHARED(memory, Memory);
  const std::uint32_t begin = first_panel(a.panels, a.panel_blocks, blockIdx.x);
  const std::uint32_t end = first_panel(a.panels, a.panel_blocks, blockIdx.x + 1);
  for (std::uint32_t panel = begin; panel < end; ++panel) {
    BiasSums biases;
    for (std::uint32_t row = 0; row < group_size(a); row += Memory::kRows) {
      gradient_tile<kThreadRows>(a, row, panel, memory);
      if (a.biases.size != 0) biases.add(memory);
      add_item_gradients<kThreadRows>(a, row, panel, memory);
      add_row_gradients<kThreadRows>(a, row, panel, panel != begin, memory);
    }
    if (a.biases.size != 0) biases.write(a, panel, memory);
    if (!step) continue;
    // Other threads of the block wrote these gradients, before the barriers of the rows' ones.
    const std::uint32_t first = panel * kTileItems;
    const std::uint32_t last = first + kTileItems < a.num_items ? first + kTileItems : a.num_items;
    step_range(a, a.outputs, std::size_t{first} * a.stride, std::size_t{last} * a.stride);
    if (a.biases.size != 0) step_range(a, a.biases, first, last);
  }
}

}  // namespace
}  // namespace palate::k_cuda
