// Training with the implicit term: users in batches, each batch in two loops.
//
// A rating reads a row of its item, and the term rows y of all items that the user rated, so no blocks of a grid are
// free of each other. Instead kSweepUsers users, in random order over the epoch, make a batch:
//
// 1. For each user, with q, y and b_i as they stand: A_u = p_u + s_u, s_u the implicit term. The ratings are cut into
//    kSweepRatings runs that take turns: a turn takes the next rating of each, sums their gradients g_n = d loss / d x
//    and moves b_u and p_u. All y_j of N(u) have the same gradient, |N(u)|^-1/2 sum of g_n q_i, so s_u moves by -lr'
//    times sum of g_n q_i in each turn as if they had moved already, and A_u moves with both: else the ratings of a
//    user would be answered twice, by p_u and at the end by y. G_u = sum of g_n q_i over all turns.
// 2. For each range of items, the users of the batch one after the other:
//      q_i <- q_i - lr (g_n A_u + l2 q_i)
//      b_i <- b_i - lr (g_n + l2 b_i)
//      y_i <- y_i - lr' (|N(u)|^-1/2 G_u + l2 y_i)
//    with A_u as its turns have left it. So y_i moves once for each user who rated i, by the whole of his gradient.
//
// Rows of users are of their own index in the first loop, rows of items in the second: no locks, and the same bits for
// any number of threads. lr' = lr feature_learning_rate. L2 shares as in train_epoch.cc; those of y_i count the
// users who rated i.
//
// Bytes a rating: 3 rows read and 2 written, 20 dim, and q once more, mostly from L2.
#include "core/flags.h"
#include "kernels/batch_vectors.h"
#include "kernels/block_loop.h"
#include "kernels/implicit_rows.h"
#include "kernels/level.h"
#include "kernels/sorted.h"

