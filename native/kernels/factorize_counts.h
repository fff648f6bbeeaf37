// Item vectors whose dot products are the co-occurrence counts X of count_cooccurrence.h: one full-batch epoch.
//
// Over all pairs, t the target of a count (x itself, or log(1 + x); 0 for pairs that never occur):
//
//   c(V) = sum_{i != j} (v_i . v_j - t(X_ij))^2
//        = |V^T V|^2 - sum_i |v_i|^4 - 2 sum_{i, j} t(X_ij) v_i . v_j + sum t(X)^2
//   dc/dv_i = 4 (V^T V v_i - |v_i|^2 v_i - sum_j t(X_ij) v_j)
//
// never forms the (num_items)^2 products: O(num_items dim^2) and one pass over X. Where t(x) = x, X itself is not
// needed either, as X = L^T L - diagonal: with s_u the sum of the vectors that user u likes, the last sum of the
// gradient is sum_{u likes i} (s_u - v_i), O(likes dim). For dim >= num_items (`residuals` given) the products are
// formed, which costs less then and loses no digits to the cancellation of the long sums.
//
// Over the pairs that occur, weighted (Pennington, Socher, Manning 2014, eq. 8, with one vector an item for both
// words):
//
//   c(V, b) = sum_{X_ij > 0} f(X_ij) (v_i . v_j + b_i + b_j - log X_ij)^2,   f(x) = min(1, (x / cap)^power)
//
// Then a step of the optimizer on all parameters. `cost` is the one before the step.
//
// The two products of the latter are cut into blocks and formed with fewer multiplications (multiply_strassen.h) where
// a block has least_block rows, columns and depth.
//
// Accumulators: float32 products; |V^T V|^2, |v_i|^4 and all sums over items in float64. Deterministic: the same bits
// for any number of threads, and for AVX2, AVX-512 and NEON.
//
// CUDA: the same sums, in another order, and so the same bits on every GPU. Where residuals are given, their scratch is
// an address alone: the device forms them a chunk of columns at a time. Roofline on an H100 (3.35 TB/s, 67 TFLOP/s; L2
// 5.5 TB/s), MovieLens latest (25M likes, 54,000 items) at dim 128: sums over users and items read 512 B a like each,
// 25.6 GB an epoch, 4.7 ms where L2 holds the table and 7.6 ms from memory; V^T V and its product with V are 3.5 GFLOP,
// .05 ms; Adam's step moves 24 B a parameter, .05 ms. Full width on ml-latest-small (9,700 items): 4 n^3 = 3.7 TFLOP,
// 55 ms.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "core/parallel.h"
#include "core/status.h"
#include "device.h"
#include "kernels/count_cooccurrence.h"
#include "kernels/train.h"

namespace palate {

enum class CountLoss : std::uint8_t { all_pairs, glove };

inline constexpr std::uint32_t kFactorRows = 32;  // rows whose part of the cost is summed together

// Floats that a product of an epoch needs as scratch, for results of so many columns.
constexpr std::size_t multiply_scratch_floats(std::uint32_t columns, std::uint32_t depth, std::uint32_t threads) {
  constexpr std::uint32_t kWidestTile = 48;
  constexpr std::uint32_t kWidestBlock = 1920;
  constexpr std::size_t kPackedRows = std::size_t{120} * 192;
  const std::uint32_t width =
      columns < kWidestBlock ? (columns + kWidestTile - 1) / kWidestTile * kWidestTile : kWidestBlock;
  return std::size_t{width} * depth + threads * kPackedRows;
}

// Floats that a product by halves needs as scratch: see multiply_strassen.h.
constexpr std::size_t strassen_scratch_floats(std::uint32_t columns, std::uint32_t depth, std::uint32_t threads) {
  constexpr std::uint32_t kWidestTile = 48;
  constexpr std::uint32_t kWidestSlab = 2496;
  const std::uint32_t half = columns / 2 + 1;
  const std::uint32_t width = half < kWidestSlab ? (half + kWidestTile - 1) / kWidestTile * kWidestTile : kWidestSlab;
  return std::size_t{width} * (depth / 2 + 1) + std::size_t{threads} * 120 * (192 + width);
}

struct FactorizeOptions {
  CountLoss loss = CountLoss::all_pairs;
  Optimizer optimizer = Optimizer::adam;  // or sgd: first <- momentum first + g; w <- w - lr first
  float momentum = 0;
  float beta1 = 0.9f;
  float beta2 = 0.999f;
  float epsilon = 1e-8f;
  // Rows, columns and depth of the smallest blocks that a product of all pairs is cut into to spare multiplications.
  std::uint32_t least_block = 1024;
};

// Parameters and optimizer state; `stride` floats a row, zeros behind `dim`.
struct FactorizeState {
  FactorizeOptions options;
  std::uint32_t num_items = 0;
  std::uint32_t dim = 0;
  std::uint32_t stride = 0;
  double beta1_power = 1;  // beta1^t after t steps of Adam
  double beta2_power = 1;
  float* vectors = nullptr;  // (num_items, stride)
  float* first = nullptr;    // (num_items, stride) momentum, or Adam's first moments
  float* second = nullptr;   // (num_items, stride) Adam's second moments, else nullptr
  float* biases = nullptr;   // (num_items), glove alone; else nullptr, and so are the next two
  float* biases_first = nullptr;
  float* biases_second = nullptr;
  DeviceMemory* device = nullptr;  // where the arrays are on a device; nullptr: the processor
};

struct FactorizeCall {
  Likes likes;
  const CountRow* rows = nullptr;  // (num_items) X; nullptr where sums of users do
  std::uint32_t largest = 0;       // count of X; with `rows`
  const float* targets = nullptr;  // (largest + 1) t(x) by count, or log x for glove; with `rows`
  const float* weights = nullptr;  // (largest + 1) f(x) by count; glove alone
  double sum_squared_targets = 0;  // sum over X of t(x)^2; all pairs alone
  float learning_rate = 0;
  // Scratch, 64-byte aligned.
  float* gradients = nullptr;  // (num_items, stride), zeros behind `dim`
  float* user_sums = nullptr;  // (num_users, stride) where there are no rows
  float* gram = nullptr;       // (dim, stride), unless residuals are given
  float* residuals = nullptr;  // (num_items, residual_stride): form the products of all pairs
  std::size_t residual_stride = 0;
  float* bias_gradients = nullptr;                      // (num_items), glove alone
  float* multiply_scratch = nullptr;                    // multiply_scratch_floats(), but for glove
  double* partial = nullptr;                            // (num_items / kFactorRows + 1, 2)
  const std::atomic<std::int32_t>* cancel = nullptr;    // non-zero: stop; nullptr: never
  const std::atomic<std::int32_t>* teardown = nullptr;  // non-zero: stop, the environment goes away
};

}  // namespace palate
