// Host code of Adam on touched rows on a device. Part of train_adam.cu and train_batch.cu.
#pragma once

#include "kernels/adam_rows.cuh"
#include "kernels/train_device.h"

namespace palate::k_cuda {

// Tables are filled anew for every epoch.
inline AdamCall place_adam(const AdamCall& adam, DeviceMemory& device) {
  const std::size_t steps = std::size_t{adam.steps} + 1;
  const auto place_powers = [&](const PowerTable& table) -> PowerTable {
    return {device.fresh(table.low, kLowPowers), device.fresh(table.high, adam.steps / kLowPowers + 1)};
  };
  AdamCall placed = adam;
  placed.rates = device.fresh(adam.rates, steps);
  placed.epsilons = device.fresh(adam.epsilons, steps);
  placed.first = place_powers(adam.first);
  placed.second = place_powers(adam.second);
  for (AdamKind* kind : {&placed.users, &placed.items, &placed.biases}) {
    kind->reach = device.fresh(kind->reach, steps);
    kind->keep = place_powers(kind->keep);
    kind->fade = place_powers(kind->fade);
  }
  const std::size_t halves = 2 * steps;
  const std::size_t pieces = kLongestPiece + 1;
  placed.pieces.rates = device.fresh(adam.pieces.rates, halves);
  placed.pieces.epsilons = device.fresh(adam.pieces.epsilons, halves);
  placed.pieces.drifts = device.fresh(adam.pieces.drifts, halves);
  placed.pieces.middles = device.fresh(adam.pieces.middles, pieces);
  placed.pieces.ends = device.fresh(adam.pieces.ends, pieces);
  placed.pieces.tilts = device.fresh(adam.pieces.tilts, pieces);
  placed.slots = nullptr;
  return placed;
}

// Rows start at step 0. The host's array is a key alone.
inline void start_steps(ParameterTable& placed, const ParameterTable& table, DeviceMemory& device) {
  placed.last_step = device.scratch<std::uint32_t>(table.last_step, table.rows);
  device.fill_zero(placed.last_step, table.rows);
}

template <bool closed>
void finish_epoch(const TrainState& s, const AdamCall& adam, DeviceMemory& device) {
  const int width = width_for(s.stride);
  const auto kernel = width == 1   ? finish_rows_kernel<closed, 1>
                      : width == 2 ? finish_rows_kernel<closed, 2>
                                   : finish_rows_kernel<closed, 4>;
  device.launch(kernel, blocks_of(std::uint64_t{s.users.rows} + s.items.rows, kFinishWarps), kFinishWarps * kWarpSize,
                0, s, adam);
}

}  // namespace palate::k_cuda
