// Layout of training with the implicit term: the order of users, ranges of items, scratch of a batch of users.
#pragma once

#include <cstdint>
#include <vector>

#include "core/memory.h"
#include "core/view.h"
#include "kernels/train.h"

namespace palate {

class UserSweep {
 public:
  // From CSR by user with items ascending: offsets (users + 1), items and values (size). Borrowed.
  UserSweep(View<const std::uint32_t> offsets, View<const std::uint32_t> items, View<const float> values,
            std::uint32_t num_items, std::uint32_t stride);

  bool failed() const { return failed_; }
  ImplicitLists lists() const;

  // Users in random order for an epoch.
  UserSweepView start(std::uint64_t seed, std::uint32_t epoch);

 private:
  View<const std::uint32_t> offsets_;
  View<const std::uint32_t> items_;
  View<const float> values_;
  Buffer<float> weights_;
  std::vector<std::uint32_t> users_;
  std::vector<std::uint32_t> shard_items_;
  Buffer<float> rows_;  // combined, gradients and turn_gradients
  Buffer<float> errors_;
  std::vector<std::size_t> starts_;
  std::vector<double> losses_;
  std::uint32_t stride_;
  bool failed_ = false;
};

}  // namespace palate
