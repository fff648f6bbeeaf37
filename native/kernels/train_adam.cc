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
#include "kernels/slopes.h"

namespace palate::KERNEL_NS {
namespace {

constexpr std::size_t kPrefetchAhead = 4;     // ratings
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

PALATE_INLINE void axpy(float* PALATE_RESTRICT target, float weight, const float* PALATE_RESTRICT row,
                        std::uint32_t stride) {
  const Lanes w = splat(weight);
  for (std::uint32_t k = 0; k < stride; k += kLanes) store(target + k, fma(w, load(row + k), load(target + k)));
}

// The row's factors, up to date, into `values`; returns their dot product with `other`.
template <bool closed>
PALATE_INLINE float take_row(float* PALATE_RESTRICT values, const AdamRow& row, const float* PALATE_RESTRICT other,
                             std::uint32_t stride) {
  Lanes even = splat(0.0f);
  Lanes odd = splat(0.0f);
  std::uint32_t k = 0;
  for (; k + 2 * kLanes <= stride; k += 2 * kLanes) {
    const Lanes a = factors_at<closed>(row, k);
    const Lanes b = factors_at<closed>(row, k + kLanes);
    store(values + k, a);
    store(values + k + kLanes, b);
    even = fma(load(other + k), a, even);
    odd = fma(load(other + k + kLanes), b, odd);
  }
  if (k < stride) {
    const Lanes a = factors_at<closed>(row, k);
    store(values + k, a);
    even = fma(load(other + k), a, even);
  }
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
  __builtin_prefetch(table.last_step + row, 1);
  __builtin_prefetch(table.biases + row, 1);
  __builtin_prefetch(table.biases_first + row, 1);
  __builtin_prefetch(table.biases_second + row, 1);
}
#endif

struct Sums {
  double loss;
  double squares;
};

// Scratch of one block: (kAdamChunk + 1, 2 stride) users with their gradients, (kAdamChunk, stride) items, and for
// items with several ratings in a step (repeated, 2 stride + 2): factors, gradient, bias, its gradient.
struct Scratch {
  float* base;
  std::uint32_t stride;

  float* user(std::uint32_t slot) const { return base + std::size_t{slot} * 2 * stride; }
  float* item(std::uint32_t slot) const { return base + (2 * std::size_t{kAdamChunk + 1} + slot) * stride; }
  float* repeated(std::uint32_t slot) const {
    return base + (2 * std::size_t{kAdamChunk + 1} + kAdamChunk) * stride + std::size_t{slot} * (2 * stride + 2);
  }
};

// A user of a chunk, up to date, with the gradient of this step so far.
struct UserSlot {
  AdamRow row;
  std::uint32_t user;
  float bias;
  float bias_gradient;
};

// A rating of a chunk.
struct RatingSlot {
  AdamRow row;        // of the item where this is its only rating in the step
  const float* item;  // factors, up to date
  float bias;         // of the item
  std::uint32_t user_slot;
};

// One block's share of one step.
template <bool closed>
class Share {
 public:
  Share(const Run& run, const Scratch& scratch, std::uint32_t step, float weight)
      : s_(*run.state),
        grid_(run.call->grid),
        adam_(run.call->adam),
        users_(adam_side(s_, adam_, s_.users, adam_.users, step)),
        items_(adam_side(s_, adam_, s_.items, adam_.items, step)),
        scratch_(scratch),
        step_(step),
        weight_(weight) {}

  // Ratings [begin, end). In chunks, and each in phases: the processor has many ratings in flight, as none waits for
  // the slope or the step of another, and slopes are taken in vectors.
  void train(std::size_t begin, std::size_t end, std::size_t block_end, Sums& sums) {
    for (std::size_t n = begin; n < end; n += kAdamChunk) {
      const std::uint32_t count = end - n < kAdamChunk ? static_cast<std::uint32_t>(end - n) : kAdamChunk;
      score(n, count, n == begin, block_end);
      const LossSums losses = slopes(errors_, grid_.values + n, count, weight_, s_.options);
      sums.loss += losses.loss;
      sums.squares += losses.squared_error;
      update(n, count, end);
    }
  }

 private:
  void score(std::size_t n, std::uint32_t count, bool first_chunk, std::size_t block_end) {
    const std::uint32_t stride = s_.stride;
    std::uint32_t slot = 0;
    for (std::uint32_t j = 0; j < count; ++j) {
#if defined(__GNUC__)
      const std::size_t ahead = n + j + kPrefetchAhead;
      if (ahead < block_end) {
        prefetch_row(s_.items, grid_.items[ahead] & kItemBits, stride);
        if (grid_.users[ahead] != grid_.users[ahead - 1]) prefetch_row(s_.users, grid_.users[ahead], stride);
      }
#endif
      const std::uint32_t user = grid_.users[n + j];
      if (j == 0 ? first_chunk || user_slots_[0].user != user : user_slots_[slot].user != user) {
        slot += j != 0;
        open(slot, user);
      }
      RatingSlot& rating = ratings_[j];
      rating.user_slot = slot;
      const float product = take_item(rating, grid_.items[n + j], j, scratch_.user(slot));
      errors_[j] = s_.global_bias + user_slots_[slot].bias + rating.bias + product;
    }
  }

