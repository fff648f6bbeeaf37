// The k best items of each user by item-item weights, exactly.
//
//   score(q, i) = sum over the items h of q's history, ascending, of value_h * w(h, i)
//
// The k allowed items of greatest score, best first, equal scores by lower index; items that no weight reaches score 0
// and take part. Excluded items and items that are no candidates are left out before selection, so exactly
// min(k, allowed) come back; the rest of the row is filled with kNoItem and -infinity.
//
// Accumulator: float32, a product and an addition a weight, no fused multiply-add: the same bits on every level, for
// any number of threads.
#pragma once

#include <atomic>
#include <cstdint>

#include "core/parallel.h"
#include "core/status.h"
#include "device.h"

namespace palate {

struct ScoreCall {
  std::uint32_t* indices = nullptr;  // (num_users, k) out
  float* scores = nullptr;           // (num_users, k) out

  const std::uint32_t* history_offsets = nullptr;  // (num_users + 1)
  const std::uint32_t* history_items = nullptr;
  const float* history_values = nullptr;

  const std::uint32_t* weight_offsets = nullptr;  // (num_items + 1): w(h, .) by the item of the history
  const std::uint32_t* weight_items = nullptr;
  const float* weights = nullptr;

  std::uint32_t num_users = 0;
  std::uint32_t num_items = 0;
  std::uint32_t k = 0;

  const std::uint32_t* exclude_offsets = nullptr;  // (num_users + 1) or nullptr
  const std::uint32_t* exclude_items = nullptr;
  const std::uint8_t* candidates = nullptr;  // (num_items), non-zero where an item may be selected; nullptr: all

  const std::atomic<std::int32_t>* cancel = nullptr;    // non-zero: stop; nullptr: never
  const std::atomic<std::int32_t>* teardown = nullptr;  // non-zero: stop, the environment goes away
  DeviceMemory* device = nullptr;                       // where the arrays are on a device; nullptr: the processor
};

}  // namespace palate
