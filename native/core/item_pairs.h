// Pairs of items out of one history, drawn chunk by chunk, as all of them would not fit into memory.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/item_groups.h"
#include "core/memory.h"
#include "core/parallel.h"
#include "core/view.h"
#include "kernels/train_item_pairs.h"

namespace palate {

// Items of each history in their order, CSR. Borrowed.
struct Histories {
  View<const std::uint32_t> offsets;  // (histories + 1)
  View<const std::uint32_t> items;
};

struct PairPlan {
  // 0: each ordered pair of two items of one history is as likely as any other. Else each item is the input of the
  // items at most `reach` places away, reach drawn from 1 ... window for each (Mikolov et al. 2013).
  std::uint32_t window = 0;
  // Without a window: pairs of an epoch, in the mean over all items of all histories.
  double pairs_per_item = 0;
  // About so many are held at a time, 8 bytes each.
  std::uint32_t pairs_per_chunk = 1u << 22;
  // A chunk is trained on in rounds of about so many.
  std::uint32_t pairs_per_round = 1u << 14;
};

// A round takes the next piece of each of so many places in the chunk's histories. The places are far from each other,
// so that pairs that are trained on together have little in common (kernels/train_item_pairs.h), and the pieces are
// short, so that within a place training keeps to the order of the histories: vectors then follow what is near in time,
// which ranks better than the same pairs in random order.
inline constexpr std::uint32_t kRoundPlaces = kPairBatch;

class ItemPairs {
 public:
  // `chances` (items): how likely an interaction with an item takes part in an epoch; empty: all do. `keep_histories`:
  // whether pairs remember theirs.
  ItemPairs(const Histories& histories, const PairPlan& plan, View<const float> chances, bool keep_histories);

  // Some buffer could not be allocated; the object must not be used.
  bool failed() const { return items_.failed() || offsets_.failed(); }

  // Draws which interactions take part from now on. The others leave their histories before pairs are drawn, so that a
  // window reaches beyond them (Mikolov et al. 2013, 2.3).
  void subsample(std::uint64_t seed);

  std::uint32_t chunks() const;

  // Draws the pairs of a chunk, by round and then by cell of the groups. What is drawn for an item of a history depends
  // on `seed` and its position alone. False when memory runs out.
  bool draw(std::uint32_t chunk, std::uint64_t seed, const ItemGroups& groups, Pool& pool);

  // The chunk drawn last.
  const ItemPair* pairs() const { return pairs_.data(); }
  const std::uint32_t* pair_histories() const { return keep_histories_ ? pair_histories_.data() : nullptr; }
  std::uint32_t rounds() const { return rounds_; }
  // (groups * groups + 1) where the pairs of each cell begin in a round.
  const std::size_t* cells(std::uint32_t round) const { return cells_.data() + std::size_t{round} * cells_of_round_; }
  std::size_t size() const { return cells_.back(); }

 private:
  // Positions [begin, next share's begin), the first in `history`. One index of a parallel loop.
  struct Share {
    std::uint32_t begin;
    std::uint32_t history;
  };
  struct Pass;

  void lay_out();
  double expected(std::uint32_t length) const;
  template <typename Visit>
  void each_pair(const Share& share, std::uint32_t end, std::uint64_t seed, Visit visit) const;
  static void count_share(void* pass, std::uint32_t index);
  static void place_share(void* pass, std::uint32_t index);

  Histories all_;
  View<const float> chances_;
  Buffer<std::uint32_t> offsets_, items_;  // what takes part of `all_`, where some have a chance
  Histories histories_;                    // that, or `all_`
  PairPlan plan_;
  bool keep_histories_;
  double rate_ = 0;  // without a window: chance of each ordered pair
  std::vector<Share> shares_;
  std::uint32_t chunk_shares_;
  std::uint32_t rounds_ = 0;  // of the chunk drawn last
  std::uint32_t cells_of_round_ = 0;
  std::vector<std::uint32_t> counts_;  // (shares of a chunk, cells), then where each share writes
  std::vector<std::size_t> cells_;     // (rounds * cells + 1)
  Buffer<ItemPair> pairs_;
  Buffer<std::uint32_t> pair_histories_;
};

}  // namespace palate
