// Ratings cut into a side x side grid of blocks, for row-wise training.
#pragma once

#include <cstdint>

#include "core/memory.h"
#include "core/view.h"
#include "kernels/train.h"

namespace palate {

class Grid {
 public:
  // From CSR by user: offsets (users + 1), items and values (size). Users and items are assigned to the
  // `side` groups at random, weighted so that groups hold about equally many ratings. Inside a block
  // users follow each other, each user's ratings in random order.
  Grid(View<const std::uint32_t> offsets, View<const std::uint32_t> items, View<const float> values,
       std::uint32_t num_items, std::uint64_t seed);

  bool failed() const { return failed_; }
  GridView view() const;

  // Blocks a side for so many ratings: enough for threads and for item rows to stay in cache, few enough
  // that a block is worth starting. Depends on the data alone.
  static std::uint32_t side_for(std::size_t ratings);

 private:
  std::uint32_t side_;
  Buffer<std::size_t> blocks_;
  Buffer<std::uint32_t> users_;
  Buffer<std::uint32_t> items_;
  Buffer<float> values_;
  bool failed_ = false;
};

}  // namespace palate
