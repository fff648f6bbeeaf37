// The kernels of one level, as table.cc gathers them.
#pragma once

#include "kernels/select_topk.h"
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

}  // namespace palate::KERNEL_NS
