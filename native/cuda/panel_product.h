// Products of all rows of one panel with all rows of others, sixty-four at a time in each thread's registers.
//
// A block of 128 threads multiplies 64 queries with 128 items: 2 x 2 warps of 32 x 64, 4 x 8 lanes of 8 x 8. A slab of
// 16 components of both passes through shared memory while the next one is on its way. For each component a thread
// loads four times 16 bytes from there for 64 multiply-adds, which take an SM as long; a float that comes from memory
// is multiplied 64 or 128 times.
#pragma once

#include "cuda/panels.h"

namespace palate::k_cuda {

inline constexpr std::uint32_t kQueryPanel = 64;
inline constexpr std::uint32_t kItemPanel = 128;
inline constexpr std::uint32_t kProductThreads = 128;

// Products of one thread: of queries query_at(i) with items item_at(j) of the panels.
using ProductTile = float[8][8];

struct ProductPlace {
  std::uint32_t query, item;  // first ones

  __device__ ProductPlace() {
    const std::uint32_t warp = threadIdx.x / kWarpSize;
    const std::uint32_t lane = threadIdx.x % kWarpSize;
    query = warp / 2 * 32 + lane / 8 * 4;
    item = warp % 2 * 64 + lane % 8 * 4;
  }
  // Two groups of four: neighbouring lanes load neighbouring 16 bytes.
  __device__ std::uint32_t query_at(std::uint32_t i) const { return query + i / 4 * 16 + i % 4; }
  __device__ std::uint32_t item_at(std::uint32_t j) const { return item + j / 4 * 32 + j % 4; }
};

struct ProductSlabs {
  float queries[2][kSlab][kQueryPanel];
  float items[2][kSlab][kItemPanel];
};

// Starts to copy slab `slab` of both panels into half `half`.
__device__ __forceinline__ void copy_slab(ProductSlabs& slabs, std::uint32_t half, const float* queries,
                                          const float* items, std::uint32_t slab) {
  constexpr std::uint32_t kFloats = 4;  // of a copy
  const float* query_source = queries + std::size_t{slab} * kSlab * kQueryPanel;
  const float* item_source = items + std::size_t{slab} * kSlab * kItemPanel;
  float* query_target = &slabs.queries[half][0][0];
  float* item_target = &slabs.items[half][0][0];
#pragma unroll
  for (std::uint32_t n = 0; n < kSlab * kQueryPanel; n += kProductThreads * kFloats) {
    const std::uint32_t at = n + threadIdx.x * kFloats;
    __pipeline_memcpy_async(query_target + at, query_source + at, kFloats * sizeof(float));
  }
#pragma unroll
  for (std::uint32_t n = 0; n < kSlab * kItemPanel; n += kProductThreads * kFloats) {
    const std::uint32_t at = n + threadIdx.x * kFloats;
    __pipeline_memcpy_async(item_target + at, item_source + at, kFloats * sizeof(float));
  }
}

__device__ __forceinline__ void load_eight(float (&values)[8], const float* first, const float* second) {
  const float4 a = *reinterpret_cast<const float4*>(first);
  const float4 b = *reinterpret_cast<const float4*>(second);
  values[0] = a.x;
  values[1] = a.y;
  values[2] = a.z;
  values[3] = a.w;
  values[4] = b.x;
  values[5] = b.y;
  values[6] = b.z;
  values[7] = b.w;
}

__device__ __forceinline__ void clear(ProductTile& tile) {
#pragma unroll
  for (std::uint32_t i = 0; i < 8; ++i) {
#pragma unroll
    for (std::uint32_t j = 0; j < 8; ++j) tile[i][j] = 0;
  }
}

// tile += products of the components in half `half`, in their order.
__device__ __forceinline__ void multiply_slab(const ProductSlabs& slabs, std::uint32_t half, const ProductPlace& place,
                                              ProductTile& tile) {
#pragma unroll
  for (std::uint32_t k = 0; k < kSlab; ++k) {
    float q[8], x[8];
    load_eight(q, &slabs.queries[half][k][place.query], &slabs.queries[half][k][place.query + 16]);
    load_eight(x, &slabs.items[half][k][place.item], &slabs.items[half][k][place.item + 32]);
#pragma unroll
    for (std::uint32_t i = 0; i < 8; ++i) {
#pragma unroll
      for (std::uint32_t j = 0; j < 8; ++j) tile[i][j] = fmaf(q[i], x[j], tile[i][j]);
    }
  }
}

// Multiplies panel `queries` with panels begin ... end - 1 of `items`, both of `depth` components a row, and hands the
// products of each to take(panel, tile), which may use barriers. All threads call it, behind a barrier. Each product is
// summed over the components in their order, whatever the panel.
template <typename Take>
__device__ void multiply_panels(ProductSlabs& slabs, const float* queries, const float* items, std::uint32_t depth,
                                std::uint32_t begin, std::uint32_t end, Take take) {
  const ProductPlace place;
  const std::uint32_t num_slabs = depth / kSlab;
  const std::size_t panel_floats = std::size_t{depth} * kItemPanel;
  ProductTile tile;
  std::uint32_t half = 0;
  if (begin < end) copy_slab(slabs, half, queries, items + begin * panel_floats, 0);
  __pipeline_commit();
  for (std::uint32_t panel = begin; panel < end; ++panel) {
    clear(tile);
    for (std::uint32_t slab = 0; slab < num_slabs; ++slab) {
      __pipeline_wait_prior(0);
      __syncthreads();  // all have copied this half, and are done with the other
      const bool last = slab + 1 == num_slabs;
      if (!last || panel + 1 < end) {
        copy_slab(slabs, half ^ 1, queries, items + (last ? panel + 1 : panel) * panel_floats, last ? 0 : slab + 1);
      }
      __pipeline_commit();
      multiply_slab(slabs, half, place, tile);
      half ^= 1;
    }
    take(panel, tile);
  }
}

}  // namespace palate::k_cuda
