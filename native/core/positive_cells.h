// Pairs of users and what they have, chunk by chunk, by the groups of both.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/item_groups.h"
#include "core/memory.h"
#include "core/parallel.h"
#include "core/rng.h"
#include "core/view.h"
#include "kernels/train_bpr.h"

namespace palate {

class PositiveCells {
 public:
  // CSR by user, borrowed: offsets (users + 1) and items. A chunk has about `pairs_per_chunk` pairs, 8 bytes each.
  PositiveCells(View<const std::uint32_t> offsets, View<const std::uint32_t> items, std::uint32_t pairs_per_chunk);

  // Users in random order, and that cut into chunks.
  void shuffle(Rng rng);
  std::uint32_t chunks() const { return static_cast<std::uint32_t>(chunk_starts_.size()) - 1; }

  // Makes the cells of a chunk: its users in as many groups as the items have, with about equally many pairs, and in
  // each cell user after user. False when memory runs out.
  bool fill(std::uint32_t chunk, const ItemGroups& groups, Pool& pool);

  // The chunk filled last.
  const Positive* positives() const { return positives_.data(); }
  const std::size_t* cells() const { return cells_.data(); }  // (groups * groups + 1)

 private:
  struct Work;
  static void place_group(void* work, std::uint32_t group);

  std::uint32_t count_of(std::uint32_t user) const { return offsets_[user + 1] - offsets_[user]; }

  View<const std::uint32_t> offsets_;
  View<const std::uint32_t> items_;
  std::uint32_t pairs_per_chunk_;
  std::vector<std::uint32_t> users_;         // those with pairs, in order
  std::vector<std::uint32_t> chunk_starts_;  // (chunks + 1) ranges of users_
  std::vector<std::uint32_t> group_starts_;  // (groups + 1) ranges of users_, of the chunk
  std::vector<std::size_t> cells_;
  Buffer<Positive> positives_;
};

}  // namespace palate
