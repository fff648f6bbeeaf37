// Mini-batch and full-batch training: the mean gradient of a batch, then one optimizer step.
//
// Adam that is not lazy, and any optimizer with L2, moves every row at every step, also rows that the batch does not
// touch: the dense meaning of torch.optim. Work of a step: 4 (batch) (dim) flops for scores and gradients of each side,
// and for dense steps one pass over all parameters, unless the caller has Adam move rows when they are needed
// (kernels/batch_adam.h).
//
// Each gradient row is summed by one thread in a fixed order, so the bits do not depend on the threads.
#include "core/flags.h"
#include "kernels/batch_step.h"
#include "kernels/level.h"

namespace palate::KERNEL_NS {

Status train_batch(TrainState& state, const EpochCall& call, Pool& pool, EpochLoss& loss) {
  BatchSource& source = *call.batches;
  BatchView batch;
  Run run{};
  run.state = &state;
  run.batch = &batch;
  run.scratch = &source.scratch;
  const TrainOptions& o = state.options;
  run.adam = call.adam.steps != 0 ? &call.adam : nullptr;
  run.dense = steps_all_rows(state, run.adam != nullptr);
  const bool combined = source.scratch.items.combined != nullptr;
  loss = {};
  while (source.next(source.self, batch)) {
    if (is_raised(call)) {
      return Status::cancelled;
    }
    const bool parallel =
        pool.threads() > 1 && static_cast<std::uint64_t>(batch.size) * state.stride >= kParallelFloats;
    const std::uint32_t tasks = parallel ? pool.threads() * kTasksPerThread : 1;
    run.user_grain = batch.num_users / tasks + 1;
    run.item_grain = batch.num_items / tasks + 1;
    run.feature_tasks = parallel ? pool.threads() : 1;
    const std::uint32_t user_tasks = tasks_of(batch.num_users, run.user_grain);
    const std::uint32_t item_tasks = tasks_of(batch.num_items, run.item_grain);
    if (run.adam != nullptr) bring_up_batch(run, pool, parallel);
    if (combined) {
      loop(pool, parallel, item_tasks, combine_items, &run);
      loop(pool, parallel, user_tasks, combine_users, &run);
    }
    loop(pool, parallel, user_tasks, user_gradients, &run);
    loop(pool, parallel, item_tasks, item_gradients, &run);
    if (state.features.rows != 0) loop(pool, parallel, run.feature_tasks, feature_gradients, &run);
    run.gradient_scale = clip_scale(run);

    ++state.step;
    run.scalars = batch_scalars(state, call.learning_rate);
    switch (o.optimizer) {
      case Optimizer::sgd:
        step_all<Optimizer::sgd>(run, pool, parallel);
        break;
      case Optimizer::adagrad:
        step_all<Optimizer::adagrad>(run, pool, parallel);
        break;
      case Optimizer::adam:
        step_all<Optimizer::adam>(run, pool, parallel);
        break;
    }
    step_global_bias(run);
    loss.loss += sum_of(source.scratch.losses, batch.num_users);
    loss.squared_error += sum_of(source.scratch.squares, batch.num_users);
    loss.count += batch.size;
  }
  if (run.adam != nullptr) finish_epoch(state, *run.adam, pool);
  return Status::ok;
}

}  // namespace palate::KERNEL_NS
