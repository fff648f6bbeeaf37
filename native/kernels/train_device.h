// Host code that the training families have in common on a device: their structs with the addresses of the device.
#pragma once

#include "core/flags.h"
#include "cuda/memory.h"
#include "kernels/train.h"

namespace palate::k_cuda {

inline ParameterTable place_table(const ParameterTable& table, std::uint32_t stride, DeviceMemory& device) {
  const std::size_t floats = std::size_t{table.rows} * stride;
  ParameterTable placed = table;
  placed.factors = device.resident(table.factors, floats);
  placed.factors_first = device.resident(table.factors_first, floats);
  placed.factors_second = device.resident(table.factors_second, floats);
  placed.biases = device.resident(table.biases, table.rows);
  placed.biases_first = device.resident(table.biases_first, table.rows);
  placed.biases_second = device.resident(table.biases_second, table.rows);
  placed.last_step = nullptr;  // of the device alone, where Adam needs it
  return placed;
}

inline FeatureLists place_lists(const FeatureLists& lists, std::uint32_t rows, DeviceMemory& device) {
  if (lists.empty()) return {};
  FeatureLists placed;
  placed.offsets = device.constant(lists.offsets, std::size_t{rows} + 1);
  placed.features = device.constant(lists.features, lists.offsets[rows]);
  placed.weights = device.constant(lists.weights, lists.offsets[rows]);
  return placed;
}

inline TrainState place_state(const TrainState& state, DeviceMemory& device) {
  TrainState placed = state;
  placed.users = place_table(state.users, state.stride, device);
  placed.items = place_table(state.items, state.stride, device);
  placed.features = place_table(state.features, state.stride, device);
  placed.user_features = place_lists(state.user_features, state.users.rows, device);
  placed.item_features = place_lists(state.item_features, state.items.rows, device);
  return placed;
}

inline std::size_t cells_of(const GridView& grid) { return std::size_t{grid.side} * grid.side * grid.squares; }

inline GridView place_grid(const GridView& grid, DeviceMemory& device) {
  const std::size_t strata = std::size_t{grid.side} * grid.squares;
  const std::size_t ratings = grid.blocks[cells_of(grid)];
  GridView placed = grid;
  placed.blocks = device.constant(grid.blocks, cells_of(grid) + 1);
  placed.users = device.constant(grid.users, ratings);
  placed.items = device.constant(grid.items, ratings);
  placed.values = device.constant(grid.values, ratings);
  placed.stratum_steps = nullptr;
  placed.stratum_starts = nullptr;
  placed.step_sizes = nullptr;
  if (grid.stratum_steps == nullptr) return placed;
  placed.stratum_steps = device.constant(grid.stratum_steps, strata);
  placed.stratum_starts = device.constant(grid.stratum_starts, strata);
  const std::size_t last = strata - 1;
  placed.step_sizes = device.constant(grid.step_sizes, grid.stratum_starts[last] + grid.stratum_steps[last]);
  return placed;
}

inline EpochLoss total_loss(const EpochCall& call, std::uint32_t blocks) {
  EpochLoss loss;
  for (std::uint32_t b = 0; b < blocks; ++b) {
    loss.loss += call.block_losses[2 * b];
    loss.squared_error += call.block_losses[2 * b + 1];
  }
  loss.count = call.grid.blocks[cells_of(call.grid)];
  return loss;
}

}  // namespace palate::k_cuda
