// One row of function pointers a device and instruction set level. The kernels behind it are compiled
// once a level; everything else calls them through this table alone.
#pragma once

#include "device.h"
#include "kernels/count_cooccurrence.h"
#include "kernels/count_pairs.h"
#include "kernels/factorize_counts.h"
#include "kernels/fit_ease.h"
#include "kernels/fit_neighbors.h"
#include "kernels/fit_slim.h"
#include "kernels/fold_rows.h"
#include "kernels/rank_targets.h"
#include "kernels/sample_fm.h"
#include "kernels/score_weights.h"
#include "kernels/select_topk.h"
#include "kernels/softmax.h"
#include "kernels/solve_als.h"
#include "kernels/train.h"
#include "kernels/train_bpr.h"
#include "kernels/train_item_pairs.h"

namespace palate {

struct Backend {
  const char* level;  // base, avx2, avx512, neon; cuda

  Status (*select_topk)(const TopkCall& call, Pool& pool);
  Status (*rank_targets)(const RankCall& call, Pool& pool);
  Status (*train_epoch)(TrainState& state, const EpochCall& call, Pool& pool, EpochLoss& loss);
  Status (*train_adam)(TrainState& state, const EpochCall& call, Pool& pool, EpochLoss& loss);
  Status (*train_implicit)(TrainState& state, const EpochCall& call, Pool& pool, EpochLoss& loss);
  Status (*train_batch)(TrainState& state, const EpochCall& call, Pool& pool, EpochLoss& loss);
  Status (*train_bpr)(const BprCall& call, Pool& pool);
  Status (*train_item_pairs)(const ItemPairsCall& call, Pool& pool);
  void (*evaluate_pairs)(TrainState& state, const PairsCall& call, Pool& pool, EpochLoss& loss);
  Status (*count_cooccurrence)(const CountCall& call, Pool& pool, CountTotals& totals);
  Status (*factorize_counts)(FactorizeState& state, const FactorizeCall& call, Pool& pool, double& cost);

  // Row `item` of the counts: counts (kPairParts, num_items), zeros before.
  void (*count_pairs)(const PairSource& source, std::uint32_t item, std::uint32_t* counts);
  // One step on a batch, and the sum of its losses before the step.
  double (*softmax_step)(const SoftmaxState& state, const SoftmaxBatch& batch, const SoftmaxScratch& scratch,
                         Pool& pool);
  // The sum of the losses alone, without dropout.
  double (*softmax_loss)(const SoftmaxState& state, const SoftmaxBatch& batch, const SoftmaxScratch& scratch,
                         Pool& pool);
  Status (*solve_als)(const AlsCall& call, Pool& pool, AlsSums& sums);
  void (*form_gram)(const GramCall& call, Pool& pool);
  double (*sum_pair_losses)(const AlsPairsCall& call, Pool& pool);
  Status (*fit_neighbors)(const NeighborsCall& call, Pool& pool);
  Status (*fit_ease)(const EaseCall& call, Pool& pool);
  Status (*fit_slim)(const SlimCall& call, Pool& pool);
  Status (*score_weights)(const ScoreCall& call, Pool& pool);
  void (*fold_rows)(const FoldCall& call, Pool& pool);

  // The first sample, normal with a deviation; the next one; what becomes of it.
  void (*start_samples)(SampleState& state, std::uint64_t seed, float deviation, Pool& pool);
  Status (*sample_fm)(SampleState& state, const SweepCall& call, Pool& pool);
  void (*sketch_samples)(const SampleState& state, SketchCall& call, Pool& pool);
  void (*mix_sketch)(float* mixed, const SampleState& state, const SketchCall& call);
  void (*score_sample)(const SampleState& state, const SampleScores& call, Pool& pool);

  // Rows of devices alone. There a call needs the DeviceMemory in its state, and a kernel that does not exist is
  // nullptr.
  const DeviceOperations* device = nullptr;

  // There softmax_step and softmax_loss only queue their work, and return 0. Waits for it; `losses` is what they would
  // have returned since the last call.
  Status (*softmax_settle)(const SoftmaxState& state, const SoftmaxScratch& scratch, double& losses) = nullptr;
};

// The row in use: the fastest level that this processor runs, unless a level was forced.
const Backend& cpu_backend();

// Levels compiled in that this processor runs, slowest first; returns how many.
int cpu_levels(const char* names[4]);

// Forces a level by name, or the fastest with "auto". False when it is not among cpu_levels().
bool force_cpu_level(const char* name);

}  // namespace palate
