// The inverse of a symmetric positive definite matrix, in blocks. Part of the kernels that include it.
//
// Blocked sweep: with pivot block D, panel U (the other rows of the pivot's columns) and V = U D^-1, a step is
//
//   A <- A - V U^T off the panel,   panel <- V,   D <- -D^-1
//
// and when every block has been the pivot, A holds -A^-1. It takes the n^3 operations of a Cholesky factorisation and
// an inverse from it, nearly all of them in one kind of multiply, and works in place on the lower triangle.
//
// Accumulator: float64; an element changes once a step by a chain of fused multiply-adds, so its bits depend neither on
// threads nor, where the level fuses, on the level.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "core/flags.h"
#include "core/memory.h"
#include "core/parallel.h"
#include "core/status.h"
#include "kernels/multiply_tile.h"
#include "math/doubles.h"

namespace palate::KERNEL_NS {

inline constexpr std::uint32_t kPivot = 192;     // rows of a pivot block
inline constexpr std::uint32_t kSweepRows = 96;  // of A that a thread works on: V's part stays in L2
inline constexpr std::uint32_t kSweepColumns = kTileParts * kDoubles;
static_assert(kSweepRows % kTileRows == 0);

struct SweepCall {
  double* matrix;  // (size, stride), its lower triangle; out: that of minus the inverse
  std::size_t stride;
  std::uint32_t size;
  const std::atomic<std::int32_t>* cancel;
  const std::atomic<std::int32_t>* teardown;
};

namespace {

struct Sweep {
  const SweepCall* call;
  std::uint32_t first, width;  // of the pivot block
  double* pivot;               // (kPivot, kPivot), D and then D^-1
  double* packed_pivot;        // (panels, kPivot, kSweepColumns) of D^-1
  double* panel;               // (size, kPivot): U, then V
  double* packed_columns;      // (panels, kPivot, kSweepColumns) of U^T, zero in the pivot's rows
  double* packed_rows;         // (threads, kSweepRows, kPivot)
  std::uint32_t blocks;
  std::atomic<std::uint32_t> next;
};

constexpr std::size_t whole(std::size_t value, std::size_t multiple) {
  return (value + multiple - 1) / multiple * multiple;
}

// Inverts the first `width` rows and columns of a full block in place, by the sweep of single rows. False unless it is
// positive definite.
[[maybe_unused]] bool invert_pivot(double* a, std::uint32_t width) {
  for (std::uint32_t p = 0; p < width; ++p) {
    double* row = a + std::size_t{p} * kPivot;
    const double diagonal = row[p];
    if (!(diagonal > 0) || diagonal - diagonal != 0) return false;
    for (std::uint32_t j = 0; j < width; ++j) row[j] /= diagonal;
    for (std::uint32_t i = 0; i < width; ++i) {
      if (i == p) continue;
      double* target = a + std::size_t{i} * kPivot;
      const double factor = target[p];
      for (std::uint32_t j = 0; j < width; ++j) target[j] -= factor * row[j];
      target[p] = factor / diagonal;
    }
    row[p] = -1 / diagonal;
  }
  for (std::uint32_t i = 0; i < width; ++i)
    for (std::uint32_t j = 0; j < width; ++j) a[i * kPivot + j] = -a[i * kPivot + j];
  return true;
}

// sums[r] (+)= rows . columns over `depth`; rows (depth, kTileRows) and columns (depth, kSweepColumns) packed.
PALATE_INLINE void multiply_tile(const double* rows, const double* columns, std::uint32_t depth,
                                 DoublePart (&sums)[kTileRows][kTileParts]) {
  for (std::uint32_t r = 0; r < kTileRows; ++r)
    for (std::uint32_t p = 0; p < kTileParts; ++p) sums[r][p] = doubles_of(0);
  for (std::uint32_t k = 0; k < depth; ++k) {
    DoublePart x[kTileParts];
    for (std::uint32_t p = 0; p < kTileParts; ++p) x[p] = load_doubles(columns + p * kDoubles);
    for (std::uint32_t r = 0; r < kTileRows; ++r) {
      const DoublePart y = doubles_of(rows[r]);
      for (std::uint32_t p = 0; p < kTileParts; ++p) sums[r][p] = doubles_fma(x[p], y, sums[r][p]);
    }
    rows += kTileRows;
    columns += kSweepColumns;
  }
}

// Panels of `count` rows of the panel, `depth` wide: (panels, depth, kTileRows), zeros where rows are missing.
PALATE_INLINE void pack_panel_rows(const double* panel, std::uint32_t count, std::uint32_t depth, double* target) {
  for (std::uint32_t r = 0; r < count; r += kTileRows) {
    for (std::uint32_t s = 0; s < kTileRows; ++s) {
      const double* from = panel + std::size_t{r + s} * kPivot;
      for (std::uint32_t k = 0; k < depth; ++k) target[k * kTileRows + s] = r + s < count ? from[k] : 0;
    }
    target += std::size_t{depth} * kTileRows;
  }
}

// Packs the columns of a row-major (depth, columns) matrix, or of its transpose: (panels, depth, kSweepColumns).
PALATE_INLINE void pack_panel_columns(const double* source, std::size_t row_stride, std::size_t column_stride,
                                      std::uint32_t columns, std::uint32_t depth, double* target) {
  for (std::uint32_t c = 0; c < columns; c += kSweepColumns) {
    for (std::uint32_t s = 0; s < kSweepColumns; ++s) {
      const double* from = source + (c + s) * column_stride;
      for (std::uint32_t k = 0; k < depth; ++k)
        target[k * kSweepColumns + s] = c + s < columns ? from[k * row_stride] : 0;
    }
    target += std::size_t{depth} * kSweepColumns;
  }
}

// Copies kSweepRows rows of the panel out of the lower triangle and packs them as columns of U^T; then V = U D^-1.
[[maybe_unused]] void take_rows(const Sweep& s, std::uint32_t block, double* rows) {
  const SweepCall& call = *s.call;
  const std::uint32_t first = block * kSweepRows;
  const std::uint32_t count = call.size - first < kSweepRows ? call.size - first : kSweepRows;
  for (std::uint32_t i = first; i < first + count; ++i) {
    double* row = s.panel + std::size_t{i} * kPivot;
    const bool in_pivot = i >= s.first && i < s.first + s.width;
    for (std::uint32_t k = 0; k < s.width; ++k) {
      const std::uint32_t column = s.first + k;
      row[k] = in_pivot      ? 0
               : i > s.first ? call.matrix[i * call.stride + column]
                             : call.matrix[column * call.stride + i];
    }
  }
  static_assert(kSweepRows % kSweepColumns == 0);
  pack_panel_columns(s.panel + std::size_t{first} * kPivot, 1, kPivot, count, s.width,
                     s.packed_columns + std::size_t{first} * s.width);
  pack_panel_rows(s.panel + std::size_t{first} * kPivot, count, s.width, rows);
  for (std::uint32_t c = 0; c < s.width; c += kSweepColumns) {
    for (std::uint32_t r = 0; r < count; r += kTileRows) {
      DoublePart sums[kTileRows][kTileParts];
      multiply_tile(rows + std::size_t{r} * s.width, s.packed_pivot + std::size_t{c} * s.width, s.width, sums);
      for (std::uint32_t i = 0; i < kTileRows && r + i < count; ++i)
        for (std::uint32_t p = 0; p < kTileParts; ++p)
          store_doubles(s.panel + std::size_t{first + r + i} * kPivot + c + p * kDoubles, sums[i][p]);
    }
  }
}

// A -= V U^T for one block of rows, up to the diagonal block.
[[maybe_unused]] void sweep_rows(const Sweep& s, std::uint32_t block, double* rows) {
  const SweepCall& call = *s.call;
  const std::uint32_t first = block * kSweepRows;
  const std::uint32_t count = call.size - first < kSweepRows ? call.size - first : kSweepRows;
  const std::uint32_t columns = first + count;
  pack_panel_rows(s.panel + std::size_t{first} * kPivot, count, s.width, rows);
  for (std::uint32_t c = 0; c < columns; c += kSweepColumns) {
    for (std::uint32_t r = 0; r < count; r += kTileRows) {
      DoublePart sums[kTileRows][kTileParts];
      multiply_tile(rows + std::size_t{r} * s.width, s.packed_columns + std::size_t{c} * s.width, s.width, sums);
      for (std::uint32_t i = 0; i < kTileRows && r + i < count; ++i) {
        // Rows are padded to whole vectors of the widest tile.
        double* target = call.matrix + (first + r + i) * call.stride + c;
        for (std::uint32_t p = 0; p < kTileParts; ++p)
          store_doubles(target + p * kDoubles, load_doubles(target + p * kDoubles) - sums[i][p]);
      }
    }
  }
}

// Works on blocks of rows, the longest first, until none is left.
template <void (*work)(const Sweep&, std::uint32_t, double*)>
void sweep_worker(void* context, std::uint32_t worker) {
  Sweep& s = *static_cast<Sweep*>(context);
  double* rows = s.packed_rows + std::size_t{worker} * kSweepRows * kPivot;
  for (;;) {
    const std::uint32_t claimed = s.next.fetch_add(1, std::memory_order_relaxed);
    if (claimed >= s.blocks) return;
    work(s, s.blocks - 1 - claimed, rows);
  }
}

template <void (*work)(const Sweep&, std::uint32_t, double*)>
PALATE_INLINE void for_each_block(Sweep& s, Pool& pool) {
  s.next.store(0, std::memory_order_relaxed);
  pool.run(pool.threads(), sweep_worker<work>, &s);
}

// Writes V and -D^-1 over the pivot's rows and columns.
[[maybe_unused]] void put_rows(const Sweep& s, std::uint32_t block, double*) {
  const SweepCall& call = *s.call;
  const std::uint32_t first = block * kSweepRows;
  const std::uint32_t count = call.size - first < kSweepRows ? call.size - first : kSweepRows;
  for (std::uint32_t i = first; i < first + count; ++i) {
    const double* row = s.panel + std::size_t{i} * kPivot;
    for (std::uint32_t k = 0; k < s.width; ++k) {
      const std::uint32_t column = s.first + k;
      if (i >= s.first && i < s.first + s.width) {
        call.matrix[i * call.stride + column] = -s.pivot[(i - s.first) * kPivot + k];
      } else if (i > s.first) {
        call.matrix[i * call.stride + column] = row[k];
      } else {
        call.matrix[column * call.stride + i] = row[k];
      }
    }
  }
}

PALATE_INLINE Status sweep_block(Sweep& s, Pool& pool) {
  const SweepCall& call = *s.call;
  for (std::uint32_t i = 0; i < s.width; ++i) {
    for (std::uint32_t k = 0; k <= i; ++k) {
      const double value = call.matrix[(s.first + i) * call.stride + s.first + k];
      s.pivot[i * kPivot + k] = value;
      s.pivot[k * kPivot + i] = value;
    }
  }
  if (!invert_pivot(s.pivot, s.width)) return Status::diverged;
  pack_panel_columns(s.pivot, kPivot, 1, s.width, s.width, s.packed_pivot);
  s.blocks = (call.size + kSweepRows - 1) / kSweepRows;
  for_each_block<take_rows>(s, pool);
  for_each_block<sweep_rows>(s, pool);
  for_each_block<put_rows>(s, pool);
  return Status::ok;
}

// Doubles from one row of a matrix of this size to the next.
[[maybe_unused]] std::size_t sweep_stride(std::uint32_t size) { return whole(size, 48); }

// Returns ok, diverged when the matrix is not positive definite, cancelled, or out_of_memory.
[[maybe_unused]] Status invert_symmetric(const SweepCall& call, Pool& pool) {
  const std::size_t padded = whole(call.size, kSweepRows);
  const std::size_t count = (2 * kPivot + 2 * padded + std::size_t{pool.threads()} * kSweepRows) * kPivot;
  double* memory = static_cast<double*>(allocate_zeroed(count * sizeof(double)));
  if (memory == nullptr) return Status::out_of_memory;
  Sweep s = {};
  s.call = &call;
  s.pivot = memory;
  s.packed_pivot = s.pivot + kPivot * kPivot;
  s.panel = s.packed_pivot + kPivot * kPivot;
  s.packed_columns = s.panel + padded * kPivot;
  s.packed_rows = s.packed_columns + padded * kPivot;
  Status status = Status::ok;
  for (std::uint32_t first = 0; first < call.size && status == Status::ok; first += kPivot) {
    s.first = first;
    s.width = call.size - first < kPivot ? call.size - first : kPivot;
    status = is_raised(call) ? Status::cancelled : sweep_block(s, pool);
  }
  release(memory, count * sizeof(double));
  return status;
}

}  // namespace
}  // namespace palate::KERNEL_NS
