// What epochs in blocks have in common. Part of train_epoch.cc and train_adam.cc.
#pragma once

#include "kernels/loss_sums.h"

namespace palate::KERNEL_NS {
namespace {

PALATE_INLINE void clear_losses(const EpochCall& call) {
  for (std::uint32_t b = 0; b < 2 * call.grid.side; ++b) call.block_losses[b] = 0;
}

// A block is on one thread at a time, so its sums need no lock.
PALATE_INLINE void add_losses(const EpochCall& call, std::uint32_t block, const LossSums& sums) {
  call.block_losses[2 * block] += sums.loss;
  call.block_losses[2 * block + 1] += sums.squared_error;
}

PALATE_INLINE EpochLoss total_loss(const EpochCall& call) {
  const GridView& grid = call.grid;
  EpochLoss loss;
  for (std::uint32_t b = 0; b < grid.side; ++b) {
    loss.loss += call.block_losses[2 * b];
    loss.squared_error += call.block_losses[2 * b + 1];
  }
  loss.count = grid.blocks[std::size_t{grid.side} * grid.side * grid.squares];
  return loss;
}

}  // namespace
}  // namespace palate::KERNEL_NS
