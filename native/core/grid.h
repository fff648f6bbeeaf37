// Ratings cut into blocks of user groups x item groups, for row-wise training and for Adam's batches.
#pragma once

#include <cstdint>

#include "core/memory.h"
#include "core/parallel.h"
#include "core/view.h"
#include "kernels/train.h"

namespace palate {

// How to cut. It follows from the data, the width of the rows and the batch size alone, never from the threads.
struct GridPlan {
  std::uint32_t side = 4;     // item groups, and user groups of a square
  std::uint32_t squares = 1;  // side * squares user groups
  std::uint32_t inner = 1;    // cells of a device's block, each way: see GridView
  std::uint32_t batch = 0;    // ratings a step over all blocks of a stratum; 0: every rating is a step
  bool mixed = false;         // batches: ratings of a block in random order, else user by user
};

// `row_bytes`: of one row with its optimizer state.
GridPlan plan_rows(std::size_t ratings, std::size_t users, std::size_t row_bytes);
GridPlan plan_batches(std::size_t ratings, std::size_t users, std::size_t items, std::size_t row_bytes,
                      std::uint32_t batch);

// The same for devices, whose threads want many small blocks. `copy_bytes`: of the shared features with their state.
GridPlan plan_device_rows(std::size_t ratings, std::size_t copy_bytes);
// Side 0: the blocks would be too few, or their share of a step too small.
GridPlan plan_device_batches(std::size_t ratings, std::size_t rows, std::size_t row_bytes, std::uint32_t batch);

class Grid {
 public:
  // From CSR by user: offsets (users + 1), items and values (size). Users and items are assigned to groups at
  // random, weighted so that groups hold about equally many ratings.
  Grid(View<const std::uint32_t> offsets, View<const std::uint32_t> items, View<const float> values,
       std::uint32_t num_items, const GridPlan& plan, std::uint64_t seed, Pool& pool);

  bool failed() const { return failed_; }
  GridView view() const;

  // Steps of an epoch, in batches.
  std::uint32_t steps() const { return static_cast<std::uint32_t>(step_sizes_.size()); }

  // Most items that occur more than once in one block's share of a step.
  std::uint32_t most_repeated() const { return most_repeated_; }

 private:
  void count_steps();

  GridPlan plan_;
  Buffer<std::size_t> blocks_;
  Buffer<std::uint32_t> users_;
  Buffer<std::uint32_t> items_;
  Buffer<float> values_;
  Buffer<std::uint32_t> stratum_steps_;
  Buffer<std::size_t> stratum_starts_;
  Buffer<std::uint32_t> step_sizes_;
  std::uint32_t most_repeated_ = 0;
  bool failed_ = false;
};

}  // namespace palate
