// Item-item weights in native memory: fitted target by target, read by the item of the history.
#pragma once

#include <cstdint>
#include <vector>

#include "backend.h"
#include "core/memory.h"
#include "core/parallel.h"

namespace palate {

class ItemWeights {
 public:
  explicit ItemWeights(std::uint32_t num_items) : lists_(num_items) {}
  ~ItemWeights();
  ItemWeights(const ItemWeights&) = delete;
  ItemWeights& operator=(const ItemWeights&) = delete;

  // Some buffer could not be allocated; the object must not be used.
  bool failed() const { return lists_.failed(); }

  // Where a fit puts its results; the call's own part is left as it is. To be fitted once.
  void prepare(WeightsCall& call, const Pool& pool);

  std::uint32_t num_items() const { return static_cast<std::uint32_t>(lists_.size()); }
  std::uint64_t count() const;
  // CSR by the item of the history: offsets (num_items + 1), indices and weights (count()); targets ascend in a row.
  void read(std::uint32_t* offsets, std::uint32_t* indices, float* weights) const;

 private:
  Buffer<WeightList> lists_;
  std::vector<Chunk*> chunks_;
};

}  // namespace palate
