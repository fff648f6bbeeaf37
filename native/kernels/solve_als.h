// Implicit alternating least squares: one half of an epoch, which fits every row of one side with the other side fixed.
//
// With p_u the rows to fit, q_i the fixed ones, N(u) what u has and c_ui the weight of such a pair, the objective
// (Rendle, Krichene, Zhang, Koren 2022, "Revisiting the Performance of iALS on Item Recommendation Benchmarks", eq. 3
// to 5) is a sum over u of
//
//   f(p_u) = sum_{i in N(u)} c_ui (p_u . q_i - 1)^2 + w p_u' Q'Q p_u + l_u |p_u|^2
//          = p_u' A p_u - 2 b . p_u + sum c_ui,    A = sum c_ui q_i q_i' + w Q'Q + l_u I,    b = sum c_ui q_i
//
// blocks: Newton's step on `block` columns after the other, from the row as it is:
//         p_B <- p_B - (A_BB)^-1 (A p - b)_B by Cholesky (Rendle, Krichene, Zhang, Koren 2021, "iALS++: Speeding up
//         Matrix Factorization with Subspace Optimization"). One block of all columns is the exact solution. O(n dim
//         block).
// cg:     `cg_steps` steps of conjugate gradients from the row as it is (Takacs, Pilaszy, Tikk 2011, "Applications of
// the
//         Conjugate Gradient Method for Implicit Feedback Collaborative Filtering"). O(n dim cg_steps).
//
// Either never makes f greater, and both say by how much it fell: a step of blocks by (A p - b)_B' (A_BB)^-1 (A p -
// b)_B, one of cg by a |r|^2 with a its length and r the residual before it.
//
// Accumulators: products of rows float32, in chunks of kAlsDepth; sums over rows float64. A pivot is at least l_u, as
// it is without rounding. Deterministic: the same bits for any number of threads, and for AVX2, AVX-512 and NEON.
//
// CUDA: the same steps with sums in another order, and so the same bits on every GPU; blocks have kMostAlsColumns
// columns at most. Roofline on an H100 (67 TFLOP/s, L2 5.5 TB/s, shared memory 33 TB/s) for half an epoch of MovieLens
// latest (25M pairs, 283,000 rows) with 128 factors: a step of cg reads 512 B a pair from L2, 2.3 ms, and the product
// with Q'Q is 9.3 GFLOP, .14 ms. Eight blocks of 16 columns take 2 x 4 B of shared memory a multiply-add, 5e10 of them,
// 12 ms; one block of 128 columns takes 4e11 multiply-adds, 12 ms.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "core/parallel.h"
#include "core/status.h"
#include "device.h"