namespace palate::KERNEL_NS {
namespace {

struct Sweep {
  TrainState* state;
  const EpochCall* call;
  const std::uint32_t* users;  // of the batch
  std::uint32_t count;
};

// The next rating of each run.
struct Turn {
  std::uint32_t items[kSweepRatings];
  float values[kSweepRatings];
  float errors[kSweepRatings];
  std::uint32_t size = 0;
};

void gather_turn(Turn& turn, const std::uint32_t* items, const float* values, std::uint32_t count, std::uint32_t first,
                 std::uint32_t turns) {
  turn.size = 0;
  for (std::uint32_t place = first; place < count; place += turns) {
    turn.items[turn.size] = items[place];
    turn.values[turn.size] = values[place];
    ++turn.size;
  }
}

// Moves p_u by the gradient of a turn, adds that to G_u, and moves A_u by what both p_u and the term will have moved.
PALATE_INLINE void move_user(float* PALATE_RESTRICT own, float* PALATE_RESTRICT combined,
                             float* PALATE_RESTRICT gradient, const float* PALATE_RESTRICT turn_gradient, float rate,
                             float decay, float implicit_rate, std::uint32_t stride) {
  const Lanes minus_rate = splat(-rate);
  const Lanes minus_decay = splat(-decay);
  const Lanes minus_implicit = splat(-implicit_rate);
  for (std::uint32_t k = 0; k < stride; k += kLanes) {
    const Lanes p = load(own + k);
    const Lanes g = load(turn_gradient + k);
    const Lanes move = fma(minus_rate, g, minus_decay * p);
    store(own + k, p + move);
    store(combined + k, fma(minus_implicit, g, load(combined + k) + move));
    store(gradient + k, load(gradient + k) + g);
  }
}

void visit_user(void* context, std::uint32_t slot) {
  const Sweep& sweep = *static_cast<const Sweep*>(context);
  const TrainState& s = *sweep.state;
  const EpochCall& call = *sweep.call;
  const UserSweepView& view = call.sweep;
  const TrainOptions& o = s.options;
  const std::uint32_t user = sweep.users[slot];
  const std::uint32_t begin = s.implicit.offsets[user];
  const std::uint32_t count = s.implicit.offsets[user + 1] - begin;
  const std::uint32_t turns = (count + kSweepRatings - 1) / kSweepRatings;
  const float share = call.user_shares[user];
  const float rate = call.learning_rate;
  const float decay = rate * s.users.regularization * share;
  const float bias_rate = o.train_biases ? rate * o.bias_learning_rate : 0.0f;
  const float bias_decay = bias_rate * o.regularization_bias * share;
  const std::size_t row = std::size_t{slot} * s.stride;
  float* own = s.users.factors + std::size_t{user} * s.stride;
  float* combined = view.combined + row;
  float* gradient = view.gradients + row;
  float* turn_gradient = view.turn_gradients + row;
  float* errors = view.errors + view.starts[slot];
  const Vectors items = {s.items.factors, s.items.biases, s.stride};
  float bias = s.users.biases[user];
  add_implicit(combined, own, s, user);
  for (std::uint32_t k = 0; k < s.stride; ++k) gradient[k] = 0.0f;
  LossSums sums = {0, 0};
  Turn turn;
  for (std::uint32_t n = 0; n < turns; ++n) {
    gather_turn(turn, s.implicit.items + begin, view.values + begin, count, n, turns);
    scores(turn.errors, combined, s.global_bias + bias, items, turn.items, turn.size);
    const LossSums part = slopes(turn.errors, turn.values, turn.size, 1.0f, o);
    sums.loss += part.loss;
    sums.squared_error += part.squared_error;
    weighted_sum(turn_gradient, turn.errors, items, turn.items, turn.size);
    const float size = static_cast<float>(turn.size);
    move_user(own, combined, gradient, turn_gradient, rate, decay * size, rate * o.feature_learning_rate, s.stride);
    bias = (1.0f - bias_decay * size) * bias - bias_rate * total(turn.errors, turn.size);
    for (std::uint32_t r = 0; r < turn.size; ++r) errors[n + r * turns] = turn.errors[r];
  }
  s.users.biases[user] = bias;
  view.losses[2 * slot] = sums.loss;
  view.losses[2 * slot + 1] = sums.squared_error;
}

// Rows of items that are on their way from L3 while one moves.
constexpr std::uint32_t kItemsAhead = 4;

// row <- keep row + move other
PALATE_INLINE void move_row(float* PALATE_RESTRICT row, const float* PALATE_RESTRICT other, float keep, float move,
                            std::uint32_t stride) {
  const Lanes keep_lanes = splat(keep);
  const Lanes move_lanes = splat(move);
  for (std::uint32_t k = 0; k < stride; k += kLanes) {
    store(row + k, fma(move_lanes, load(other + k), keep_lanes * load(row + k)));
  }
}

void move_shard(void* context, std::uint32_t shard) {
  const Sweep& sweep = *static_cast<const Sweep*>(context);
  const TrainState& s = *sweep.state;
  const EpochCall& call = *sweep.call;
  const UserSweepView& view = call.sweep;
  const TrainOptions& o = s.options;
  const std::size_t stride = s.stride;
  const float rate = call.learning_rate;
  const float item_decay = rate * s.items.regularization;
  const float implicit_rate = rate * o.feature_learning_rate;
  const float implicit_decay = implicit_rate * s.features.regularization;
  const float bias_rate = o.train_biases ? rate * o.bias_learning_rate : 0.0f;
  const float bias_decay = bias_rate * o.regularization_bias;
  for (std::uint32_t slot = 0; slot < sweep.count; ++slot) {
    const std::uint32_t user = sweep.users[slot];
    const std::uint32_t* items = s.implicit.items + s.implicit.offsets[user];
    const std::uint32_t count = s.implicit.offsets[user + 1] - s.implicit.offsets[user];
    const std::uint32_t begin = lower_bound(items, count, view.shard_items[shard]);
    const std::uint32_t end = begin + lower_bound(items + begin, count - begin, view.shard_items[shard + 1]);
    const float* errors = view.errors + view.starts[slot];
    const float* combined = view.combined + slot * stride;
    const float* gradient = view.gradients + slot * stride;
    const float implicit_move = -implicit_rate * s.implicit.weights[user];
    for (std::uint32_t n = begin; n < end; ++n) {
      if (n + kItemsAhead < end) {
        const std::size_t ahead = items[n + kItemsAhead] * stride;
        for (std::uint32_t k = 0; k < stride; k += kLanes) prefetch(s.items.factors + ahead + k);
        for (std::uint32_t k = 0; k < stride; k += kLanes) prefetch(s.features.factors + ahead + k);
      }
      const std::uint32_t item = items[n];
      const float share = call.item_shares[item];
      const float implicit_share = call.feature_shares[item];
      move_row(s.items.factors + item * stride, combined, 1.0f - item_decay * share, -rate * errors[n], s.stride);
      move_row(s.features.factors + item * stride, gradient, 1.0f - implicit_decay * implicit_share, implicit_move,
               s.stride);
      s.items.biases[item] = (1.0f - bias_decay * share) * s.items.biases[item] - bias_rate * errors[n];
    }
  }
}

}  // namespace

Status train_implicit(TrainState& state, const EpochCall& call, Pool& pool, EpochLoss& loss) {
  const UserSweepView& view = call.sweep;
  loss = {};
  for (std::uint32_t first = 0; first < view.num_users; first += kSweepUsers) {
    if (is_raised(call)) return Status::cancelled;
    const std::uint32_t left = view.num_users - first;
    Sweep sweep = {&state, &call, view.users + first, left < kSweepUsers ? left : kSweepUsers};
    std::size_t size = 0;
    for (std::uint32_t slot = 0; slot < sweep.count; ++slot) {
      const std::uint32_t user = sweep.users[slot];
      view.starts[slot] = size;
      size += state.implicit.offsets[user + 1] - state.implicit.offsets[user];
    }
    pool.run(sweep.count, visit_user, &sweep);
    pool.run(kSweepShards, move_shard, &sweep);
    for (std::uint32_t slot = 0; slot < sweep.count; ++slot) {
      loss.loss += view.losses[2 * slot];
      loss.squared_error += view.losses[2 * slot + 1];
    }
    loss.count += size;
  }
  return Status::ok;
}

}  // namespace palate::KERNEL_NS
