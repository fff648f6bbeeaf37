// The lower triangle of a sparse symmetric matrix, packed so that any element is found in constant time: for each row
// one bit an element, and the elements whose bit is set in one array. Part of the kernels that include it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>

#include "core/chunks.h"
#include "math/lanes.h"

namespace palate::KERNEL_NS {

// Elements left of the diagonal.
struct PackedRow {
  const std::uint64_t* bits;   // one for each column before the row's own
  const std::uint32_t* ranks;  // of each word of bits: set bits before it
  const float* values;         // of the set bits
};

namespace {

constexpr std::uint32_t kWordBits = 64;

PALATE_INLINE std::uint32_t words_of(std::uint32_t columns) { return (columns + kWordBits - 1) / kWordBits; }

PALATE_INLINE std::uint32_t count_bits(std::uint64_t bits) {
#if defined(__GNUC__)
  return static_cast<std::uint32_t>(__builtin_popcountll(bits));
#else
  std::uint32_t count = 0;
  for (; bits != 0; bits &= bits - 1) ++count;
  return count;
#endif
}

// The element of a column before the row's own.
PALATE_INLINE float element_of(const PackedRow& row, std::uint32_t column) {
  const std::uint64_t word = row.bits[column / kWordBits];
  const std::uint64_t bit = std::uint64_t{1} << column % kWordBits;
  if ((word & bit) == 0) return 0;
  return row.values[row.ranks[column / kWordBits] + count_bits(word & (bit - 1))];
}

// Bytes that pack_row takes.
PALATE_INLINE std::size_t packed_bytes(std::uint32_t columns, std::uint32_t filled) {
  const std::size_t words = words_of(columns);
  const std::size_t ranks = words + words % 2;  // the next row's bits stay aligned
  return words * sizeof(std::uint64_t) + ranks * sizeof(std::uint32_t) + (filled + filled % 2) * sizeof(float);
}

// Packs the first `columns` of a row, of which `filled` are not zero, into packed_bytes() of zeroed memory.
[[maybe_unused]] PackedRow pack_row(const double* row, std::uint32_t columns, char* memory) {
  const std::uint32_t words = words_of(columns);
  std::uint64_t* bits = reinterpret_cast<std::uint64_t*>(memory);
  std::uint32_t* ranks = reinterpret_cast<std::uint32_t*>(bits + words);
  float* values = reinterpret_cast<float*>(ranks + words + words % 2);
  std::uint32_t filled = 0;
  for (std::uint32_t w = 0; w < words; ++w) {
    const std::uint32_t first = w * kWordBits;
    const std::uint32_t end = columns - first < kWordBits ? columns : first + kWordBits;
    std::uint64_t word = 0;
    ranks[w] = filled;
    for (std::uint32_t k = first; k < end; ++k) {
      if (row[k] == 0) continue;
      word |= std::uint64_t{1} << (k - first);
      values[filled++] = static_cast<float>(row[k]);
    }
    bits[w] = word;
  }
  return {bits, ranks, values};
}

}  // namespace
}  // namespace palate::KERNEL_NS