namespace palate {

enum class AlsSolver : std::uint8_t { blocks, cg };

inline constexpr std::uint32_t kAlsDepth = 64;  // pairs whose products are summed together
inline constexpr std::uint32_t kAlsBatch = 16;  // rows that a thread takes at once
inline constexpr std::uint32_t kAlsTogether =
    2048;                                         // pairs of rows fitted together at most: their fixed rows stay in L2
inline constexpr std::uint32_t kAlsPairs = 4096;  // pairs whose losses are summed together
inline constexpr std::uint32_t kGramShares = 16;  // parts of a table whose products are summed apart
inline constexpr std::uint32_t kMostAlsColumns = 128;  // of a block on CUDA, whose matrix lies in shared memory
inline constexpr std::uint32_t kAlsPadding = 16;       // floats between rows of wide blocks: against conflicts in L1
inline constexpr std::uint32_t kNarrowAlsBlock = 32;   // up to here blocks are solved for sixteen rows at once

// What fitting some rows comes to.
struct AlsSums {
  double observed = 0;  // sum over pairs of c (p . q - 1)^2 before
  double penalty = 0;   // sum of l |p|^2 before
  double fitted = 0;    // the same after
  double gain = 0;      // by which the objective fell
};

// Rows have `stride` floats, a multiple of 16, with zeros behind the factors.
struct AlsCall {
  AlsSolver solver = AlsSolver::blocks;
  std::uint32_t block = 0;     // columns, a multiple of 16; of blocks
  std::uint32_t cg_steps = 0;  // of cg
  float unobserved_weight = 0;
  float* rows = nullptr;                   // (num_rows, stride) to fit; one without pairs is left as it is
  const std::uint32_t* offsets = nullptr;  // (num_rows + 1) N(u), CSR
  const std::uint32_t* others = nullptr;   // (pairs) fixed rows
  const float* roots = nullptr;            // (pairs) square roots of c; nullptr: all weights are 1
  const float* penalties = nullptr;        // (num_rows) l > 0
  const float* fixed = nullptr;            // (num_fixed, stride) rows that pairs name
  const float* gram = nullptr;             // (stride, stride) Q'Q
  std::uint32_t num_rows = 0;
  std::uint32_t num_fixed = 0;
  std::uint32_t stride = 0;
  std::uint32_t longest = 0;                            // pairs of a row at most
  float* scratch = nullptr;                             // (threads, als_floats()), 64-byte aligned
  AlsSums* partial = nullptr;                           // (num_rows / kAlsBatch + 1)
  const std::atomic<std::int32_t>* cancel = nullptr;    // non-zero: stop
  const std::atomic<std::int32_t>* teardown = nullptr;  // non-zero: stop, the environment goes away
  DeviceMemory* device = nullptr;                       // where the arrays are on a device; nullptr: the processor
};

// Pairs of which a thread keeps scores or errors: of rows that are fitted together, or of a longer one.
constexpr std::size_t als_pairs(std::uint32_t longest) {
  return (std::size_t{longest < kAlsTogether ? kAlsTogether : longest} + 15) / 16 * 16;
}

// Pairs whose columns of a block a thread holds: a chunk of them, or all of narrow rows that are fitted together.
constexpr std::size_t als_columns(std::uint32_t block) {
  return block > kNarrowAlsBlock ? kAlsDepth : kAlsTogether + kAlsDepth;
}

constexpr std::size_t als_column_stride(std::uint32_t block) {
  return block > kNarrowAlsBlock ? block + kAlsPadding : block;
}

// Floats that a thread needs: scores or errors; by blocks columns, matrices, the lanes of sixteen and vectors of
// sixteen rows; by cg three vectors.
constexpr std::size_t als_floats(std::uint32_t stride, std::uint32_t block, std::uint32_t longest) {
  const std::size_t width = block;
  const std::size_t columns = als_columns(block) * als_column_stride(block);
  const std::size_t matrices = block > kNarrowAlsBlock ? width * width : 24 * width * width + 24 * width;
  return als_pairs(longest) + columns + matrices + 33 * width + 3 * std::size_t{stride};
}

// gram = sum over rows of x x'.
struct GramCall {
  float* gram = nullptr;        // (stride, stride)
  const float* rows = nullptr;  // (num_rows, stride)
  std::uint32_t num_rows = 0;
  std::uint32_t stride = 0;
  float* shares = nullptr;         // (kGramShares, stride, stride) scratch, 64-byte aligned
  DeviceMemory* device = nullptr;  // where the arrays are on a device; nullptr: the processor
};

// Sum over pairs of c (p . q - 1)^2.
struct AlsPairsCall {
  const float* users = nullptr;  // (num_users, stride)
  const float* items = nullptr;  // (num_items, stride)
  std::uint32_t num_users = 0;
  std::uint32_t num_items = 0;
  const std::uint32_t* pair_users = nullptr;  // (size)
  const std::uint32_t* pair_items = nullptr;  // (size)
  const float* roots = nullptr;               // (size), or nullptr as above
  std::size_t size = 0;
  std::uint32_t stride = 0;
  double* partial = nullptr;       // (size / kAlsPairs + 1)
  DeviceMemory* device = nullptr;  // where the arrays are on a device; nullptr: the processor
};

}  // namespace palate
