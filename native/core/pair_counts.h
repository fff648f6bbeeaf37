// The counts C_ij of item pairs that softmax training learns from, in up to three parts. Pairs are counted, never
// listed: memory is one word for each distinct pair of a part.
#pragma once

#include <atomic>
#include <cstdint>
#include <vector>

#include "core/item_pair.h"
#include "core/memory.h"
#include "core/parallel.h"
#include "core/status.h"
#include "core/view.h"
#include "kernels/count_pairs.h"
#include "kernels/softmax.h"

namespace palate {

// Items of each user, CSR; borrowed.
struct UserItems {
  View<const std::uint32_t> offsets;  // (users + 1)
  View<const std::uint32_t> items;
};

class PairCounts {
 public:
  // All pairs of an input and a target of one user; with the same lists for both, of two different items. Part p gets
  // the share fractions[p] of them, rounded down, and the last part that has a share gets the rest.
  PairCounts(const UserItems& inputs, const UserItems& targets, std::uint32_t num_items,
             const double (&fractions)[kPairParts], std::uint64_t seed);

  // Counts them; until then only the sizes and pair_at() may be used. With `parts`, only the first so many are kept.
  Status count(std::uint32_t parts, Pool& pool, const std::atomic<std::int32_t>& cancel,
               const std::atomic<std::int32_t>& teardown);

  bool failed() const { return failed_; }
  std::uint64_t size(std::uint32_t part) const;  // pairs
  std::uint32_t num_items() const { return source_.num_items; }

  // The targets of an input item, ascending. An entry is an item and a count; counts that do not fit take several.
  struct Row {
    const std::uint32_t* begin = nullptr;
    const std::uint32_t* end = nullptr;
    float total = 0;  // sum of the counts
  };
  Row row(std::uint32_t part, std::uint32_t item) const;
  std::uint32_t item_of(std::uint32_t entry) const { return entry & ((1u << item_bits_) - 1); }
  std::uint32_t count_of(std::uint32_t entry) const { return entry >> item_bits_; }  // fits into a SoftmaxTargets entry

  // Gives the memory of a part's rows back; sizes and pair_at() stay.
  void forget_rows(std::uint32_t part);

  // The pair of a rank in the random order of all pairs; those of the first part have the first ranks.
  ItemPair pair_at(std::uint64_t rank) const;

 private:
  struct Rows {  // of some successive items
    std::vector<std::uint32_t> entries[kPairParts];
    std::vector<std::size_t> ends[kPairParts];
    std::vector<std::uint64_t> totals[kPairParts];
  };
  struct CountRun;

  void count_rows(std::uint32_t first, std::uint32_t last, std::uint32_t parts, Rows& rows) const;
  void append(const std::uint32_t* counts, std::uint32_t part, std::vector<std::uint32_t>& scratch, Rows& rows) const;

  static constexpr std::uint32_t kRows = 64;  // items of a task

  UserItems inputs_;
  UserItems targets_;
  PairSource source_;
  Buffer<std::uint32_t> input_offsets_, input_users_, input_places_;
  Buffer<std::uint64_t> bases_;
  std::vector<Rows> rows_;
  std::uint32_t item_bits_ = 1;
  bool failed_ = false;
};

}  // namespace palate
