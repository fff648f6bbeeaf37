// Mini-batches of an epoch: ratings in seeded random order, each batch grouped by user and by item.
#pragma once

#include <cstdint>
#include <memory>

#include "core/batch_segments.h"
#include "core/memory.h"
#include "core/view.h"
#include "kernels/train.h"

namespace palate {

class Batches {
 public:
  // Ratings as CSR by user; batch_size 0: all ratings in one batch, grouped once and for all. The arrays
  // must outlive this object.
  // `segmented`: for a device.
  Batches(View<const std::uint32_t> offsets, View<const std::uint32_t> items, View<const float> values,
          const TrainState& state, std::uint32_t batch_size, bool segmented);
  Batches(const Batches&) = delete;
  Batches& operator=(const Batches&) = delete;

  bool failed() const { return failed_; }
  BatchSource& source() { return source_; }

  // Starts an epoch: a new order from (seed, epoch).
  void start(std::uint64_t seed, std::uint32_t epoch);

 private:
  // Scratch and grouping of one side.
  struct Side {
    Buffer<float> combined, combined_bias, gradient, gradient_bias;
    Buffer<double> norm;
    Buffer<std::uint32_t> slot_of_row;
    Buffer<std::uint32_t> rows;    // (slots) row of each slot
    Buffer<std::uint32_t> ranges;  // (slots + 1)
    std::uint32_t slots = 0;

    void allocate(std::uint32_t num_rows, std::uint32_t batch, std::uint32_t stride, bool featured);
    bool failed() const;
    SlotScratch scratch();
    void forget();                          // slot_of_row of the last batch back to zero
    std::uint32_t slot(std::uint32_t row);  // of this batch, assigned on first sight
    void count_to_ranges();
  };

  bool next(BatchView& batch);
  bool next_segmented(SegmentedBatch& batch);
  void group(std::size_t begin, std::size_t end);

  View<const std::uint32_t> offsets_;
  View<const std::uint32_t> items_;
  View<const float> values_;
  std::uint32_t batch_size_;
  bool full_;
  bool featured_;
  bool grouped_ = false;  // the full batch is ready
  bool done_ = false;
  std::size_t position_ = 0;
  Side users_;
  Side items_side_;
  Buffer<std::uint32_t> user_of_;     // (size) user of each rating
  Buffer<std::uint32_t> order_;       // (size) ratings in the order of the epoch
  Buffer<std::uint32_t> user_slots_;  // (batch) slots of each rating, in the order of the epoch
  Buffer<std::uint32_t> item_slots_;
  Buffer<std::uint32_t> rating_vectors_;
  Buffer<std::uint32_t> entry_ratings_;
  Buffer<std::uint32_t> entry_vectors_;
  Buffer<float> batch_values_;
  Buffer<float> errors_;
  Buffer<float> entry_errors_;
  Buffer<double> losses_;
  Buffer<double> squares_;
  Buffer<float> feature_gradient_, feature_gradient_bias_;
  Buffer<double> feature_norm_;
  Buffer<std::uint32_t> feature_rows_;
  BatchView view_;
  std::unique_ptr<BatchSegments> segments_;
  SegmentedBatch segmented_;  // the full batch
  BatchSource source_;
  bool failed_ = false;
};

}  // namespace palate
