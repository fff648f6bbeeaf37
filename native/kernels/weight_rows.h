// What the ways of fitting item-item weights share: rows of X^T X, and lists of the strongest weights.
#pragma once

#include <cstring>

#include "core/chunks.h"
#include "core/flags.h"
#include "kernels/best_entries.h"
#include "kernels/weight_lists.h"

namespace palate::KERNEL_NS {

// One way round of X: the rows of a product X X^T.
struct Rows {
  const std::uint32_t* offsets;
  const std::uint32_t* indices;
  const float* values;
  std::uint32_t count;
};

PALATE_INLINE Rows rows_of_users(const WeightedInteractions& x) {
  return {x.user_offsets, x.items, x.user_values, x.num_users};
}
PALATE_INLINE Rows rows_of_items(const WeightedInteractions& x) {
  return {x.item_offsets, x.users, x.item_values, x.num_items};
}

// sums += the row of `rows` rows^T, where `across` is `rows` the other way round. An element gets its terms in
// ascending order of what both rows have in common, so the product is symmetric to the bit.
template <typename Sum>
PALATE_INLINE void add_product_row(const Rows& rows, const Rows& across, std::uint32_t row, Sum* sums) {
  for (std::uint32_t e = rows.offsets[row]; e < rows.offsets[row + 1]; ++e) {
    const std::uint32_t other = rows.indices[e];
    const Sum value = rows.values[e];
    const std::uint32_t end = across.offsets[other + 1];
    for (std::uint32_t n = across.offsets[other]; n < end; ++n)
      sums[across.indices[n]] += value * static_cast<Sum>(across.values[n]);
  }
}

// Targets or rows that a worker claims at once: few, as popular items often stand side by side.
inline constexpr std::uint32_t kClaim = 8;

// A loop over `count` indices, a few at a time; first >= count: none is left.
struct Claims {
  std::uint32_t count;
  std::atomic<std::uint32_t> next{0};

  PALATE_INLINE std::uint32_t first() { return next.fetch_add(kClaim, std::memory_order_relaxed); }
  PALATE_INLINE std::uint32_t end_of(std::uint32_t first) const {
    return count - first < kClaim ? count : first + kClaim;
  }
};

namespace {

// Weights that are compared at once; most rows are sparse.
constexpr std::uint32_t kCompared = 32;

// How many of up to kCompared weights are stronger than `least`.
PALATE_INLINE std::uint32_t count_stronger(const float* weights, std::uint32_t count, float least) {
  std::uint32_t found = 0;
  if (count == kCompared) {
    for (std::uint32_t n = 0; n < kCompared; ++n) found += fabsf(weights[n]) > least;
  } else {
    for (std::uint32_t n = 0; n < count; ++n) found += fabsf(weights[n]) > least;
  }
  return found;
}

PALATE_INLINE std::uint32_t compared_from(std::uint32_t first, std::uint32_t num_items) {
  return num_items - first < kCompared ? num_items - first : kCompared;
}

// The greatest float below a positive one; 0 for 0.
PALATE_INLINE float next_below(float value) {
  std::uint32_t bits;
  std::memcpy(&bits, &value, sizeof bits);
  if (bits != 0) --bits;
  std::memcpy(&value, &bits, sizeof bits);
  return value;
}

// The strongest weights as a heap.
[[maybe_unused]] void find_strongest(const float* weights, std::uint32_t num_items, Best& best) {
  best.size = 0;
  for (std::uint32_t first = 0; first < num_items; first += kCompared) {
    const std::uint32_t count = compared_from(first, num_items);
    // One as strong as the weakest kept has a higher index.
    if (count_stronger(weights + first, count, best.full() ? best.keys[0] : 0) == 0) continue;
    for (std::uint32_t i = first; i < first + count; ++i) {
      const float strength = fabsf(weights[i]);
      if (strength != 0 && best.takes(strength, i)) insert(best, strength, i);
    }
  }
}

// Writes the strongest of a target's weights to its list, sources ascending; of those of equal strength the lower
// sources. `weights` (num_items), zero for the target itself. `best` has room for call.most.
[[maybe_unused]] Status keep_strongest(const WeightsCall& call, std::uint32_t target, const float* weights, Best& best,
                                       Chunk*& chunk) {
  const std::uint32_t num_items = call.data.num_items;
  std::uint32_t found = 0;
  for (std::uint32_t i = 0; i < num_items; ++i) found += weights[i] != 0;
  float least = 0;
  std::uint32_t last = num_items;  // of the sources whose weight is as weak as `least`, the last that is kept
  if (found > call.most) {
    find_strongest(weights, num_items, best);
    least = best.keys[0];
    last = best.indices[0];
    found = call.most;
  }
  if (found == 0) return Status::ok;
  const float below = next_below(least);
  const std::size_t bytes = found * sizeof(float);
  char* memory = static_cast<char*>(reserve(chunk, 2 * bytes));
  if (memory == nullptr) return Status::out_of_memory;
  std::uint32_t* sources = reinterpret_cast<std::uint32_t*>(memory);
  float* kept = reinterpret_cast<float*>(memory + bytes);
  std::uint32_t size = 0;
  for (std::uint32_t first = 0; first < num_items && size < found; first += kCompared) {
    const std::uint32_t count = compared_from(first, num_items);
    if (count_stronger(weights + first, count, below) == 0) continue;
    for (std::uint32_t i = first; i < first + count; ++i) {
      const float strength = fabsf(weights[i]);
      if (strength == 0 || strength < least || (strength == least && i > last)) continue;
      sources[size] = i;
      kept[size++] = weights[i];
    }
  }
  call.lists[target] = {sources, kept, size};
  return Status::ok;
}

}  // namespace
}  // namespace palate::KERNEL_NS
