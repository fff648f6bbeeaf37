#include "core/item_weights.h"

#include <algorithm>

namespace palate {

ItemWeights::~ItemWeights() {
  for (Chunk* chunks : chunks_) release_chunks(chunks);
}

void ItemWeights::prepare(WeightsCall& call, const Pool& pool) {
  chunks_.resize(pool.threads());
  call.lists = lists_.data();
  call.chunks = chunks_.data();
}

std::uint64_t ItemWeights::count() const {
  std::uint64_t total = 0;
  for (std::size_t i = 0; i < lists_.size(); ++i) total += lists_[i].size;
  return total;
}

void ItemWeights::read(std::uint32_t* offsets, std::uint32_t* indices, float* weights) const {
  const std::size_t num_items = lists_.size();
  std::fill_n(offsets, num_items + 1, 0u);
  for (std::size_t target = 0; target < num_items; ++target) {
    const WeightList& list = lists_[target];
    for (std::uint32_t n = 0; n < list.size; ++n) ++offsets[list.sources[n] + 1];
  }
  for (std::size_t i = 0; i < num_items; ++i) offsets[i + 1] += offsets[i];
  // A source's offset serves as its cursor; afterwards each stands where the next one's began.
  for (std::size_t target = 0; target < num_items; ++target) {
    const WeightList& list = lists_[target];
    for (std::uint32_t n = 0; n < list.size; ++n) {
      const std::uint32_t at = offsets[list.sources[n]]++;
      indices[at] = static_cast<std::uint32_t>(target);
      weights[at] = list.weights[n];
    }
  }
  for (std::size_t i = num_items; i > 0; --i) offsets[i] = offsets[i - 1];
  offsets[0] = 0;
}

}  // namespace palate
