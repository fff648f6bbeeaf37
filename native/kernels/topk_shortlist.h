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

// Capacity for k of `available` candidates: the more, the fewer (and the larger) the clean-ups. A wide error
// leaves a multiple of k in the list after each.
PALATE_INLINE std::uint32_t shortlist_capacity(std::uint32_t k, std::uint32_t available, bool wide_error) {
  const std::uint64_t least = wide_error ? 96 : 32;
  const std::uint64_t wanted = (wide_error ? 4 : 1) * std::uint64_t{k} + (k < least ? least : k);
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

// Sorts n distinct keys: runs of sixteen by counting the smaller ones, then merging; hardly a branch
// depends on a key. `spare` holds as many.
[[maybe_unused]] void sort_keys(std::uint64_t* keys, std::uint64_t* spare, std::uint32_t n) {
  constexpr std::uint32_t kRun = 16;
  for (std::uint32_t begin = 0; begin < n; begin += kRun) {
    std::uint64_t run[kRun];
    const std::uint32_t length = n - begin < kRun ? n - begin : kRun;
    for (std::uint32_t i = 0; i < kRun; ++i) run[i] = i < length ? keys[begin + i] : ~std::uint64_t{0};
    for (std::uint32_t i = 0; i < length; ++i) {
      std::uint64_t smaller = 0;
      for (std::uint32_t j = 0; j < kRun; ++j) smaller += run[j] < run[i];
      keys[begin + smaller] = run[i];
    }
  }
  std::uint64_t* from = keys;
  std::uint64_t* to = spare;
  for (std::uint64_t width = kRun; width < n; width *= 2) {
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

[[maybe_unused]] bool is_excluded(const TopkCall& call, std::uint32_t query, std::uint32_t item) {
  if (call.exclude_offsets == nullptr) return false;
  std::uint32_t low = call.exclude_offsets[query];
  const std::uint32_t end = call.exclude_offsets[query + 1];
  for (std::uint32_t high = end; low < high;) {
    const std::uint32_t middle = low + (high - low) / 2;
    if (call.exclude_items[middle] < item) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low < end && call.exclude_items[low] == item;
}

// Forgets candidates that the query excludes. They come in ascending order of position and so of item,
// except for those that is_excluded has let through, hence one pass over the exclusions in all.
[[maybe_unused]] void drop_excluded(Shortlist& list, const TopkCall& call, const std::uint32_t* item_of) {
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

std::uint32_t count_reaching(const float* values, std::uint32_t n, float bar) {
  std::uint32_t count = 0;
  std::uint32_t c = 0;
#if defined(__AVX512F__)
  for (; c + 16 <= n; c += 16) {
    const __mmask16 mask = _mm512_cmp_ps_mask(_mm512_loadu_ps(values + c), _mm512_set1_ps(bar), _CMP_GE_OQ);
    count += static_cast<std::uint32_t>(__builtin_popcount(mask));
  }
#endif
  for (; c < n; ++c) count += values[c] >= bar;
  return count;
}

// A value that at least k, but not many more, of the n > k values reach.
float reached_by(const float* values, std::uint32_t n, std::uint32_t k) {
  float least = values[0];
  float most = values[0];
  std::uint32_t c = 0;
#if defined(__GNUC__)
  // Written out, as the compiler finds no vector minimum here on its own: it would have to keep NaN.
  Part lows = part_of(least);
  Part highs = lows;
  for (; c + kWidth <= n; c += kWidth) {
    const Part v = *reinterpret_cast<const LoosePart*>(values + c);
    lows = v < lows ? v : lows;
    highs = v > highs ? v : highs;
  }
  for (int i = 0; i < kWidth; ++i) {
    least = lows[i] < least ? lows[i] : least;
    most = highs[i] > most ? highs[i] : most;
  }
#endif
  for (; c < n; ++c) {
    least = values[c] < least ? values[c] : least;
    most = values[c] > most ? values[c] : most;
  }
  // Bisection over the bit patterns: at least k values reach `low`, fewer reach `high` + 1.
  std::uint32_t low = ordered(least);
  std::uint32_t high = ordered(most);
  while (low < high) {
    const std::uint32_t middle = low + (high - low + 1) / 2;
    const std::uint32_t reached = count_reaching(values, n, unordered(middle));
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
[[maybe_unused]] void raise_floor(Shortlist& list, std::uint32_t k, float slack) {
  if (list.count <= k) return;
  const float reached = reached_by(list.values, list.count, k);
  list.floor = reached > list.floor ? reached : list.floor;
  // An infinite floor must not meet an infinite slack.
  const float bar = slack == 0 ? list.floor : list.floor - slack;
  std::uint32_t kept = 0;
  std::uint32_t c = 0;
#if defined(__AVX512F__)
  for (; c + 16 <= list.count; c += 16) {
    const __m512 values = _mm512_loadu_ps(list.values + c);
    const __mmask16 mask = _mm512_cmp_ps_mask(values, _mm512_set1_ps(bar), _CMP_NLT_UQ);
    const __m512i positions = _mm512_loadu_si512(list.positions + c);
    // In place: what is kept never runs ahead of what is read.
    _mm512_storeu_ps(list.values + kept, _mm512_maskz_compress_ps(mask, values));
    _mm512_storeu_si512(list.positions + kept, _mm512_maskz_compress_epi32(mask, positions));
    kept += static_cast<std::uint32_t>(__builtin_popcount(mask));
  }
#endif
  for (; c < list.count; ++c) {
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
