// The candidates that one query has met so far, and the score that a further one must reach.
//
// Candidates are appended unsorted; when the list is full, the k-th best score of it becomes the new
// `floor` and what lies below is dropped. Values may be off by a known error (see topk_tile.h): `slack`
// is how far below the floor a value may lie and still belong to the true k best.
#pragma once

#include <float.h>

#include <cstdint>
#include <cstring>

#include "kernels/topk_dot.h"

namespace palate::KERNEL_NS {

// Candidates are appended a group at a time, so a list always has room for one more group.
inline constexpr std::uint32_t kLargestGroup = 48;

struct Shortlist {
  float* values;             // (capacity)
  std::uint32_t* positions;  // (capacity)
  std::uint32_t capacity;
  std::uint32_t count;
  std::uint32_t checked;   // so many of them have been compared with the exclusions
  std::uint32_t excluded;  // cursor and end in exclude_items
  std::uint32_t excluded_end;
  float floor;  // at least k candidates reached it; -infinity until known
};

// Capacity for k of `available` candidates: the more, the fewer (and the larger) the clean-ups.
PALATE_INLINE std::uint32_t shortlist_capacity(std::uint32_t k, std::uint32_t available) {
  const std::uint64_t wanted = static_cast<std::uint64_t>(k) + (k < 40 ? 64 : k + k / 2);
  const std::uint64_t enough = (wanted < available ? wanted : available) + kLargestGroup;
  return static_cast<std::uint32_t>((enough + 15) & ~std::uint64_t{15});
}

// Floats as unsigned integers of the same order.
PALATE_INLINE std::uint32_t ordered(float x) {
  std::uint32_t bits;
  std::memcpy(&bits, &x, sizeof bits);
  return bits & 0x80000000u ? ~bits : bits | 0x80000000u;
}

PALATE_INLINE float unordered(std::uint32_t key) {
  const std::uint32_t bits = key & 0x80000000u ? key & 0x7fffffffu : ~key;
  float x;
  std::memcpy(&x, &bits, sizeof x);
  return x;
}

// The next float above x; NaN, which nothing reaches, above infinity.
PALATE_INLINE float next_above(float x) { return unordered(ordered(x + 0.0f) + 1); }

// Best score first, then the lower position: ascending as an unsigned integer.
PALATE_INLINE std::uint64_t result_key(float score, std::uint32_t position) {
  return static_cast<std::uint64_t>(~ordered(score)) << 32 | position;
}

PALATE_INLINE float key_score(std::uint64_t key) { return unordered(~static_cast<std::uint32_t>(key >> 32)); }

namespace {

// Sorts n distinct keys by merging; `spare` holds as many. Without branches on the keys.
void sort_keys(std::uint64_t* keys, std::uint64_t* spare, std::uint32_t n) {
  std::uint64_t* from = keys;
  std::uint64_t* to = spare;
  for (std::uint64_t width = 1; width < n; width *= 2) {
    for (std::uint64_t begin = 0; begin < n; begin += 2 * width) {
      std::uint64_t a = begin;
      const std::uint64_t middle = begin + width < n ? begin + width : n;
      std::uint64_t b = middle;
      const std::uint64_t end = begin + 2 * width < n ? begin + 2 * width : n;
      std::uint64_t out = begin;
      while (a < middle && b < end) {
        const bool second = from[b] < from[a];
        to[out++] = second ? from[b] : from[a];
        a += !second;
        b += second;
      }
      while (a < middle) to[out++] = from[a++];
      while (b < end) to[out++] = from[b++];
    }
    std::uint64_t* swap = from;
    from = to;
    to = swap;
  }
  if (from != keys) std::memcpy(keys, from, n * sizeof *keys);
}

// Forgets candidates that the query excludes. Candidates come in ascending order of position and so of
// item, except for those that were compared beforehand, hence one pass over the exclusions in all.
void drop_excluded(Shortlist& list, const TopkCall& call, const std::uint32_t* item_of) {
  if (list.excluded < list.excluded_end) {
    std::uint32_t kept = list.checked;
    std::uint32_t cursor = list.excluded;
    for (std::uint32_t c = list.checked; c < list.count; ++c) {
      const std::uint32_t position = list.positions[c];
      const std::uint32_t item = item_of != nullptr ? item_of[position] : position;
      while (cursor < list.excluded_end && call.exclude_items[cursor] < item) ++cursor;
      list.values[kept] = list.values[c];
      list.positions[kept] = position;
      kept += !(cursor < list.excluded_end && call.exclude_items[cursor] == item);
    }
    list.count = kept;
    list.excluded = cursor;
  }
  list.checked = list.count;
}

// A value that at least k, but not many more, of the n > k values reach.
float reached_by(const float* values, std::uint32_t n, std::uint32_t k) {
  // Sixteen running minima and maxima, which the compiler keeps in registers.
  float least = values[0];
  float most = values[0];
  if (n >= 16) {
    float low[16];
    float high[16];
    for (std::uint32_t i = 0; i < 16; ++i) low[i] = high[i] = values[i];
    for (std::uint32_t c = 16; c < n; c += 16) {
      // The last step overlaps the one before.
      const float* v = values + (c + 16 <= n ? c : n - 16);
      for (std::uint32_t i = 0; i < 16; ++i) {
        low[i] = v[i] < low[i] ? v[i] : low[i];
        high[i] = v[i] > high[i] ? v[i] : high[i];
      }
    }
    for (std::uint32_t i = 0; i < 16; ++i) {
      least = low[i] < least ? low[i] : least;
      most = high[i] > most ? high[i] : most;
    }
  } else {
    for (std::uint32_t c = 1; c < n; ++c) {
      least = values[c] < least ? values[c] : least;
      most = values[c] > most ? values[c] : most;
    }
  }
  // Bisection over the bit patterns: at least k values reach `low`, fewer reach `high` + 1.
  std::uint32_t low = ordered(least);
  std::uint32_t high = ordered(most);
  while (low < high) {
    const std::uint32_t middle = low + (high - low + 1) / 2;
    const float bar = unordered(middle);
    std::uint32_t reached = 0;
    for (std::uint32_t c = 0; c < n; ++c) reached += values[c] >= bar;
    if (reached < k) {
      high = middle - 1;
      continue;
    }
    low = middle;
    if (reached <= k + k / 16) break;
  }
  return unordered(low);
}

// Raises the floor to (about) the k-th best value and drops what lies more than `slack` below it.
void raise_floor(Shortlist& list, std::uint32_t k, float slack) {
  if (list.count <= k) return;
  const float reached = reached_by(list.values, list.count, k);
  list.floor = reached > list.floor ? reached : list.floor;
  // An infinite floor must not meet an infinite slack.
  const float bar = slack == 0 ? list.floor : list.floor - slack;
  std::uint32_t kept = 0;
  for (std::uint32_t c = 0; c < list.count; ++c) {
    const float value = list.values[c];
    list.values[kept] = value;
    list.positions[kept] = list.positions[c];
    kept += !(value < bar);
  }
  list.count = kept;
  list.checked = kept;
}

}  // namespace

}  // namespace palate::KERNEL_NS
