// Adam in mini-batches on the grid of blocks, at the cost of the rows that a batch touches.
//
// A stratum's blocks share no user and no item, and every step takes an equal share of each block. So the gradient of
// a row comes from one block alone, the blocks need not wait for each other between steps, and still each step is the
// literal mini-batch step: gradients at the parameters before it, one update of each row by the sum. Rows that a batch
// does not touch move as dense Adam moves them, once they are needed (math/adam.h); at the end of an epoch all rows are
// brought up to date. The intercept is held, as biases take its part.
//
// Bytes a rating: the item's row with two moments read and written, 24 dim; the user's once a step.
#include "kernels/level.h"
#include "math/adam_pieces.h"
#include "math/objectives.h"

namespace palate::KERNEL_NS {
namespace {

constexpr std::size_t kPrefetchAhead = 3;     // ratings
constexpr std::uint32_t kFinishRows = 512;    // rows a task at the end of an epoch
constexpr std::uint32_t kCancelSteps = 1024;  // steps between looks at the flags

struct Run {
  TrainState* state;
  const EpochCall* call;
  std::uint32_t stratum;
  std::uint32_t first_step;  // of this epoch, before the stratum
};

struct FinishRun {
  TrainState* state;
  const AdamCall* adam;
  const ParameterTable* table;
  const AdamKind* kind;
};

bool cancelled(const EpochCall& call) {
  return call.cancel->load(std::memory_order_relaxed) != 0 || call.teardown->load(std::memory_order_relaxed) != 0;
}

// One kind of row during one step.
struct Side {
  const ParameterTable* table;
  const AdamKind* kind;
  AdamStep factors;
  AdamStep biases;
};

// A row that a step touches, and the gap behind which it stands.
struct Row {
  float* w;
  float* first;
  float* second;
  float* bias;
  float* bias_first;
  float* bias_second;
  AdamGap gap;
  AdamGap bias_gap;
};

AdamStep step_of(const TrainOptions& o, const AdamCall& adam, const AdamKind& kind, std::uint32_t step) {
  return {adam.rates[step] * kind.rate, adam.epsilons[step], kind.shrink, o.beta1, o.beta2};
}

// Finds the row; with moments (w, m, v) it is brought up to date in place.
template <bool closed>
PALATE_INLINE Row row_of(const TrainState& s, const AdamCall& adam, const Side& side, std::uint32_t row,
                         std::uint32_t now) {
  const ParameterTable& table = *side.table;
  const std::size_t at = static_cast<std::size_t>(row) * s.stride;
  Row r;
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
    for (std::uint32_t k = 0; k < s.stride; k += kLanes) {
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
PALATE_INLINE Lanes factors_at(const Row& row, std::uint32_t k) {
  if constexpr (closed) return brought_up(load(row.w + k), load(row.first + k), row.gap);
  return load(row.w + k);
}

template <bool closed>
PALATE_INLINE float bias_of(const Row& row) {
  if constexpr (closed) return brought_up(*row.bias, *row.bias_first, row.bias_gap);
  return *row.bias;
}

// w is up to date; moments are not.
template <bool closed, typename V>
PALATE_INLINE void adam_step(V& w, V& first, V& second, V g, const AdamGap& gap, const AdamStep& step, float l2) {
  if constexpr (closed) {
    closed_step(w, first, second, g, gap, step);
  } else {
    g = fma(spread<V>(l2), w, g);
    first = fma(spread<V>(step.beta1), first, spread<V>(1.0f - step.beta1) * g);
    second = fma(spread<V>(step.beta2), second, spread<V>(1.0f - step.beta2) * (g * g));
    w = fma(spread<V>(-step.shrink), w, w) - spread<V>(step.rate) * first / (root(second) + spread<V>(step.epsilon));
  }
}

// Steps a row by `scale` times `direction`; `values` are its factors, up to date. Adds scale * values to
// `other_gradient` unless that is nullptr.
template <bool closed>
PALATE_INLINE void step_row(const Row& row, const float* PALATE_RESTRICT values, float bias, float scale,
                            const float* PALATE_RESTRICT direction, float bias_gradient, const Side& side,
                            const TrainState& s, const AdamKind& bias_kind, float* PALATE_RESTRICT other_gradient) {
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
  adam_step<closed>(bias, *row.bias_first, *row.bias_second, bias_gradient, row.bias_gap, side.biases, bias_kind.l2);
  *row.bias = bias;
}

void clear(float* row, std::uint32_t stride) {
  for (std::uint32_t k = 0; k < stride; k += kLanes) store(row + k, splat(0.0f));
}

PALATE_INLINE void axpy(float* PALATE_RESTRICT target, float weight, const float* PALATE_RESTRICT row,
                        std::uint32_t stride) {
  const Lanes w = splat(weight);
  for (std::uint32_t k = 0; k < stride; k += kLanes) store(target + k, fma(w, load(row + k), load(target + k)));
}

// The row's factors, up to date, into `values`; returns their dot product with `other`.
template <bool closed>
PALATE_INLINE float take_row(float* PALATE_RESTRICT values, const Row& row, const float* PALATE_RESTRICT other,
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
}
#endif

// Rows in use while a block runs.
struct Scratch {
  float* user;           // (stride) factors of the user, up to date
  float* user_gradient;  // (stride)
  float* item;           // (stride) factors of the item, up to date
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
  const AdamStep bias_step = step_of(s.options, adam, adam.biases, step);
  const Side users = {&s.users, &adam.users, step_of(s.options, adam, adam.users, step), bias_step};
  const Side items = {&s.items, &adam.items, step_of(s.options, adam, adam.items, step), bias_step};
  std::uint32_t used_slots = 0;
  for (std::size_t n = begin; n < end;) {
    const std::uint32_t user = grid.users[n];
    const Row user_row = row_of<closed>(s, adam, users, user, step - 1);
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
        const Row row = row_of<closed>(s, adam, items, item, step - 1);
        const float bias = bias_of<closed>(row);
        const float product = take_row<closed>(scratch.item, row, scratch.user, stride);
        const float x = s.global_bias + user_bias + bias + product;
        const Slope result = slope(s.options, x, grid.values[n]);
        const float error = result.derivative * share;
        sums.loss += result.loss;
        sums.squares += result.squared_error;
        bias_gradient += error;
        step_row<closed>(row, scratch.item, bias, error, scratch.user, error, items, s, adam.biases,
                         scratch.user_gradient);
        s.items.last_step[item] = step;
        continue;
      }
      if ((marks & kSeenBefore) == 0) {
        const Row row = row_of<closed>(s, adam, items, item, step - 1);
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
      const Row row = row_of<closed>(s, adam, items, item, step - 1);
      step_row<closed>(row, values, values[2 * stride], 1.0f, values + stride, values[2 * stride + 1], items, s,
                       adam.biases, nullptr);
      s.items.last_step[item] = step;
    }
    step_row<closed>(user_row, scratch.user, user_bias, 1.0f, scratch.user_gradient, bias_gradient, users, s,
                     adam.biases, nullptr);
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
  const Scratch scratch = {base, base + s.stride, base + 2 * s.stride, base + 3 * s.stride, s.stride};
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

// (u, s) at the end of a gap.
template <typename V>
PALATE_INLINE void fade(V& u, V& s, const AdamGap& gap, float epsilon) {
  const V m = spread<V>(gap.first) * (u * (s + spread<V>(gap.epsilon)));
  s = spread<V>(::sqrtf(gap.second)) * s;
  u = m / (s + spread<V>(epsilon));
}

// Brings rows to the last step of the epoch, where the next one starts as its step 0.
template <bool closed>
void finish_rows(void* context, std::uint32_t task) {
  const FinishRun& run = *static_cast<const FinishRun*>(context);
  const TrainState& s = *run.state;
  const AdamCall& adam = *run.adam;
  const ParameterTable& table = *run.table;
  const std::uint32_t begin = task * kFinishRows;
  const std::uint32_t end = table.rows - begin < kFinishRows ? table.rows : begin + kFinishRows;
  const AdamStep factors = step_of(s.options, adam, *run.kind, adam.steps);
  const AdamStep biases = step_of(s.options, adam, adam.biases, adam.steps);
  const Side side = {&table, run.kind, factors, biases};
  const float epsilon = adam.epsilons[adam.steps];
  for (std::uint32_t n = begin; n < end; ++n) {
    const Row row = row_of<closed>(s, adam, side, n, adam.steps);
    table.last_step[n] = 0;
    if constexpr (closed) {
      for (std::uint32_t k = 0; k < s.stride; k += kLanes) {
        Lanes u = load(row.first + k);
        Lanes deviation = load(row.second + k);
        store(row.w + k, factors_at<closed>(row, k));
        fade(u, deviation, row.gap, epsilon);
        store(row.first + k, u);
        store(row.second + k, deviation);
      }
      if (!s.options.train_biases) continue;
      *row.bias = bias_of<closed>(row);
      fade(*row.bias_first, *row.bias_second, row.bias_gap, epsilon);
    }
  }
}

void finish_table(TrainState& state, const AdamCall& adam, const ParameterTable& table, const AdamKind& kind,
                  Pool& pool) {
  FinishRun run = {&state, &adam, &table, &kind};
  const std::uint32_t tasks = (table.rows + kFinishRows - 1) / kFinishRows;
  pool.run(tasks, adam.closed ? finish_rows<true> : finish_rows<false>, &run);
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
  finish_table(state, adam, state.users, adam.users, pool);
  finish_table(state, adam, state.items, adam.items, pool);
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
