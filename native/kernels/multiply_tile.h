// The innermost part of every blocked multiply: a tile of sums that stays in registers while panels pass by.
//
// Panels hold a strip of a matrix so that the tile reads them front to back:
//   rows:     (depth, kTileRows)     element (i, k) of the left matrix at k * kTileRows + i
//   columns:  (depth, kTileColumns)  element (k, j) of the right matrix at k * kTileColumns + j
#pragma once

#include <cstddef>
#include <cstdint>

#include "math/lanes.h"

namespace palate::KERNEL_NS {

// As many sums as registers leave room for beside the operands.
#if defined(__AVX512F__) || defined(__aarch64__) || defined(_M_ARM64)
inline constexpr std::uint32_t kTileRows = 8;
inline constexpr std::uint32_t kTileParts = 3;
#else
inline constexpr std::uint32_t kTileRows = 6;
inline constexpr std::uint32_t kTileParts = 2;
#endif
inline constexpr std::uint32_t kTileColumns = kTileParts * kWidth;

struct Tile {
  Part sums[kTileRows][kTileParts];
};

// Memory that will be read soon: `step` floats of it are fetched into L2 each time.
struct Ahead {
  const float* next;
  std::size_t step;

  PALATE_INLINE void fetch() {
#if defined(__GNUC__)
    __builtin_prefetch(next, 0, 2);
#endif
    next += step;
  }
};

struct NothingAhead {
  PALATE_INLINE void fetch() {}
};

// tile += rows . columns. Each sum is one chain of fused multiply-adds in the order of `depth`, so that its bits do not
// depend on the tile's shape. `columns` is aligned to a vector.
template <typename Next>
PALATE_INLINE void accumulate(const float* rows, const float* columns, std::uint32_t depth, Tile& tile, Next ahead) {
  for (std::uint32_t k = 0; k < depth; ++k) {
    ahead.fetch();
    Part x[kTileParts];
    for (std::uint32_t p = 0; p < kTileParts; ++p) x[p] = *reinterpret_cast<const Part*>(columns + p * kWidth);
    for (std::uint32_t r = 0; r < kTileRows; ++r) {
      const Part y = part_of(rows[r]);
      for (std::uint32_t p = 0; p < kTileParts; ++p) tile.sums[r][p] = part_fma(x[p], y, tile.sums[r][p]);
    }
    rows += kTileRows;
    columns += kTileColumns;
  }
}

}  // namespace palate::KERNEL_NS
