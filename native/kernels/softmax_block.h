// The softmax of a block of rows: exponentials, loss and the gradient of h. The block's exponentials, num_items x
// kSoftmaxRows, stay in L2 for two sweeps over the items; F comes from L3 for both.
#pragma once

#include <cstring>

#include "kernels/multiply_add.h"
#include "kernels/softmax.h"
#include "kernels/softmax_network.h"
#include "kernels/softmax_targets.h"
#include "math/lanes.h"
#include "math/scalar.h"

namespace palate::KERNEL_NS {
namespace {

constexpr float kMasked = -3e38f;  // finite, so that differences are no NaN

PALATE_INLINE std::uint32_t rows_of_block(const SoftmaxBatch& batch, std::uint32_t first_row) {
  return batch.size - first_row < kSoftmaxRows ? batch.size - first_row : kSoftmaxRows;
}

// Outputs [begin, end) as far as there are any.
PALATE_INLINE Ahead outputs_ahead(const SoftmaxState& s, std::uint32_t begin, std::uint32_t end) {
  if (end > s.num_items) return {};
  return {s.outputs.values + std::size_t{begin} * s.stride, s.outputs.values + std::size_t{end} * s.stride};
}

constexpr std::uint32_t kStrip = 8;  // items
static_assert(kSoftmaxChunk % kStrip == 0);

// Items [begin, end) of the logits, in strips; each asks for what its successor in the next chunk reads and writes.
void score_chunk(const SoftmaxState& s, const Across& a, float* logits, std::uint32_t begin, std::uint32_t end) {
  for (std::uint32_t strip = begin; strip < end; strip += kStrip) {
    const std::uint32_t count = end - strip < kStrip ? end - strip : kStrip;
    float* scores = logits + std::size_t{strip} * kSoftmaxRows;
    const std::uint32_t next = strip + kSoftmaxChunk;
    if (next + kStrip <= s.num_items) {
      for (std::uint32_t n = 0; n < kStrip * kSoftmaxRows; n += kLanes)
        prefetch(logits + std::size_t{next} * kSoftmaxRows + n);
    }
    for (std::uint32_t j = 0; j < count; ++j)
      fill(scores + j * kSoftmaxRows, s.biases.size != 0 ? s.biases.values[strip + j] : 0.0f);
    multiply_add(scores, kSoftmaxRows, {s.outputs.values + std::size_t{strip} * s.stride, s.stride, 1}, a.output,
                 kSoftmaxRows, count, kSoftmaxRows, s.dim, outputs_ahead(s, next, next + kStrip));
  }
}

// Exponentials are taken of the distance to a logit of the row that no other exceeds by more than this. The largest one
// would need a sweep of its own; e^32 times the number of items is far from overflow.
constexpr float kSlack = 32.0f;

// e^x as in math/scalar.h, for x from -87 to kSlack and in fewer operations, as nothing waits for one alone: one
// constant for ln 2, and the polynomial of degree 5 of least relative error. That of the result is below 4e-7, and
// below 2e-7 for |x| <= 10. NaN stays NaN, and ends the training.
PALATE_INLINE float exp_of_distance(float distance) {
  const float x = -87.0f > distance ? -87.0f : distance;
  constexpr float kRound = 12583039.0f;  // 1.5 * 2^23 + 127: the biased exponent lands in the low bits
  const float rounded = fma(x, 1.44269504f, kRound);
  const float r = fma(rounded - kRound, -0.693147181f, x);
  float p = fma(8.31250101e-3f, r, 4.18903306e-2f);
  p = fma(p, r, 1.66671157e-1f);
  p = fma(p, r, 4.99992311e-1f);
  p = fma(p, r, 1.0f);
  p = fma(p, r, 1.0f);
  return p * from_bits(to_bits(rounded) << 23);
}

// Raises a.origin where the logits of items [begin, end) are too far above it, with all that was taken from it.
void raise_origin(const Across& a, float* logits, std::uint32_t begin, std::uint32_t end) {
  float largest[kSoftmaxRows];
  for (std::uint32_t l = 0; l < kSoftmaxRows; l += kLanes) {
    Lanes most = splat(kMasked);
    for (std::uint32_t j = begin; j < end; ++j) most = larger(load(logits + std::size_t{j} * kSoftmaxRows + l), most);
    store(largest + l, most);
  }
  std::uint32_t raised = 0;
  for (std::uint32_t r = 0; r < kSoftmaxRows; ++r) raised += largest[r] > a.origin[r] + kSlack ? 1 : 0;
  if (raised == 0) return;
  float factors[kSoftmaxRows];
  for (std::uint32_t r = 0; r < kSoftmaxRows; ++r) {
    const float origin = largest[r] > a.origin[r] + kSlack ? largest[r] : a.origin[r];
    factors[r] = exp_of_distance(a.origin[r] - origin);
    a.origin[r] = origin;
    a.sums[r] *= factors[r];
  }
  for (std::uint32_t j = 0; j < begin; ++j) {
    float* PALATE_RESTRICT row = logits + std::size_t{j} * kSoftmaxRows;
    for (std::uint32_t r = 0; r < kSoftmaxRows; ++r) row[r] *= factors[r];
  }
}

// Replaces the logits of items [begin, end) by exp(s - origin) and adds these to a.sums.
void exponentiate(const Across& a, float* logits, std::uint32_t begin, std::uint32_t end) {
  float origin[kSoftmaxRows];
  std::memcpy(origin, a.origin, sizeof origin);
  Lanes sums[kBlockLanes];
  for (Lanes& total : sums) total = splat(0.0f);
  for (std::uint32_t j = begin; j < end; ++j) {
    float* PALATE_RESTRICT row = logits + std::size_t{j} * kSoftmaxRows;
    for (std::uint32_t r = 0; r < kSoftmaxRows; ++r) row[r] = exp_of_distance(row[r] - origin[r]);
    for (std::uint32_t l = 0; l < kBlockLanes; ++l) sums[l] = sums[l] + load(row + l * kLanes);
  }
  for (std::uint32_t l = 0; l < kBlockLanes; ++l) {
    float* total = a.sums + l * kLanes;
    store(total, load(total) + sums[l]);
  }
}

// exp(s - origin) of all items in block.logits, their sums in a.sums; returns sum_ij C_ij s_ij.
double sweep_exponentials(const SoftmaxState& s, const SoftmaxBatch& batch, std::uint32_t first_row,
                          const SoftmaxBlock& block, const Across& a) {
  const SoftmaxTargets& targets = batch.targets[first_row / kSoftmaxRows];
  const std::uint32_t rows = rows_of_block(batch, first_row);
  double target_logits = 0;
  fill(a.origin, kMasked);
  fill(a.sums, 0.0f);
  for (std::uint32_t begin = 0; begin < s.num_items; begin += kSoftmaxChunk) {
    const std::uint32_t end = s.num_items - begin < kSoftmaxChunk ? s.num_items : begin + kSoftmaxChunk;
    score_chunk(s, a, block.logits, begin, end);
    target_logits += sum_target_logits(targets_of_chunk(targets, begin / kSoftmaxChunk),
                                       block.logits + std::size_t{begin} * kSoftmaxRows);
    if (s.self_mask) {
      for (std::uint32_t r = 0; r < rows; ++r) {
        const std::uint32_t item = batch.items[first_row + r];
        if (item >= begin && item < end) block.logits[std::size_t{item} * kSoftmaxRows + r] = kMasked;
      }
    }
    raise_origin(a, block.logits, begin, end);
    exponentiate(a, block.logits, begin, end);
  }
  return target_logits;
}

double loss_of(const SoftmaxBatch& batch, std::uint32_t first_row, const Across& a, double target_logits) {
  double loss = -target_logits;
  for (std::uint32_t r = 0; r < rows_of_block(batch, first_row); ++r)
    loss += static_cast<double>(batch.totals[first_row + r]) * (a.origin[r] + log_f32(a.sums[r]));
  return loss;
}

// Turns exponentials into gradients of the logits, divided by the rows' weights: p_ij - C_ij Z_i / total_i. Adds their
// products with F to a.gradient.
void sweep_gradients(const SoftmaxState& s, const SoftmaxBatch& batch, std::uint32_t first_row,
                     const SoftmaxBlock& block, const Across& a) {
  const SoftmaxTargets& targets = batch.targets[first_row / kSoftmaxRows];
  float scales[kSoftmaxRows] = {};
  for (std::uint32_t r = 0; r < rows_of_block(batch, first_row); ++r) {
    const float total = batch.totals[first_row + r];
    scales[r] = total > 0 ? -a.sums[r] / total : 0.0f;
  }
  std::memset(a.gradient, 0, std::size_t{s.dim} * kSoftmaxRows * sizeof(float));
  for (std::uint32_t begin = 0; begin < s.num_items; begin += kSoftmaxChunk) {
    const std::uint32_t end = s.num_items - begin < kSoftmaxChunk ? s.num_items : begin + kSoftmaxChunk;
    float* logits = block.logits + std::size_t{begin} * kSoftmaxRows;
    add_targets(targets_of_chunk(targets, begin / kSoftmaxChunk), scales, logits);
    multiply_add(a.gradient, kSoftmaxRows, {s.outputs.values + std::size_t{begin} * s.stride, 1, s.stride}, logits,
                 kSoftmaxRows, s.dim, kSoftmaxRows, end - begin, outputs_ahead(s, end, end + kSoftmaxChunk));
  }
}

// Weights of the rows, h by rows times its weight, and the true gradient of h.
void weigh_rows(const SoftmaxState& s, const SoftmaxBatch& batch, std::uint32_t first_row, const SoftmaxBlock& block,
                const Across& a) {
  for (std::uint32_t r = 0; r < kSoftmaxRows; ++r) {
    const bool used = first_row + r < batch.size;
    const double total = used ? batch.totals[first_row + r] / batch.total : 0;
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
