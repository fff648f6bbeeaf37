// Fold-in: rows of users (or items) that a trained model lacks, each fitted to its own pairs while the rows of the
// other side stand still.
//
// A row is x = (p, b), `dim` factors and a bias. With the pairs j of the row, their fixed rows q_j, offsets f_j,
// targets t_j and weights c_j, it minimises
//
//   sum_j c_j L(f_j + p . (q_j + s) + b, t_j) + w |Q p|^2 + l |p|^2 + m b^2
//
// L: (score - t)^2, the same behind the sigmoid scaled to the range, or cross-entropy; s is the row's shift, what an fm
// adds to each fixed row for the features of the row itself. By Gauss-Newton (squared) or Newton steps (logistic) from
// 0,
//
//   x <- x - a A^-1 g,   A = sum c_j h_j z_j z_j' + w Q'Q + diag(l, m),   z_j = (q_j + s, 1),   g half the gradient,
//
// a halved from 1 until the objective does not rise; h_j is half the curvature. Behind an identity link the first step
// is the solution but for rounding, and what follows refines it. The solution of ials (solve_als.h) is the case t = 1,
// b = 0. At most kFoldSteps steps; it ends when one takes less than kFoldFall of the objective.
//
// Accumulators: products of rows float32, in chunks of kFoldDepth; the objective in float64. Deterministic: the same
// bits for any number of threads, and for AVX2, AVX-512 and NEON.
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/parallel.h"
#include "kernels/train.h"

namespace palate {

inline constexpr std::uint32_t kFoldDepth = 64;  // pairs whose products are summed together
inline constexpr std::uint32_t kFoldSteps = 25;
inline constexpr double kFoldFall = 1e-7;
inline constexpr std::uint32_t kFoldPadding = 16;  // floats between rows of a chunk, against conflicts in the cache

struct FoldCall {
  float* factors = nullptr;                 // (num_rows, dim) out; zeros for a row without pairs
  float* biases = nullptr;                  // (num_rows) out; nullptr: rows have none
  const float* fixed = nullptr;             // (fixed rows, dim)
  const std::uint32_t* offsets = nullptr;   // (num_rows + 1) pairs of each row
  const std::uint32_t* others = nullptr;    // (pairs) fixed rows
  const float* bases = nullptr;             // (pairs) f; nullptr: all 0
  const float* targets = nullptr;           // (pairs) t; nullptr: all 1
  const float* weights = nullptr;           // (pairs) c >= 0; nullptr: all 1
  const float* shifts = nullptr;            // (num_rows, dim) s; nullptr: all 0
  const float* factor_penalties = nullptr;  // (num_rows) l > 0
  const float* bias_penalties = nullptr;    // (num_rows) m > 0; with biases
  const float* gram = nullptr;              // (dim, dim) w Q'Q; nullptr: w is 0
  std::uint32_t num_rows = 0;
  std::uint32_t dim = 0;
  Objective objective = Objective::squared;
  Link link = Link::identity;
  float range_min = 0;
  float range_max = 0;
  float* scratch = nullptr;  // (threads, fold_floats(dim)), 64-byte aligned
};

// Floats of a row of factors with its bias.
constexpr std::uint32_t fold_width(std::uint32_t dim) { return (dim + 1 + 15) / 16 * 16; }

// Floats that a thread needs: a matrix, a chunk of rows, and vectors.
constexpr std::size_t fold_floats(std::uint32_t dim) {
  const std::size_t width = fold_width(dim);
  return width * width + kFoldDepth * (width + kFoldPadding) + 6 * width;
}

}  // namespace palate
