// The optimizer step of one batch. Part of train_batch.cc.
#pragma once

#include "kernels/batch_adam.h"
#include "math/step_row.h"

namespace palate::KERNEL_NS {
namespace {

constexpr std::uint32_t kDenseChunk = 64;         // rows a task of a dense step
constexpr std::uint32_t kTasksPerThread = 32;     // of slot loops, as slots have few ratings or many
constexpr std::uint64_t kParallelFloats = 16384;  // below this a loop is not worth waking threads

template <Optimizer kind>
void step_one(const Run& run, const ParameterTable& table, const StepScalars& scalars, const StepScalars& bias_scalars,
              std::uint32_t row, const float* gradient, float bias_gradient) {
  const TrainState& s = *run.state;
  const std::size_t at = static_cast<std::size_t>(row) * s.stride;
  step_row<kind>(table.factors + at, kind == Optimizer::sgd ? nullptr : table.factors_first + at,
                 kind == Optimizer::adam ? table.factors_second + at : nullptr, gradient, run.gradient_scale, s.stride,
                 scalars);
  if (!s.options.train_biases) return;
  step_bias<kind>(table.biases + row, kind == Optimizer::sgd ? nullptr : table.biases_first + row,
                  kind == Optimizer::adam ? table.biases_second + row : nullptr, bias_gradient * run.gradient_scale,
                  bias_scalars);
}

template <Optimizer kind>
void step_side(const Run& run, const ParameterTable& table, const SlotScratch& side, const std::uint32_t* rows,
               std::uint32_t slots, std::uint32_t grain, const StepScalars& scalars, std::uint32_t task) {
  const std::uint32_t stride = run.state->stride;
  if (run.dense) {
    const std::uint32_t begin = task * kDenseChunk;
    const std::uint32_t end = min_u32(begin + kDenseChunk, table.rows);
    for (std::uint32_t row = begin; row < end; ++row) {
      const std::uint32_t slot = side.slot_of_row[row];
      if (slot == 0) {
        step_one<kind>(run, table, scalars, run.scalars.biases, row, nullptr, 0.0f);
      } else {
        step_one<kind>(run, table, scalars, run.scalars.biases, row,
                       side.gradient + static_cast<std::size_t>(slot - 1) * stride, side.gradient_bias[slot - 1]);
      }
    }
    return;
  }
  const std::uint32_t begin = task * grain;
  const std::uint32_t end = min_u32(begin + grain, slots);
  for (std::uint32_t slot = begin; slot < end; ++slot) {
    step_one<kind>(run, table, scalars, run.scalars.biases, rows[slot],
                   side.gradient + static_cast<std::size_t>(slot) * stride, side.gradient_bias[slot]);
  }
}

std::uint32_t user_step_tasks(const Run& run) {
  return run.dense ? tasks_of(run.state->users.rows, kDenseChunk) : tasks_of(run.batch->num_users, run.user_grain);
}

std::uint32_t item_step_tasks(const Run& run) {
  return run.dense ? tasks_of(run.state->items.rows, kDenseChunk) : tasks_of(run.batch->num_items, run.item_grain);
}

// The tasks of the users, then those of the items.
template <Optimizer kind>
void step_rows(void* context, std::uint32_t task) {
  const Run& run = *static_cast<const Run*>(context);
  const std::uint32_t user_tasks = user_step_tasks(run);
  if (task < user_tasks) {
    step_side<kind>(run, run.state->users, run.scratch->users, run.batch->user_rows, run.batch->num_users,
                    run.user_grain, run.scalars.users, task);
  } else {
    step_side<kind>(run, run.state->items, run.scratch->items, run.batch->item_rows, run.batch->num_items,
                    run.item_grain, run.scalars.items, task - user_tasks);
  }
}

template <Optimizer kind>
void step_features(void* context, std::uint32_t task) {
  const Run& run = *static_cast<const Run*>(context);
  const TrainState& s = *run.state;
  for (std::uint32_t f = task; f < s.features.rows; f += run.feature_tasks) {
    if (s.options.lazy && run.scratch->feature_rows[f] == 0) continue;
    step_one<kind>(run, s.features, run.scalars.features, run.scalars.feature_biases, f,
                   run.scratch->feature_gradient + static_cast<std::size_t>(f) * s.stride,
                   run.scratch->feature_gradient_bias[f]);
  }
}

template <Optimizer kind>
void step_all(Run& run, Pool& pool, bool parallel) {
  const TrainState& s = *run.state;
  if (run.adam != nullptr) {
    step_batch(run, pool, parallel);
  } else {
    const std::uint64_t floats = static_cast<std::uint64_t>(s.users.rows + s.items.rows) * s.stride;
    const bool wide = run.dense ? floats >= kParallelFloats : parallel;
    loop(pool, wide, user_step_tasks(run) + item_step_tasks(run), step_rows<kind>, &run);
  }
  if (s.features.rows != 0) loop(pool, run.feature_tasks > 1, run.feature_tasks, step_features<kind>, &run);
}

double sum_of(const double* values, std::uint32_t count) {
  double total = 0;
  for (std::uint32_t i = 0; i < count; ++i) total += values[i];
  return total;
}

// Global bias last: every gradient above was taken at its old value.
void step_global_bias(Run& run) {
  TrainState& s = *run.state;
  if (!s.options.train_global_bias) return;
  float gradient = 0.0f;
  for (std::uint32_t slot = 0; slot < run.batch->num_users; ++slot) gradient += run.scratch->users.gradient_bias[slot];
  StepScalars scalars = run.scalars.biases;
  scalars.l2 = 0.0f;  // an intercept is not shrunk
  scalars.keep = 1.0f;
  gradient *= run.gradient_scale;
  switch (s.options.optimizer) {
    case Optimizer::sgd:
      return step_bias<Optimizer::sgd>(&s.global_bias, &s.global_first, &s.global_second, gradient, scalars);
    case Optimizer::adagrad:
      return step_bias<Optimizer::adagrad>(&s.global_bias, &s.global_first, &s.global_second, gradient, scalars);
    case Optimizer::adam:
      return step_bias<Optimizer::adam>(&s.global_bias, &s.global_first, &s.global_second, gradient, scalars);
  }
}

float clip_scale(const Run& run) {
  const TrainState& s = *run.state;
  if (s.options.clip_norm <= 0) return 1.0f;
  const BatchScratch& scratch = *run.scratch;
  double squares = sum_of(scratch.users.norm, run.batch->num_users) + sum_of(scratch.items.norm, run.batch->num_items) +
                   sum_of(scratch.feature_norm, s.features.rows);
  if (s.options.train_global_bias) {
    double gradient = 0;
    for (std::uint32_t slot = 0; slot < run.batch->num_users; ++slot) gradient += scratch.users.gradient_bias[slot];
    squares += gradient * gradient;
  }
  const double norm = ::sqrt(squares);
  return norm > s.options.clip_norm ? static_cast<float>(s.options.clip_norm / norm) : 1.0f;
}

}  // namespace
}  // namespace palate::KERNEL_NS
