// Training on counts on CUDA: see factorize_counts.h, whose formulas and forms these are.
#include "kernels/factorize_counts.h"

#include <cmath>
#include <new>
#include <vector>

#include "core/flags.h"
#include "cuda/kernels.h"
#include "cuda/products.h"
#include "cuda/sums.h"
#include "kernels/factorize_dense.cuh"
#include "kernels/factorize_rows.cuh"

namespace palate::k_cuda {
namespace {

// Entries of X that are gathered on the host before they are uploaded.
constexpr std::size_t kStaged = std::size_t{1} << 22;

struct Keys {
  char turned, gram, neighbours, costs, cost_parts, size_parts, bias_parts, gram_parts;
};
constexpr Keys kKeys = {};

// Rows of X lie scattered over the host's memory: they are gathered at first use, and known by addresses in their list.
CountRows place_rows(DeviceMemory& device, const CountRow* rows, std::uint32_t num_items) {
  const std::uint64_t* offsets_key = reinterpret_cast<const std::uint64_t*>(rows);
  const std::uint32_t* items_key = reinterpret_cast<const std::uint32_t*>(rows) + 2;
  const std::uint32_t* counts_key = items_key + 1;
  const std::uint64_t* known = device.find(offsets_key);
  if (known != nullptr) return {known, device.find(items_key), device.find(counts_key)};
  std::vector<std::uint64_t> offsets(std::size_t{num_items} + 1, 0);
  for (std::uint32_t i = 0; i < num_items; ++i) offsets[i + 1] = offsets[i] + rows[i].size;
  std::uint32_t* items = device.scratch<std::uint32_t>(items_key, offsets.back());
  std::uint32_t* counts = device.scratch<std::uint32_t>(counts_key, offsets.back());
  std::vector<std::uint32_t> staged_items, staged_counts;
  std::uint64_t written = 0;
  for (std::uint32_t i = 0; i < num_items; ++i) {
    staged_items.insert(staged_items.end(), rows[i].items, rows[i].items + rows[i].size);
    staged_counts.insert(staged_counts.end(), rows[i].counts, rows[i].counts + rows[i].size);
    if (staged_items.size() < kStaged && i + 1 < num_items) continue;
    device.write(items + written, staged_items.data(), staged_items.size());
    device.write(counts + written, staged_counts.data(), staged_counts.size());
    written += staged_items.size();
    staged_items.clear();
    staged_counts.clear();
  }
  return {device.copy(offsets_key, offsets.data(), offsets.size()), items, counts};
}

// V^T V, its squares, and V^T V v_i in the place of the gradients.
void queue_products(const FactorizeState& s, const RowsRun& run, QueuedSum& squares) {
  DeviceMemory& device = *s.device;
  const std::size_t gram_floats = std::size_t{s.stride} * s.stride;
  float* gram = device.scratch<float>(&kKeys.gram, gram_floats);
  multiply_gram(device, gram, run.vectors.values, s.num_items, s.stride);
  sum_squares(device, &kKeys.gram_parts, gram, gram_floats, squares);
  multiply_rows(device, &kKeys.turned, run.gradients, run.vectors.values, gram, s.num_items, s.stride);
}

void queue_user_sums(const FactorizeState& s, const FactorizeCall& call, RowsRun& run) {
  DeviceMemory& device = *s.device;
  const Likes& likes = call.likes;
  const std::size_t pairs = likes.user_offsets[likes.num_users];
  float* sums = device.scratch<float>(call.user_sums, std::size_t{likes.num_users} * s.stride);
  const Lists liked = {device.constant(likes.user_offsets, std::size_t{likes.num_users} + 1),
                       device.constant(likes.items, pairs)};
  device.launch(sum_users_kernel, likes.num_users, kPairThreads, 0, sums, run.vectors.values, liked, s.stride);
  run.user_sums = sums;
  run.likers = {device.constant(likes.item_offsets, std::size_t{likes.num_items} + 1),
                device.constant(likes.users, pairs)};
}

Parameters resident(DeviceMemory& device, float* values, float* first, float* second, std::size_t count) {
  return {device.resident(values, count), device.resident(first, count), device.resident(second, count)};
}

// Sums of an epoch that are still on their way.
struct EpochSums {
  QueuedSum costs, squares, sizes, bias_sizes;
};

void queue_epoch(FactorizeState& s, const FactorizeCall& call, EpochSums& sums) {
  DeviceMemory& device = *s.device;
  const bool glove = s.options.loss == CountLoss::glove;
  const std::size_t floats = std::size_t{s.num_items} * s.stride;
  RowsRun run = {};
  run.stride = s.stride;
  run.vectors = resident(device, s.vectors, s.first, s.second, floats);
  run.gradients = device.scratch<float>(call.gradients, floats);
  if (call.rows != nullptr) {
    run.rows = place_rows(device, call.rows, s.num_items);
    run.targets = device.constant(call.targets, std::size_t{call.largest} + 1);
  }
  const CountStep step = next_step(s, call.learning_rate);
  if (call.residuals != nullptr && !glove) {
    std::size_t parts = 0;
    const DenseStep dense = {run.vectors.values, run.gradients, run.rows, run.targets, s.num_items, s.stride};
    const double* residuals = queue_residuals(device, dense, parts);
    sum_values(device, &kKeys.cost_parts, residuals, parts, sums.costs);
    take_steps(device, run.vectors, run.gradients, 4.0f, floats, step);
  } else if (glove) {
    run.weights = device.constant(call.weights, std::size_t{call.largest} + 1);
    run.biases = resident(device, s.biases, s.biases_first, s.biases_second, s.num_items);
    run.bias_gradients = device.scratch<float>(call.bias_gradients, s.num_items);
    run.costs = device.scratch<double>(&kKeys.costs, s.num_items);
    device.launch(weighted_slope_kernel, s.num_items, kPairThreads, 0, run);
    take_steps(device, run.vectors, run.gradients, 1.0f, floats, step);
    take_steps(device, run.biases, run.bias_gradients, 1.0f, s.num_items, step);
    sum_values(device, &kKeys.cost_parts, run.costs, s.num_items, sums.costs);
    sum_squares(device, &kKeys.bias_parts, run.biases.values, s.num_items, sums.bias_sizes);
  } else {
    queue_products(s, run, sums.squares);
    if (call.rows == nullptr) queue_user_sums(s, call, run);
    run.neighbours = device.scratch<float>(&kKeys.neighbours, floats);
    run.costs = device.scratch<double>(&kKeys.costs, s.num_items);
    device.launch(slope_kernel, s.num_items, kPairThreads, 0, run, step);
    if (call.rows != nullptr) take_steps(device, run.vectors, run.gradients, 4.0f, floats, step);
    sum_values(device, &kKeys.cost_parts, run.costs, s.num_items, sums.costs);
  }
  sum_squares(device, &kKeys.size_parts, run.vectors.values, floats, sums.sizes);
}

}  // namespace

Status factorize_counts(FactorizeState& s, const FactorizeCall& call, Pool&, double& cost) {
  cost = 0;
  if (s.num_items == 0) return Status::ok;
  if (is_raised(call)) return Status::cancelled;
  EpochSums sums;
  try {
    queue_epoch(s, call, sums);
  } catch (const std::bad_alloc&) {
    (void)s.device->finish();  // copies to the sums may be under way
    return Status::out_of_memory;
  }
  const Status status = s.device->finish();
  if (status != Status::ok) return status;
  const bool sparse = s.options.loss == CountLoss::all_pairs && call.residuals == nullptr;
  cost = (sparse ? call.sum_squared_targets : 0) + sums.squares.total() + sums.costs.total();
  const double size = sums.sizes.total() + sums.bias_sizes.total();
  return std::isfinite(cost) && std::isfinite(size) ? Status::ok : Status::diverged;
}

}  // namespace palate::k_cuda
