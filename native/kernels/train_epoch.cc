// Row-wise training: parameters move after every rating, on a fixed grid of blocks.
//
// Users and items are cut into a side x side grid. A stratum is `side` blocks that share no user and no
// item; strata follow each other, the blocks of one run in any order on any thread (Gemulla et al. 2011,
// DSGD). The grid does not depend on the number of threads, so neither do the bits.
//
// A row with n ratings adds regularization n^power |row|^2 to the sum of losses (frequency-scaled L2: power 1
// is the weighted-lambda of Zhou et al. 2008, 0 plain ridge; Rendle et al. 2022, eq. 12). Each of its ratings
// takes an equal share of the gradient: 2 regularization n^(power - 1) row.
//
// Shared features are met in every block. Each block works on its own copy and at the end of the stratum
// the copies are averaged, weighted by how often each was updated, in the order of the blocks.
//
// Bytes a rating: rows of user and item read and written, 16 dim (the user's stays in cache).
#include "kernels/combine_rows.h"
#include "kernels/level.h"
#include "math/objectives.h"
#include "math/optimizers.h"

namespace palate::KERNEL_NS {
namespace {

constexpr std::size_t kPrefetchAhead = 4;  // ratings; an item row is on its way for about four updates

struct Run {
  TrainState* state;
  const EpochCall* call;
  std::uint32_t stratum;
  StepScalars factor_step;  // l2 is set a row
  StepScalars bias_step;
  StepScalars feature_step;
  StepScalars feature_bias_step;
};

// A block's private copy of the shared features, in EpochCall::block_scratch.
struct FeatureCopy {
  float* factors;        // (features, stride)
  float* factors_first;  // (features, stride)
  float* biases;         // (features)
  float* biases_first;   // (features)
  float* updates;        // (features) how often each was updated in this block
  float* user_row;       // (stride) A_u
  float* item_row;       // (stride) B_i
};

FeatureCopy copy_of(const TrainState& s, const EpochCall& call, std::uint32_t block) {
  float* base = call.block_scratch + call.block_stride * block;
  const std::size_t rows = s.features.rows;
  FeatureCopy copy;
  copy.user_row = base;
  copy.item_row = base + s.stride;
  copy.factors = base + 2 * s.stride;
  copy.factors_first = copy.factors + rows * s.stride;
  copy.biases = copy.factors_first + rows * s.stride;
  copy.biases_first = copy.biases + rows;
  copy.updates = copy.biases_first + rows;
  return copy;
}

void copy_floats(float* target, const float* source, std::size_t count) {
  for (std::size_t k = 0; k < count; ++k) target[k] = source[k];
}

template <Optimizer kind>
void load_features(const TrainState& s, const FeatureCopy& copy) {
  const std::size_t rows = s.features.rows;
  copy_floats(copy.factors, s.features.factors, rows * s.stride);
  copy_floats(copy.biases, s.features.biases, rows);
  if (kind == Optimizer::adagrad) {
    copy_floats(copy.factors_first, s.features.factors_first, rows * s.stride);
    copy_floats(copy.biases_first, s.features.biases_first, rows);
  }
  for (std::size_t f = 0; f < rows; ++f) copy.updates[f] = 0.0f;
}

PALATE_INLINE StepScalars with_share(StepScalars scalars, const TrainOptions& o, float regularization, float share) {
  const float l2 = regularization * share;
  scalars.l2 = o.decoupled ? 0.0f : l2;
  scalars.keep = o.decoupled ? 1.0f - scalars.rate * l2 : 1.0f;
  return scalars;
}

template <Optimizer kind>
PALATE_INLINE void update_row(float* w, float* first, std::size_t at, const float* PALATE_RESTRICT direction, float g,
                              std::uint32_t stride, const StepScalars& scalars) {
  step_row<kind>(w + at, kind == Optimizer::sgd ? nullptr : first + at, nullptr, direction, g, stride, scalars);
}

template <Optimizer kind>
PALATE_INLINE void update_bias(float* w, float* first, std::size_t at, float g, const StepScalars& scalars) {
  step_bias<kind>(w + at, kind == Optimizer::sgd ? nullptr : first + at, nullptr, g, scalars);
}

// Both rows of a rating, each by the other's old value.
template <Optimizer kind>
PALATE_INLINE void update_pair(float* PALATE_RESTRICT p, float* PALATE_RESTRICT p_first, float* PALATE_RESTRICT q,
                               float* PALATE_RESTRICT q_first, float g, std::uint32_t stride,
                               const StepScalars& user_step, const StepScalars& item_step) {
  const Lanes slope_lanes = splat(g);
  Lanes none = splat(0.0f);
  for (std::uint32_t k = 0; k < stride; k += kLanes) {
    Lanes user = load(p + k);
    Lanes item = load(q + k);
    const Lanes user_gradient = slope_lanes * item;
    const Lanes item_gradient = slope_lanes * user;
    if constexpr (kind == Optimizer::sgd) {
      step<kind>(user, none, none, user_gradient, user_step);
      step<kind>(item, none, none, item_gradient, item_step);
    } else {
      Lanes user_first = load(p_first + k);
      Lanes item_first = load(q_first + k);
      step<kind>(user, user_first, none, user_gradient, user_step);
      step<kind>(item, item_first, none, item_gradient, item_step);
      store(p_first + k, user_first);
      store(q_first + k, item_first);
    }
    store(p + k, user);
    store(q + k, item);
  }
}

// Gradient g (B + A - p) of an id row, or g x (B + A - x v) of a feature; without pairs inside a side g x B.
template <Optimizer kind>
void update_featured(float* w, float* first, std::size_t at, const float* own_side, const float* other_side, float g,
                     float x, bool within_side, std::uint32_t stride, const StepScalars& scalars) {
  const Lanes weight = splat(g * x);
  const Lanes minus_x = splat(-x);
  Lanes none = splat(0.0f);
  for (std::uint32_t k = 0; k < stride; k += kLanes) {
    Lanes value = load(w + at + k);
    Lanes direction = load(other_side + k);
    if (within_side) direction = direction + fma(minus_x, value, load(own_side + k));
    if constexpr (kind == Optimizer::sgd) {
      step<kind>(value, none, none, weight * direction, scalars);
    } else {
      Lanes sums = load(first + at + k);
      step<kind>(value, sums, none, weight * direction, scalars);
      store(first + at + k, sums);
    }
    store(w + at + k, value);
  }
}

template <Optimizer kind>
void update_features(const Run& run, const FeatureCopy& copy, const FeatureLists& lists, std::uint32_t row,
                     const float* own_side, const float* other_side, float g) {
  if (lists.empty()) return;
  const TrainState& s = *run.state;
  for (std::uint32_t e = lists.offsets[row]; e < lists.offsets[row + 1]; ++e) {
    const std::uint32_t f = lists.features[e];
    const float x = lists.weights[e];
    const float share = run.call->feature_shares[f];
    update_featured<kind>(copy.factors, copy.factors_first, static_cast<std::size_t>(f) * s.stride, own_side,
                          other_side, g, x, s.options.within_side, s.stride,
                          with_share(run.feature_step, s.options, s.features.regularization, share));
    copy.updates[f] += 1.0f;
    if (!s.options.train_biases) continue;
    update_bias<kind>(copy.biases, copy.biases_first, f, g * x,
                      with_share(run.feature_bias_step, s.options, s.options.regularization_bias, share));
  }
}

template <Optimizer kind, bool featured>
void train_block(void* context, std::uint32_t block) {
  const Run& run = *static_cast<const Run*>(context);
  TrainState& s = *run.state;
  const EpochCall& call = *run.call;
  const TrainOptions& o = s.options;
  if (call.cancel->load(std::memory_order_relaxed) != 0 || call.teardown->load(std::memory_order_relaxed) != 0) return;
  FeatureCopy copy{};
  if constexpr (featured) {
    copy = copy_of(s, call, block);
    load_features<kind>(s, copy);
  }
  const std::uint32_t side = call.grid.side;
  const std::size_t cell = cell_of(run.stratum, block, side);
  const std::size_t end = call.grid.blocks[cell + 1];
  double loss = 0;
  double squares = 0;
  for (std::size_t n = call.grid.blocks[cell]; n < end; ++n) {
    const std::uint32_t user = call.grid.users[n];
    const std::uint32_t item = call.grid.items[n];
    const std::size_t user_at = static_cast<std::size_t>(user) * s.stride;
    const std::size_t item_at = static_cast<std::size_t>(item) * s.stride;
#if defined(__GNUC__)
    if (n + kPrefetchAhead < end) {
      const float* ahead = s.items.factors + static_cast<std::size_t>(call.grid.items[n + kPrefetchAhead]) * s.stride;
      for (std::uint32_t k = 0; k < s.stride; k += kLanes) __builtin_prefetch(ahead + k, 1);
    }
#endif
    const StepScalars user_step = with_share(run.factor_step, o, s.users.regularization, call.user_shares[user]);
    const StepScalars item_step = with_share(run.factor_step, o, s.items.regularization, call.item_shares[item]);
    float g;
    if constexpr (featured) {
      const float user_bias = combine_row(copy.user_row, s.users, s.user_features, copy.factors, copy.biases, user,
                                          s.stride, o.within_side);
      const float item_bias = combine_row(copy.item_row, s.items, s.item_features, copy.factors, copy.biases, item,
                                          s.stride, o.within_side);
      const float x = s.global_bias + user_bias + item_bias + dot(copy.user_row, copy.item_row, s.stride);
      const Slope result = slope(o, x, call.grid.values[n]);
      g = result.derivative;
      loss += result.loss;
      squares += result.squared_error;
      update_featured<kind>(s.users.factors, s.users.factors_first, user_at, copy.user_row, copy.item_row, g, 1.0f,
                            o.within_side, s.stride, user_step);
      update_featured<kind>(s.items.factors, s.items.factors_first, item_at, copy.item_row, copy.user_row, g, 1.0f,
                            o.within_side, s.stride, item_step);
      update_features<kind>(run, copy, s.user_features, user, copy.user_row, copy.item_row, g);
      update_features<kind>(run, copy, s.item_features, item, copy.item_row, copy.user_row, g);
    } else {
      float* p = s.users.factors + user_at;
      float* q = s.items.factors + item_at;
      const float x = s.global_bias + s.users.biases[user] + s.items.biases[item] + dot(p, q, s.stride);
      const Slope result = slope(o, x, call.grid.values[n]);
      g = result.derivative;
      loss += result.loss;
      squares += result.squared_error;
      update_pair<kind>(p, kind == Optimizer::sgd ? nullptr : s.users.factors_first + user_at, q,
                        kind == Optimizer::sgd ? nullptr : s.items.factors_first + item_at, g, s.stride, user_step,
                        item_step);
    }
    if (o.train_biases) {
      update_bias<kind>(s.users.biases, s.users.biases_first, user, g,
                        with_share(run.bias_step, o, o.regularization_bias, call.user_shares[user]));
      update_bias<kind>(s.items.biases, s.items.biases_first, item, g,
                        with_share(run.bias_step, o, o.regularization_bias, call.item_shares[item]));
    }
  }
  call.block_losses[2 * block] += loss;
  call.block_losses[2 * block + 1] += squares;
}

// base + sum of weights (copy - base), element by element, over the blocks that updated the feature.
void merge_values(float* base, std::size_t count, float* const* copies, const float* weights, std::uint32_t blocks) {
  for (std::size_t k = 0; k < count; ++k) {
    float delta = 0.0f;
    for (std::uint32_t b = 0; b < blocks; ++b) delta += weights[b] * (copies[b][k] - base[k]);
    base[k] += delta;
  }
}

constexpr std::uint32_t kMostBlocks = 256;

void merge_feature(void* context, std::uint32_t f) {
  const Run& run = *static_cast<const Run*>(context);
  TrainState& s = *run.state;
  const std::uint32_t side = run.call->grid.side;
  float weights[kMostBlocks];
  float* factors[kMostBlocks];
  float* factors_first[kMostBlocks];
  float* biases[kMostBlocks];
  float* biases_first[kMostBlocks];
  float total = 0.0f;
  for (std::uint32_t b = 0; b < side; ++b) {
    const FeatureCopy copy = copy_of(s, *run.call, b);
    const std::size_t at = static_cast<std::size_t>(f) * s.stride;
    weights[b] = copy.updates[f];
    factors[b] = copy.factors + at;
    factors_first[b] = copy.factors_first + at;
    biases[b] = copy.biases + f;
    biases_first[b] = copy.biases_first + f;
    total += copy.updates[f];
  }
  if (total == 0.0f) return;
  for (std::uint32_t b = 0; b < side; ++b) weights[b] /= total;
  const std::size_t at = static_cast<std::size_t>(f) * s.stride;
  merge_values(s.features.factors + at, s.stride, factors, weights, side);
  merge_values(s.features.biases + f, 1, biases, weights, side);
  if (s.options.optimizer != Optimizer::adagrad) return;
  merge_values(s.features.factors_first + at, s.stride, factors_first, weights, side);
  merge_values(s.features.biases_first + f, 1, biases_first, weights, side);
}

template <Optimizer kind>
Pool::Body body_of(bool featured) {
  return featured ? train_block<kind, true> : train_block<kind, false>;
}

}  // namespace

Status train_epoch(TrainState& state, const EpochCall& call, Pool& pool, EpochLoss& loss) {
  const TrainOptions& o = state.options;
  const bool featured = state.features.rows != 0;
  Run run{};
  run.state = &state;
  run.call = &call;
  run.factor_step.rate = call.learning_rate;
  run.factor_step.epsilon = o.epsilon;
  run.bias_step = run.factor_step;
  run.bias_step.rate = call.learning_rate * o.bias_learning_rate;
  run.feature_step = run.factor_step;
  run.feature_step.rate = call.learning_rate * o.feature_learning_rate;
  run.feature_bias_step = run.bias_step;
  run.feature_bias_step.rate = run.bias_step.rate * o.feature_learning_rate;
  const Pool::Body body =
      o.optimizer == Optimizer::adagrad ? body_of<Optimizer::adagrad>(featured) : body_of<Optimizer::sgd>(featured);
  const std::uint32_t side = call.grid.side;
  for (std::uint32_t b = 0; b < 2 * side; ++b) call.block_losses[b] = 0;
  for (std::uint32_t n = 0; n < call.grid.squares * side; ++n) {
    run.stratum = call.strata[n];
    pool.run(side, body, &run);
    if (call.cancel->load(std::memory_order_relaxed) != 0 || call.teardown->load(std::memory_order_relaxed) != 0) {
      return Status::cancelled;
    }
    if (featured) pool.run(state.features.rows, merge_feature, &run);
  }
  loss = {};
  for (std::uint32_t b = 0; b < side; ++b) {
    loss.loss += call.block_losses[2 * b];
    loss.squared_error += call.block_losses[2 * b + 1];
  }
  loss.count = call.grid.blocks[static_cast<std::size_t>(side) * side * call.grid.squares];
  return Status::ok;
}

}  // namespace palate::KERNEL_NS
