// A batch as devices take it: its arrays, cut into segments, in one piece of memory.
#pragma once

#include <cstdint>

#include "core/memory.h"
#include "kernels/train.h"

namespace palate {

class BatchSegments {
 public:
  // `batch`: ratings of a batch at most. The lists of `state` must outlive this object.
  BatchSegments(const TrainState& state, std::uint32_t batch);

  bool failed() const { return words_.failed() || positions_.failed(); }

  // Valid until the next call.
  SegmentedBatch cut(const BatchView& batch);

 private:
  // The next `count` words.
  std::uint32_t* take(std::size_t count);
  const std::uint32_t* copy(const std::uint32_t* source, std::size_t count);
  SegmentLists segments_of(const std::uint32_t* ranges, std::uint32_t slots);
  void list_features(SegmentedBatch& batch);
  template <typename Visit>
  void visit_features(const BatchView& batch, const Visit& visit) const;

  const TrainState& state_;
  Buffer<std::uint32_t> words_;
  Buffer<std::uint32_t> positions_;  // (features) where the next entry of each feature goes
  std::size_t used_ = 0;
};

}  // namespace palate
