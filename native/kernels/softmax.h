// Full softmax over items: predict an item j from another item i of the same user (the tied-embedding form of
// word2vec's output layer: Mikolov et al. 2013, eq. 2; Press, Wolf 2017 tie the two tables).
//
// An input item i has the row e_i of E, an output item j the row f_j of F; F = E in the tied model. With
//
//   a_i = W1 e_i + b1,  u_i = D(max(a_i, 0)),  x_i = e_i + W2 u_i + b2     (x_i = e_i when hidden is 0)
//   h_i = gain * (x_i - mean(x_i)) / sqrt(var(x_i) + 1e-5) + shift         (h_i = x_i without layer_norm; Ba et al.
//   2016) s_ij = h_i . f_j + bias_j                                              (-infinity for j = i with self_mask)
//   loss = sum_i sum_j C_ij (log sum_k exp(s_ik) - s_ij)
//
// C_ij counts the pairs (i, j). A row of a batch is an input item with its targets j and their counts: all of them when
// training on counts, one when training on single pairs. D is inverted dropout, drawn anew for each row of each step
// from (key, row, unit); see dropout_keeps in softmax_network.h.
//
// A step divides the batch's loss by `total` and takes AdamW's step on every parameter (math/optimizers.h) after
// scaling the whole gradient to the norm clip_norm where it is longer.
//
// Work of a row: 6 num_items dim flops, three multiplies. Logits exist for the rows of a batch alone: memory is
// (batch rows) (num_items) floats, in blocks of kSoftmaxRows rows that stay in L2 from the logits to the gradient of h.
//
// Numerics: float32; exponentials of the distance to a logit near the row's largest, so that none overflows; their sum
// in chunks of kSoftmaxChunk items; losses of rows, and the norm over panels, in float64. Deterministic: sums over the
// rows of a batch run in their order, whatever the threads; equal bits on AVX2, AVX-512 and NEON.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "core/parallel.h"
#include "core/status.h"
#include "device.h"

