// A small softmax model with its batches, twice: for the processor and for a device.
#pragma once

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "core/memory.h"
#include "harness.h"
#include "kernels/softmax.h"

namespace palate::test {

struct SoftmaxShape {
  std::uint32_t items = 1;
  std::uint32_t dim = 1;
  std::uint32_t batch = 1;
  std::uint32_t hidden = 0;
  bool tied = false;
  bool layer_norm = false;
  bool biases = false;
  bool self_mask = false;
  float dropout = 0;
  float clip_norm = 0;
  bool single_pairs = false;  // one target a row, and inputs that repeat
};

// A target of a row, counted `count` times; the same one may stand there again behind it.
struct Target {
  std::uint32_t item;
  std::uint32_t count;
};

// The rows of a batch, and their targets once by row and once in the layout of kernels/softmax.h.
struct SoftmaxRows {
  std::vector<std::uint32_t> items;
  std::vector<std::vector<Target>> lists;
  std::vector<float> totals;
  double total = 0;
  std::vector<std::uint32_t> entries;
  std::vector<std::uint32_t> ends;  // (blocks, chunks)
  std::vector<SoftmaxTargets> targets;
  bool stay = true;
};

inline void arrange(SoftmaxRows& rows, std::uint32_t items) {
  const std::uint32_t chunks = softmax_chunks(items);
  const std::uint32_t size = static_cast<std::uint32_t>(rows.items.size());
  std::vector<std::size_t> starts;
  for (std::uint32_t first = 0; first < size; first += kSoftmaxRows) {
    starts.push_back(rows.entries.size());
    for (std::uint32_t chunk = 0; chunk < chunks; ++chunk) {
      for (std::uint32_t row = first; row < std::min(size, first + kSoftmaxRows); ++row) {
        for (const Target& target : rows.lists[row]) {
          if (target.item / kSoftmaxChunk != chunk) continue;
          const std::uint32_t place = target.item % kSoftmaxChunk * kSoftmaxRows + row - first;
          rows.entries.push_back(place | target.count << kSoftmaxPlaceBits);
        }
      }
      rows.ends.push_back(static_cast<std::uint32_t>(rows.entries.size() - starts.back()));
    }
  }
  for (std::size_t block = 0; block < starts.size(); ++block) {
    rows.targets.push_back({rows.entries.data() + starts[block], rows.ends.data() + block * chunks});
  }
}

// About every third item is a target, counted up to three times, and sometimes in two entries. The rows outlive their
// step, as a device knows targets by their address.
inline std::unique_ptr<SoftmaxRows> make_rows(const SoftmaxShape& shape, Random& random) {
  auto rows = std::make_unique<SoftmaxRows>();
  rows->stay = !shape.single_pairs;
  for (std::uint32_t row = 0; row < shape.batch; ++row) {
    rows->items.push_back(shape.single_pairs ? random.below(std::min(shape.items, 3u)) : row % shape.items);
    std::vector<Target> list;
    if (shape.single_pairs) {
      list.push_back({random.below(shape.items), 1});
    } else {
      for (std::uint32_t item = 0; item < shape.items; ++item) {
        if (random.below(3) != 0) continue;
        list.push_back({item, 1 + random.below(3)});
        if (random.below(4) == 0) list.push_back({item, 1});
      }
    }
    float total = 0;
    for (const Target& target : list) total += static_cast<float>(target.count);
    rows->lists.push_back(std::move(list));
    rows->totals.push_back(total);
    rows->total += total;
  }
  arrange(*rows, shape.items);
  return rows;
}

inline SoftmaxBatch batch_of(const SoftmaxRows& rows, std::uint32_t step) {
  SoftmaxBatch batch;
  batch.size = static_cast<std::uint32_t>(rows.items.size());
  batch.items = rows.items.data();
  batch.totals = rows.totals.data();
  batch.targets = rows.targets.data();
  batch.targets_stay = rows.stay;
  batch.total = std::max(rows.total, 1.0);
  batch.key = 77 + step;
  batch.rate = 0.05f;
  batch.keep = 0.999f;
  batch.beta1 = 0.9f;
  batch.beta2 = 0.99f;
  batch.denominator = 1.5f;
  batch.epsilon = 1e-3f;  // large, so that rounding of small gradients stays small
  return batch;
}

inline std::uint32_t padded(std::uint32_t size) { return (size + 15) / 16 * 16; }

// Parameters, moments and scratch. Equal shapes and seeds give equal parameters.
class SoftmaxModel {
 public:
  SoftmaxModel(const SoftmaxShape& shape, std::uint32_t capacity, DeviceMemory* device) {
    state.num_items = shape.items;
    state.dim = shape.dim;
    state.stride = padded(shape.dim);
    state.hidden = shape.hidden;
    state.hidden_stride = padded(shape.hidden);
    state.tied = shape.tied;
    state.layer_norm = shape.layer_norm;
    state.self_mask = shape.self_mask;
    state.dropout = shape.dropout;
    state.clip_norm = shape.clip_norm;
    state.device = device;
    lay_out();
    const std::size_t table = std::size_t{shape.items} * state.stride;
    state.inputs = array(table);
    state.outputs = shape.tied ? state.inputs : array(table);
    if (shape.biases) state.biases = array(shape.items);
    state.dense = array(state.layout.size);
    Random random(shape.items * 131 + shape.dim);
    fill(state.inputs.values, shape.items, shape.dim, state.stride, random);
    if (!shape.tied) fill(state.outputs.values, shape.items, shape.dim, state.stride, random);
    if (shape.biases) fill(state.biases.values, 1, shape.items, 0, random);
    fill_network(random);
    make_scratch(capacity);
  }

