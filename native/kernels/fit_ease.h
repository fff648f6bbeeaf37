// Weights of the linear autoencoder without a diagonal (Steck 2019, "Embarrassingly Shallow Autoencoders for Sparse
// Data"):
//
//   min |X - X B|^2 + regularization |B|^2,  diag(B) = 0:    P = (X^T X + regularization I)^-1,  B_ij = -P_ij / P_jj
//
// The matrix to invert is as large as the lesser of items and users: where the users are fewer, the same P follows from
// K = X X^T + regularization I, as (Woodbury)
//
//   B_ij = s_ij / (1 - s_jj),  s_ij = x_i^T K^-1 x_j
//
// Memory: 8 bytes an element of that matrix, besides scratch of a few rows a thread. Work: its size cubed, and by users
// (interactions x items).
//
// Accumulator: float64; weights are rounded to float32 at the end. Sums over users or items in ascending order. Same
// bits for any number of threads, and on all levels that fuse multiply-add (see invert_symmetric.h).
#pragma once

#include "kernels/weight_lists.h"

namespace palate {

struct EaseCall {
  WeightsCall weights;
  double regularization = 0;  // > 0
};

}  // namespace palate
