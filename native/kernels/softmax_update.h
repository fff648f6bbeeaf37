// What follows the blocks of a batch: gradients of the tables and the weights, their norm, and AdamW's step. A task
// owns a panel of items or a piece of the weights; it sums over the blocks in their order.
#pragma once

#include <math.h>

#include <cstring>

#include "kernels/multiply_add.h"
#include "kernels/softmax.h"
#include "math/step_row.h"

namespace palate::KERNEL_NS {

struct SoftmaxRun {
  const SoftmaxState* state;
  const SoftmaxBatch* batch;
  const SoftmaxScratch* scratch;
  std::uint32_t num_blocks;
  float scale;  // of the whole gradient
};

namespace {

PALATE_INLINE float* row_gradient(const SoftmaxRun& run, std::uint32_t row) {
  return run.scratch->blocks[row / kSoftmaxRows].gradient + std::size_t{row % kSoftmaxRows} * run.state->stride;
}

// Rows with the same input add up in the first of them.
void merge_rows(const SoftmaxRun& run) {
  const std::uint32_t stride = run.state->stride;
  std::uint32_t* first_row = run.scratch->first_row;
  for (std::uint32_t row = 0; row < run.batch->size; ++row) {
    std::uint32_t& first = first_row[run.batch->items[row]];
    if (first == 0) {
      first = row + 1;
      continue;
    }
    float* target = row_gradient(run, first - 1);
    const float* source = row_gradient(run, row);
    for (std::uint32_t k = 0; k < stride; k += kLanes) store(target + k, load(target + k) + load(source + k));
  }
}

void forget_rows(const SoftmaxRun& run) {
  for (std::uint32_t row = 0; row < run.batch->size; ++row) run.scratch->first_row[run.batch->items[row]] = 0;
}

double squared_norm(const float* values, std::size_t count) {
  Lanes total = splat(0.0f);
  std::size_t n = 0;
  for (; n + kLanes <= count; n += kLanes) total = fma(load(values + n), load(values + n), total);
  float result = sum(total);
  for (; n < count; ++n) result += values[n] * values[n];
  return result;
}

// Of the biases of `count` items from `first` on: their chains of sums hide each other's latency.
template <std::uint32_t count>
void bias_gradients(const SoftmaxRun& run, std::uint32_t first) {
  Lanes totals[count];
  for (Lanes& total : totals) total = splat(0.0f);
  for (std::uint32_t b = 0; b < run.num_blocks; ++b) {
    const SoftmaxBlock& block = run.scratch->blocks[b];
    const float* logits = block.logits + std::size_t{first} * kSoftmaxRows;
    for (std::uint32_t l = 0; l < kSoftmaxRows; l += kLanes) {
      const Lanes weights = load(block.weights + l);
      for (std::uint32_t n = 0; n < count; ++n)
        totals[n] = fma(load(logits + n * kSoftmaxRows + l), weights, totals[n]);
    }
  }
  for (std::uint32_t n = 0; n < count; ++n) run.state->biases.gradient[first + n] = sum(totals[n]);
}

// Gradients of the items [begin, end): as outputs, and as inputs of the batch.
double panel_gradients(const SoftmaxRun& run, std::uint32_t begin, std::uint32_t end) {
  const SoftmaxState& s = *run.state;
  float* gradient = s.outputs.gradient + std::size_t{begin} * s.stride;
  std::memset(gradient, 0, std::size_t{end - begin} * s.stride * sizeof(float));
  for (std::uint32_t b = 0; b < run.num_blocks; ++b) {
    const SoftmaxBlock& block = run.scratch->blocks[b];
    Ahead ahead;
    if (b + 1 < run.num_blocks) {
      const float* next = run.scratch->blocks[b + 1].logits;
      ahead = {next + std::size_t{begin} * kSoftmaxRows, next + std::size_t{end} * kSoftmaxRows};
    }
    multiply_add(gradient, s.stride, {block.logits + std::size_t{begin} * kSoftmaxRows, kSoftmaxRows, 1}, block.scaled,
                 s.stride, end - begin, s.stride, kSoftmaxRows, ahead);
  }
  double squares = 0;
  for (std::uint32_t j = begin; j < end; ++j) {
    const std::uint32_t first = run.scratch->first_row[j];
    if (first == 0) continue;
    const float* input = row_gradient(run, first - 1);
    if (s.tied) {
      float* target = s.outputs.gradient + std::size_t{j} * s.stride;
      for (std::uint32_t k = 0; k < s.stride; k += kLanes) store(target + k, load(target + k) + load(input + k));
    } else {
      squares += squared_norm(input, s.stride);
    }
  }
  squares += squared_norm(gradient, std::size_t{end - begin} * s.stride);
  if (s.biases.size == 0) return squares;
  std::uint32_t j = begin;
  for (; j + 4 <= end; j += 4) bias_gradients<4>(run, j);
  for (; j < end; ++j) bias_gradients<1>(run, j);
  return squares + squared_norm(s.biases.gradient + begin, end - begin);
}

double weight_gradients(const SoftmaxRun& run, std::size_t begin, std::size_t end) {
  float* gradient = run.state->dense.gradient;
  std::memcpy(gradient + begin, run.scratch->blocks[0].dense + begin, (end - begin) * sizeof(float));
  for (std::uint32_t b = 1; b < run.num_blocks; ++b) {
    const float* source = run.scratch->blocks[b].dense;
    for (std::size_t n = begin; n < end; ++n) gradient[n] += source[n];
  }
  return squared_norm(gradient + begin, end - begin);
}

// One task's range: items of a panel, or weights.
struct Share {
  bool items;
  std::size_t begin;
  std::size_t end;
};

PALATE_INLINE Share share_of(const SoftmaxState& s, std::uint32_t task) {
  const std::uint32_t panels = softmax_panels(s.num_items);
  Share share;
  share.items = task < panels;
  const std::size_t step = share.items ? kSoftmaxPanel : kDenseTask;
  const std::size_t size = share.items ? s.num_items : s.dense.size;
  share.begin = (share.items ? task : task - panels) * step;
  share.end = size - share.begin < step ? size : share.begin + step;
  return share;
}

float clip_scale(const SoftmaxRun& run, std::uint32_t tasks) {
  const float most = run.state->clip_norm;
  double squares = 0;
  for (std::uint32_t task = 0; task < tasks; ++task) squares += run.scratch->norms[task];
  const double norm = ::sqrt(squares);
  return norm > most ? static_cast<float>(most / norm) : 1.0f;
}

StepScalars scalars_of(const SoftmaxBatch& batch) {
  return {batch.rate, batch.keep, 0.0f, batch.beta1, batch.beta2, batch.denominator, batch.epsilon};
}

// `gradient` may be null: none.
void step_values(const SoftmaxArray& array, std::size_t begin, std::size_t end, const float* gradient, float scale,
                 const StepScalars& scalars) {
  const std::size_t whole = begin + (end - begin) / kLanes * kLanes;
  step_row<Optimizer::adam>(array.values + begin, array.first + begin, array.second + begin, gradient, scale,
                            static_cast<std::uint32_t>(whole - begin), scalars);
  for (std::size_t n = whole; n < end; ++n) {
    const float g = gradient != nullptr ? gradient[n - begin] * scale : 0.0f;
    step_bias<Optimizer::adam>(array.values + n, array.first + n, array.second + n, g, scalars);
  }
}

void step_task(void* context, std::uint32_t task) {
  const SoftmaxRun& run = *static_cast<const SoftmaxRun*>(context);
  const SoftmaxState& s = *run.state;
  const StepScalars scalars = scalars_of(*run.batch);
  const Share share = share_of(s, task);
  if (!share.items) {
    step_values(s.dense, share.begin, share.end, s.dense.gradient + share.begin, run.scale, scalars);
    return;
  }
  const std::size_t begin = share.begin * s.stride;
  step_values(s.outputs, begin, share.end * s.stride, s.outputs.gradient + begin, run.scale, scalars);
  if (s.biases.size != 0)
    step_values(s.biases, share.begin, share.end, s.biases.gradient + share.begin, run.scale, scalars);
  if (s.tied) return;
  for (std::size_t j = share.begin; j < share.end; ++j) {
    const std::uint32_t first = run.scratch->first_row[j];
    const float* gradient = first != 0 ? row_gradient(run, first - 1) : nullptr;
    step_values(s.inputs, j * s.stride, (j + 1) * s.stride, gradient, run.scale, scalars);
  }
}

void gradient_task(void* context, std::uint32_t task) {
  const SoftmaxRun& run = *static_cast<const SoftmaxRun*>(context);
  const Share share = share_of(*run.state, task);
  run.scratch->norms[task] =
      share.items ? panel_gradients(run, static_cast<std::uint32_t>(share.begin), static_cast<std::uint32_t>(share.end))
                  : weight_gradients(run, share.begin, share.end);
  // Without a norm to wait for, the step reads the gradient while it is in L1.
  if (run.state->clip_norm <= 0) step_task(context, task);
}

}  // namespace
}  // namespace palate::KERNEL_NS
