// Losses of given pairs under the current parameters, for validation.
#include "kernels/combine_rows.h"
#include "kernels/implicit_rows.h"
#include "kernels/level.h"
#include "kernels/loss_sums.h"
#include "math/objectives.h"
#include "math/sum_four.h"

namespace palate::KERNEL_NS {
namespace {

constexpr std::uint32_t kRowsChunk = 1024;

struct Run {
  const TrainState* state;
  const PairsCall* call;
};

struct CombineRun {
  const TrainState* state;
  const ParameterTable* table;
  const FeatureLists* lists;
  float* rows;
  float* biases;
};

void combine_chunk(void* context, std::uint32_t chunk) {
  const CombineRun& run = *static_cast<const CombineRun*>(context);
  const TrainState& s = *run.state;
  const std::uint32_t begin = chunk * kRowsChunk;
  const std::uint32_t end = begin + kRowsChunk < run.table->rows ? begin + kRowsChunk : run.table->rows;
  for (std::uint32_t row = begin; row < end; ++row) {
    run.biases[row] = combine_row(run.rows + static_cast<std::size_t>(row) * s.stride, *run.table, *run.lists,
                                  s.features.factors, s.features.biases, row, s.stride, s.options.within_side);
  }
}

void add_implicit_chunk(void* context, std::uint32_t chunk) {
  const Run& run = *static_cast<const Run*>(context);
  const std::uint32_t rows = run.state->users.rows;
  const std::uint32_t begin = chunk * kRowsChunk;
  const std::uint32_t end = begin + kRowsChunk < rows ? begin + kRowsChunk : rows;
  const std::size_t stride = run.state->stride;
  for (std::uint32_t user = begin; user < end; ++user) {
    add_implicit(run.call->combined_users + user * stride, run.state->users.factors + user * stride, *run.state, user);
  }
}

// scores[n] = user row . item row of `size` pairs from `begin` on, four at a time against the wait for memory.
void dot_pairs(float* scores, const float* user_rows, const float* item_rows, const PairsCall& call, std::size_t begin,
               std::uint32_t size, std::uint32_t stride) {
  const std::uint32_t* users = call.users + begin;
  const std::uint32_t* items = call.items + begin;
  std::uint32_t n = 0;
  for (; n + 4 <= size; n += 4) {
    const float* a[4];
    const float* b[4];
    Lanes sums[4];
    for (int r = 0; r < 4; ++r) {
      a[r] = user_rows + static_cast<std::size_t>(users[n + r]) * stride;
      b[r] = item_rows + static_cast<std::size_t>(items[n + r]) * stride;
      sums[r] = splat(0.0f);
    }
    for (std::uint32_t k = 0; k < stride; k += kLanes) {
      for (int r = 0; r < 4; ++r) sums[r] = fma(load(a[r] + k), load(b[r] + k), sums[r]);
    }
    sum_four(scores + n, sums);
  }
  for (; n < size; ++n) {
    scores[n] = dot(user_rows + static_cast<std::size_t>(users[n]) * stride,
                    item_rows + static_cast<std::size_t>(items[n]) * stride, stride);
  }
}

template <Objective objective, Link link>
LossSums losses_of(const TrainOptions& o, const float* PALATE_RESTRICT scores, const float* PALATE_RESTRICT values,
                   std::uint32_t size) {
  float losses[kLossChunk];
  float squares[kLossChunk];
  const float range_min = o.range_min;
  const float range_max = o.range_max;
  // No sums in here, so that the compiler makes vectors of it.
  for (std::uint32_t n = 0; n < size; ++n) {
    const float x = scores[n];
    const Slope result = slope_of<objective, link>(range_min, range_max - range_min, x, values[n]);
    losses[n] = result.loss;
    if constexpr (objective == Objective::squared && link == Link::identity) {
      squares[n] = clipped_squared_error(range_min, range_max, x, values[n]);
    } else {
      squares[n] = result.squared_error;
    }
  }
  return {total(losses, size), total(squares, size)};
}

LossSums losses(const TrainOptions& o, const float* scores, const float* values, std::uint32_t size) {
  if (o.objective == Objective::logistic) {
    return losses_of<Objective::logistic, Link::sigmoid>(o, scores, values, size);
  }
  if (o.link == Link::sigmoid) return losses_of<Objective::squared, Link::sigmoid>(o, scores, values, size);
  return losses_of<Objective::squared, Link::identity>(o, scores, values, size);
}

void score_chunk(void* context, std::uint32_t chunk) {
  const Run& run = *static_cast<const Run*>(context);
  const TrainState& s = *run.state;
  const PairsCall& call = *run.call;
  const bool featured = call.combined_user_biases != nullptr;
  const float* user_rows = call.combined_users != nullptr ? call.combined_users : s.users.factors;
  const float* item_rows = featured ? call.combined_items : s.items.factors;
  const float* user_biases = featured ? call.combined_user_biases : s.users.biases;
  const float* item_biases = featured ? call.combined_item_biases : s.items.biases;
  const std::size_t end = chunk * kPairsChunk + kPairsChunk < call.size ? chunk * kPairsChunk + kPairsChunk : call.size;
  LossSums sums{0, 0};
  for (std::size_t begin = chunk * kPairsChunk; begin < end; begin += kLossChunk) {
    const std::uint32_t size = end - begin < kLossChunk ? static_cast<std::uint32_t>(end - begin) : kLossChunk;
    float scores[kLossChunk];
    dot_pairs(scores, user_rows, item_rows, call, begin, size, s.stride);
    for (std::uint32_t n = 0; n < size; ++n) {
      scores[n] += s.global_bias + user_biases[call.users[begin + n]] + item_biases[call.items[begin + n]];
    }
    const LossSums part = losses(s.options, scores, call.values + begin, size);
    sums.loss += part.loss;
    sums.squared_error += part.squared_error;
  }
  call.partial[2 * chunk] = sums.loss;
  call.partial[2 * chunk + 1] = sums.squared_error;
}

}  // namespace

void evaluate_pairs(TrainState& state, const PairsCall& call, Pool& pool, EpochLoss& loss) {
  Run run{&state, &call};
  if (!state.implicit.empty()) {
    pool.run((state.users.rows + kRowsChunk - 1) / kRowsChunk, add_implicit_chunk, &run);
  } else if (call.combined_users != nullptr) {
    CombineRun users{&state, &state.users, &state.user_features, call.combined_users, call.combined_user_biases};
    CombineRun items{&state, &state.items, &state.item_features, call.combined_items, call.combined_item_biases};
    pool.run((state.users.rows + kRowsChunk - 1) / kRowsChunk, combine_chunk, &users);
    pool.run((state.items.rows + kRowsChunk - 1) / kRowsChunk, combine_chunk, &items);
  }
  const std::uint32_t chunks = static_cast<std::uint32_t>((call.size + kPairsChunk - 1) / kPairsChunk);
  pool.run(chunks, score_chunk, &run);
  loss = {};
  for (std::uint32_t c = 0; c < chunks; ++c) {
    loss.loss += call.partial[2 * c];
    loss.squared_error += call.partial[2 * c + 1];
  }
  loss.count = call.size;
}

}  // namespace palate::KERNEL_NS
