// The targets of softmax training in the layout that its kernel reads: input items dealt to blocks of rows.
#pragma once

#include <cstdint>
#include <vector>

#include "core/item_pair.h"
#include "core/memory.h"
#include "core/pair_counts.h"
#include "core/parallel.h"
#include "core/status.h"
#include "kernels/softmax.h"

namespace palate {

// All pairs of some input items, whose blocks stay the same as long as they are trained on.
class TargetBlocks {
 public:
  struct Block {
    std::uint32_t size = 0;                // rows
    const std::uint32_t* items = nullptr;  // (size)
    const float* totals = nullptr;         // (size)
    SoftmaxTargets targets;
  };

  // The pairs of one part of `counts`. Batches of `batch_size` rows are cut into blocks of kSoftmaxRows and one of the
  // rest, so that any whole blocks and one rest make a batch. Returns ok or out_of_memory.
  Status arrange(const PairCounts& counts, std::uint32_t part, std::vector<std::uint32_t> items,
                 std::uint32_t batch_size, Pool& pool);

  std::uint32_t num_rows() const { return static_cast<std::uint32_t>(items_.size()); }
  // Blocks of kSoftmaxRows, then the rests of whole batches, then the rest of the last batch.
  std::uint32_t num_blocks() const { return static_cast<std::uint32_t>(entries_.size()); }
  std::uint32_t whole_blocks() const { return whole_blocks_; }
  std::uint32_t rests() const { return rests_; }
  Block block(std::uint32_t index) const;

 private:
  struct ArrangeRun;

  std::uint32_t first_row(std::uint32_t block) const;
  void arrange_block(const PairCounts& counts, std::uint32_t part, std::uint32_t block);

  std::vector<std::uint32_t> items_;
  std::vector<float> totals_;
  std::vector<std::vector<std::uint32_t>> entries_;  // of each block
  Buffer<std::uint32_t> ends_;                       // (blocks, chunks)
  std::uint32_t chunks_ = 0;
  std::uint32_t whole_blocks_ = 0;
  std::uint32_t rests_ = 0;  // of whole batches
  std::uint32_t rest_ = 0;   // rows of each
};

// The targets of a block of single pairs: entries (pairs), ends (chunks).
SoftmaxTargets arrange_pairs(const ItemPair* pairs, std::uint32_t count, std::uint32_t num_items,
                             std::uint32_t* entries, std::uint32_t* ends);

}  // namespace palate
