// Completes a symmetric product of which the lower half was computed, and sums its squares. Part of
// factorize_counts.cc.
#pragma once

#include "kernels/factorize_counts.h"
#include "math/lanes.h"

namespace palate::KERNEL_NS {
namespace {

struct SymmetricRun {
  float* values;  // (size, stride); row >= column is given
  std::size_t stride;
  std::uint32_t size;
  const CountRow* rows;  // nullptr: values stay as they are; else their targets are subtracted and the diagonal zeroed
  const float* targets;  // (largest count + 1)
  double* partial;       // (blocks, 2): the first takes a block's share of the squares
};

void subtract_targets(const SymmetricRun& run, std::uint32_t row) {
  float* values = run.values + row * run.stride;
  const CountRow& counts = run.rows[row];
  for (std::uint32_t n = 0; n < counts.size && counts.items[n] < row; ++n) {
    values[counts.items[n]] -= run.targets[counts.counts[n]];
  }
  values[row] = 0;
}

// Squares of a whole block of columns of one row.
PALATE_INLINE double block_squares(const float* values) {
  static_assert(kFactorRows == 2 * kLanes);
  const Lanes first = load(values);
  const Lanes second = load(values + kLanes);
  return static_cast<double>(sum(fma(first, first, second * second)));
}

// Rows of one block: their lower half is mirrored, in squares of kFactorRows so that both sides stay in cache.
void complete_rows(void* context, std::uint32_t block) {
  const SymmetricRun& run = *static_cast<SymmetricRun*>(context);
  const std::uint32_t first = block * kFactorRows;
  const std::uint32_t last = run.size - first < kFactorRows ? run.size : first + kFactorRows;
  if (run.rows != nullptr) {
    for (std::uint32_t row = first; row < last; ++row) subtract_targets(run, row);
  }
  double squares = 0;
  for (std::uint32_t column = 0; column < first; column += kFactorRows) {
    for (std::uint32_t row = first; row < last; ++row)
      squares += 2 * block_squares(run.values + row * run.stride + column);
    for (std::uint32_t c = column; c < column + kFactorRows; ++c) {
      for (std::uint32_t row = first; row < last; ++row)
        run.values[c * run.stride + row] = run.values[row * run.stride + c];
    }
  }
  for (std::uint32_t row = first; row < last; ++row) {
    for (std::uint32_t c = first; c < row; ++c) {
      const double value = static_cast<double>(run.values[row * run.stride + c]);
      squares += 2 * value * value;
      run.values[c * run.stride + row] = run.values[row * run.stride + c];
    }
    const double value = static_cast<double>(run.values[row * run.stride + row]);
    squares += value * value;
  }
  run.partial[2 * std::size_t{block}] = squares;
}

}  // namespace
}  // namespace palate::KERNEL_NS
