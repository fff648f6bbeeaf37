// Rows of users and items under Adam that moves them when they are needed: how a row is found and brought up to date,
// stepped, and left at the end of an epoch. Part of train_adam.cc and train_batch.cc.
//
// A row is (w, u, s) in the closed form of math/adam.h, else (w, m, v), as left by step last_step[row] of the epoch.
#pragma once

#include "math/lanes_pair.h"

namespace palate::KERNEL_NS {
namespace {

constexpr std::uint32_t kFinishRows = 512;  // rows a task at the end of an epoch

// One kind of row during one step.
struct AdamSide {
  const AdamCall* adam;
  const ParameterTable* table;
  const AdamKind* kind;
  AdamStep factors;
  AdamStep biases;
};

// A row that a step touches, and the gap behind which it stands.
struct AdamRow {
  float* w;
  float* first;
  float* second;
  float* bias;
  float* bias_first;
  float* bias_second;
  AdamGap gap;
  AdamGap bias_gap;
};

PALATE_INLINE void prefetch_row(const ParameterTable& table, std::uint32_t row, std::uint32_t stride) {
  const std::size_t at = static_cast<std::size_t>(row) * stride;
  for (std::uint32_t k = 0; k < stride; k += kLanes) {
    prefetch(table.factors + at + k);
    prefetch(table.factors_first + at + k);
    prefetch(table.factors_second + at + k);
  }
  prefetch(table.last_step + row);
  prefetch(table.biases + row);
  prefetch(table.biases_first + row);
  prefetch(table.biases_second + row);
}

AdamSide adam_side(const TrainState& s, const AdamCall& adam, const ParameterTable& table, const AdamKind& kind,
                   std::uint32_t step) {
  return {&adam, &table, &kind, step_of(s.options, adam, kind, step), step_of(s.options, adam, adam.biases, step)};
}

// Finds the row as it is needed behind step `now`; with moments (w, m, v) it is brought up to date in place.
template <bool closed>
PALATE_INLINE AdamRow adam_row(const TrainState& s, const AdamSide& side, std::uint32_t row, std::uint32_t now) {
  const AdamCall& adam = *side.adam;
  const ParameterTable& table = *side.table;
  const std::size_t at = static_cast<std::size_t>(row) * s.stride;
  AdamRow r;
  r.w = table.factors + at;
  r.first = table.factors_first + at;
  r.second = table.factors_second + at;
  r.bias = table.biases + row;
  r.bias_first = table.biases_first + row;
  r.bias_second = table.biases_second + row;
  const std::uint32_t last = table.last_step[row];
  if constexpr (closed) {
    r.gap = gap_of(adam, *side.kind, last, now);
    r.bias_gap = gap_as(r.gap, adam.biases, last, now);
  } else if (!s.options.lazy && last < now) {
    std::uint32_t k = 0;
    for (; k + 2 * kLanes <= s.stride; k += 2 * kLanes) {
      LanesPair w = {load(r.w + k), load(r.w + k + kLanes)};
      LanesPair m = {load(r.first + k), load(r.first + k + kLanes)};
      LanesPair v = {load(r.second + k), load(r.second + k + kLanes)};
      bring_up(adam, *side.kind, last, now, w, m, v, side.factors);
      store(r.w + k, w.a);
      store(r.w + k + kLanes, w.b);
      store(r.first + k, m.a);
      store(r.first + k + kLanes, m.b);
      store(r.second + k, v.a);
      store(r.second + k + kLanes, v.b);
    }
    if (k < s.stride) {
      Lanes w = load(r.w + k);
      Lanes m = load(r.first + k);
      Lanes v = load(r.second + k);
      bring_up(adam, *side.kind, last, now, w, m, v, side.factors);
      store(r.w + k, w);
      store(r.first + k, m);
      store(r.second + k, v);
    }
    if (s.options.train_biases)
      bring_up(adam, adam.biases, last, now, *r.bias, *r.bias_first, *r.bias_second, side.biases);
  }
  return r;
}

template <bool closed>
PALATE_INLINE Lanes factors_at(const AdamRow& row, std::uint32_t k) {
  if constexpr (closed) return brought_up(load(row.w + k), load(row.first + k), row.gap);
  return load(row.w + k);
}

template <bool closed>
PALATE_INLINE float bias_of(const AdamRow& row) {
  if constexpr (closed) return brought_up(*row.bias, *row.bias_first, row.bias_gap);
  return *row.bias;
}

// Steps a row by `scale` times `direction`; `values` are its factors, up to date: elsewhere, or row.w where they were
// brought up in place. Adds scale * values to `other_gradient` unless that is nullptr.
template <bool closed>
PALATE_INLINE void step_adam_row(const AdamRow& row, const float* values, float bias, float scale,
                                 const float* PALATE_RESTRICT direction, float bias_gradient, const AdamSide& side,
                                 const TrainState& s, float* other_gradient = nullptr) {
  const Lanes factor = splat(scale);
  for (std::uint32_t k = 0; k < s.stride; k += kLanes) {
    Lanes w = load(values + k);
    if (other_gradient != nullptr) store(other_gradient + k, fma(factor, w, load(other_gradient + k)));
    Lanes first = load(row.first + k);
    Lanes second = load(row.second + k);
    adam_step<closed>(w, first, second, factor * load(direction + k), row.gap, side.factors, side.kind->l2);
    store(row.w + k, w);
    store(row.first + k, first);
    store(row.second + k, second);
  }
  if (!s.options.train_biases) return;
  adam_step<closed>(bias, *row.bias_first, *row.bias_second, bias_gradient, row.bias_gap, side.biases,
                    side.adam->biases.l2);
  *row.bias = bias;
}

// Brings w and the bias of a row up to step `now` in place; moments of the closed form stay where they stand, and so
// does last_step, for the step that follows.
template <bool closed>
PALATE_INLINE AdamRow bring_up_row(const TrainState& s, const AdamSide& side, std::uint32_t n, std::uint32_t now) {
  const AdamRow row = adam_row<closed>(s, side, n, now);
  if constexpr (closed) {
    for (std::uint32_t k = 0; k < s.stride; k += kLanes) store(row.w + k, factors_at<closed>(row, k));
    if (s.options.train_biases) *row.bias = bias_of<closed>(row);
  } else {
    side.table->last_step[n] = now;
  }
  return row;
}

struct FinishRun {
  const TrainState* state;
  AdamSide side;
};

// Brings rows to the last step of the epoch, where the next one starts as its step 0.
template <bool closed>
void finish_rows(void* context, std::uint32_t task) {
  const FinishRun& run = *static_cast<const FinishRun*>(context);
  const TrainState& s = *run.state;
  const AdamCall& adam = *run.side.adam;
  const std::uint32_t rows = run.side.table->rows;
  const std::uint32_t begin = task * kFinishRows;
  const std::uint32_t end = rows - begin < kFinishRows ? rows : begin + kFinishRows;
  const float epsilon = adam.epsilons[adam.steps];
  for (std::uint32_t n = begin; n < end; ++n) {
    const AdamRow row = bring_up_row<closed>(s, run.side, n, adam.steps);
    if constexpr (closed) {
      for (std::uint32_t k = 0; k < s.stride; k += kLanes) {
        Lanes u = load(row.first + k);
        Lanes deviation = load(row.second + k);
        fade(u, deviation, row.gap, epsilon);
        store(row.first + k, u);
        store(row.second + k, deviation);
      }
      if (s.options.train_biases) fade(*row.bias_first, *row.bias_second, row.bias_gap, epsilon);
    }
  }
}

void finish_table(const TrainState& state, const AdamCall& adam, const ParameterTable& table, const AdamKind& kind,
                  Pool& pool) {
  FinishRun run = {&state, adam_side(state, adam, table, kind, adam.steps)};
  const std::uint32_t tasks = (table.rows + kFinishRows - 1) / kFinishRows;
  pool.run(tasks, adam.closed ? finish_rows<true> : finish_rows<false>, &run);
}

void finish_epoch(const TrainState& state, const AdamCall& adam, Pool& pool) {
  finish_table(state, adam, state.users, adam.users, pool);
  finish_table(state, adam, state.items, adam.items, pool);
}

}  // namespace
}  // namespace palate::KERNEL_NS
