// The kernels of one level, as table.cc gathers them.
#pragma once

#include "kernels/count_cooccurrence.h"
#include "kernels/count_pairs.h"
#include "kernels/factorize_counts.h"
#include "kernels/fit_ease.h"
#include "kernels/fit_neighbors.h"
#include "kernels/fit_slim.h"
#include "kernels/fold_rows.h"
#include "kernels/sample_fm.h"
#include "kernels/score_weights.h"
#include "kernels/select_topk.h"
#include "kernels/softmax.h"
#include "kernels/solve_als.h"
#include "kernels/train.h"
#include "kernels/train_item_pairs.h"
#include "math/lanes.h"

namespace palate::KERNEL_NS {

Status select_topk(const TopkCall& call, Pool& pool);
Status train_epoch(TrainState& state, const EpochCall& call, Pool& pool, EpochLoss& loss);
Status train_adam(TrainState& state, const EpochCall& call, Pool& pool, EpochLoss& loss);
Status train_batch(TrainState& state, const EpochCall& call, Pool& pool, EpochLoss& loss);
Status train_item_pairs(const ItemPairsCall& call, Pool& pool);
void evaluate_pairs(TrainState& state, const PairsCall& call, Pool& pool, EpochLoss& loss);
Status count_cooccurrence(const CountCall& call, Pool& pool, CountTotals& totals);
Status factorize_counts(FactorizeState& state, const FactorizeCall& call, Pool& pool, double& cost);
Status fit_neighbors(const NeighborsCall& call, Pool& pool);
Status fit_ease(const EaseCall& call, Pool& pool);
Status fit_slim(const SlimCall& call, Pool& pool);
Status score_weights(const ScoreCall& call, Pool& pool);
void fold_rows(const FoldCall& call, Pool& pool);
void count_pairs(const PairSource& source, std::uint32_t item, std::uint32_t* counts);
double softmax_step(const SoftmaxState& state, const SoftmaxBatch& batch, const SoftmaxScratch& scratch, Pool& pool);
double softmax_loss(const SoftmaxState& state, const SoftmaxBatch& batch, const SoftmaxScratch& scratch, Pool& pool);
Status solve_als(const AlsCall& call, Pool& pool, AlsSums& sums);
void form_gram(const GramCall& call, Pool& pool);
double sum_pair_losses(const AlsPairsCall& call, Pool& pool);

void start_samples(SampleState& state, std::uint64_t seed, float deviation, Pool& pool);
Status sample_fm(SampleState& state, const SweepCall& call, Pool& pool);
void sketch_samples(const SampleState& state, SketchCall& call, Pool& pool);
void mix_sketch(float* mixed, const SampleState& state, const SketchCall& call);
void score_sample(const SampleState& state, const SampleScores& call, Pool& pool);

}  // namespace palate::KERNEL_NS
