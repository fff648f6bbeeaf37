#include "core/target_blocks.h"

#include <algorithm>
#include <atomic>
#include <new>
#include <utility>

namespace palate {
namespace {

std::uint32_t entry_of(std::uint32_t item, std::uint32_t row, std::uint32_t count) {
  return (item % kSoftmaxChunk * kSoftmaxRows + row) | (count << kSoftmaxPlaceBits);
}

// Turns the numbers of entries of each chunk into where they begin.
void begin_chunks(std::uint32_t* numbers, std::uint32_t chunks) {
  std::uint32_t begin = 0;
  for (std::uint32_t chunk = 0; chunk < chunks; ++chunk) begin += std::exchange(numbers[chunk], begin);
}

}  // namespace

struct TargetBlocks::ArrangeRun {
  TargetBlocks* self;
  const PairCounts* counts;
  std::uint32_t part;
  std::atomic<bool> failed{false};
};

Status TargetBlocks::arrange(const PairCounts& counts, std::uint32_t part, std::vector<std::uint32_t> items,
                             std::uint32_t batch_size, Pool& pool) {
  items_ = std::move(items);
  totals_.resize(items_.size());
  const std::uint32_t rows = num_rows();
  const std::uint32_t batches = rows / batch_size;
  const std::uint32_t left = rows % batch_size;
  rest_ = batch_size % kSoftmaxRows;
  rests_ = rest_ == 0 ? 0 : batches;
  whole_blocks_ = batches * (batch_size / kSoftmaxRows) + left / kSoftmaxRows;
  entries_.resize(std::size_t{whole_blocks_} + rests_ + (left % kSoftmaxRows != 0 ? 1 : 0));
  chunks_ = softmax_chunks(counts.num_items());
  ends_ = Buffer<std::uint32_t>(std::size_t{num_blocks()} * chunks_);
  if (ends_.failed()) return Status::out_of_memory;
  ArrangeRun run{this, &counts, part, {}};
  const auto body = [](void* context, std::uint32_t block) {
    ArrangeRun& r = *static_cast<ArrangeRun*>(context);
    try {
      r.self->arrange_block(*r.counts, r.part, block);
    } catch (const std::bad_alloc&) {
      r.failed.store(true, std::memory_order_relaxed);
    }
  };
  pool.run(num_blocks(), body, &run);
  return run.failed.load(std::memory_order_relaxed) ? Status::out_of_memory : Status::ok;
}

std::uint32_t TargetBlocks::first_row(std::uint32_t block) const {
  if (block >= num_blocks()) return num_rows();
  const std::uint32_t whole = std::min(block, whole_blocks_);
  return whole * kSoftmaxRows + (block - whole) * rest_;
}

void TargetBlocks::arrange_block(const PairCounts& counts, std::uint32_t part, std::uint32_t block) {
  const std::uint32_t first = first_row(block);
  const std::uint32_t last = first_row(block + 1);
  std::uint32_t* next = ends_.data() + std::size_t{block} * chunks_;
  std::size_t size = 0;
  for (std::uint32_t row = first; row < last; ++row) {
    const PairCounts::Row pairs = counts.row(part, items_[row]);
    totals_[row] = pairs.total;
    size += static_cast<std::size_t>(pairs.end - pairs.begin);
    for (const std::uint32_t* at = pairs.begin; at != pairs.end; ++at) ++next[counts.item_of(*at) / kSoftmaxChunk];
  }
  begin_chunks(next, chunks_);
  std::vector<std::uint32_t>& entries = entries_[block];
  entries.resize(size);
  for (std::uint32_t row = first; row < last; ++row) {
    const PairCounts::Row pairs = counts.row(part, items_[row]);
    for (const std::uint32_t* at = pairs.begin; at != pairs.end; ++at) {
      const std::uint32_t item = counts.item_of(*at);
      entries[next[item / kSoftmaxChunk]++] = entry_of(item, row - first, counts.count_of(*at));
    }
  }
}

TargetBlocks::Block TargetBlocks::block(std::uint32_t index) const {
  const std::uint32_t first = first_row(index);
  const SoftmaxTargets targets{entries_[index].data(), ends_.data() + std::size_t{index} * chunks_};
  return {first_row(index + 1) - first, items_.data() + first, totals_.data() + first, targets};
}

SoftmaxTargets arrange_pairs(const ItemPair* pairs, std::uint32_t count, std::uint32_t num_items,
                             std::uint32_t* entries, std::uint32_t* ends) {
  const std::uint32_t chunks = softmax_chunks(num_items);
  std::fill_n(ends, chunks, 0u);
  for (std::uint32_t row = 0; row < count; ++row) ++ends[pairs[row].output / kSoftmaxChunk];
  begin_chunks(ends, chunks);
  for (std::uint32_t row = 0; row < count; ++row)
    entries[ends[pairs[row].output / kSoftmaxChunk]++] = entry_of(pairs[row].output, row, 1);
  return {entries, ends};
}

}  // namespace palate
