// Similarities of items as weights: of each target its nearest items.
//
//   product     w(i, j) = <x_i, x_j> / (s_i t_j + shrink)
//   tanimoto    w(i, j) = <x_i, x_j> / (s_i + t_j - <x_i, x_j> + shrink)
//
// x_i the column of item i. With s_i = |x_i|^2a and t_j = |x_j|^(2 - 2a) the first is the cosine (a = 1/2) and its
// asymmetric kin (Aiolli 2013, eq. 2); with s = t = |x|^2 the second is the Jaccard coefficient of 0/1 columns. Only
// positive similarities count; a list has the `most` greatest.
//
// Accumulator: float32, one addition a common user, users ascending; then one division. No fused multiply-add: the same
// bits on every level.
#pragma once

#include "kernels/weight_lists.h"

namespace palate {

struct NeighborsCall {
  WeightsCall weights;
  const float* source_norms = nullptr;  // (num_items) s
  const float* target_norms = nullptr;  // (num_items) t
  float shrink = 0;
  bool tanimoto = false;
};

}  // namespace palate
