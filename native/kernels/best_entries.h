// The k best of many scored indices, kept in a heap whose root is the worst of them. Part of the kernels that include
// it.
#pragma once

#include <cstdint>

#include "math/lanes.h"

namespace palate::KERNEL_NS {

// Greater keys first, equal keys by lower index.
struct Best {
  float* keys;             // (most)
  std::uint32_t* indices;  // (most)
  std::uint32_t most;
  std::uint32_t size = 0;

  PALATE_INLINE bool full() const { return size == most; }
  // Whether an entry stands behind another.
  static PALATE_INLINE bool behind(float key, std::uint32_t index, float other_key, std::uint32_t other_index) {
    return key < other_key || (key == other_key && index > other_index);
  }
  // Whether the entry would be kept.
  PALATE_INLINE bool takes(float key, std::uint32_t index) const {
    return size < most || (most != 0 && behind(keys[0], indices[0], key, index));
  }
};

namespace {

// Lets the entry sink from the root of the first `size`.
[[maybe_unused]] void sink(Best& best, std::uint32_t size, float key, std::uint32_t index) {
  std::uint32_t at = 0;
  for (;;) {
    std::uint32_t child = 2 * at + 1;
    if (child >= size) break;
    if (child + 1 < size &&
        Best::behind(best.keys[child + 1], best.indices[child + 1], best.keys[child], best.indices[child])) {
      ++child;
    }
    if (!Best::behind(best.keys[child], best.indices[child], key, index)) break;
    best.keys[at] = best.keys[child];
    best.indices[at] = best.indices[child];
    at = child;
  }
  best.keys[at] = key;
  best.indices[at] = index;
}

// Adds an entry that best.takes().
[[maybe_unused]] void insert(Best& best, float key, std::uint32_t index) {
  if (best.full()) {
    sink(best, best.size, key, index);
    return;
  }
  std::uint32_t at = best.size++;
  while (at != 0) {
    const std::uint32_t parent = (at - 1) / 2;
    if (!Best::behind(key, index, best.keys[parent], best.indices[parent])) break;
    best.keys[at] = best.keys[parent];
    best.indices[at] = best.indices[parent];
    at = parent;
  }
  best.keys[at] = key;
  best.indices[at] = index;
}

// Turns the heap into a list, best first.
[[maybe_unused]] void sort_best(Best& best) {
  for (std::uint32_t left = best.size; left > 1;) {
    --left;
    const float key = best.keys[left];
    const std::uint32_t index = best.indices[left];
    best.keys[left] = best.keys[0];
    best.indices[left] = best.indices[0];
    sink(best, left, key, index);
  }
}

}  // namespace
}  // namespace palate::KERNEL_NS
