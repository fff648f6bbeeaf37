// Sparse linear weights (Ning, Karypis 2011, "SLIM: Sparse Linear Methods for Top-N Recommender Systems", eq. 2): for
// each target j on its own
//
//   min  1/2 |x_j - X w|^2 + regularization / 2 |w|^2 + l1 |w|_1,   w >= 0, w_j = 0
//
// by coordinate descent on G = X^T X (Friedman, Hastie, Tibshirani 2010, section 2.2): w_i <- max(0, r_i - l1) /
// (G_ii + regularization), r_i what of G_ij the other weights leave. X must not be negative: then only items with
// G_ij > l1 can have a weight, and weights that stand keep others out. A few are let in at a time, those that violate
// their condition most; the weights are done when none outside violates it by more than `tolerance`.
//
// A target has at most 1,024 weights let in; with an l1 near zero on large data that ends the search early.
//
// Memory: 8 bytes a non-zero of G. Accumulator: G in float32, users ascending; descent in float64. No fused
// multiply-add: the same bits on every level, for any number of threads.
#pragma once

#include "kernels/weight_lists.h"

namespace palate {

struct SlimCall {
  WeightsCall weights;
  double l1 = 0;
  double regularization = 0;
  double tolerance = 0;      // of a weight
  std::uint32_t epochs = 0;  // passes over the weights let in, at most, each time that some are
};

}  // namespace palate
