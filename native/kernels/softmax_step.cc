// One optimizer step of the softmax model on a batch, and the loss of a batch: see softmax.h.
#include "kernels/level.h"
#include "kernels/softmax.h"
#include "kernels/softmax_block.h"
#include "kernels/softmax_network.h"
#include "kernels/softmax_update.h"

namespace palate::KERNEL_NS {
namespace {

void score_block(const SoftmaxRun& run, std::uint32_t index, bool training) {
  const SoftmaxState& s = *run.state;
  SoftmaxBlock& block = run.scratch->blocks[index];
  const Across across = cut(s, block.across);
  const std::uint32_t first_row = index * kSoftmaxRows;
  network_forward(s, *run.batch, first_row, training, block, across);
  const double target_logits = sweep_exponentials(s, *run.batch, first_row, block, across);
  block.loss = loss_of(*run.batch, first_row, across, target_logits);
  if (!training) return;
  sweep_gradients(s, *run.batch, first_row, block, across);
  weigh_rows(s, *run.batch, first_row, block, across);
  network_backward(s, block, across);
}

void train_block(void* context, std::uint32_t index) {
  score_block(*static_cast<const SoftmaxRun*>(context), index, true);
}

void judge_block(void* context, std::uint32_t index) {
  score_block(*static_cast<const SoftmaxRun*>(context), index, false);
}

double sum_losses(const SoftmaxRun& run) {
  double loss = 0;
  for (std::uint32_t b = 0; b < run.num_blocks; ++b) loss += run.scratch->blocks[b].loss;
  return loss;
}

SoftmaxRun run_of(const SoftmaxState& state, const SoftmaxBatch& batch, const SoftmaxScratch& scratch) {
  return {&state, &batch, &scratch, (batch.size + kSoftmaxRows - 1) / kSoftmaxRows, 1.0f};
}

}  // namespace

double softmax_step(const SoftmaxState& state, const SoftmaxBatch& batch, const SoftmaxScratch& scratch, Pool& pool) {
  SoftmaxRun run = run_of(state, batch, scratch);
  pool.run(run.num_blocks, train_block, &run);
  merge_rows(run);
  const std::uint32_t tasks = softmax_tasks(state.num_items, state.dense.size);
  pool.run(tasks, gradient_task, &run);
  if (state.clip_norm > 0) {
    run.scale = clip_scale(run, tasks);
    pool.run(tasks, step_task, &run);
  }
  forget_rows(run);
  return sum_losses(run);
}

double softmax_loss(const SoftmaxState& state, const SoftmaxBatch& batch, const SoftmaxScratch& scratch, Pool& pool) {
  SoftmaxRun run = run_of(state, batch, scratch);
  pool.run(run.num_blocks, judge_block, &run);
  return sum_losses(run);
}

}  // namespace palate::KERNEL_NS
