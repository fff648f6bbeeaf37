#include "cuda/products.h"

namespace palate::k_cuda {
namespace {

constexpr std::uint32_t kMergeThreads = 256;
constexpr std::uint32_t kTurnThreads = 256;
// Rows of a table whose products are summed apart at least, and floats that the sums of all parts may take.
constexpr std::uint32_t kFewestRows = 512;
constexpr std::size_t kMostShareFloats = std::size_t{1} << 24;

// Block (x, y, z): columns, rows, share of the sum. With `upper`, tiles below the diagonal are left out.
struct Shares {
  std::uint32_t count;
  std::size_t floats;  // between the results of two shares
  bool upper;
};

__global__ void __launch_bounds__(kProductThreads, 3)
    product_kernel(const __grid_constant__ Product product, const Shares shares) {
  SHARED(slabs, ProductSlabs);
  const std::uint64_t depth = product.depth;
  const TileRange range = {blockIdx.y * kQueryPanel, blockIdx.x * kItemPanel,
                           static_cast<std::uint32_t>(depth * blockIdx.z / shares.count),
                           static_cast<std::uint32_t>(depth * (blockIdx.z + 1) / shares.count)};
  if (shares.upper && range.column + kItemPanel <= range.row) return;
  ProductTile tile;
  multiply_tile(slabs, product, range, tile);
  const ProductPlace place;
  float* result = product.result + blockIdx.z * shares.floats;
#pragma unroll
  for (std::uint32_t i = 0; i < 8; ++i) {
    const std::uint32_t row = range.row + place.query_at(i);
    if (row >= product.rows) continue;
#pragma unroll
    for (std::uint32_t j = 0; j < 8; j += 4) {
      const std::uint32_t column = range.column + place.item_at(j);
      if (column >= product.columns) continue;
      *reinterpret_cast<float4*>(result + row * product.result_stride + column) =
          make_float4(tile[i][j], tile[i][j + 1], tile[i][j + 2], tile[i][j + 3]);
    }
  }
}

// The whole matrix from the upper triangles of its shares.
__global__ void __launch_bounds__(kMergeThreads)
    merge_shares_kernel(float* gram, const float* shares, std::uint32_t num_shares, std::uint32_t stride) {
  const std::size_t floats = std::size_t{stride} * stride;
  const std::size_t at = std::size_t{blockIdx.x} * kMergeThreads + threadIdx.x;
  if (at >= floats) return;
  const std::size_t row = at / stride;
  const std::size_t column = at % stride;
  const std::size_t upper = row <= column ? at : column * stride + row;
  double total = 0;
  for (std::uint32_t s = 0; s < num_shares; ++s) total += static_cast<double>(shares[s * floats + upper]);
  gram[at] = static_cast<float>(total);
}

__global__ void __launch_bounds__(kTurnThreads)
    turn_kernel(float* turned, const float* rows, std::uint32_t num_rows, std::uint32_t stride, std::uint32_t padded) {
  constexpr std::uint32_t kSide = kWarpSize;
  SHARED(tile, float[kSide][kSide + 1]);  // one more: columns fall into different banks
  const std::uint32_t first_row = blockIdx.x * kSide;
  const std::uint32_t first_column = blockIdx.y * kSide;
  const std::uint32_t x = threadIdx.x % kSide;
  for (std::uint32_t y = threadIdx.x / kSide; y < kSide; y += kTurnThreads / kSide) {
    const bool inside = first_row + y < num_rows && first_column + x < stride;
    tile[y][x] = inside ? rows[std::size_t{first_row + y} * stride + first_column + x] : 0;
  }
  __syncthreads();
  for (std::uint32_t y = threadIdx.x / kSide; y < kSide; y += kTurnThreads / kSide) {
    if (first_column + y >= stride || first_row + x >= padded) continue;
    turned[std::size_t{first_column + y} * padded + first_row + x] = tile[x][y];
  }
}

const char kShares = 0;

}  // namespace

void multiply(DeviceMemory& device, const Product& product) {
  const dim3 grid(blocks_of(product.columns, kItemPanel), blocks_of(product.rows, kQueryPanel));
  device.launch(product_kernel, grid, kProductThreads, 0, product, Shares{1, 0, false});
}

void multiply_gram(DeviceMemory& device, float* gram, const float* rows, std::uint32_t num_rows, std::uint32_t stride) {
  const std::size_t floats = std::size_t{stride} * stride;
  Shares shares = {num_rows / kFewestRows + 1, floats, true};
  while (shares.count > 1 && shares.count * floats > kMostShareFloats) shares.count = (shares.count + 1) / 2;
  float* sums = device.scratch<float>(&kShares, shares.count * floats);
  Product product;
  product.result = sums;
  product.left = product.right = rows;
  product.result_stride = product.left_stride = product.right_stride = stride;
  product.rows = product.columns = stride;
  product.depth = num_rows;
  const dim3 grid(blocks_of(stride, kItemPanel), blocks_of(stride, kQueryPanel), shares.count);
  device.launch(product_kernel, grid, kProductThreads, 0, product, shares);
  device.launch(merge_shares_kernel, blocks_of(floats, kMergeThreads), kMergeThreads, 0, gram, sums, shares.count,
                stride);
}

void turn(DeviceMemory& device, float* turned, const float* rows, std::uint32_t num_rows, std::uint32_t stride) {
  const std::uint32_t padded = turned_stride(num_rows);
  const dim3 grid(blocks_of(padded, kWarpSize), blocks_of(stride, kWarpSize));
  device.launch(turn_kernel, grid, kTurnThreads, 0, turned, rows, num_rows, stride, padded);
}

void multiply_rows(DeviceMemory& device, const void* key, float* result, const float* rows, const float* square,
                   std::uint32_t num_rows, std::uint32_t stride) {
  const std::uint32_t padded = turned_stride(num_rows);
  float* turned = device.scratch<float>(key, std::size_t{stride} * padded);
  turn(device, turned, rows, num_rows, stride);
  Product product;
  product.result = result;
  product.left = turned;
  product.left_stride = padded;
  product.right = square;
  product.result_stride = product.right_stride = stride;
  product.rows = num_rows;
  product.columns = product.depth = stride;
  multiply(device, product);
}

}  // namespace palate::k_cuda
