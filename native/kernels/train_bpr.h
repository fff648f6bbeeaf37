// Bayesian personalised ranking: what a user has stands before what he has not.
//
// With rows p_u, q_i of `dim` floats and item biases, x(u, i) = b_i + p_u . q_i. A triple (u, i, j) of a user, an item
// that he has and one that he has not has the loss
//
//   -log sigmoid(x(u, i) - x(u, j))      (BPR-OPT: Rendle, Freudenthaler, Gantner, Schmidt-Thieme 2009, section 4.1)
//
// and with g = sigmoid(x(u, j) - x(u, i)) the gradients -g (q_i - q_j) by p_u, -g p_u by q_i, g p_u by q_j, -g by b_i
// and g by b_j, to each of which l2 times the row is added (LearnBPR, figure 4). An optimizer step of math/optimizers.h
// follows.
//
// Every pair (u, i) of the data is in `negatives` triples of an epoch. Their j are drawn from a noise distribution;
// with `reject_seen` a j that the user has is drawn again, at most kMostDraws times. A triple whose j is i in the end
// is void.
//
// Order, and how it is deterministic with no lock: users and items are dealt to `groups` groups each, a pair lies in
// the cell (group of u, group of i), and its negatives are drawn from the group of i. Stratum s is the cells (g, (g +
// s) % groups), which share no row: they run in any order on any thread, strata one after the other (Gemulla et al.
// 2011). As groups are dealt anew for each chunk, all pairs of items meet.
//
// The pairs of a cell are cut into kBprTriples equal runs, the last ones shorter, which take turns: so neighbours,
// which are of one user, do not wait for each other. The g of a turn are taken at its begin; then its triples move
// their rows one after the other, each by the rows as they then are, p_u before its own move.
//
// Numerics: float32, sixteen lanes, AVX2 = AVX-512 = NEON bit for bit; losses are summed in float32 within a turn and
// in float64 from there on. Bytes a triple: three rows read and written, p_u mostly in L1, the others in L2.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "kernels/train.h"
#include "kernels/train_item_pairs.h"

namespace palate {

struct Positive {
  std::uint32_t user, item;
};

inline constexpr std::uint32_t kBprTriples = 16;

// What a user has, as a Bloom filter with one hash: eight bits an item, in the bytes of the user's entries of the CSR.
// It answers seven of eight draws without a search.
constexpr std::uint32_t seen_bit(std::uint32_t item, std::uint32_t entries) {
  const std::uint64_t mixed = (item ^ item >> 15) * 0x9e3779b97f4a7c15u;
  return static_cast<std::uint32_t>((mixed >> 32) * (std::uint64_t{8} * entries) >> 32);
}

// Rows with their AdaGrad sums, nullptr with plain steps.
struct BprRows {
  float* values = nullptr;
  float* first = nullptr;
  float l2 = 0;
};

struct BprCall {
  Optimizer optimizer = Optimizer::sgd;  // or adagrad
  float rate = 0;
  float bias_rate = 0;  // 0: biases stay as they are
  float epsilon = 1e-8f;
  std::uint32_t negatives = 1;
  bool reject_seen = true;
  bool update = true;  // false: losses alone

  BprRows users;   // (users, stride), zeros behind `dim`
  BprRows items;   // (items, stride)
  BprRows biases;  // (items)
  std::uint32_t stride = 0;

  const Positive* positives = nullptr;
  const std::size_t* cells = nullptr;  // (groups * groups + 1) ranges of positives: user group, then item group
  std::uint32_t groups = 1;
  const std::uint32_t* strata = nullptr;  // (groups) their order

  const AliasSlot* slots = nullptr;             // noise of the items by group, see core/item_groups.h
  const std::uint32_t* group_starts = nullptr;  // (groups + 1) ranges of slots

  const std::uint32_t* seen_offsets = nullptr;  // (users + 1) CSR of what users have, items ascending
  const std::uint32_t* seen_items = nullptr;
  const std::uint8_t* seen_bits = nullptr;  // (entries) filter

  const std::uint64_t* seeds = nullptr;  // (groups * groups) random state of each cell
  double* block_losses = nullptr;        // (groups), added to
  double* block_triples = nullptr;       // (groups) those that are not void, added to

  const std::atomic<std::int32_t>* cancel = nullptr;
  const std::atomic<std::int32_t>* teardown = nullptr;
};

}  // namespace palate