namespace palate {

inline constexpr std::uint32_t kSoftmaxRows = 32;       // rows of a block: two Lanes
inline constexpr std::uint32_t kSoftmaxChunk = 128;     // items that pass through L1 together
inline constexpr std::uint32_t kSoftmaxPanel = 64;      // items of a task that owns their gradients
inline constexpr std::uint32_t kSoftmaxPlaceBits = 12;  // of a place in a chunk's logits of a block
inline constexpr std::uint32_t kDenseTask = 1024;       // weights of a task that owns them

// A parameter array of `size` floats with its gradient and Adam's moments.
struct SoftmaxArray {
  float* values = nullptr;
  float* first = nullptr;
  float* second = nullptr;
  float* gradient = nullptr;
  std::size_t size = 0;
};

// Where the weights of the network lie in its one array, in floats. Rows are padded with zeros to whole Lanes.
struct SoftmaxLayout {
  std::size_t first_weights = 0;   // W1 (hidden, stride)
  std::size_t first_bias = 0;      // b1 (hidden)
  std::size_t second_weights = 0;  // W2 (dim, hidden_stride)
  std::size_t second_bias = 0;     // b2 (dim)
  std::size_t gain = 0;            // (dim)
  std::size_t shift = 0;           // (dim)
  std::size_t size = 0;
};

struct SoftmaxState {
  SoftmaxArray inputs;   // E (num_items, stride); its gradient is only there in the tied model
  SoftmaxArray outputs;  // F (num_items, stride), the same memory as E in the tied model
  SoftmaxArray biases;   // (num_items), empty: none
  SoftmaxArray dense;    // the network's weights, as `layout` says
  SoftmaxLayout layout;
  std::uint32_t num_items = 0;
  std::uint32_t dim = 0;
  std::uint32_t stride = 0;
  std::uint32_t hidden = 0;  // 0: no residual network
  std::uint32_t hidden_stride = 0;
  bool tied = true;
  bool layer_norm = false;
  bool self_mask = false;
  float dropout = 0;               // share of hidden units that a row leaves out
  float clip_norm = 0;             // 0: none
  DeviceMemory* device = nullptr;  // where the arrays are on a device; nullptr: the processor
};

// Targets of a block of rows, one chunk of items after another. An entry is place | count << kSoftmaxPlaceBits with the
// place (item - first item of the chunk) kSoftmaxRows + row of the block; counts that do not fit take several.
struct SoftmaxTargets {
  const std::uint32_t* entries = nullptr;
  const std::uint32_t* ends = nullptr;  // (chunks) where each chunk's entries end
};

struct SoftmaxBatch {
  std::uint32_t size = 0;                   // rows; a block has kSoftmaxRows of them, the last what is left
  const std::uint32_t* items = nullptr;     // (size) input item of each row; may repeat
  const float* totals = nullptr;            // (size) sum of each row's counts
  const SoftmaxTargets* targets = nullptr;  // (blocks)
  // For devices. True: targets at one address are the same in every batch. False: all are new, and blocks' arrays lie
  // one behind the other, entries kSoftmaxRows and ends softmax_chunks() apart.
  bool targets_stay = false;
  double total = 1;       // what the loss of the batch is divided by
  std::uint32_t key = 0;  // of the dropout
  // AdamW's scalars: see StepScalars in math/optimizers.h.
  float rate = 0;
  float keep = 1;
  float beta1 = 0;
  float beta2 = 0;
  float denominator = 1;
  float epsilon = 0;
};

// Scratch of a block of kSoftmaxRows rows, all of it a multiple of 64 bytes. "Across" means a row of the array for each
// component, with the block's rows in the lanes.
struct SoftmaxBlock {
  float* logits = nullptr;    // (num_items, kSoftmaxRows) across: exponentials of the logits, then their gradients
  float* scaled = nullptr;    // (kSoftmaxRows, stride) h times the rows' weights
  float* weights = nullptr;   // (kSoftmaxRows) what turns exponentials into shares of the loss: total_i / Z_i / total
  float* inputs = nullptr;    // (kSoftmaxRows, stride) e
  float* units = nullptr;     // (kSoftmaxRows, hidden_stride) u
  float* gradient = nullptr;  // (kSoftmaxRows, stride) of e, less what it gets as an output
  float* dense = nullptr;     // (layout.size) gradient of the weights
  float* across = nullptr;    // (softmax_scratch_rows, kSoftmaxRows) for softmax_network.h
  double loss = 0;
};

// A row of a batch as a device needs it.
struct SoftmaxRow {
  std::uint32_t item = 0;
  std::uint32_t next = 0;   // 1 + next row with the same input, 0: none
  std::uint32_t first = 0;  // 1: no row before it has the same input
  float total = 0;          // of its counts
  float weight = 0;         // total / SoftmaxBatch::total
};

constexpr std::size_t softmax_scratch_rows(std::size_t dim, std::size_t hidden_stride) {
  return 5 * dim + 2 * hidden_stride + 4;
}

struct SoftmaxScratch {
  SoftmaxBlock* blocks = nullptr;      // (blocks of the largest batch)
  std::uint32_t* first_row = nullptr;  // (num_items) 1 + first row of the batch with this input, 0: none
  double* norms = nullptr;             // (tasks of softmax_tasks)
  // For devices, which have no blocks.
  std::uint32_t capacity = 0;         // rows of the largest batch, a multiple of kSoftmaxRows
  SoftmaxRow* rows = nullptr;         // (capacity)
  SoftmaxTargets* targets = nullptr;  // (capacity / kSoftmaxRows) where they lie on the device
  double* losses = nullptr;           // (capacity) of the rows, added up over the steps; zeros before the first one
};

// Tasks that own gradients: panels of items, then pieces of the network's weights.
constexpr std::uint32_t softmax_chunks(std::uint32_t num_items) {
  return (num_items + kSoftmaxChunk - 1) / kSoftmaxChunk;
}
constexpr std::uint32_t softmax_panels(std::uint32_t num_items) {
  return (num_items + kSoftmaxPanel - 1) / kSoftmaxPanel;
}
constexpr std::uint32_t softmax_tasks(std::uint32_t num_items, std::size_t dense) {
  return softmax_panels(num_items) + static_cast<std::uint32_t>((dense + kDenseTask - 1) / kDenseTask);
}

}  // namespace palate
