// Adam on the rows of a batch alone. Part of train_batch.cc.
//
// Rows of users and items are brought up to date before a batch reads them, and stepped after it; all others wait until
// they are needed, or for the end of the epoch. The state is that of dense Adam (math/adam.h). Shared features are few
// and in nearly every batch: they take their dense steps.
#pragma once

#include "kernels/batch_gradients.h"

namespace palate::KERNEL_NS {
namespace {

constexpr std::uint32_t kSlotsAhead = 4;  // of prefetching

// What a task of a loop over the slots of both sides has: the tasks of the users come before those of the items.
struct SlotRange {
  const AdamSide* side;
  const SlotScratch* scratch;
  const std::uint32_t* rows;
  std::uint32_t begin;
  std::uint32_t end;
};

SlotRange slots_of(const Run& run, std::uint32_t task) {
  const BatchView& batch = *run.batch;
  const std::uint32_t user_tasks = tasks_of(batch.num_users, run.user_grain);
  if (task < user_tasks) {
    const std::uint32_t begin = task * run.user_grain;
    return {&run.adam_users, &run.scratch->users, batch.user_rows, begin,
            min_u32(begin + run.user_grain, batch.num_users)};
  }
  const std::uint32_t begin = (task - user_tasks) * run.item_grain;
  return {&run.adam_items, &run.scratch->items, batch.item_rows, begin,
          min_u32(begin + run.item_grain, batch.num_items)};
}

template <bool closed>
void bring_up_slots(void* context, std::uint32_t task) {
  const Run& run = *static_cast<const Run*>(context);
  const TrainState& s = *run.state;
  const SlotRange range = slots_of(run, task);
  for (std::uint32_t slot = range.begin; slot < range.end; ++slot) {
    if (slot + kSlotsAhead < range.end) prefetch_row(*range.side->table, range.rows[slot + kSlotsAhead], s.stride);
    bring_up_row<closed>(s, *range.side, range.rows[slot], run.adam_step - 1);
  }
}

template <bool closed>
void step_slots(void* context, std::uint32_t task) {
  const Run& run = *static_cast<const Run*>(context);
  const TrainState& s = *run.state;
  const SlotRange range = slots_of(run, task);
  for (std::uint32_t slot = range.begin; slot < range.end; ++slot) {
    const std::uint32_t n = range.rows[slot];
    const AdamRow row = adam_row<closed>(s, *range.side, n, run.adam_step - 1);
    step_adam_row<closed>(row, row.w, *row.bias, run.gradient_scale,
                          range.scratch->gradient + static_cast<std::size_t>(slot) * s.stride,
                          range.scratch->gradient_bias[slot] * run.gradient_scale, *range.side, s);
    range.side->table->last_step[n] = run.adam_step;
  }
}

// Starts the next step.
void bring_up_batch(Run& run, Pool& pool, bool parallel) {
  const TrainState& s = *run.state;
  const AdamCall& adam = *run.adam;
  ++run.adam_step;
  run.adam_users = adam_side(s, adam, s.users, adam.users, run.adam_step);
  run.adam_items = adam_side(s, adam, s.items, adam.items, run.adam_step);
  loop(pool, parallel, slot_tasks(run), adam.closed ? bring_up_slots<true> : bring_up_slots<false>, &run);
}

void step_batch(Run& run, Pool& pool, bool parallel) {
  loop(pool, parallel, slot_tasks(run), run.adam->closed ? step_slots<true> : step_slots<false>, &run);
}

}  // namespace
}  // namespace palate::KERNEL_NS
