// One optimizer step of the softmax model on a batch, and the loss of a batch, on a device: see softmax.h.
//
// A step is two copies of 20 bytes a row and seven launches: h, scores, their merging, gradients, those of e, and
// AdamW; one more for the weights of a network, and one for the norm. Nobody waits for it. Sums run in an order that
// depends on the shapes alone, with no atomics, so that each run gives the same bits on each device.
//
// Roofline on an H100 (67 TFLOP/s in float32, 3.35 TB/s), for 512 rows, 9,633 items and dim 64. Logits are made twice
// and not stored: 8 rows num_items dim flops in four multiplies, 2.5 GFLOP, 38 us. Tables with moments and gradients
// are 7 x 4 bytes a parameter, 35 MB for two tables, 10 us. Parts of the gradients of h, 4 rows dim bytes for each of
// 151 blocks, are written and read once in L2: 40 MB, 7 us. A step cannot be below about 50 us, 10 M rows/s, and
// launches take 20 us of it when they are not hidden. This is arithmetic: nothing here was timed on a GPU yet.
#include "cuda/kernels.h"
#include "cuda/memory.h"
#include "kernels/softmax_adam.cuh"
#include "kernels/softmax_gradients.cuh"
#include "kernels/softmax_network.cuh"
#include "kernels/softmax_scores.cuh"

