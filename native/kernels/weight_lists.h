// Item-item weights as training makes them, and the interactions that it makes them from. See fit_neighbors.h,
// fit_ease.h, fit_slim.h for what the weights are, and score_weights.h for what they do.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "core/chunks.h"
#include "core/parallel.h"
#include "core/status.h"

namespace palate {

// X (num_users, num_items), sparse, both ways round; each pair once. Items ascend within a user, users within an item.
struct WeightedInteractions {
  const std::uint32_t* user_offsets = nullptr;  // (num_users + 1)
  const std::uint32_t* items = nullptr;         // by user
  const float* user_values = nullptr;           // by user
  const std::uint32_t* item_offsets = nullptr;  // (num_items + 1)
  const std::uint32_t* users = nullptr;         // by item
  const float* item_values = nullptr;           // by item
  std::uint32_t num_users = 0;
  std::uint32_t num_items = 0;
};

// The items whose presence in a history says something of one target item.
struct WeightList {
  const std::uint32_t* sources = nullptr;  // (size), ascending, the target itself never among them
  const float* weights = nullptr;          // (size), none zero
  std::uint32_t size = 0;
};

// What every way of fitting weights takes. Each target's list is computed by one thread in a fixed order, so the
// results depend neither on the number of threads nor on which thread takes which target.
struct WeightsCall {
  WeightedInteractions data;
  std::uint32_t most = 0;       // weights a target at most: the strongest, equal ones by lower source
  WeightList* lists = nullptr;  // (num_items) out, empty at first
  Chunk** chunks = nullptr;     // (threads of the pool) out, nullptr at first; whoever owns them releases them
  const std::atomic<std::int32_t>* cancel = nullptr;    // non-zero: stop
  const std::atomic<std::int32_t>* teardown = nullptr;  // non-zero: stop, the environment goes away
};

}  // namespace palate
