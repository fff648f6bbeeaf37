// Contract: kernels/train_bpr.h.
#include "kernels/train_bpr.h"

#include "core/flags.h"
#include "kernels/draw_negatives.h"
#include "kernels/level.h"
#include "kernels/loss_sums.h"
#include "math/optimizers.h"
#include "math/scalar.h"
#include "math/sum_four.h"

namespace palate::KERNEL_NS {
namespace {

struct BprRun {
  const BprCall* call;
  std::uint32_t stratum;
};

// The triples of a turn. Void ones are left out.
struct Turn {
  std::uint32_t users[kBprTriples];
  std::uint32_t items[kBprTriples];
  std::uint32_t others[kBprTriples];  // j
  float scores[kBprTriples];          // x(u, i) - x(u, j)
  float pulls[kBprTriples];           // g
  float losses[kBprTriples];
  std::uint32_t size;
};

PALATE_INLINE bool has(const BprCall& call, std::uint32_t user, std::uint32_t item) {
  const std::uint32_t begin = call.seen_offsets[user];
  const std::uint32_t entries = call.seen_offsets[user + 1] - begin;
  if (entries == 0) return false;  // no byte to look at: a user of the validation part alone
  const std::uint32_t bit = seen_bit(item, entries);
  if ((call.seen_bits[begin + bit / 8] >> bit % 8 & 1) == 0) return false;
  return contains(call.seen_offsets, call.seen_items, user, item);
}

// The next of the random words from a state on.
PALATE_INLINE std::uint64_t next_bits(std::uint64_t& state) {
  const std::uint64_t bits = bits_at(state, 0);
  state += kGolden;
  return bits;
}

PALATE_INLINE std::uint32_t draw_other(const BprCall& call, const Noise& noise, const Positive& positive,
                                       std::uint64_t& state) {
  if (!call.reject_seen) return draw(noise, next_bits(state));
  for (std::uint32_t n = 0; n < kMostDraws; ++n) {
    const std::uint32_t item = draw(noise, next_bits(state));
    if (!has(call, positive.user, item)) return item;
  }
  return positive.item;
}

PALATE_INLINE void draw_turn(const BprCall& call, const Noise& noise, const Positive* positives, std::size_t size,
                             std::size_t turn, std::size_t turns, std::uint64_t& state, Turn& result) {
  result.size = 0;
  for (std::size_t place = turn; place < size; place += turns) {
    const Positive positive = positives[place];
    const std::uint32_t other = draw_other(call, noise, positive, state);
    if (other == positive.item) continue;
    result.users[result.size] = positive.user;
    result.items[result.size] = positive.item;
    result.others[result.size] = other;
    ++result.size;
  }
}

// scores[n] of `rows` <= 4 triples from `begin` on: four sums share shuffles.
template <std::uint32_t rows>
PALATE_INLINE void score_triples(const BprCall& call, Turn& turn, std::uint32_t begin) {
  const float* user[rows];
  const float* item[rows];
  const float* other[rows];
  Lanes sums[4] = {splat(0.0f), splat(0.0f), splat(0.0f), splat(0.0f)};
  for (std::uint32_t r = 0; r < rows; ++r) {
    user[r] = call.users.values + std::size_t{turn.users[begin + r]} * call.stride;
    item[r] = call.items.values + std::size_t{turn.items[begin + r]} * call.stride;
    other[r] = call.items.values + std::size_t{turn.others[begin + r]} * call.stride;
  }
  for (std::uint32_t k = 0; k < call.stride; k += kLanes) {
    for (std::uint32_t r = 0; r < rows; ++r) {
      sums[r] = fma(load(user[r] + k), load(item[r] + k) - load(other[r] + k), sums[r]);
    }
  }
  float* scores = turn.scores + begin;
  if constexpr (rows == 4) {
    sum_four(scores, sums);
  } else {
    for (std::uint32_t r = 0; r < rows; ++r) scores[r] = sum(sums[r]);
  }
  const float* biases = call.biases.values;
  for (std::uint32_t r = 0; r < rows; ++r) scores[r] += biases[turn.items[begin + r]] - biases[turn.others[begin + r]];
}

// Returns the sum of losses.
PALATE_INLINE float pull_of(Turn& turn) {
  const float* PALATE_RESTRICT scores = turn.scores;
  float* PALATE_RESTRICT pulls = turn.pulls;
  float* PALATE_RESTRICT losses = turn.losses;
  for (std::uint32_t n = 0; n < turn.size; ++n) {
    const float x = scores[n];
    const float fade = exp_f32(x < 0 ? x : -x);
    const float inverse = 1.0f / (1.0f + fade);
    pulls[n] = x < 0 ? inverse : fade * inverse;             // sigmoid(-x)
    losses[n] = (x < 0 ? -x : 0.0f) + log_f32(1.0f + fade);  // -log sigmoid(x)
  }
  return total(losses, turn.size);
}

template <Optimizer kind>
PALATE_INLINE void step_lanes(const BprRows& rows, std::size_t at, Lanes value, const Lanes& gradient,
                              const StepScalars& scalars) {
  Lanes none = splat(0.0f);
  Lanes first = none;
  if constexpr (kind == Optimizer::adagrad) first = load(rows.first + at);
  step<kind>(value, first, none, gradient, scalars);
  if constexpr (kind == Optimizer::adagrad) store(rows.first + at, first);
  store(rows.values + at, value);
}

template <Optimizer kind>
PALATE_INLINE void move_triple(const BprCall& call, std::uint32_t user, std::uint32_t item, std::uint32_t other,
                               float pull, StepScalars scalars, StepScalars bias_scalars) {
  StepScalars user_scalars = scalars;
  user_scalars.l2 = call.users.l2;
  scalars.l2 = call.items.l2;
  bias_scalars.l2 = call.biases.l2;
  const Lanes down = splat(-pull);
  const Lanes up = splat(pull);
  const std::size_t user_at = std::size_t{user} * call.stride;
  const std::size_t item_at = std::size_t{item} * call.stride;
  const std::size_t other_at = std::size_t{other} * call.stride;
  for (std::uint32_t k = 0; k < call.stride; k += kLanes) {
    const Lanes p = load(call.users.values + user_at + k);
    const Lanes q_item = load(call.items.values + item_at + k);
    const Lanes q_other = load(call.items.values + other_at + k);
    step_lanes<kind>(call.users, user_at + k, p, down * (q_item - q_other), user_scalars);
    step_lanes<kind>(call.items, item_at + k, q_item, down * p, scalars);
    step_lanes<kind>(call.items, other_at + k, q_other, up * p, scalars);
  }
  if (call.bias_rate == 0) return;
  float* first = call.biases.first;
  const auto sums_of = [first](std::uint32_t row) { return kind == Optimizer::adagrad ? first + row : nullptr; };
  step_bias<kind>(call.biases.values + item, sums_of(item), nullptr, -pull, bias_scalars);
  step_bias<kind>(call.biases.values + other, sums_of(other), nullptr, pull, bias_scalars);
}

template <Optimizer kind>
void train_cell(void* context, std::uint32_t block) {
  const BprRun& run = *static_cast<const BprRun*>(context);
  const BprCall& call = *run.call;
  const std::uint32_t item_group = (block + run.stratum) % call.groups;
  const std::size_t cell = std::size_t{block} * call.groups + item_group;
  const Positive* positives = call.positives + call.cells[cell];
  const std::size_t size = call.cells[cell + 1] - call.cells[cell];
  const std::size_t turns = (size + kBprTriples - 1) / kBprTriples;
  const std::uint32_t first_slot = call.group_starts[item_group];
  const Noise noise = {call.slots + first_slot, call.group_starts[item_group + 1] - first_slot};
  StepScalars scalars = {};
  scalars.rate = call.rate;
  scalars.keep = 1.0f;
  scalars.epsilon = call.epsilon;
  StepScalars bias_scalars = scalars;
  bias_scalars.rate = call.bias_rate;
  std::uint64_t state = call.seeds[cell];
  double loss = 0;
  double triples = 0;
  Turn turn;
  for (std::uint32_t pass = 0; pass < call.negatives; ++pass) {
    for (std::size_t t = 0; t < turns && !is_raised(call); ++t) {
      draw_turn(call, noise, positives, size, t, turns, state, turn);
      std::uint32_t n = 0;
      for (; n + 4 <= turn.size; n += 4) score_triples<4>(call, turn, n);
      for (; n < turn.size; ++n) score_triples<1>(call, turn, n);
      loss += static_cast<double>(pull_of(turn));
      triples += turn.size;
      if (!call.update) continue;
      for (n = 0; n < turn.size; ++n) {
        move_triple<kind>(call, turn.users[n], turn.items[n], turn.others[n], turn.pulls[n], scalars, bias_scalars);
      }
    }
  }
  call.block_losses[block] += loss;
  call.block_triples[block] += triples;
}

}  // namespace

Status train_bpr(const BprCall& call, Pool& pool) {
  const Pool::Body body =
      call.optimizer == Optimizer::adagrad ? train_cell<Optimizer::adagrad> : train_cell<Optimizer::sgd>;
  for (std::uint32_t n = 0; n < call.groups; ++n) {
    BprRun run = {&call, call.strata[n]};
    pool.run(call.groups, body, &run);
    if (is_raised(call)) return Status::cancelled;
  }
  return Status::ok;
}

}  // namespace palate::KERNEL_NS
