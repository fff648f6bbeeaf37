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

Status all_finite(DeviceMemory& device, const float* values, std::size_t count, bool& finite);

}  // namespace palate::k_cuda