namespace palate::k_cuda {
namespace {

// Fixed numbers, as the order of sums follows from them and results shall not depend on the device.
constexpr std::uint32_t kGroupRows = 1024;
constexpr std::uint32_t kScoreBlocks = 1024;  // wanted in a pass of scores
constexpr std::uint32_t kPanelBlocks = 264;   // at most in a pass of gradients: two for each multiprocessor
constexpr std::uint32_t kFewestPanelBlocks = 16;
constexpr std::size_t kPartFloats = std::size_t{1} << 26;  // about so many for the parts of the gradients of h
constexpr std::uint32_t kStepBlocks = 1024;

enum Scratch : std::uint32_t {
  part_origin,
  part_sum,
  part_target,
  normalizer,
  parts,
  input,
  normal,
  output,
  gradient,
  along,
  residual,
  in_gradient,
  inverse,
  units,
  unit_gradient,
  norms,
  num_scratch
};
const char kKeys[num_scratch] = {};

template <typename T>
T* scratch(DeviceMemory& device, Scratch key, std::size_t count) {
  return device.scratch<T>(&kKeys[key], count);
}

std::uint32_t smaller(std::uint64_t a, std::uint64_t b) { return static_cast<std::uint32_t>(a < b ? a : b); }

// Says which rows have the same input.
void describe_rows(const SoftmaxBatch& batch, const SoftmaxScratch& scratch) {
  for (std::uint32_t row = batch.size; row-- > 0;) {
    std::uint32_t& first = scratch.first_row[batch.items[row]];
    const float total = batch.totals[row];
    scratch.rows[row] = {batch.items[row], first, 0, total, static_cast<float>(total / batch.total)};
    first = row + 1;
  }
  for (std::uint32_t row = 0; row < batch.size; ++row) {
    std::uint32_t& first = scratch.first_row[batch.items[row]];
    scratch.rows[row].first = first == row + 1 ? 1 : 0;
    if (scratch.rows[row].next == 0) first = 0;
  }
}

// Uploads the targets that are not there yet.
void place_targets(DeviceMemory& device, const SoftmaxBatch& batch, const SoftmaxScratch& scratch,
                   std::uint32_t chunks) {
  const std::uint32_t blocks = blocks_of(batch.size, kSoftmaxRows);
  const SoftmaxTargets& all = batch.targets[0];
  SoftmaxTargets fresh;
  if (!batch.targets_stay) {
    fresh.entries = device.fresh(all.entries, batch.size);
    fresh.ends = device.fresh(all.ends, std::size_t{blocks} * chunks);
  }
  for (std::uint32_t block = 0; block < blocks; ++block) {
    const SoftmaxTargets& host = batch.targets[block];
    scratch.targets[block] = batch.targets_stay ? SoftmaxTargets{device.constant(host.entries, host.ends[chunks - 1]),
                                                                 device.constant(host.ends, chunks)}
                                                : SoftmaxTargets{fresh.entries + std::size_t{block} * kSoftmaxRows,
                                                                 fresh.ends + std::size_t{block} * chunks};
  }
}

ParameterArray parameters_of(DeviceMemory& device, const SoftmaxArray& array) {
  return {device.resident(array.values, array.size), device.resident(array.first, array.size),
          device.resident(array.second, array.size), device.resident(array.gradient, array.size), array.size};
}

void set_options(SoftmaxArrays& a, const SoftmaxState& s, const SoftmaxBatch& batch, bool training) {
  a.layout = s.layout;
  a.num_items = s.num_items;
  a.dim = s.dim;
  a.stride = s.stride;
  a.hidden = s.hidden;
  a.hidden_stride = s.hidden_stride;
  a.tied = s.tied;
  a.layer_norm = s.layer_norm;
  a.self_mask = s.self_mask;
  a.training = training;
  a.clip_norm = s.clip_norm;
  if (training && s.dropout > 0.0f) {
    a.dropout_threshold = static_cast<std::uint32_t>(static_cast<double>(s.dropout) * 4294967296.0);
    a.dropout_scale = 1.0f / (1.0f - s.dropout);
  }
  a.key = batch.key;
  a.share = static_cast<float>(1.0 / batch.total);
  a.batch = batch.size;
  a.rate = batch.rate;
  a.keep = batch.keep;
  a.beta1 = batch.beta1;
  a.beta2 = batch.beta2;
  a.denominator = batch.denominator;
  a.epsilon = batch.epsilon;
}

void set_scratch(SoftmaxArrays& a, DeviceMemory& device, std::uint32_t capacity) {
  const std::size_t group = smaller(capacity, kGroupRows);
  const std::size_t tiles = blocks_of(group, TileMemory<8>::kRows);
  a.panels = blocks_of(a.num_items, kTileItems);
  a.score_parts = smaller(a.panels, blocks_of(kScoreBlocks, static_cast<std::uint32_t>(tiles)));
  const std::size_t fitting = kPartFloats / (group * a.stride);
  a.panel_blocks =
      smaller(a.panels, fitting < kFewestPanelBlocks ? kFewestPanelBlocks : smaller(fitting, kPanelBlocks));
  a.part_origin = scratch<float>(device, part_origin, group * a.score_parts);
  a.part_sum = scratch<float>(device, part_sum, group * a.score_parts);
  a.part_target = scratch<double>(device, part_target, group * a.score_parts);
  a.normalizer = scratch<float>(device, normalizer, group);
  const std::size_t table = std::size_t{capacity} * a.stride;
  a.output = scratch<float>(device, output, table);
  const bool network = a.hidden != 0 || a.layer_norm;
  if (network) {
    a.input = scratch<float>(device, input, table);
    a.normal = scratch<float>(device, normal, table);
    a.inverse = scratch<float>(device, inverse, capacity);
    a.units = scratch<float>(device, units, std::size_t{capacity} * a.hidden_stride);
  }
  if (!a.training) return;
  a.parts = scratch<float>(device, parts, group * a.stride * a.panel_blocks);
  a.in_gradient = scratch<float>(device, in_gradient, table);
  a.norms = scratch<double>(device, norms, kNormBlocks);
  if (network) {
    a.gradient = scratch<float>(device, gradient, table);
    a.along = scratch<float>(device, along, table);
    a.residual = scratch<float>(device, residual, table);
    a.unit_gradient = scratch<float>(device, unit_gradient, std::size_t{capacity} * a.hidden_stride);
  }
}

SoftmaxArrays arrays_of(const SoftmaxState& s, const SoftmaxBatch& batch, const SoftmaxScratch& host, bool training) {
  DeviceMemory& device = *s.device;
  SoftmaxArrays a;
  set_options(a, s, batch, training);
  describe_rows(batch, host);
  a.rows = device.fresh(host.rows, batch.size);
  place_targets(device, batch, host, softmax_chunks(s.num_items));
  a.targets = device.fresh(host.targets, blocks_of(batch.size, kSoftmaxRows));
  a.losses = device.resident(host.losses, host.capacity);
  a.inputs = parameters_of(device, s.inputs);
  a.outputs = s.tied ? a.inputs : parameters_of(device, s.outputs);
  a.biases = parameters_of(device, s.biases);
  a.dense = parameters_of(device, s.dense);
  if (!s.tied) a.first_rows = device.resident(host.first_row, s.num_items);
  set_scratch(a, device, host.capacity);
  return a;
}

template <std::uint32_t kThreadRows>
void score_group(DeviceMemory& device, SoftmaxArrays& a) {
  a.tile_rows = TileMemory<kThreadRows>::kRows;
  const std::uint32_t tiles = blocks_of(a.end_row - a.first_row, a.tile_rows);
  device.launch(score_kernel<kThreadRows>, dim3(a.score_parts, tiles), kTileThreads, 0, a);
  device.launch(merge_parts_kernel, blocks_of(a.end_row - a.first_row, kMergeThreads / kWarpSize), kMergeThreads, 0, a);
  if (!a.training) return;
  const bool step = !a.tied && a.clip_norm <= 0.0f && a.end_row == a.batch;
  device.launch(gradient_kernel<kThreadRows>, a.panel_blocks, kTileThreads, 0, a, step);
}

// Small groups in small tiles: rows that are not there cost as much as others.
void run_groups(DeviceMemory& device, SoftmaxArrays& a) {
  for (a.first_row = 0; a.first_row < a.batch; a.first_row = a.end_row) {
    a.end_row = smaller(a.batch, std::uint64_t{a.first_row} + kGroupRows);
    const std::uint32_t size = a.end_row - a.first_row;
    device.launch(forward_kernel, blocks_of(size, kNetworkRows), kNetworkThreads, 0, a);
    if (size <= TileMemory<2>::kRows) {
      score_group<2>(device, a);
    } else if (size <= TileMemory<4>::kRows) {
      score_group<4>(device, a);
    } else {
      score_group<8>(device, a);
    }
    if (a.training) device.launch(backward_kernel, blocks_of(size, kNetworkRows), kNetworkThreads, 0, a);
  }
}

WeightGradients weight_gradients(const SoftmaxArrays& a) {
  WeightGradients all;
  const auto add = [&](const float* left, std::uint32_t left_stride, std::uint32_t num_left, const float* right,
                       std::uint32_t right_stride, std::uint32_t num_right, std::size_t target) {
    all.of[all.count++] = {left,     right,     left_stride,  right_stride,
                           num_left, num_right, right_stride, a.dense.gradient + target};
  };
  if (a.hidden != 0) {
    const std::uint32_t hidden = a.hidden_stride;
    add(a.unit_gradient, hidden, a.hidden, a.input, a.stride, a.dim, a.layout.first_weights);
    add(a.residual, a.stride, a.dim, a.units, hidden, a.hidden, a.layout.second_weights);
    add(nullptr, 0, 1, a.unit_gradient, hidden, a.hidden, a.layout.first_bias);
    add(nullptr, 0, 1, a.residual, a.stride, a.dim, a.layout.second_bias);
  }
  if (a.layer_norm) {
    add(nullptr, 0, 1, a.along, a.stride, a.dim, a.layout.gain);
    add(nullptr, 0, 1, a.gradient, a.stride, a.dim, a.layout.shift);
  }
  return all;
}

void step_parameters(DeviceMemory& device, const SoftmaxArrays& a) {
  const WeightGradients weights = weight_gradients(a);
  if (weights.count != 0) {
    const std::uint32_t pieces = blocks_of(a.stride, kWarpSize) * (a.hidden + 1);
    const std::uint32_t transposed = blocks_of(a.hidden_stride, kWarpSize) * (a.dim + 1);
    device.launch(weight_kernel, dim3(pieces > transposed ? pieces : transposed, weights.count), kRowParts * kWarpSize,
                  0, weights, a.batch);
  }
  device.launch(merge_inputs_kernel, blocks_of(a.batch, kStepThreads / kWarpSize), kStepThreads, 0, a);
  if (a.clip_norm > 0.0f) device.launch(norm_kernel, kNormBlocks, kStepThreads, 0, a);
  const std::size_t largest = a.inputs.size > a.dense.size ? a.inputs.size : a.dense.size;
  device.launch(step_kernel, smaller(blocks_of(largest, kStepThreads), kStepBlocks), kStepThreads, 0, a,
                a.tied || a.clip_norm > 0.0f);
}

}  // namespace

double softmax_step(const SoftmaxState& state, const SoftmaxBatch& batch, const SoftmaxScratch& scratch, Pool&) {
  SoftmaxArrays a = arrays_of(state, batch, scratch, true);
  run_groups(*state.device, a);
  step_parameters(*state.device, a);
  return 0;
}

double softmax_loss(const SoftmaxState& state, const SoftmaxBatch& batch, const SoftmaxScratch& scratch, Pool&) {
  SoftmaxArrays a = arrays_of(state, batch, scratch, false);
  run_groups(*state.device, a);
  return 0;
}

Status softmax_settle(const SoftmaxState& state, const SoftmaxScratch& scratch, double& losses) {
  const Status status = state.device->fetch(scratch.losses);
  losses = 0;
  for (std::uint32_t row = 0; row < scratch.capacity; ++row) {
    losses += scratch.losses[row];
    scratch.losses[row] = 0;
  }
  state.device->forget(scratch.losses);
  return status;
}

}  // namespace palate::k_cuda
