// Items dealt to groups, and the noise distribution of each group.
#pragma once

#include <cstdint>
#include <vector>

#include "core/memory.h"
#include "core/parallel.h"
#include "core/rng.h"
#include "core/view.h"
#include "kernels/train_item_pairs.h"

namespace palate {

// As many groups as cells may run at a time on a processor; more would leave fewer candidates for negatives in each.
inline constexpr std::size_t kProcessorGroups = 16;

class ItemGroups {
 public:
  // `noise` (items): weights of the noise distribution, >= 0. Items of weight 0 belong to no group. Kept, not copied.
  // There are at most `most` <= 256 groups.
  ItemGroups(View<const double> noise, std::size_t most);

  bool failed() const { return group_of_.failed() || slots_.failed(); }
  std::uint32_t count() const { return static_cast<std::uint32_t>(starts_.size() - 1); }

  // Deals the items anew: each run of count() items in order of popularity, one to each group, so that groups have
  // about the same size and weight.
  void deal(Rng& rng, Pool& pool);

  // (items) the group of each item of positive weight.
  const std::uint8_t* group_of() const { return group_of_.data(); }
  const AliasSlot* slots() const { return slots_.data(); }
  // (count + 1) ranges of slots.
  const std::uint32_t* starts() const { return starts_.data(); }

 private:
  static void make_table(void* groups, std::uint32_t group);

  View<const double> noise_;
  std::vector<std::uint32_t> by_popularity_;
  std::vector<std::uint32_t> starts_;
  std::vector<std::uint32_t> dealt_;  // items by group
  Buffer<std::uint8_t> group_of_;
  Buffer<AliasSlot> slots_;
};

}  // namespace palate
