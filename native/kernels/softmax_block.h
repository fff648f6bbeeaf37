// The softmax of a block of rows: logits, loss and the gradient of h. The block's logits, num_items x kSoftmaxRows,
// stay in L2 for three sweeps over the items; E comes from L3 for the first and the last.
#pragma once

#include <cstring>

#include "kernels/multiply_add.h"
#include "kernels/softmax.h"
#include "kernels/softmax_network.h"
#include "math/lanes.h"
#include "math/scalar.h"

namespace palate::KERNEL_NS {
namespace {

constexpr float kMasked = -3e38f;  // finite, so that differences are no NaN

// Where each row's targets go on.
struct Cursors {
  const std::uint32_t* next[kSoftmaxRows];
  const std::uint32_t* end[kSoftmaxRows];
  std::uint32_t rows;
};

Cursors targets_of(const SoftmaxBatch& batch, std::uint32_t first_row) {
  Cursors c;
  c.rows = batch.size - first_row < kSoftmaxRows ? batch.size - first_row : kSoftmaxRows;
  for (std::uint32_t r = 0; r < c.rows; ++r) {
    c.next[r] = batch.targets[first_row + r].begin;
    c.end[r] = batch.targets[first_row + r].end;
  }
  return c;
}

// Items [begin, end) of the logits.
void score_chunk(const SoftmaxState& s, const Across& a, float* logits, std::uint32_t begin, std::uint32_t end) {
  for (std::uint32_t j = begin; j < end; ++j)
    fill(logits + std::size_t{j} * kSoftmaxRows, s.biases.size != 0 ? s.biases.values[j] : 0.0f);
  multiply_add(logits + std::size_t{begin} * kSoftmaxRows, kSoftmaxRows,
               {s.outputs.values + std::size_t{begin} * s.stride, s.stride, 1}, a.output, kSoftmaxRows, end - begin,
               kSoftmaxRows, s.dim);
}

void raise_most(const float* logits, std::uint32_t begin, std::uint32_t end, float* most) {
  float largest[kSoftmaxRows];
  std::memcpy(largest, most, sizeof largest);
  for (std::uint32_t j = begin; j < end; ++j) {
    const float* row = logits + std::size_t{j} * kSoftmaxRows;
    for (std::uint32_t r = 0; r < kSoftmaxRows; ++r) largest[r] = row[r] > largest[r] ? row[r] : largest[r];
  }
  std::memcpy(most, largest, sizeof largest);
}

// What row r's share of the time between two multiplies should bring into L2: its part of the outputs behind `end`.
PALATE_INLINE void prefetch_outputs(const SoftmaxState& s, std::uint32_t end, std::uint32_t r) {
  const std::size_t share = std::size_t{kSoftmaxChunk} * s.stride / kSoftmaxRows;
  const std::size_t begin = std::size_t{end} * s.stride + r * share;
  if (begin + share <= s.outputs.size) prefetch_floats(s.outputs.values + begin, share);
}

// Adds sum_j C_ij s_ij over the targets before `end` to each row.
void add_target_logits(const SoftmaxState& s, Cursors& c, std::uint32_t item_bits, std::uint32_t end,
                       const float* logits, double* sums) {
  const std::uint32_t items = (1u << item_bits) - 1;
  for (std::uint32_t r = 0; r < c.rows; ++r) {
    prefetch_outputs(s, end, r);
    const std::uint32_t* next = c.next[r];
    float total = 0.0f;
    for (; next != c.end[r] && (*next & items) < end; ++next) {
      const float logit = logits[std::size_t{*next & items} * kSoftmaxRows + r];
      total = fma(static_cast<float>(*next >> item_bits), logit, total);
    }
    c.next[r] = next;
    sums[r] += total;
  }
}

// Logits of all items in block.logits, the largest in a.most; returns sum_ij C_ij s_ij.
double sweep_logits(const SoftmaxState& s, const SoftmaxBatch& batch, std::uint32_t first_row,
                    const SoftmaxBlock& block, const Across& a) {
  Cursors cursors = targets_of(batch, first_row);
  double sums[kSoftmaxRows] = {};
  fill(a.most, kMasked);
  for (std::uint32_t begin = 0; begin < s.num_items; begin += kSoftmaxChunk) {
    const std::uint32_t end = s.num_items - begin < kSoftmaxChunk ? s.num_items : begin + kSoftmaxChunk;
    score_chunk(s, a, block.logits, begin, end);
    add_target_logits(s, cursors, batch.item_bits, end, block.logits, sums);
    if (s.self_mask) {
      for (std::uint32_t r = 0; r < cursors.rows; ++r) {
        const std::uint32_t item = batch.items[first_row + r];
        if (item >= begin && item < end) block.logits[std::size_t{item} * kSoftmaxRows + r] = kMasked;
      }
    }
    raise_most(block.logits, begin, end, a.most);
  }
  double total = 0;
  for (std::uint32_t r = 0; r < cursors.rows; ++r) total += sums[r];
  return total;
}

// Replaces logits by exp(s - most); their sums go to a.sums.
void sweep_exponentials(const SoftmaxState& s, const SoftmaxBlock& block, const Across& a) {
  float most[kSoftmaxRows];
  std::memcpy(most, a.most, sizeof most);
  fill(a.sums, 0.0f);
  for (std::uint32_t begin = 0; begin < s.num_items; begin += kSoftmaxChunk) {
    const std::uint32_t end = s.num_items - begin < kSoftmaxChunk ? s.num_items : begin + kSoftmaxChunk;
    float sums[kSoftmaxRows] = {};
    for (std::uint32_t j = begin; j < end; ++j) {
      float* PALATE_RESTRICT row = block.logits + std::size_t{j} * kSoftmaxRows;
      for (std::uint32_t r = 0; r < kSoftmaxRows; ++r) {
        // Never above 0, so one bound is enough; NaN stays NaN, and ends the training.
        const float difference = row[r] - most[r];
        row[r] = exp_in_range(-87.0f > difference ? -87.0f : difference);
        sums[r] += row[r];
      }
    }
    for (std::uint32_t r = 0; r < kSoftmaxRows; ++r) a.sums[r] += sums[r];
  }
}

double loss_of(const SoftmaxBatch& batch, std::uint32_t first_row, const Across& a, double target_logits) {
  double loss = -target_logits;
  for (std::uint32_t r = 0; r < kSoftmaxRows && first_row + r < batch.size; ++r)
    loss += static_cast<double>(batch.targets[first_row + r].total) * (a.most[r] + log_f32(a.sums[r]));
  return loss;
}

// Turns exponentials into gradients of the logits, divided by the rows' weights: p_ij - C_ij Z_i / total_i. Adds their
// products with F to a.gradient.
void sweep_gradients(const SoftmaxState& s, const SoftmaxBatch& batch, std::uint32_t first_row,
                     const SoftmaxBlock& block, const Across& a) {
  Cursors cursors = targets_of(batch, first_row);
  const std::uint32_t items = (1u << batch.item_bits) - 1;
  float scales[kSoftmaxRows] = {};
  for (std::uint32_t r = 0; r < cursors.rows; ++r) {
    const float total = batch.targets[first_row + r].total;
    scales[r] = total > 0 ? -a.sums[r] / total : 0.0f;
  }
  std::memset(a.gradient, 0, std::size_t{s.dim} * kSoftmaxRows * sizeof(float));
  for (std::uint32_t begin = 0; begin < s.num_items; begin += kSoftmaxChunk) {
    const std::uint32_t end = s.num_items - begin < kSoftmaxChunk ? s.num_items : begin + kSoftmaxChunk;
    for (std::uint32_t r = 0; r < cursors.rows; ++r) {
      prefetch_outputs(s, end, r);
      const std::uint32_t* next = cursors.next[r];
      for (; next != cursors.end[r] && (*next & items) < end; ++next) {
        float* at = block.logits + std::size_t{*next & items} * kSoftmaxRows + r;
        *at = fma(static_cast<float>(*next >> batch.item_bits), scales[r], *at);
      }
      cursors.next[r] = next;
    }
    multiply_add(a.gradient, kSoftmaxRows, {s.outputs.values + std::size_t{begin} * s.stride, 1, s.stride},
                 block.logits + std::size_t{begin} * kSoftmaxRows, kSoftmaxRows, s.dim, kSoftmaxRows, end - begin);
  }
}

// Weights of the rows, h by rows times its weight, and the true gradient of h.
void weigh_rows(const SoftmaxState& s, const SoftmaxBatch& batch, std::uint32_t first_row, const SoftmaxBlock& block,
                const Across& a) {
  for (std::uint32_t r = 0; r < kSoftmaxRows; ++r) {
    const bool used = first_row + r < batch.size;
    const double total = used ? batch.targets[first_row + r].total / batch.total : 0;
    block.weights[r] = static_cast<float>(total / a.sums[r]);
  }
  for (std::uint32_t k = 0; k < s.dim; ++k) {
    for (std::uint32_t l = 0; l < kSoftmaxRows; l += kLanes) {
      const std::size_t at = k * kSoftmaxRows + l;
      const Lanes weight = load(block.weights + l);
      store(a.gradient + at, load(a.gradient + at) * weight);
      store(a.output + at, load(a.output + at) * weight);
    }
  }
  to_rows(block.scaled, s.stride, a.output, s.dim);
}

}  // namespace
}  // namespace palate::KERNEL_NS
