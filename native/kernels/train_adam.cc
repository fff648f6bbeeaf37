// Adam in mini-batches on the grid of blocks, at the cost of the rows that a batch touches.
//
// A stratum's blocks share no user and no item, and every step takes an equal share of each block. So the gradient of
// a row comes from one block alone, the blocks need not wait for each other between steps, and still each step is the
// literal mini-batch step: gradients at the parameters before it, one update of each row by the sum. Rows that a batch
// does not touch move as dense Adam moves them, once they are needed (math/adam.h); at the end of an epoch all rows are
// brought up to date. The intercept is held, as biases take its part.
//
// Bytes a rating: the item's row with two moments read and written, 24 dim; the user's once a step.
#include "kernels/adam_rows.h"
#include "kernels/level.h"
#include "math/objectives.h"

namespace palate::KERNEL_NS {
namespace {

constexpr std::size_t kPrefetchAhead = 3;     // ratings
constexpr std::uint32_t kCancelSteps = 1024;  // steps between looks at the flags

struct Run {
  TrainState* state;
  const EpochCall* call;
  std::uint32_t stratum;
  std::uint32_t first_step;  // of this epoch, before the stratum
};

bool cancelled(const EpochCall& call) {
  return call.cancel->load(std::memory_order_relaxed) != 0 || call.teardown->load(std::memory_order_relaxed) != 0;
}

void clear(float* row, std::uint32_t stride) {
  for (std::uint32_t k = 0; k < stride; k += kLanes) store(row + k, splat(0.0f));
}

PALATE_INLINE void axpy(float* PALATE_RESTRICT target, float weight, const float* PALATE_RESTRICT row,
                        std::uint32_t stride) {
  const Lanes w = splat(weight);
  for (std::uint32_t k = 0; k < stride; k += kLanes) store(target + k, fma(w, load(row + k), load(target + k)));
}

template <bool closed>
PALATE_INLINE float dot_row(const float* PALATE_RESTRICT other, const AdamRow& row, std::uint32_t stride) {
  Lanes even = splat(0.0f);
  Lanes odd = splat(0.0f);
  std::uint32_t k = 0;
  for (; k + 2 * kLanes <= stride; k += 2 * kLanes) {
    even = fma(load(other + k), factors_at<closed>(row, k), even);
    odd = fma(load(other + k + kLanes), factors_at<closed>(row, k + kLanes), odd);
  }
  if (k < stride) even = fma(load(other + k), factors_at<closed>(row, k), even);
  return sum(even + odd);
}

#if defined(__GNUC__)
PALATE_INLINE void prefetch_row(const ParameterTable& table, std::uint32_t row, std::uint32_t stride) {
  const std::size_t at = static_cast<std::size_t>(row) * stride;
  for (std::uint32_t k = 0; k < stride; k += kLanes) {
    __builtin_prefetch(table.factors + at + k, 1);
    __builtin_prefetch(table.factors_first + at + k, 1);
    __builtin_prefetch(table.factors_second + at + k, 1);
  }
}
#endif

// Rows in use while a block runs.
struct Scratch {
  float* user;           // (stride) factors of the user, up to date
  float* user_gradient;  // (stride)
  float* slots;          // (repeated items, 2 stride + 2): factors, gradient, bias, its gradient
  std::uint32_t stride;

