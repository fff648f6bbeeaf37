// Adam in mini-batches on the grid of blocks, at the cost of the rows that a batch touches.
//
// A stratum's blocks share no user and no item, and every step takes an equal share of each block. So the gradient of
// a row comes from one block alone, the blocks need not wait for each other between steps, and still each step is the
// literal mini-batch step: gradients at the parameters before it, one update of each row by the sum. Rows that a batch
// does not touch move as dense Adam moves them, once they are needed (math/adam.h); at the end of an epoch all rows are
// brought up to date. The intercept is held, as biases take its part.
//
// Bytes a rating: the item's row with two moments read and written, 24 dim; the user's once a step.
#include "core/flags.h"
#include "kernels/adam_rows.h"
#include "kernels/block_loop.h"
#include "kernels/level.h"
#include "kernels/slopes.h"

namespace palate::KERNEL_NS {
namespace {

constexpr std::size_t kPrefetchAhead = 4;  // ratings
constexpr std::uint32_t kUserSlots = 2 * kAdamChunk + 1;
constexpr std::uint32_t kCancelSteps = 1024;  // steps between looks at the flags

struct Run {
  TrainState* state;
  const EpochCall* call;
  std::uint32_t stratum;
  std::uint32_t first_step;  // of this epoch, before the stratum
};

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

// Scratch of one block: (kUserSlots, 2 stride) users with their gradients, (2 kAdamChunk, stride) items, and for items
// with several ratings in a step (repeated, 2 stride + 2): factors, gradient, bias, its gradient.
struct Scratch {
  float* base;
  std::uint32_t stride;

  float* user(std::uint32_t slot) const { return base + std::size_t{slot} * 2 * stride; }
  float* item(std::uint32_t slot) const { return base + (2 * std::size_t{kUserSlots} + slot) * stride; }
  float* repeated(std::uint32_t slot) const {
    return base + (2 * std::size_t{kUserSlots} + 2 * kAdamChunk) * stride + std::size_t{slot} * (2 * stride + 2);
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

  // Ratings [begin, end), in chunks. While a chunk takes its steps, which keep the divider busy, the next one is
  // scored; slopes are taken in vectors.
  void train(std::size_t begin, std::size_t end, std::size_t block_end, LossSums& sums) {
    std::uint32_t count = chunk_of(begin, end);
    for (std::uint32_t j = 0; j < count; ++j) score(begin + j, begin, j, block_end);
    for (std::size_t n = begin; n < end; n += kAdamChunk) {
      const std::uint32_t first = (n - begin) / kAdamChunk % 2 * kAdamChunk;
      const LossSums losses = slopes(errors_ + first, grid_.values + n, count, weight_, s_.options);
      sums.loss += losses.loss;
      sums.squared_error += losses.squared_error;
      const std::uint32_t next = n + count < end ? chunk_of(n + count, end) : 0;
      for (std::uint32_t j = 0; j < count; ++j) {
        update(n + j, first + j, end);
        if (j < next) score(n + count + j, begin, kAdamChunk - first + j, block_end);
      }
      count = next;
    }
  }

 private:
  static std::uint32_t chunk_of(std::size_t n, std::size_t end) {
    return end - n < kAdamChunk ? static_cast<std::uint32_t>(end - n) : kAdamChunk;
  }

  PALATE_INLINE void score(std::size_t n, std::size_t begin, std::uint32_t slot, std::size_t block_end) {
    const std::uint32_t stride = s_.stride;
    const std::size_t ahead = n + kPrefetchAhead;
    if (ahead < block_end) {
      prefetch_row(s_.items, grid_.items[ahead] & kItemBits, stride);
      if (grid_.users[ahead] != grid_.users[ahead - 1]) prefetch_row(s_.users, grid_.users[ahead], stride);
    }
    const std::uint32_t user = grid_.users[n];
    if (n == begin || grid_.users[n - 1] != user) {
      user_slot_ = (user_slot_ + 1) % kUserSlots;
      open(user_slot_, user);
    }
    RatingSlot& rating = ratings_[slot];
    rating.user_slot = user_slot_;
    const float product = take_item(rating, grid_.items[n], slot, scratch_.user(user_slot_));
    errors_[slot] = s_.global_bias + user_slots_[user_slot_].bias + rating.bias + product;
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

  PALATE_INLINE void update(std::size_t n, std::uint32_t slot, std::size_t end) {
    const std::uint32_t stride = s_.stride;
    const RatingSlot& rating = ratings_[slot];
    UserSlot& u = user_slots_[rating.user_slot];
    float* user = scratch_.user(rating.user_slot);
    const float error = errors_[slot];
    u.bias_gradient += error;
    const std::uint32_t marks = grid_.items[n];
    const std::uint32_t item = marks & kItemBits;
    if (marks == item) {
      step_adam_row<closed>(rating.row, rating.item, rating.bias, error, user, error, items_, s_, user + stride);
      s_.items.last_step[item] = step_;
    } else {
      add_repeated(marks, error, user);
    }
    if (n + 1 < end && grid_.users[n + 1] == u.user) return;
    step_adam_row<closed>(u.row, user, u.bias, 1.0f, user + stride, u.bias_gradient, users_, s_);
    s_.users.last_step[u.user] = step_;
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

  const TrainState& s_;
  const GridView& grid_;
  const AdamCall& adam_;
  const AdamSide users_;
  const AdamSide items_;
  const Scratch scratch_;
  const std::uint32_t step_;
  const float weight_;
  std::uint32_t repeated_ = 0;
  std::uint32_t user_slot_ = 0;  // of the rating scored last
  UserSlot user_slots_[kUserSlots];
  RatingSlot ratings_[2 * kAdamChunk];
  float errors_[2 * kAdamChunk];
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
  LossSums sums = {0, 0};
  std::size_t begin = start;
  for (std::uint32_t k = 0; k < steps; ++k) {
    if (k % kCancelSteps == 0 && is_raised(call)) return;
    const std::size_t end = start + share_end(size, k, steps);
    Share<closed> share(run, scratch, run.first_step + k + 1, 1.0f / static_cast<float>(sizes[k]));
    share.train(begin, end, start + size, sums);
    begin = end;
  }
  add_losses(call, block, sums);
}

}  // namespace

Status train_adam(TrainState& state, const EpochCall& call, Pool& pool, EpochLoss& loss) {
  const GridView& grid = call.grid;
  const AdamCall& adam = call.adam;
  Run run = {&state, &call, 0, 0};
  clear_losses(call);
  for (std::uint32_t n = 0; n < grid.squares * grid.side; ++n) {
    run.stratum = call.strata[n];
    pool.run(grid.side, adam.closed ? train_block<true> : train_block<false>, &run);
    if (is_raised(call)) return Status::cancelled;
    run.first_step += grid.stratum_steps[run.stratum];
  }
  finish_epoch(state, adam, pool);
  loss = total_loss(call);
  state.step += adam.steps;
  return Status::ok;
}

}  // namespace palate::KERNEL_NS
