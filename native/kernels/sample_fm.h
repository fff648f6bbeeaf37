// Gibbs sampling of a Bayesian factorisation machine.
//
// A rating t of user u for item i has the active features x_j(t): those of u (his id, his metadata, the items he
// rated), those of i, and at most one label of each level of u's moments (the day, the ten minutes of t). With weights
// w_j and rows v_j of `dim` factors its score is Rendle's factorisation machine (2010, eq. 1)
//
//   y(t) = w_0 + sum_j w_j x_j + sum_f 1/2 [(sum_j v_jf x_j)^2 - sum_j (v_jf x_j)^2]
//
// and the model (Freudenthaler, Schmidt-Thieme, Rendle 2011; Rendle 2012, section 3.3)
//
//   r(t) ~ N(y(t), 1 / precision)        precision ~ Gamma(1/2, 1/2)    w_0 with a flat prior
//   w_j  ~ N(mean_g, 1 / precision_g)    precision_g ~ Gamma(1/2, 1/2)  mean_g ~ N(0, 1 / precision_g)
//
// likewise for each factor of v; g is the field of feature j. A sweep draws every one of these from its distribution
// given all others: residuals e(t) = r(t) - y(t) change by -h(t) (new - old), where h_j(t) = dy/dv_jf is
// x_j (Q_f - x_j v_jf), Q_f = sum_j v_jf x_j, and x_j for weights; so
//
//   v_jf ~ N(m, 1 / s)   s = precision sum h^2 + precision_g
//                        m = (precision sum h (e + v_jf h) + precision_g mean_g) / s
//
// Ordinal ratings are categories c = 0 ... C - 1 with cutpoints t_1 < ... < t_{C-1}, t_0 = -inf, t_C = inf, and normal
// numbers z behind them in place of r (Albert, Chib 1993, "Bayesian Analysis of Binary and Polychotomous Response
// Data", section 4):
//
//   z(t) ~ N(y(t), 1)    c(t) = k where t_k < z(t) < t_{k+1}    w_0 = 0, precision = 1    cutpoints with a flat prior
//
// A sweep first draws the cutpoints given all scores, without z, by one step of Metropolis and Hastings: proposals are
// of Student's t around the mode of their likelihood, with its curvature (Albert, Chib 2001, "Sequential Ordinal
// Modeling with Applications to Survival Data", section 2.2); given z they would hardly move (Cowles 1996). Then every
// z from its normal distribution between its cutpoints.
//
// The sums over ratings of a user's (or an item's) features need nothing but five figures of each user, and so does the
// residual's change (Rendle 2013, section 4): with q_u the part of u in Q and rest(t) = Q - q_u,
//
//   stats_u = (n, sum rest, sum rest^2, sum e, sum e rest)   h = x (rest + a)   a = q_u - x v
//
// A feature without ratings stays at its prior's mean: the mean over all its draws.
//
// Numerics: float32, sums over a row's ratings too; sums over all ratings in float64 over fixed chunks. Deterministic:
// the same bits for any number of threads, as each draw has its own random number: (seed, sweep, factor, feature).
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "core/parallel.h"
#include "core/status.h"

namespace palate {

// Features `begin` ... `end` - 1 that share a prior. The first field of a side is its ids: row r has feature begin + r
// with weight 1, and no lists.
struct SampleField {
  std::uint32_t begin = 0;
  std::uint32_t end = 0;
  std::uint32_t active = 0;  // features with ratings
};

// What a row of a side sums up over its ratings while a factor is drawn, and what has been drawn for it: its part of Q
// is q now and was q - moved; the ratings' e are behind by moved * rest + shift.
struct RowStats {
  float count, rest, rest_squared, error, error_rest;
  float q, moved, shift;
};

// Users or items with their features.
struct SampleSide {
  std::uint32_t rows = 0;
  const std::uint32_t* offsets = nullptr;    // (rows + 1) ratings of each row, in the order of this side
  const std::uint32_t* others = nullptr;     // (size) row on the other side
  const std::uint32_t* positions = nullptr;  // (size) place in the order of users; nullptr: the same
  const std::uint32_t* chunks = nullptr;     // (num_chunks + 1) rows: shares of the work
  std::uint32_t num_chunks = 0;

  std::uint32_t first_field = 0;  // ids; the others behind it
  std::uint32_t num_fields = 0;
  const std::uint32_t* row_offsets = nullptr;      // (rows + 1) lists of the features of a row but its id
  const std::uint32_t* row_features = nullptr;     //
  const float* row_weights = nullptr;              //
  std::uint32_t first_listed = 0;                  // feature of feature_offsets[0]
  const std::uint32_t* feature_offsets = nullptr;  // (listed + 1) the same by feature, of rows with ratings
  const std::uint32_t* feature_rows = nullptr;     //
  const float* feature_weights = nullptr;          //

