// The solver by blocks of columns on CUDA: a block of threads fits a row. The block's matrix is summed in registers,
// 16 x 16 threads with kTile x kTile elements each, from pairs staged in shared memory, and solved there by Cholesky.
// Part of solve_als.cu.
#pragma once

#include "kernels/als_call.cuh"

namespace palate::k_cuda {
namespace {

constexpr std::uint32_t kSide = 16;
constexpr std::uint32_t kStagedPairs = 32;
static_assert(kSide * kSide == kPairThreads);

// In shared memory; the largest, of 128 columns, takes 51 KiB.
template <std::uint32_t kTile>
struct BlockMemory {
  static constexpr std::uint32_t kWidth = kSide * kTile;
  float matrix[kWidth * (kWidth + 1) / 2];  // upper triangle, rows after one another
  float staged[kStagedPairs][kWidth];       // columns of pairs, times the roots of their weights
  float errors[kStagedPairs];
  float gradient[kWidth];
  float side[kWidth];  // of the equations, then their solution
  float step[kWidth];  // of the block before
  float parts[kPairThreads];
  // Kept here, as registers are full of the matrix.
  double losses[kPairThreads / kWarpSize];
  double gains[kWidth];

  // Place of row i's diagonal, less i: element (i, j) stands at row(i) + j.
  __device__ static std::uint32_t row(std::uint32_t i) { return i * kWidth - i * (i + 1) / 2; }
};

struct BlockColumns {
  std::uint32_t first, width;
};

// gradient = (w Q'Q + l I) p of the columns; thread t has column t.
template <typename Memory>
__device__ void start_gradient(Memory& m, const AlsBatch& batch, const float* p, float penalty, BlockColumns c) {
  const PairColumns place(c.width);
  float sum = 0;
  if (place.group < place.groups) {
#pragma unroll 4
    for (std::uint32_t i = place.group; i < batch.stride; i += place.groups) {
      sum = fmaf(p[i], batch.gram[std::size_t{i} * batch.stride + c.first + place.column], sum);
    }
  }
  m.parts[threadIdx.x] = sum;
  __syncthreads();
  if (threadIdx.x < c.width) {
    const float total = batch.unobserved_weight * place.total(m.parts);
    m.gradient[threadIdx.x] = fmaf(penalty, p[c.first + threadIdx.x], total);
  }
}

// Brings the scores of some pairs up to date, and stages their columns and errors. Adds up their losses when the scores
// were not there yet. Ends with a barrier.
template <typename Memory>
__device__ void stage_pairs(Memory& m, const AlsBatch& batch, const float* p, float* scores, std::uint32_t begin,
                            std::uint32_t size, BlockColumns c, std::uint32_t block) {
  const std::uint32_t lane = threadIdx.x % kWarpSize;
  for (std::uint32_t n = threadIdx.x / kWarpSize; n < kStagedPairs; n += kPairThreads / kWarpSize) {
    if (n >= size) {
      for (std::uint32_t k = lane; k < Memory::kWidth; k += kWarpSize) m.staged[n][k] = 0;
      if (lane == 0) m.errors[n] = 0;
      continue;
    }
    const std::uint32_t pair = begin + n;
    const float* row = batch.fixed + std::size_t{batch.others[pair]} * batch.stride;
    const float root = batch.roots == nullptr ? 1.0f : batch.roots[pair];
    float score;
    if (c.first == 0) {
      score = warp_dot(p, row, batch.stride);
    } else {
      score = scores[pair] - warp_dot(m.step, row + c.first - block, block);
    }
    __syncwarp();  // all lanes have read the old score
    const float error = root * (score - 1);
    if (lane == 0) {
      scores[pair] = score;
      m.errors[n] = error;
      if (c.first == 0) m.losses[threadIdx.x / kWarpSize] += squared(error);
    }
    for (std::uint32_t k = lane; k < Memory::kWidth; k += kWarpSize) {
      m.staged[n][k] = k < c.width ? root * row[c.first + k] : 0;
    }
  }
  __syncthreads();
}

// Adds what the pairs of a row have to the matrix and the gradient of a block.
template <std::uint32_t kTile>
__device__ void add_block_pairs(BlockMemory<kTile>& m, const AlsBatch& batch, const float* p, float* scores,
                                std::uint32_t begin, std::uint32_t count, BlockColumns c, std::uint32_t block,
                                float penalty) {
  const std::uint32_t y = threadIdx.x / kSide;
  const std::uint32_t x = threadIdx.x % kSide;
  float tile[kTile][kTile] = {};
  float slope = 0;
  for (std::uint32_t at = 0; at < count; at += kStagedPairs) {
    const std::uint32_t size = count - at < kStagedPairs ? count - at : kStagedPairs;
    stage_pairs(m, batch, p, scores, begin + at, size, c, block);
    for (std::uint32_t n = 0; n < kStagedPairs; ++n) {
      float left[kTile], right[kTile];
#pragma unroll
      for (std::uint32_t t = 0; t < kTile; ++t) {
        left[t] = m.staged[n][y + t * kSide];
        right[t] = m.staged[n][x + t * kSide];
      }
#pragma unroll
      for (std::uint32_t i = 0; i < kTile; ++i) {
#pragma unroll
        for (std::uint32_t j = 0; j < kTile; ++j) tile[i][j] = fmaf(left[i], right[j], tile[i][j]);
      }
      if (threadIdx.x < c.width) slope = fmaf(m.errors[n], m.staged[n][threadIdx.x], slope);
    }
    __syncthreads();  // before the next pairs
  }
#pragma unroll
  for (std::uint32_t i = 0; i < kTile; ++i) {
#pragma unroll
    for (std::uint32_t j = 0; j < kTile; ++j) {
      const std::uint32_t row = y + i * kSide;
      const std::uint32_t column = x + j * kSide;
      if (row > column || column >= c.width) continue;
      const float gram = batch.gram[std::size_t{c.first + row} * batch.stride + c.first + column];
      const float own = fmaf(batch.unobserved_weight, gram, row == column ? penalty : 0.0f);
      m.matrix[m.row(row) + column] = own + tile[i][j];
    }
  }
  if (threadIdx.x < c.width) m.side[threadIdx.x] = m.gradient[threadIdx.x] += slope;
  __syncthreads();
}

// Solves the equations in place: M = U'U, U'y = side, U x = y, with 1 / U_ii in the place of U_ii. A pivot is at least
// `least`. Ends with a barrier.
template <typename Memory>
__device__ void solve_equations(Memory& m, std::uint32_t width, float least) {
  for (std::uint32_t j = 0; j < width; ++j) {
    float* row = m.matrix + m.row(j);
    const float pivot = row[j];
    const float inverse = 1.0f / sqrtf(pivot > least ? pivot : least);
    __syncthreads();  // all have read the pivot
    if (threadIdx.x == j) {
      row[j] = inverse;
      m.side[j] *= inverse;
    } else if (threadIdx.x > j && threadIdx.x < width) {
      row[threadIdx.x] *= inverse;
    }
    __syncthreads();
    const std::uint32_t y = threadIdx.x / kSide;
    const std::uint32_t x = threadIdx.x % kSide;
    for (std::uint32_t i = j + 1 + y; i < width; i += kSide) {
      const float factor = -row[i];
      float* below = m.matrix + m.row(i);
      // Those with x = 0 have the right side as a column more.
      if (x == 0) m.side[i] = fmaf(factor, m.side[j], m.side[i]);
      for (std::uint32_t k = i + (x + kSide - i % kSide) % kSide; k < width; k += kSide) {
        below[k] = fmaf(factor, row[k], below[k]);
      }
    }
    __syncthreads();
  }
  for (std::uint32_t j = width; j-- > 0;) {
    if (threadIdx.x == 0) m.side[j] *= m.matrix[m.row(j) + j];
    __syncthreads();
    if (threadIdx.x < j) {
      m.side[threadIdx.x] = fmaf(-m.matrix[m.row(threadIdx.x) + j], m.side[j], m.side[threadIdx.x]);
    }
    __syncthreads();
  }
}

template <std::uint32_t kTile>
__global__ void __launch_bounds__(kPairThreads, kTile < 8 ? 2 : 1)
    blocks_kernel(const __grid_constant__ AlsBatch batch, float* scores, std::uint32_t block) {
  DYN_SHARED(BlockMemory<kTile>, memory);
  BlockMemory<kTile>& m = *memory;
  const std::uint32_t row = blockIdx.x;
  const std::uint32_t begin = batch.offsets[row];
  const std::uint32_t count = batch.offsets[row + 1] - begin;
  if (count == 0) {  // left as it is
    if (threadIdx.x == 0) batch.sums[row] = {0, 0, 0, 0};
    return;
  }
  float* p = batch.rows + std::size_t{row} * batch.stride;
  const float penalty = batch.penalties[row];
  const double before = penalty_of(p, batch.stride, penalty);
  if (threadIdx.x == 0) batch.sums[row].penalty = before;
  if (threadIdx.x % kWarpSize == 0) m.losses[threadIdx.x / kWarpSize] = 0;
  if (threadIdx.x < m.kWidth) m.gains[threadIdx.x] = 0;
  for (BlockColumns c = {0, 0}; c.first < batch.stride; c.first += c.width) {
    c.width = batch.stride - c.first < block ? batch.stride - c.first : block;
    start_gradient(m, batch, p, penalty, c);
    add_block_pairs(m, batch, p, scores, begin, count, c, block, penalty);
    solve_equations(m, c.width, penalty);
    if (threadIdx.x < c.width) {
      const float step = m.side[threadIdx.x];
      m.gains[threadIdx.x] += static_cast<double>(m.gradient[threadIdx.x]) * static_cast<double>(step);
      p[c.first + threadIdx.x] -= step;
      m.step[threadIdx.x] = step;
    }
    __syncthreads();
  }
  const double after = penalty_of(p, batch.stride, penalty);
  if (threadIdx.x != 0) return;
  AlsSums& sums = batch.sums[row];
  sums.fitted = after;
  sums.observed = sums.gain = 0;
  for (const double loss : m.losses) sums.observed += loss;
  for (const double gain : m.gains) sums.gain += gain;
}

template <std::uint32_t kTile>
void launch_blocks(DeviceMemory& device, const AlsBatch& batch, float* scores, std::uint32_t block) {
  device.launch(blocks_kernel<kTile>, batch.num_rows, kPairThreads, sizeof(BlockMemory<kTile>), batch, scores, block);
}

// `scores` (pairs) of all rows.
void queue_blocks(DeviceMemory& device, const AlsBatch& batch, float* scores, std::uint32_t block) {
  static_assert(sizeof(BlockMemory<kMostAlsColumns / kSide>) <= kMostShared);
  if (block <= kSide) {
    launch_blocks<1>(device, batch, scores, block);
  } else if (block <= 2 * kSide) {
    launch_blocks<2>(device, batch, scores, block);
  } else if (block <= 4 * kSide) {
    launch_blocks<4>(device, batch, scores, block);
  } else {
    launch_blocks<8>(device, batch, scores, block);
  }
}

}  // namespace
}  // namespace palate::k_cuda
