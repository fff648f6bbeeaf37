// Training of item vectors on pairs of items from one history, against negatives drawn by popularity.
//
// Each item i has an input row a_i and an output row b_i of `dim` floats. A pair (i, j) says that output j stands near
// input i. With negatives j_1 ... j_K drawn from a noise distribution q, x_0 = a_i . b_j and x_r = a_i . b_{j_r}, the
// loss of a pair is
//
//   negative_sampling  -log sigmoid(x_0) - sum_{r>0} log sigmoid(-x_r)
//                      (Mikolov et al. 2013, "Distributed Representations of Words and Phrases", eq. 4)
//   sampled_softmax    -y_0 + log sum_{r>=0} exp(y_r), y_r = x_r - log_noise[j_r]
//                      (Bengio and Senecal 2008; with log_noise = log q up to a constant it tends to the full softmax)
//
// A negative that is the output itself is void: it takes no part. With `reject_seen` a negative out of the history that
// the pair comes from is drawn again, at most kMostDraws times, and is void then. Numbers are drawn by place, so that a
// device may draw them in any order: negative r of the n-th pair that a cell of P pairs trains on is drawn by number n
// K
// + r of the cell's sequence (math/random.h), where that is rejected by number P K + n K + r, and so on.
//
// Order, and how it is deterministic with no lock: items are dealt to `groups` groups (core/item_groups.h), a pair (i,
// j) lies in the cell (group of i, group of j), and its negatives are drawn from the group of j. Stratum s is the cells
// (g, (g + s) % groups), which share no row: they run in any order on any thread, strata one after the other (Gemulla
// et al. 2011; negatives from the partition as in Lerer et al. 2019, "PyTorch-BigGraph", 3.1). Given its group, j is
// drawn from the softmax over that group, so sampled softmax has the same optimum as with negatives from everywhere;
// as groups are dealt anew for each chunk of an epoch, all pairs of items meet.
//
// The pairs of a cell are cut into kPairBatch equal runs, the last ones shorter, which take turns: a batch has the next
// pair of each. Neighbours in a run often have the same input, and an input that moved a whole batch by slopes as stale
// as that would overshoot. The slopes dL/dx of a batch are taken at its begin; then its pairs move their rows one after
// the other, each by rate x slope x the other row as it then is, negatives in their order:
//   b_r <- b_r - rate g_r a_i (r = 0 ... K), then a_i <- a_i - rate sum_r g_r b_r (b_r as before its own move)
//
// Numerics: float32, sixteen lanes, AVX2 = AVX-512 = NEON bit for bit; losses are summed in float32 within a batch and
// in float64 from there on. Bytes a pair: (K + 2) rows read and written, mostly in L2.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "core/item_pair.h"
#include "core/parallel.h"
#include "core/status.h"
#include "device.h"

namespace palate {

enum class PairObjective : std::uint8_t { negative_sampling, sampled_softmax };

// Walker's alias method (1977): slot s of a group's n is drawn with probability 1/n; then the first item with
// probability threshold / 2^32, else the second.
struct AliasSlot {
  std::uint32_t threshold;
  std::uint32_t items[2];
};

inline constexpr std::uint32_t kPairBatch = 16;
inline constexpr std::uint32_t kMostDraws = 16;

// The pairs of a round (core/item_pairs.h), by cell, and what its cells work with.
struct ItemPairsCall {
  PairObjective objective = PairObjective::negative_sampling;
  std::uint32_t negatives = 5;  // K
  bool reject_seen = false;
  bool update = true;  // false: losses alone

  float* inputs = nullptr;   // (num_items, stride), zeros behind `dim`
  float* outputs = nullptr;  // (num_items, stride)
  std::uint32_t num_items = 0;
  std::uint32_t stride = 0;

  const ItemPair* pairs = nullptr;
  const std::uint32_t* histories = nullptr;  // history of each pair; nullptr without reject_seen
  const std::size_t* cells = nullptr;        // (groups * groups + 1) ranges of pairs: input group, then output group
  std::uint32_t groups = 1;
  const std::uint32_t* strata = nullptr;  // (groups) their order
  const float* rates = nullptr;           // (groups) learning rate of each stratum, in that order

  const AliasSlot* slots = nullptr;             // (items with noise) by group
  const std::uint32_t* group_starts = nullptr;  // (groups + 1) ranges of slots
  const float* log_noise = nullptr;             // (num_items); nullptr: no correction

  std::uint32_t num_histories = 0;
  const std::uint32_t* seen_offsets = nullptr;  // CSR of histories, items ascending; for reject_seen
  const std::uint32_t* seen_items = nullptr;

  const std::uint64_t* seeds = nullptr;  // (groups * groups) seed of each cell's sequence
  float* scratch = nullptr;              // (groups, scratch_stride)
  std::size_t scratch_stride = 0;
  double* block_losses = nullptr;  // (groups), added to

  const std::atomic<std::int32_t>* cancel = nullptr;
  const std::atomic<std::int32_t>* teardown = nullptr;
  DeviceMemory* device = nullptr;  // where the arrays are on a device; nullptr: the processor
};

// Floats of scratch of a block: the targets, scores, slopes and losses of a batch.
constexpr std::size_t item_pairs_scratch(std::uint32_t negatives) {
  const std::size_t padded = (std::size_t{kPairBatch} * (std::size_t{negatives} + 1) + 15) / 16 * 16;
  return 4 * padded;
}

}  // namespace palate