  RowStats* stats = nullptr;  // (rows)
  float* q = nullptr;         // (dim, rows) part of Q by factor
};

// Moments of users at one width: label l of user u, users in order, holds ratings offsets[l] ... offsets[l + 1] - 1 in
// the order of users. Labels of a finer level lie within one of the level before.
struct SampleLevel {
  std::uint32_t labels = 0;
  std::uint32_t first_feature = 0;
  const std::uint32_t* user_labels = nullptr;  // (num_users + 1) labels of each user
  const std::uint32_t* offsets = nullptr;      // (labels + 1)
  const std::uint32_t* parents = nullptr;      // (labels) row of the query table one level up
};

inline constexpr std::uint32_t kMostLevels = 4;

inline constexpr std::uint32_t kMostCategories = 64;

// The logarithm of the likelihood of all ratings, and its slopes by the cutpoints: entry k is t_{k+1}.
struct CategorySums {
  double log_likelihood = 0;
  double slopes[kMostCategories] = {};
  double curvatures[kMostCategories] = {};  // minus the second derivatives
  double couplings[kMostCategories] = {};   // the same by t_{k+1} and t_k; others are 0
};

// Of ordinal ratings; `count` is 0 where ratings are numbers.
struct SampleCategories {
  std::uint32_t count = 0;
  const std::uint8_t* of_ratings = nullptr;  // (size) in the order of users; each category has one
  float* bounds = nullptr;                   // (count + 1) cutpoints between two that nothing lies beyond
  CategorySums sums;                         // of the sample
  CategorySums* partial = nullptr;           // (num_chunks of users)
};

struct SampleState {
  std::uint32_t dim = 0;
  std::uint32_t stride = 0;  // dim, padded to whole lanes
  std::uint32_t size = 0;    // ratings
  std::uint32_t num_features = 0;
  std::uint32_t num_fields = 0;
  std::uint32_t num_levels = 0;
  SampleSide users, items;
  SampleLevel levels[kMostLevels];
  const SampleField* fields = nullptr;  // (num_fields) users', items', one a level
  const float* active = nullptr;        // (num_features) 1 with ratings, else 0

  const float* ratings = nullptr;             // (size) in the order of users
  const std::uint32_t* query_rows = nullptr;  // (size) row of the query table of each rating
  float* errors = nullptr;                    // (size) e; of categories the scores y while a sweep begins and ends
  float* moments = nullptr;                   // (size) part of the moments in Q, of the factor being drawn

  SampleCategories categories;
  float global_bias = 0;
  float precision = 1;       // of the noise
  float* values = nullptr;   // (dim + 1, num_features) v by factor, and w behind them
  float* normals = nullptr;  // (num_features) standard normal numbers of the factor being drawn
  float* means = nullptr;    // (dim + 1, num_fields)
  float* precisions = nullptr;

  // The sample as rows: score = global_bias + query bias + item bias + query row . item row. Queries are the users,
  // and then each user at each of his moments, level by level.
  std::uint32_t num_queries = 0;
  float* query_factors = nullptr;  // (num_queries, stride)
  float* query_biases = nullptr;   // (num_queries)
  float* item_factors = nullptr;   // (num_items, stride)
  float* item_biases = nullptr;    // (num_items)
  float* by_feature = nullptr;     // (num_features, stride) v by feature
  float* norms = nullptr;          // (num_features) |v|^2
  double* partial = nullptr;       // (num_chunks of users, 2) sums of e and e^2
  double error_sum = 0;
  double error_squares = 0;
};

struct SweepCall {
  std::uint64_t seed = 0;
  std::uint32_t sweep = 0;  // from 0
  const std::atomic<std::int32_t>* cancel = nullptr;
  const std::atomic<std::int32_t>* teardown = nullptr;
};

// Running sums over samples, from which the mean prediction of any pair is made up.
//
// With P the (num_queries, dim) and V the (num_items, dim) rows of a sample, the sum of P V^T over samples is kept as
// two products with fixed random matrices, of `range` and `corange` columns: Y += P (V^T A) and Z += V (P^T B) (Tropp,
// Yurtsever, Udell, Cevher 2017). A and B are sparse: kSketchSigns columns of +-1 in each row. The sum is about
// Q (B^T Q)^+ Z^T with Q an orthonormal basis of Y; mix_sketch makes B^T Y, (corange, range).
struct SketchCall {
  std::uint64_t seed = 0;
  std::uint32_t range = 0;         // multiples of 16
  std::uint32_t corange = 0;       //
  float* query_sketch = nullptr;   // (num_queries, range)
  float* item_sketch = nullptr;    // (num_items, corange)
  float* products = nullptr;       // (2, stride, the larger of both) scratch
  double* query_biases = nullptr;  // (num_queries)
  double* item_biases = nullptr;   // (num_items)
  double global_bias = 0;
};

inline constexpr std::uint32_t kSketchSigns = 8;

// Pairs to validate on, with the sum of their scores over samples.
struct SampleScores {
  const std::uint32_t* queries = nullptr;  // (size)
  const std::uint32_t* items = nullptr;    // (size)
  double* scores = nullptr;                // (size) out
  std::uint32_t size = 0;
  bool add = false;  // to what is there
};

}  // namespace palate