  float* values(std::uint32_t slot) const { return slots + static_cast<std::size_t>(slot) * (2 * stride + 2); }
};

struct Sums {
  double loss;
  double squares;
};

// Ratings [begin, end) of a block: its share of one step.
template <bool closed>
void train_share(const Run& run, std::size_t begin, std::size_t end, std::size_t block_end, std::uint32_t step,
                 float share, const Scratch& scratch, Sums& sums) {
  const TrainState& s = *run.state;
  const GridView& grid = run.call->grid;
  const AdamCall& adam = run.call->adam;
  const std::uint32_t stride = s.stride;
  const AdamSide users = adam_side(s, adam, s.users, adam.users, step);
  const AdamSide items = adam_side(s, adam, s.items, adam.items, step);
  std::uint32_t used_slots = 0;
  for (std::size_t n = begin; n < end;) {
    const std::uint32_t user = grid.users[n];
    const AdamRow user_row = adam_row<closed>(s, users, user, step - 1);
    for (std::uint32_t k = 0; k < stride; k += kLanes) store(scratch.user + k, factors_at<closed>(user_row, k));
    clear(scratch.user_gradient, stride);
    const float user_bias = bias_of<closed>(user_row);
    float bias_gradient = 0.0f;
    for (; n < end && grid.users[n] == user; ++n) {
#if defined(__GNUC__)
      if (n + kPrefetchAhead < block_end) {
        const std::size_t ahead = n + kPrefetchAhead;
        prefetch_row(s.items, grid.items[ahead] & kItemBits, stride);
        if (grid.users[ahead] != grid.users[ahead - 1]) prefetch_row(s.users, grid.users[ahead], stride);
      }
#endif
      const std::uint32_t marks = grid.items[n];
      const std::uint32_t item = marks & kItemBits;
      if (marks == item) {  // the only rating of the item in this step
        const AdamRow row = adam_row<closed>(s, items, item, step - 1);
        const float bias = bias_of<closed>(row);
        const float x = s.global_bias + user_bias + bias + dot_row<closed>(scratch.user, row, stride);
        const Slope result = slope(s.options, x, grid.values[n]);
        const float error = result.derivative * share;
        sums.loss += result.loss;
        sums.squares += result.squared_error;
        bias_gradient += error;
        const Lanes weight = splat(error);
        for (std::uint32_t k = 0; k < stride; k += kLanes) {
          store(scratch.user_gradient + k, fma(weight, factors_at<closed>(row, k), load(scratch.user_gradient + k)));
        }
        step_adam_row<closed>(row, nullptr, bias, error, scratch.user, error, items, s);
        s.items.last_step[item] = step;
        continue;
      }
      if ((marks & kSeenBefore) == 0) {
        const AdamRow row = adam_row<closed>(s, items, item, step - 1);
        adam.slots[item] = used_slots;
        float* values = scratch.values(used_slots++);
        for (std::uint32_t k = 0; k < stride; k += kLanes) store(values + k, factors_at<closed>(row, k));
        clear(values + stride, stride);
        values[2 * stride] = bias_of<closed>(row);
        values[2 * stride + 1] = 0.0f;
        if constexpr (!closed) s.items.last_step[item] = step - 1;  // it is up to date now
      }
      float* values = scratch.values(adam.slots[item]);
      const float x = s.global_bias + user_bias + values[2 * stride] + dot(scratch.user, values, stride);
      const Slope result = slope(s.options, x, grid.values[n]);
      const float error = result.derivative * share;
      sums.loss += result.loss;
      sums.squares += result.squared_error;
      bias_gradient += error;
      axpy(scratch.user_gradient, error, values, stride);
      axpy(values + stride, error, scratch.user, stride);
      values[2 * stride + 1] += error;
      if ((marks & kSeenLater) != 0) continue;
      const AdamRow row = adam_row<closed>(s, items, item, step - 1);
      step_adam_row<closed>(row, values, values[2 * stride], 1.0f, values + stride, values[2 * stride + 1], items, s);
      s.items.last_step[item] = step;
    }
    step_adam_row<closed>(user_row, scratch.user, user_bias, 1.0f, scratch.user_gradient, bias_gradient, users, s);
    s.users.last_step[user] = step;
  }
}

template <bool closed>
void train_block(void* context, std::uint32_t block) {
  const Run& run = *static_cast<const Run*>(context);
  const TrainState& s = *run.state;
  const EpochCall& call = *run.call;
  const GridView& grid = call.grid;
  float* base = call.block_scratch + call.block_stride * block;
  const Scratch scratch = {base, base + s.stride, base + 2 * s.stride, s.stride};
  const std::size_t cell = cell_of(run.stratum, block, grid.side);
  const std::size_t start = grid.blocks[cell];
  const std::size_t size = grid.blocks[cell + 1] - start;
  const std::uint32_t steps = grid.stratum_steps[run.stratum];
  const std::uint32_t* sizes = grid.step_sizes + grid.stratum_starts[run.stratum];
  Sums sums = {0, 0};
  std::size_t begin = start;
  for (std::uint32_t k = 0; k < steps; ++k) {
    if (k % kCancelSteps == 0 && cancelled(call)) return;
    const std::size_t end = start + share_end(size, k, steps);
    train_share<closed>(run, begin, end, start + size, run.first_step + k + 1, 1.0f / static_cast<float>(sizes[k]),
                        scratch, sums);
    begin = end;
  }
  call.block_losses[2 * block] += sums.loss;
  call.block_losses[2 * block + 1] += sums.squares;
}

}  // namespace

Status train_adam(TrainState& state, const EpochCall& call, Pool& pool, EpochLoss& loss) {
  const GridView& grid = call.grid;
  const AdamCall& adam = call.adam;
  Run run = {&state, &call, 0, 0};
  for (std::uint32_t b = 0; b < 2 * grid.side; ++b) call.block_losses[b] = 0;
  for (std::uint32_t n = 0; n < grid.squares * grid.side; ++n) {
    run.stratum = call.strata[n];
    pool.run(grid.side, adam.closed ? train_block<true> : train_block<false>, &run);
    if (cancelled(call)) return Status::cancelled;
    run.first_step += grid.stratum_steps[run.stratum];
  }
  finish_epoch(state, adam, pool);
  loss = {};
  for (std::uint32_t b = 0; b < grid.side; ++b) {
    loss.loss += call.block_losses[2 * b];
    loss.squared_error += call.block_losses[2 * b + 1];
  }
  loss.count = grid.blocks[static_cast<std::size_t>(grid.side) * grid.side * grid.squares];
  state.step += adam.steps;
  return Status::ok;
}

}  // namespace palate::KERNEL_NS