  void open(std::uint32_t slot, std::uint32_t user) {
    const std::uint32_t stride = s_.stride;
    UserSlot& u = user_slots_[slot];
    u.user = user;
    u.row = adam_row<closed>(s_, users_, user, step_ - 1);
    u.bias = bias_of<closed>(u.row);
    u.bias_gradient = 0.0f;
    float* values = scratch_.user(slot);
    for (std::uint32_t k = 0; k < stride; k += kLanes) {
      store(values + k, factors_at<closed>(u.row, k));
      store(values + stride + k, splat(0.0f));
    }
  }

  // Finds the item of a rating, up to date; returns the dot product with the user.
  float take_item(RatingSlot& rating, std::uint32_t marks, std::uint32_t j, const float* user) {
    const std::uint32_t stride = s_.stride;
    const std::uint32_t item = marks & kItemBits;
    if (marks == item) {
      rating.row = adam_row<closed>(s_, items_, item, step_ - 1);
      rating.bias = bias_of<closed>(rating.row);
      rating.item = scratch_.item(j);
      return take_row<closed>(scratch_.item(j), rating.row, user, stride);
    }
    if ((marks & kSeenBefore) == 0) {
      const AdamRow row = adam_row<closed>(s_, items_, item, step_ - 1);
      adam_.slots[item] = repeated_;
      float* values = scratch_.repeated(repeated_++);
      for (std::uint32_t k = 0; k < stride; k += kLanes) {
        store(values + k, factors_at<closed>(row, k));
        store(values + stride + k, splat(0.0f));
      }
      values[2 * stride] = bias_of<closed>(row);
      values[2 * stride + 1] = 0.0f;
      if constexpr (!closed) s_.items.last_step[item] = step_ - 1;  // it is up to date now
    }
    const float* values = scratch_.repeated(adam_.slots[item]);
    rating.item = values;
    rating.bias = values[2 * stride];
    return dot(user, values, stride);
  }

  void update(std::size_t n, std::uint32_t count, std::size_t end) {
    const std::uint32_t stride = s_.stride;
    for (std::uint32_t j = 0; j < count; ++j) {
      const RatingSlot& rating = ratings_[j];
      UserSlot& u = user_slots_[rating.user_slot];
      float* user = scratch_.user(rating.user_slot);
      const float error = errors_[j];
      u.bias_gradient += error;
      const std::uint32_t marks = grid_.items[n + j];
      const std::uint32_t item = marks & kItemBits;
      if (marks == item) {
        step_adam_row<closed>(rating.row, rating.item, rating.bias, error, user, error, items_, s_, user + stride);
        s_.items.last_step[item] = step_;
      } else {
        add_repeated(marks, error, user);
      }
      const bool more = n + j + 1 < end && grid_.users[n + j + 1] == u.user;
      if (more && j + 1 == count) carry(rating.user_slot);
      if (more) continue;
      step_adam_row<closed>(u.row, user, u.bias, 1.0f, user + stride, u.bias_gradient, users_, s_);
      s_.users.last_step[u.user] = step_;
    }
  }

  // A rating of an item that has several in this step; the last one takes the item's step.
  void add_repeated(std::uint32_t marks, float error, float* user) {
    const std::uint32_t stride = s_.stride;
    const std::uint32_t item = marks & kItemBits;
    float* values = scratch_.repeated(adam_.slots[item]);
    axpy(user + stride, error, values, stride);
    axpy(values + stride, error, user, stride);
    values[2 * stride + 1] += error;
    if ((marks & kSeenLater) != 0) return;
    const AdamRow row = adam_row<closed>(s_, items_, item, step_ - 1);
    step_adam_row<closed>(row, values, values[2 * stride], 1.0f, values + stride, values[2 * stride + 1], items_, s_);
    s_.items.last_step[item] = step_;
  }

  // The user goes on in the next chunk, in its first slot.
  void carry(std::uint32_t slot) {
    if (slot == 0) return;
    user_slots_[0] = user_slots_[slot];
    const float* from = scratch_.user(slot);
    float* to = scratch_.user(0);
    for (std::uint32_t k = 0; k < 2 * s_.stride; k += kLanes) store(to + k, load(from + k));
  }

  const TrainState& s_;
  const GridView& grid_;
  const AdamCall& adam_;
  const AdamSide users_;
  const AdamSide items_;
  const Scratch scratch_;
  const std::uint32_t step_;
  const float weight_;
  std::uint32_t repeated_ = 0;
  UserSlot user_slots_[kAdamChunk + 1];
  RatingSlot ratings_[kAdamChunk];
  float errors_[kAdamChunk];
};

template <bool closed>
void train_block(void* context, std::uint32_t block) {
  const Run& run = *static_cast<const Run*>(context);
  const EpochCall& call = *run.call;
  const GridView& grid = call.grid;
  const Scratch scratch = {call.block_scratch + call.block_stride * block, run.state->stride};
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
    Share<closed> share(run, scratch, run.first_step + k + 1, 1.0f / static_cast<float>(sizes[k]));
    share.train(begin, end, start + size, sums);
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