  SoftmaxState state;
  SoftmaxScratch scratch;

  // All parameters that are trained, or their moments, one after another.
  std::vector<float> collect(float* SoftmaxArray::*kind) const {
    std::vector<float> all;
    for (const SoftmaxArray* array : arrays()) {
      if (array->size != 0) all.insert(all.end(), array->*kind, array->*kind + array->size);
    }
    return all;
  }

  std::vector<const SoftmaxArray*> arrays() const {
    if (state.tied) return {&state.inputs, &state.biases, &state.dense};
    return {&state.inputs, &state.outputs, &state.biases, &state.dense};
  }

 private:
  void lay_out() {
    SoftmaxLayout& at = state.layout;
    const auto place = [&at](std::size_t size) {
      const std::size_t begin = at.size;
      at.size += (size + 15) / 16 * 16;
      return begin;
    };
    if (state.hidden != 0) {
      at.first_weights = place(std::size_t{state.hidden} * state.stride);
      at.first_bias = place(state.hidden);
      at.second_weights = place(std::size_t{state.dim} * state.hidden_stride);
      at.second_bias = place(state.dim);
    }
    if (state.layer_norm) {
      at.gain = place(state.dim);
      at.shift = place(state.dim);
    }
  }

  static void fill(float* values, std::uint32_t rows, std::uint32_t columns, std::size_t stride, Random& random) {
    for (std::uint32_t row = 0; row < rows; ++row) {
      for (std::uint32_t k = 0; k < columns; ++k) values[row * stride + k] = 0.4f * random.normal();
    }
  }

  void fill_network(Random& random) {
    const SoftmaxLayout& at = state.layout;
    float* dense = state.dense.values;
    if (state.hidden != 0) {
      fill(dense + at.first_weights, state.hidden, state.dim, state.stride, random);
      fill(dense + at.first_bias, 1, state.hidden, 0, random);
      fill(dense + at.second_weights, state.dim, state.hidden, state.hidden_stride, random);
      fill(dense + at.second_bias, 1, state.dim, 0, random);
    }
    if (state.layer_norm) {
      for (std::uint32_t k = 0; k < state.dim; ++k) dense[at.gain + k] = random.uniform(0.5f, 1.5f);
      fill(dense + at.shift, 1, state.dim, 0, random);
    }
  }

  float* floats(std::size_t size) {
    memory_.emplace_back(size);
    return memory_.back().data();
  }

  SoftmaxArray array(std::size_t size) {
    if (size == 0) return {};
    return {floats(size), floats(size), floats(size), floats(size), size};
  }

  void make_scratch(std::uint32_t capacity) {
    first_row_.assign(state.num_items, 0);
    norms_.assign(softmax_tasks(state.num_items, state.dense.size), 0);
    const std::uint32_t blocks = (capacity + kSoftmaxRows - 1) / kSoftmaxRows;
    rows_.resize(blocks * kSoftmaxRows);
    losses_.assign(blocks * kSoftmaxRows, 0);
    targets_.resize(blocks);
    const std::size_t stride = state.stride;
    for (std::uint32_t n = 0; n < blocks; ++n) {
      SoftmaxBlock block;
      block.logits = floats(std::size_t{state.num_items} * kSoftmaxRows);
      block.scaled = floats(kSoftmaxRows * stride);
      block.weights = floats(kSoftmaxRows);
      block.inputs = floats(kSoftmaxRows * stride);
      block.units = floats(kSoftmaxRows * std::size_t{state.hidden_stride});
      block.gradient = floats(kSoftmaxRows * stride);
      block.dense = floats(state.layout.size);
      block.across = floats(softmax_scratch_rows(state.dim, state.hidden_stride) * kSoftmaxRows);
      blocks_.push_back(block);
    }
    scratch.blocks = blocks_.data();
    scratch.first_row = first_row_.data();
    scratch.norms = norms_.data();
    scratch.capacity = blocks * kSoftmaxRows;
    scratch.targets = targets_.data();
    scratch.rows = rows_.data();
    scratch.losses = losses_.data();
  }

  std::vector<Buffer<float>> memory_;
  std::vector<SoftmaxBlock> blocks_;
  std::vector<std::uint32_t> first_row_;
  std::vector<double> norms_, losses_;
  std::vector<SoftmaxRow> rows_;
  std::vector<SoftmaxTargets> targets_;
};

}  // namespace palate::test
