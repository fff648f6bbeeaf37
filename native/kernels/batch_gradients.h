// Scores, losses and gradients of one batch. Part of train_batch.cc.
#pragma once

#include "kernels/adam_rows.h"
#include "kernels/batch_vectors.h"
#include "kernels/combine_rows.h"
#include "kernels/step_scalars.h"

namespace palate::KERNEL_NS {
namespace {

// One batch on its way through the phases; each phase is a loop over tasks.
struct Run {
  TrainState* state;
  const BatchView* batch;
  BatchScratch* scratch;
  std::uint32_t user_grain;  // slots a task
  std::uint32_t item_grain;
  std::uint32_t feature_tasks;
  float gradient_scale;  // of clipping
  bool dense;            // every row is stepped, else those of the batch
  const AdamCall* adam;  // Adam on touched rows (kernels/batch_adam.h), else nullptr
  std::uint32_t adam_step;
  AdamSide adam_users;
  AdamSide adam_items;
  BatchScalars scalars;
};

std::uint32_t min_u32(std::uint32_t a, std::uint32_t b) { return a < b ? a : b; }
std::uint32_t tasks_of(std::uint32_t count, std::uint32_t grain) { return (count + grain - 1) / grain; }

// Tasks of a loop over the slots of users and items.
std::uint32_t slot_tasks(const Run& run) {
  return tasks_of(run.batch->num_users, run.user_grain) + tasks_of(run.batch->num_items, run.item_grain);
}

void loop(Pool& pool, bool parallel, std::uint32_t count, Pool::Body body, void* context) {
  if (parallel) {
    pool.run(count, body, context);
  } else {
    for (std::uint32_t i = 0; i < count; ++i) body(context, i);
  }
}

// --- combined rows of the slots, when there are shared features

void combine_side(const Run& run, const ParameterTable& table, const FeatureLists& lists, const SlotScratch& side,
                  const std::uint32_t* rows, std::uint32_t begin, std::uint32_t end) {
  const TrainState& s = *run.state;
  for (std::uint32_t slot = begin; slot < end; ++slot) {
    side.combined_bias[slot] =
        combine_row(side.combined + static_cast<std::size_t>(slot) * s.stride, table, lists, s.features.factors,
                    s.features.biases, rows[slot], s.stride, s.options.within_side);
  }
}

void combine_items(void* context, std::uint32_t task) {
  const Run& run = *static_cast<const Run*>(context);
  const std::uint32_t begin = task * run.item_grain;
  combine_side(run, run.state->items, run.state->item_features, run.scratch->items, run.batch->item_rows, begin,
               min_u32(begin + run.item_grain, run.batch->num_items));
}

void combine_users(void* context, std::uint32_t task) {
  const Run& run = *static_cast<const Run*>(context);
  const std::uint32_t begin = task * run.user_grain;
  combine_side(run, run.state->users, run.state->user_features, run.scratch->users, run.batch->user_rows, begin,
               min_u32(begin + run.user_grain, run.batch->num_users));
}

// --- gradients

void clear(float* row, std::uint32_t stride) {
  for (std::uint32_t k = 0; k < stride; k += kLanes) store(row + k, splat(0.0f));
}

// The pairs inside a side add G (A - p) to the gradient of p; then the row is complete.
void finish_gradient(const TrainState& s, const ParameterTable& table, const SlotScratch& side, std::uint32_t slot,
                     std::uint32_t row, float bias_gradient) {
  float* gradient = side.gradient + static_cast<std::size_t>(slot) * s.stride;
  if (side.combined != nullptr && s.options.within_side) {
    axpy(gradient, bias_gradient, side.combined + static_cast<std::size_t>(slot) * s.stride, s.stride);
    axpy(gradient, -bias_gradient, table.factors + static_cast<std::size_t>(row) * s.stride, s.stride);
  }
  side.gradient_bias[slot] = bias_gradient;
  if (s.options.clip_norm > 0) {
    side.norm[slot] = static_cast<double>(dot(gradient, gradient, s.stride)) +
                      (s.options.train_biases ? static_cast<double>(bias_gradient) * bias_gradient : 0.0);
  }
}

// Scores, losses and the gradients of users, for a range of user slots.
void user_gradients(void* context, std::uint32_t task) {
  const Run& run = *static_cast<const Run*>(context);
  const TrainState& s = *run.state;
  const BatchView& batch = *run.batch;
  const BatchScratch& scratch = *run.scratch;
  const Vectors users = vectors_of(s.users, scratch.users, s.stride);
  const Vectors items = vectors_of(s.items, scratch.items, s.stride);
  const float share = 1.0f / static_cast<float>(batch.size);
  const std::uint32_t begin = task * run.user_grain;
  const std::uint32_t end = min_u32(begin + run.user_grain, batch.num_users);
  for (std::uint32_t slot = begin; slot < end; ++slot) {
    const std::uint32_t user = batch.user_rows[slot];
    const std::uint32_t vector = scratch.users.combined != nullptr ? slot : user;
    const std::uint32_t first = batch.user_ranges[slot];
    const std::uint32_t count = batch.user_ranges[slot + 1] - first;
    float* errors = scratch.errors + first;
    const std::uint32_t* others = batch.rating_vectors + first;
    scores(errors, users.row(vector), s.global_bias + users.biases[vector], items, others, count);
    const LossSums sums = slopes(errors, batch.values + first, count, share, s.options);
    scratch.losses[slot] = sums.loss;
    scratch.squares[slot] = sums.squared_error;
    weighted_sum(scratch.users.gradient + static_cast<std::size_t>(slot) * s.stride, errors, items, others, count);
    finish_gradient(s, s.users, scratch.users, slot, user, total(errors, count));
  }
}

void item_gradients(void* context, std::uint32_t task) {
  const Run& run = *static_cast<const Run*>(context);
  const TrainState& s = *run.state;
  const BatchView& batch = *run.batch;
  const BatchScratch& scratch = *run.scratch;
  const Vectors users = vectors_of(s.users, scratch.users, s.stride);
  const std::uint32_t begin = task * run.item_grain;
  const std::uint32_t end = min_u32(begin + run.item_grain, batch.num_items);
  for (std::uint32_t slot = begin; slot < end; ++slot) {
    const std::uint32_t first = batch.item_ranges[slot];
    const std::uint32_t count = batch.item_ranges[slot + 1] - first;
    float* errors = scratch.entry_errors + first;
    for (std::uint32_t e = 0; e < count; ++e) errors[e] = scratch.errors[batch.entry_ratings[first + e]];
    weighted_sum(scratch.items.gradient + static_cast<std::size_t>(slot) * s.stride, errors, users,
                 batch.entry_vectors + first, count);
    finish_gradient(s, s.items, scratch.items, slot, batch.item_rows[slot], total(errors, count));
  }
}

// d/dv_f = sum over rows with f of x (H - x G v_f), H = (gradient of p) + G p; without pairs inside a side
// just x (gradient of p). Each task owns the features f = task (mod tasks), in the same order of rows.
void feature_side(const Run& run, std::uint32_t task, const ParameterTable& table, const FeatureLists& lists,
                  const SlotScratch& side, const std::uint32_t* rows, std::uint32_t slots) {
  const TrainState& s = *run.state;
  if (lists.empty()) return;
  for (std::uint32_t slot = 0; slot < slots; ++slot) {
    const std::uint32_t row = rows[slot];
    const float bias_gradient = side.gradient_bias[slot];
    const float* gradient = side.gradient + static_cast<std::size_t>(slot) * s.stride;
    for (std::uint32_t e = lists.offsets[row]; e < lists.offsets[row + 1]; ++e) {
      const std::uint32_t f = lists.features[e];
      if (f % run.feature_tasks != task) continue;
      const float weight = lists.weights[e];
      float* target = run.scratch->feature_gradient + static_cast<std::size_t>(f) * s.stride;
      axpy(target, weight, gradient, s.stride);
      if (s.options.within_side) {
        axpy(target, weight * bias_gradient, table.factors + static_cast<std::size_t>(row) * s.stride, s.stride);
        axpy(target, -weight * weight * bias_gradient, s.features.factors + static_cast<std::size_t>(f) * s.stride,
             s.stride);
      }
      run.scratch->feature_gradient_bias[f] += weight * bias_gradient;
      ++run.scratch->feature_rows[f];
    }
  }
}

void feature_gradients(void* context, std::uint32_t task) {
  const Run& run = *static_cast<const Run*>(context);
  const TrainState& s = *run.state;
  for (std::uint32_t f = task; f < s.features.rows; f += run.feature_tasks) {
    clear(run.scratch->feature_gradient + static_cast<std::size_t>(f) * s.stride, s.stride);
    run.scratch->feature_gradient_bias[f] = 0.0f;
    run.scratch->feature_rows[f] = 0;
  }
  feature_side(run, task, s.users, s.user_features, run.scratch->users, run.batch->user_rows, run.batch->num_users);
  feature_side(run, task, s.items, s.item_features, run.scratch->items, run.batch->item_rows, run.batch->num_items);
  if (s.options.clip_norm <= 0) return;
  for (std::uint32_t f = task; f < s.features.rows; f += run.feature_tasks) {
    const float* gradient = run.scratch->feature_gradient + static_cast<std::size_t>(f) * s.stride;
    const double bias = run.scratch->feature_gradient_bias[f];
    run.scratch->feature_norm[f] =
        static_cast<double>(dot(gradient, gradient, s.stride)) + (s.options.train_biases ? bias * bias : 0.0);
  }
}

}  // namespace
}  // namespace palate::KERNEL_NS
