// Losses of given pairs under the current parameters, for validation.
#include "kernels/combine_rows.h"
#include "kernels/level.h"
#include "math/objectives.h"

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

void score_chunk(void* context, std::uint32_t chunk) {
  const Run& run = *static_cast<const Run*>(context);
  const TrainState& s = *run.state;
  const PairsCall& call = *run.call;
  const bool combined = call.combined_users != nullptr;
  const float* user_rows = combined ? call.combined_users : s.users.factors;
  const float* item_rows = combined ? call.combined_items : s.items.factors;
  const float* user_biases = combined ? call.combined_user_biases : s.users.biases;
  const float* item_biases = combined ? call.combined_item_biases : s.items.biases;
  const std::size_t begin = chunk * kPairsChunk;
  const std::size_t end = begin + kPairsChunk < call.size ? begin + kPairsChunk : call.size;
  double loss = 0;
  double squares = 0;
  for (std::size_t n = begin; n < end; ++n) {
    const std::uint32_t u = call.users[n];
    const std::uint32_t i = call.items[n];
    const float x = s.global_bias + user_biases[u] + item_biases[i] +
                    dot(user_rows + static_cast<std::size_t>(u) * s.stride,
                        item_rows + static_cast<std::size_t>(i) * s.stride, s.stride);
    const Slope result = slope(s.options, x, call.values[n]);
    loss += result.loss;
    if (s.options.link == Link::identity && s.options.objective == Objective::squared) {
      // Users see predictions clipped to the range of ratings; so does the reported error.
      const float y = x < s.options.range_min ? s.options.range_min : x > s.options.range_max ? s.options.range_max : x;
      squares += static_cast<double>(y - call.values[n]) * (y - call.values[n]);
    } else {
      squares += result.squared_error;
    }
  }
  call.partial[2 * chunk] = loss;
  call.partial[2 * chunk + 1] = squares;
}

}  // namespace

void evaluate_pairs(TrainState& state, const PairsCall& call, Pool& pool, EpochLoss& loss) {
  if (call.combined_users != nullptr) {
    CombineRun users{&state, &state.users, &state.user_features, call.combined_users, call.combined_user_biases};
    CombineRun items{&state, &state.items, &state.item_features, call.combined_items, call.combined_item_biases};
    pool.run((state.users.rows + kRowsChunk - 1) / kRowsChunk, combine_chunk, &users);
    pool.run((state.items.rows + kRowsChunk - 1) / kRowsChunk, combine_chunk, &items);
  }
  Run run{&state, &call};
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
