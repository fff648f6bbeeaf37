// Contract: kernels/train_item_pairs.h.
#include "kernels/train_item_pairs.h"

#include "core/flags.h"
#include "kernels/draw_negatives.h"
#include "kernels/level.h"
#include "kernels/pair_slopes.h"
#include "math/sum_four.h"

namespace palate::KERNEL_NS {
namespace {

struct PairRun {
  const ItemPairsCall* call;
  std::uint32_t stratum;
  float rate;
};

// The scratch of a block, one array behind the other.
struct PairScratch {
  std::uint32_t* targets;
  float* scores;
  float* slopes;
  float* losses;
};

PairScratch scratch_of(const ItemPairsCall& call, std::uint32_t block) {
  float* base = call.scratch + block * call.scratch_stride;
  const std::size_t part = call.scratch_stride / 4;
  return {reinterpret_cast<std::uint32_t*>(base), base + part, base + 2 * part, base + 3 * part};
}

// scores[r] = input . output row of targets[r] for r < rows <= 4: four sums share shuffles.
template <std::uint32_t rows>
PALATE_INLINE void score_rows(const float* PALATE_RESTRICT input, const float* PALATE_RESTRICT outputs,
                              const std::uint32_t* PALATE_RESTRICT targets, std::uint32_t stride,
                              float* PALATE_RESTRICT scores) {
  const float* row[rows];
  Lanes sums[4] = {splat(0.0f), splat(0.0f), splat(0.0f), splat(0.0f)};
  for (std::uint32_t r = 0; r < rows; ++r) row[r] = outputs + std::size_t{targets[r]} * stride;
  for (std::uint32_t k = 0; k < stride; k += kLanes) {
    const Lanes a = load(input + k);
    for (std::uint32_t r = 0; r < rows; ++r) sums[r] = fma(a, load(row[r] + k), sums[r]);
  }
  if constexpr (rows == 4) {
    sum_four(scores, sums);
  } else {
    for (std::uint32_t r = 0; r < rows; ++r) scores[r] = sum(sums[r]);
  }
}

PALATE_INLINE void score_pair(const float* input, const float* outputs, const std::uint32_t* targets,
                              std::uint32_t width, std::uint32_t stride, float* scores) {
  std::uint32_t r = 0;
  for (; r + 4 <= width; r += 4) score_rows<4>(input, outputs, targets + r, stride, scores + r);
  if (width - r >= 2) {
    score_rows<2>(input, outputs, targets + r, stride, scores + r);
    r += 2;
  }
  if (r < width) score_rows<1>(input, outputs, targets + r, stride, scores + r);
}

// Columns of the input's row that stay in registers, before and after, while its outputs move.
constexpr std::uint32_t kHeldColumns = (kParts == 1 ? 4 : kParts == 2 ? 2 : 1) * kLanes;

template <std::uint32_t columns>
PALATE_INLINE void move_columns(float* PALATE_RESTRICT input, float* PALATE_RESTRICT outputs,
                                const std::uint32_t* PALATE_RESTRICT targets, const float* PALATE_RESTRICT steps,
                                std::uint32_t width, std::uint32_t stride) {
  constexpr std::uint32_t kHeld = columns / kLanes;
  Lanes before[kHeld], after[kHeld];
  for (std::uint32_t n = 0; n < kHeld; ++n) after[n] = before[n] = load(input + n * kLanes);
  for (std::uint32_t r = 0; r < width; ++r) {
    float* row = outputs + std::size_t{targets[r]} * stride;
    const Lanes step = splat(steps[r]);
    for (std::uint32_t n = 0; n < kHeld; ++n) {
      const Lanes output = load(row + n * kLanes);
      after[n] = fma(step, output, after[n]);
      store(row + n * kLanes, fma(step, before[n], output));
    }
  }
  for (std::uint32_t n = 0; n < kHeld; ++n) store(input + n * kLanes, after[n]);
}

PALATE_INLINE void move_pair(float* PALATE_RESTRICT input, float* PALATE_RESTRICT outputs,
                             const std::uint32_t* PALATE_RESTRICT targets, const float* PALATE_RESTRICT steps,
                             std::uint32_t width, std::uint32_t stride) {
  std::uint32_t k = 0;
  for (; k + kHeldColumns <= stride; k += kHeldColumns) {
    move_columns<kHeldColumns>(input + k, outputs + k, targets, steps, width, stride);
  }
  for (; k < stride; k += kLanes) move_columns<kLanes>(input + k, outputs + k, targets, steps, width, stride);
}

PALATE_INLINE float* input_of(const ItemPairsCall& call, std::size_t pair) {
  return call.inputs + std::size_t{call.pairs[pair].input} * call.stride;
}

template <PairObjective objective>
void train_cell(void* context, std::uint32_t block) {
  const PairRun& run = *static_cast<const PairRun*>(context);
  const ItemPairsCall& call = *run.call;
  const std::uint32_t output_group = (block + run.stratum) % call.groups;
  const std::size_t cell = std::size_t{block} * call.groups + output_group;
  const std::size_t begin = call.cells[cell];
  const std::size_t size = call.cells[cell + 1] - begin;
  const std::size_t turns = (size + kPairBatch - 1) / kPairBatch;
  const std::uint32_t first_slot = call.group_starts[output_group];
  const Noise noise = {call.slots + first_slot, call.group_starts[output_group + 1] - first_slot};
  const PairScratch scratch = scratch_of(call, block);
  const std::uint32_t width = call.negatives + 1;
  const std::uint32_t stride = call.stride;
  const Draws draws = {call.seeds[cell], std::uint64_t{size} * call.negatives};
  std::uint64_t number = 0;
  double loss = 0;
  for (std::size_t turn = 0; turn < turns; ++turn) {
    if (is_raised(call)) break;
    std::uint32_t count = 0;
    for (std::size_t place = turn; place < size; place += turns, ++count, number += call.negatives) {
      std::uint32_t* targets = scratch.targets + std::size_t{count} * width;
      draw_targets(call, noise, begin + place, draws, number, targets);
      score_pair(input_of(call, begin + place), call.outputs, targets, width, stride,
                 scratch.scores + std::size_t{count} * width);
    }
    const PairScores scores = {scratch.targets, scratch.scores, scratch.slopes, scratch.losses, count, width};
    if constexpr (objective == PairObjective::negative_sampling) {
      loss += static_cast<double>(negative_sampling_slopes(scores));
    } else {
      loss += static_cast<double>(sampled_softmax_slopes(scores, call.log_noise));
    }
    if (!call.update) continue;
    for (std::uint32_t n = 0; n < count * width; ++n) scratch.slopes[n] *= -run.rate;
    for (std::uint32_t p = 0; p < count; ++p) {
      const std::size_t first = std::size_t{p} * width;
      move_pair(input_of(call, begin + turn + p * turns), call.outputs, scratch.targets + first, scratch.slopes + first,
                width, stride);
    }
  }
  call.block_losses[block] += loss;
}

}  // namespace

Status train_item_pairs(const ItemPairsCall& call, Pool& pool) {
  const Pool::Body body = call.objective == PairObjective::negative_sampling
                              ? train_cell<PairObjective::negative_sampling>
                              : train_cell<PairObjective::sampled_softmax>;
  for (std::uint32_t n = 0; n < call.groups; ++n) {
    PairRun run = {&call, call.strata[n], call.rates[n]};
    pool.run(call.groups, body, &run);
    if (is_raised(call)) {
      return Status::cancelled;
    }
  }
  return Status::ok;
}

}  // namespace palate::KERNEL_NS
