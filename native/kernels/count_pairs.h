// Counts of (input, target) item pairs, a row of the matrix at a time, split into parts by a random order of all pairs.
//
// A user whose inputs are a_0, a_1, ... and whose targets are b_0, b_1, ... has the pairs (a_x, b_y), numbered from his
// base on: base + x |b| + y. Where both lists are the same one, an item makes no pair with itself: base + x (|b| - 1) +
// y, less one for y > x. A pair belongs to the first part whose bound is above its rank in `order`, so the parts have
// exactly the sizes asked for and no pair is ever stored.
//
//   counts[part][j] = number of users with the pair (i, j) in that part
//
// Exact integers; a row depends on nothing else.
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/permutation.h"

namespace palate {

inline constexpr std::uint32_t kPairParts = 3;  // to train on, to validate on, to test on

// Borrowed arrays.
struct PairSource {
  // Targets, CSR by user.
  const std::uint32_t* target_offsets = nullptr;  // (users + 1)
  const std::uint32_t* targets = nullptr;
  // Inputs, CSR by item: who has the item, and at which place x of his list.
  const std::uint32_t* input_offsets = nullptr;  // (num_items + 1)
  const std::uint32_t* input_users = nullptr;
  const std::uint32_t* input_places = nullptr;
  const std::uint64_t* bases = nullptr;  // (users + 1) number of each user's first pair
  std::uint32_t num_items = 0;
  bool same = false;                      // inputs and targets are the same lists
  bool split = false;                     // false: all pairs are of the first part
  Permutation order;                      // of all pairs
  std::uint64_t bounds[kPairParts] = {};  // first rank behind each part
};

}  // namespace palate
