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
// Of a catalogue whose matrix is too large, each target j is solved among a neighbourhood N alone,
//
//   min |x_j - X_N b|^2 + regularization |b|^2:    b = (G_NN + regularization I)^-1 G_Nj,  G = X^T X
//
// which is the sparse approximation of Steck 2019, "Markov Random Fields for Collaborative Filtering", section 3.2,
// with a submatrix of its own for every target. With all items in N it is the same B. N are the items i of greatest
// |r_ij| >= min_correlation, equal ones by lower index,
//
//   r_ij = c_ij / sqrt((c_ii + regularization) (c_jj + regularization)),  C = G - s s^T / num_users,  s the sums of X
//
// Items without interactions are in no neighbourhood. Memory: G as its non-zero elements, 4 bytes each, and 3/2 bits an
// element of its triangle; 8 bytes for each of a neighbourhood, and a matrix of its size squared a thread. Work:
// (interactions of a user) squared over users, and neighborhood cubed / 3 a target.
//
// Accumulator: float64; elements of a packed G are kept in float32, which holds counts below 2^24 exactly; weights are
// rounded to float32 at the end. Sums over users or items in ascending order. Same bits for any number of threads, and
// on all levels that fuse multiply-add (see invert_symmetric.h).
#pragma once

#include "kernels/weight_lists.h"

namespace palate {

struct EaseCall {
  WeightsCall weights;
  double regularization = 0;       // > 0
  std::uint32_t neighborhood = 0;  // items that a target is solved among, at most; 0: all, by the one inverse
  double min_correlation = 0;      // of these; with a neighborhood alone
  double memory_limit = 0;         // bytes of a packed G: it stops with out_of_memory beyond
};

}  // namespace palate
