// Products of matrices that lie on the device, in float32: tiles of 64 x 128, 128 threads, 64 multiply-adds for four
// loads of 16 bytes from shared memory. Compute-bound from a depth of about 64 on: an H100 does 67 TFLOP/s, its memory
// 3.35 TB/s, and each float that a tile loads is multiplied 64 or 128 times.
//
// Both factors have the summed index first, so that neighbouring threads load neighbouring floats whatever the shape:
//
//   result[r][c] = sum over k of left[k][r] right[k][c]
//
// Each sum is one chain in the order of k: the bits do not depend on the device. Strides are multiples of 4 and
// arrays 16-byte aligned.
#pragma once

#include "cuda/memory.h"
#include "cuda/panel_product.h"

namespace palate::k_cuda {

struct Product {
  float* result = nullptr;  // (rows, result_stride)
  std::size_t result_stride = 0;
  const float* left = nullptr;  // (depth, left_stride)
  std::size_t left_stride = 0;
  const float* right = nullptr;  // (depth, right_stride)
  std::size_t right_stride = 0;
  std::uint32_t rows = 0;     // up to the next multiple of 4, `left` has to exist
  std::uint32_t columns = 0;  // a multiple of 4
  std::uint32_t depth = 0;
};
void multiply(DeviceMemory& device, const Product& product);

// gram = sum over the rows of x x'; all of it, in rows of `stride`. Parts of the table are summed apart and then added
// in float64: how many depends on the shape alone. Reads the table once for every 128 columns.
void multiply_gram(DeviceMemory& device, float* gram, const float* rows, std::uint32_t num_rows, std::uint32_t stride);

// Floats between the rows of a table that was turned.
constexpr std::uint32_t turned_stride(std::uint32_t rows) { return (rows + 15) / 16 * 16; }

// turned[k][r] = rows[r][k], with zeros behind the last row: (stride, turned_stride(num_rows)).
void turn(DeviceMemory& device, float* turned, const float* rows, std::uint32_t num_rows, std::uint32_t stride);

// result = rows times a square matrix, all in rows of `stride`. `key` names the scratch of the turned rows.
void multiply_rows(DeviceMemory& device, const void* key, float* result, const float* rows, const float* square,
                   std::uint32_t num_rows, std::uint32_t stride);

// What of a product one block computes: rows and columns of a tile, and the range of the sum.
struct TileRange {
  std::uint32_t row, column;  // first ones
  std::uint32_t begin, end;   // of the summed index
};

// Starts to copy components [k, k + kSlab) of a factor's columns from `first` on into a slab; zeros from `end` and from
// `columns` on.
template <std::uint32_t kPanel>
__device__ __forceinline__ void copy_factor(float (&slab)[kSlab][kPanel], const float* factor, std::size_t stride,
                                            std::uint32_t k, std::uint32_t end, std::uint32_t first,
                                            std::uint32_t columns) {
#pragma unroll
  for (std::uint32_t n = 0; n < kSlab * kPanel; n += kProductThreads * 4) {
    const std::uint32_t at = n + threadIdx.x * 4;
    const std::uint32_t row = k + at / kPanel;
    const std::uint32_t column = first + at % kPanel;
    float* target = &slab[at / kPanel][at % kPanel];
    if (row < end && column < columns) {
      __pipeline_memcpy_async(target, factor + row * stride + column, 4 * sizeof(float));
    } else {
      *reinterpret_cast<float4*>(target) = make_float4(0, 0, 0, 0);
    }
  }
}

__device__ __forceinline__ void copy_factors(ProductSlabs& slabs, std::uint32_t half, const Product& product,
                                             const TileRange& range, std::uint32_t k) {
  copy_factor(slabs.queries[half], product.left, product.left_stride, k, range.end, range.row,
              (product.rows + 3) / 4 * 4);
  copy_factor(slabs.items[half], product.right, product.right_stride, k, range.end, range.column, product.columns);
}

// All threads of the block call it. Whoever writes to `slabs` next needs a barrier before.
__device__ inline void multiply_tile(ProductSlabs& slabs, const Product& product, const TileRange& range,
                                     ProductTile& tile) {
  const ProductPlace place;
  clear(tile);
  std::uint32_t half = 0;
  copy_factors(slabs, half, product, range, range.begin);
  __pipeline_commit();
  for (std::uint32_t k = range.begin; k < range.end; k += kSlab) {
    __pipeline_wait_prior(0);
    __syncthreads();  // all have copied this half, and are done with the other
    if (k + kSlab < range.end) copy_factors(slabs, half ^ 1, product, range, k + kSlab);
    __pipeline_commit();
    multiply_slab(slabs, half, place, tile);
    half ^= 1;
  }
}

}  // namespace palate::k_cuda
