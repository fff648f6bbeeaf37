// Fills the blocks of a grid; one task a user group.
#pragma once

#include <atomic>
#include <cstdint>

#include "core/grid.h"

namespace palate {

struct GridBlocks {
  View<const std::uint32_t> offsets;
  View<const std::uint32_t> items;
  View<const float> values;
  const std::uint32_t* item_group = nullptr;    // (items)
  const std::uint32_t* group_starts = nullptr;  // (user groups + 1)
  const std::uint32_t* group_users = nullptr;   // (users) grouped, ascending in each group
  GridPlan plan;
  std::uint32_t num_items = 0;
  std::uint64_t seed = 0;
  const std::uint32_t* stratum_steps = nullptr;  // (side * squares)
  std::size_t* blocks = nullptr;                 // (blocks + 1): counts behind each block, then starts
  std::uint32_t* users_out = nullptr;
  std::uint32_t* items_out = nullptr;
  float* values_out = nullptr;
  std::uint32_t* most_repeated = nullptr;  // (user groups)
  std::atomic<bool>* out_of_memory = nullptr;
};

// Counts the ratings of the blocks of one user group into blocks[cell + 1].
void count_blocks(void* context, std::uint32_t group);

// Writes these blocks. Row-wise: four users take turns, so that the processor works on four independent chains
// of updates at once. Batches: by user or mixed, and the ratings of a step that share an item are marked.
void fill_blocks(void* context, std::uint32_t group);

}  // namespace palate
