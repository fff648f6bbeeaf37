// Dense products in blocks, for any family that needs one. Part of the kernels that include it.
//
//   C(m, n) = A(m, k) B(k, n)      or  C +=,  with A and B row-major or transposed (Operand)
//
// Accumulator: float32; each element is the sum over blocks of kDepth of chains of fused multiply-adds, blocks in
// ascending order, so its bits depend neither on threads nor on the level (base, which cannot fuse, rounds once more)
// nor on how the other elements are cut into tiles.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "core/flags.h"
#include "core/parallel.h"
#include "core/status.h"
#include "kernels/multiply_panels.h"

namespace palate::KERNEL_NS {

// Part of every result's definition, hence the same at all levels: a panel of columns of this depth fits L1.
inline constexpr std::uint32_t kDepth = 192;
// Whole tiles at every level. A block of the result, kRowBlock x kColumnBlock, stays in L2 while all depths pass.
inline constexpr std::uint32_t kRowBlock = 120;
inline constexpr std::uint32_t kColumnBlock = 1920;
static_assert(kRowBlock % kTileRows == 0 && kColumnBlock % kTileColumns == 0);

struct MultiplyCall {
  float* result;  // (rows, columns), `stride` floats a row
  std::size_t stride;
  Operand left;   // (rows, depth)
  Operand right;  // (depth, columns)
  std::uint32_t rows;
  std::uint32_t columns;
  std::uint32_t depth;
  bool add = false;    // to what the result holds
  bool lower = false;  // only row >= column is wanted; what lies above may be left as it was
  float* scratch;      // multiply_floats(), 64-byte aligned
  const std::atomic<std::int32_t>* cancel = nullptr;    // non-zero: stop; nullptr: never
  const std::atomic<std::int32_t>* teardown = nullptr;  // non-zero: stop, the environment goes away
};

namespace {

constexpr std::uint32_t up_to(std::uint32_t value, std::uint32_t multiple) {
  return (value + multiple - 1) / multiple * multiple;
}

// Floats that multiply() needs as scratch.
constexpr std::size_t multiply_floats(std::uint32_t columns, std::uint32_t depth, std::uint32_t threads) {
  const std::uint32_t width = columns < kColumnBlock ? up_to(columns, kTileColumns) : kColumnBlock;
  return std::size_t{width} * depth + std::size_t{threads} * kRowBlock * kDepth;
}

// Floats that multiply_block() needs as scratch.
constexpr std::size_t block_floats(std::uint32_t rows, std::uint32_t columns) {
  return std::size_t{up_to(rows, kTileRows) + up_to(columns, kTileColumns)} * kDepth;
}

// The same product on the calling thread, for results and depths of a few hundred. scratch: block_floats().
[[maybe_unused]] void multiply_block(float* result, std::size_t stride, const Operand& left, const Operand& right,
                                     std::uint32_t rows, std::uint32_t columns, std::uint32_t depth, bool add,
                                     float* scratch) {
  float* packed_rows = scratch + std::size_t{up_to(columns, kTileColumns)} * kDepth;
  for (std::uint32_t k = 0; k < depth || k == 0; k += kDepth) {
    const std::uint32_t part = depth - k < kDepth ? depth - k : kDepth;
    pack_columns(part_from(right, k, 0), columns, part, scratch);
    pack_rows(part_from(left, 0, k), rows, part, packed_rows);
    const auto step = add || k != 0 ? multiply_panels<true> : multiply_panels<false>;
    step(result, stride, packed_rows, scratch, rows, columns, part);
  }
}

// One block of columns of a product.
struct MultiplySlab {
  const MultiplyCall* call;
  std::uint32_t first;         // column
  std::uint32_t width;         // columns
  std::uint32_t padded;        // to whole tiles
  std::uint32_t rows_a_block;  // <= kRowBlock
  std::uint32_t first_block;   // of rows
  std::uint32_t num_blocks;
  float* packed;  // (depth blocks, panels, depth, kTileColumns)
  float* packed_rows;
  std::atomic<std::uint32_t> next{0};
};

// Packs one panel at one block of depth.
void pack_slab(void* context, std::uint32_t index) {
  const MultiplySlab& slab = *static_cast<MultiplySlab*>(context);
  const MultiplyCall& call = *slab.call;
  const std::uint32_t panels = slab.padded / kTileColumns;
  const std::uint32_t k = index / panels * kDepth;
  const std::uint32_t column = index % panels * kTileColumns;
  const std::uint32_t part = call.depth - k < kDepth ? call.depth - k : kDepth;
  const std::uint32_t width = slab.width - column < kTileColumns ? slab.width - column : kTileColumns;
  pack_columns(part_from(call.right, k, slab.first + column), width, part,
               slab.packed + std::size_t{k} * slab.padded + std::size_t{column} * part);
}

void multiply_rows(const MultiplySlab& slab, std::uint32_t block, float* packed_rows) {
  const MultiplyCall& call = *slab.call;
  const std::uint32_t row = block * slab.rows_a_block;
  const std::uint32_t rows = call.rows - row < slab.rows_a_block ? call.rows - row : slab.rows_a_block;
  std::uint32_t width = slab.width;
  if (call.lower && row + rows < slab.first + width) width = row + rows - slab.first;
  for (std::uint32_t k = 0; k < call.depth || k == 0; k += kDepth) {
    const std::uint32_t part = call.depth - k < kDepth ? call.depth - k : kDepth;
    pack_rows(part_from(call.left, row, k), rows, part, packed_rows);
    const auto step = call.add || k != 0 ? multiply_panels<true> : multiply_panels<false>;
    step(call.result + row * call.stride + slab.first, call.stride, packed_rows,
         slab.packed + std::size_t{k} * slab.padded, rows, width, part);
  }
}

// Works on blocks of rows, the longest first, until none is left.
void multiply_worker(void* context, std::uint32_t worker) {
  MultiplySlab& slab = *static_cast<MultiplySlab*>(context);
  float* packed_rows = slab.packed_rows + std::size_t{worker} * kRowBlock * kDepth;
  for (;;) {
    const std::uint32_t claimed = slab.next.fetch_add(1, std::memory_order_relaxed);
    if (claimed >= slab.num_blocks || is_raised(*slab.call)) return;
    multiply_rows(slab, slab.first_block + slab.num_blocks - 1 - claimed, packed_rows);
  }
}

// Returns ok or cancelled; then the result is undefined.
[[maybe_unused]] Status multiply(const MultiplyCall& call, Pool& pool) {
  const std::uint32_t threads = pool.threads();
  for (std::uint32_t column = 0; column < call.columns; column += kColumnBlock) {
    MultiplySlab slab;
    slab.call = &call;
    slab.first = column;
    slab.width = call.columns - column < kColumnBlock ? call.columns - column : kColumnBlock;
    slab.padded = up_to(slab.width, kTileColumns);
    slab.packed = call.scratch;
    slab.packed_rows = call.scratch + std::size_t{slab.padded} * call.depth;
    // A few blocks a thread, so that none waits long for the last.
    const std::uint32_t share = up_to(call.rows / (4 * threads) + 1, kTileRows);
    slab.rows_a_block = share < kRowBlock ? share : kRowBlock;
    slab.first_block = call.lower ? column / slab.rows_a_block : 0;
    slab.num_blocks = (call.rows + slab.rows_a_block - 1) / slab.rows_a_block - slab.first_block;
    pool.run(slab.padded / kTileColumns * ((call.depth + kDepth - 1) / kDepth), pack_slab, &slab);
    pool.run(threads < slab.num_blocks ? threads : slab.num_blocks, multiply_worker, &slab);
    if (is_raised(*slab.call)) return Status::cancelled;
  }
  return Status::ok;
}

}  // namespace
}  // namespace palate::KERNEL_NS
