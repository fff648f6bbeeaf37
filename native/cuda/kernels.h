// What the rest of the CUDA library knows of the kernels: their row of the backend table.
#pragma once

#include "backend.h"

namespace palate::k_cuda {

extern const Backend backend;

// The functions of native/kernels/*.cu, as backend_cuda.cu gathers them.
Status select_topk(const TopkCall& call, Pool& pool);

Status train_epoch(TrainState& state, const EpochCall& call, Pool& pool, EpochLoss& loss);
Status train_adam(TrainState& state, const EpochCall& call, Pool& pool, EpochLoss& loss);
Status train_batch(TrainState& state, const EpochCall& call, Pool& pool, EpochLoss& loss);
void evaluate_pairs(TrainState& state, const PairsCall& call, Pool& pool, EpochLoss& loss);
double softmax_step(const SoftmaxState& state, const SoftmaxBatch& batch, const SoftmaxScratch& scratch, Pool& pool);
double softmax_loss(const SoftmaxState& state, const SoftmaxBatch& batch, const SoftmaxScratch& scratch, Pool& pool);
Status softmax_settle(const SoftmaxState& state, const SoftmaxScratch& scratch, double& losses);
Status train_item_pairs(const ItemPairsCall& call, Pool& pool);
Status count_cooccurrence(const CountCall& call, Pool& pool, CountTotals& totals);
Status factorize_counts(FactorizeState& state, const FactorizeCall& call, Pool& pool, double& cost);

Status solve_als(const AlsCall& call, Pool& pool, AlsSums& sums);
void form_gram(const GramCall& call, Pool& pool);
double sum_pair_losses(const AlsPairsCall& call, Pool& pool);

Status all_finite(DeviceMemory& device, const float* values, std::size_t count, bool& finite);

}  // namespace palate::k_cuda
