// Large dense products by seven products of halves instead of eight (Strassen 1969, "Gaussian elimination is not
// optimal"), two levels deep: 49 products of quarters instead of 64. Part of the kernels that include it.
//
// Sums of blocks are formed while they are packed, and a product is added to every block of the result that it is a
// part of while it is in L2 (Huang, Smith, Henry, van de Geijn 2016, "Strassen's algorithm reloaded"): there are no
// matrices in between. Sizes need not be multiples of the blocks: what a block lacks counts as zeros.
//
// Accumulator: float32, as in multiply.h; each element sums its products in their order, so its bits depend neither on
// threads nor on the level. Rounding grows with the largest elements of the whole matrices instead of an element's own
// row and column.
#pragma once

#include "kernels/strassen_blocks.h"

namespace palate::KERNEL_NS {

// A product's rows that a thread holds, (kRowBlock, kStrassenColumns), stay in L2.
inline constexpr std::uint32_t kStrassenColumns = 2496;
inline constexpr std::uint32_t kSmallRowBlock = 24;
static_assert(kStrassenColumns % kTileColumns == 0 && kSmallRowBlock % kTileRows == 0);

namespace {

struct StrassenTarget {
  float* values;
  std::uint32_t rows;  // that are there
  std::uint32_t columns;
  float sign;
  bool add;  // to what is there
};

// One of the products, `rows` x `columns` with zeros where the blocks end.
struct StrassenRun {
  const MultiplyCall* call;
  StrassenSide left;
  StrassenSide right;
  StrassenTarget targets[kStrassenTerms];
  std::uint32_t num_targets;
  std::uint32_t rows;
  std::uint32_t depth;
  std::uint32_t first;         // column of the slab
  std::uint32_t width;         // of the slab
  std::uint32_t padded;        // to whole tiles
  std::uint32_t large_blocks;  // of kRowBlock rows; the rest in small ones, so that no thread waits long for the last
  std::uint32_t num_blocks;
  float* packed;   // (depth blocks, panels, depth, kTileColumns)
  float* workers;  // (threads, kRowBlock * (kDepth + padded))
  std::atomic<std::uint32_t> next{0};
};

void pack_strassen(void* context, std::uint32_t index) {
  const StrassenRun& run = *static_cast<StrassenRun*>(context);
  const std::uint32_t panels = run.padded / kTileColumns;
  const std::uint32_t k = index / panels * kDepth;
  const std::uint32_t column = index % panels * kTileColumns;
  const std::uint32_t part = run.depth - k < kDepth ? run.depth - k : kDepth;
  pack_sum<kTileColumns>(run.right, run.first + column, kTileColumns, k, part,
                         run.packed + std::size_t{k} * run.padded + std::size_t{column} * part);
}

void add_to_targets(const StrassenRun& run, const float* product, std::uint32_t row, std::uint32_t rows) {
  for (std::uint32_t t = 0; t < run.num_targets; ++t) {
    const StrassenTarget& target = run.targets[t];
    const std::uint32_t height = clip(target.rows, row, rows);
    const std::uint32_t width = clip(target.columns, run.first, run.width);
    for (std::uint32_t r = 0; r < height; ++r) {
      const float* PALATE_RESTRICT from = product + std::size_t{r} * run.padded;
      float* PALATE_RESTRICT to = target.values + (row + r) * run.call->stride + run.first;
      if (target.add) {
        for (std::uint32_t c = 0; c < width; ++c) to[c] += target.sign * from[c];
      } else {
        for (std::uint32_t c = 0; c < width; ++c) to[c] = target.sign * from[c];
      }
    }
  }
}

void strassen_worker(void* context, std::uint32_t worker) {
  StrassenRun& run = *static_cast<StrassenRun*>(context);
  float* packed_rows = run.workers + std::size_t{worker} * kRowBlock * (kDepth + run.padded);
  float* product = packed_rows + std::size_t{kRowBlock} * kDepth;
  for (;;) {
    const std::uint32_t block = run.next.fetch_add(1, std::memory_order_relaxed);
    if (block >= run.num_blocks || is_raised(*run.call)) return;
    const std::uint32_t after = block < run.large_blocks ? 0 : block - run.large_blocks;
    const std::uint32_t row = (block - after) * kRowBlock + after * kSmallRowBlock;
    const std::uint32_t rows = clip(run.rows, row, block < run.large_blocks ? kRowBlock : kSmallRowBlock);
    for (std::uint32_t k = 0; k < run.depth; k += kDepth) {
      const std::uint32_t part = run.depth - k < kDepth ? run.depth - k : kDepth;
      pack_sum<kTileRows>(run.left, row, rows, k, part, packed_rows);
      const auto step = k != 0 ? multiply_panels<true> : multiply_panels<false>;
      step(product, run.padded, packed_rows, run.packed + std::size_t{k} * run.padded, rows, run.width, part);
    }
    add_to_targets(run, product, row, rows);
  }
}

// Levels that a product of this size gains from: blocks of fewer rows, columns or depth cost more to add than they
// save. Those of two levels have up to four terms instead of two, and must be twice as large.
constexpr std::uint32_t strassen_levels(std::uint32_t rows, std::uint32_t columns, std::uint32_t depth,
                                        std::uint32_t least) {
  const std::uint32_t narrow = rows < columns ? rows : columns;
  const std::uint32_t size = narrow < depth ? narrow : depth;
  return size / 8 >= least ? 2 : size / 2 >= least ? 1 : 0;
}

// Floats that multiply_strassen() needs as scratch, for any number of levels.
constexpr std::size_t strassen_floats(std::uint32_t columns, std::uint32_t depth, std::uint32_t threads) {
  const std::uint32_t half = columns / 2 + 1;
  const std::uint32_t width = half < kStrassenColumns ? up_to(half, kTileColumns) : kStrassenColumns;
  return std::size_t{width} * (depth / 2 + 1) + std::size_t{threads} * kRowBlock * (kDepth + width);
}

// The whole product: C = A B. `levels` is 1 or 2. Returns ok or cancelled; then the result is undefined.
[[maybe_unused]] Status multiply_strassen(const MultiplyCall& call, std::uint32_t levels, Pool& pool) {
  const std::uint32_t side = 1u << levels;
  const std::uint32_t rows = (call.rows + side - 1) / side;
  const std::uint32_t columns = (call.columns + side - 1) / side;
  const std::uint32_t depth = (call.depth + side - 1) / side;
  const std::uint32_t threads = pool.threads();
  const std::uint32_t slabs = (columns + kStrassenColumns - 1) / kStrassenColumns;
  const std::uint32_t slab_width = up_to((columns + slabs - 1) / slabs, kTileColumns);
  // A block or two of each thread are small ones.
  const std::uint32_t in_large = rows > threads * kRowBlock ? rows - threads * kRowBlock : 0;
  const std::uint32_t large_blocks = in_large / kRowBlock;
  const std::uint32_t in_small = rows - large_blocks * kRowBlock;
  bool filled[16] = {};
  for (std::uint32_t product = 0; product < (levels == 2 ? 49u : 7u); ++product) {
    StrassenRun run;
    run.call = &call;
    run.left = side_of(call.left, true, call.rows, call.depth, rows, depth, terms_of(kStrassenLeft, levels, product));
    run.right =
        side_of(call.right, false, call.columns, call.depth, columns, depth, terms_of(kStrassenRight, levels, product));
    const BlockTerms targets = terms_of(kStrassenResult, levels, product);
    run.num_targets = targets.count;
    for (std::uint32_t t = 0; t < targets.count; ++t) {
      const BlockTerm& at = targets.terms[t];
      bool& there = filled[at.row * side + at.column];
      run.targets[t] = {call.result + std::size_t{at.row} * rows * call.stride + std::size_t{at.column} * columns,
                        clip(call.rows, at.row * rows, rows), clip(call.columns, at.column * columns, columns), at.sign,
                        there};
      there = true;
    }
    run.rows = rows;
    run.depth = depth;
    run.large_blocks = large_blocks;
    run.num_blocks = large_blocks + (in_small + kSmallRowBlock - 1) / kSmallRowBlock;
    for (run.first = 0; run.first < columns; run.first += slab_width) {
      run.width = columns - run.first < slab_width ? columns - run.first : slab_width;
      run.padded = up_to(run.width, kTileColumns);
      run.packed = call.scratch;
      run.workers = call.scratch + std::size_t{run.padded} * depth;
      run.next.store(0, std::memory_order_relaxed);
      pool.run(run.padded / kTileColumns * ((depth + kDepth - 1) / kDepth), pack_strassen, &run);
      pool.run(threads < run.num_blocks ? threads : run.num_blocks, strassen_worker, &run);
      if (is_raised(call)) return Status::cancelled;
    }
  }
  return Status::ok;
}

}  // namespace
}  // namespace palate::KERNEL_NS
