// Row-wise training: parameters move after every rating, on a fixed grid of blocks.
//
// Users and items are cut into a side x side grid. A stratum is `side` blocks that share no user and no
// item; strata follow each other, the blocks of one run in any order on any thread (Gemulla et al. 2011,
// DSGD). The grid does not depend on the number of threads, so neither do the bits.
//
// A row with n ratings adds regularization n^power |row|^2 to the sum of losses (frequency-scaled L2: power 1
// is the weighted-lambda of Zhou et al. 2008, 0 plain ridge; Rendle et al. 2022, eq. 12). Each of its ratings
// takes an equal share of the gradient: 2 regularization n^(power - 1) row.
//
// Shared features are met in every block. Each block works on its own copy and at the end of the stratum
// the copies are averaged, weighted by how often each was updated, in the order of the blocks.
//
// Four users take turns inside a block (core/grid_blocks.h): while one's update waits for its dot product, others
// go on.
//
// Bytes a rating: rows of user and item read and written, 16 dim (the user's stays in cache).
#include "core/flags.h"
#include "kernels/block_loop.h"
#include "kernels/level.h"
#include "kernels/row_features.h"
#include "kernels/row_sgd.h"

namespace palate::KERNEL_NS {
namespace {

template <Optimizer kind, bool featured>
void train_block(void* context, std::uint32_t block) {
  const Run& run = *static_cast<const Run*>(context);
  const TrainState& s = *run.state;
  const EpochCall& call = *run.call;
  if (is_raised(call)) return;
  const std::size_t cell = cell_of(run.stratum, block, call.grid.side);
  const std::size_t begin = call.grid.blocks[cell];
  const std::size_t end = call.grid.blocks[cell + 1];
  LossSums sums = {0, 0};
  if constexpr (featured) {
    const FeatureCopy copy = copy_of(s, call, block);
    load_features<kind>(s, copy);
    train_featured<kind>(run, copy, begin, end, sums);
  } else if constexpr (kind == Optimizer::sgd) {
    train_sgd_of(s.stride / kLanes, run, begin, end, sums);
  } else {
    train_adagrad(run, begin, end, sums);
  }
  add_losses(call, block, sums);
}

template <Optimizer kind>
Pool::Body body_of(bool featured) {
  return featured ? train_block<kind, true> : train_block<kind, false>;
}

}  // namespace

Status train_epoch(TrainState& state, const EpochCall& call, Pool& pool, EpochLoss& loss) {
  const TrainOptions& o = state.options;
  const bool featured = state.features.rows != 0;
  Run run{};
  run.state = &state;
  run.call = &call;
  run.factor_step.rate = call.learning_rate;
  run.factor_step.epsilon = o.epsilon;
  run.bias_step = run.factor_step;
  run.bias_step.rate = call.learning_rate * o.bias_learning_rate;
  run.feature_step = run.factor_step;
  run.feature_step.rate = call.learning_rate * o.feature_learning_rate;
  run.feature_bias_step = run.bias_step;
  run.feature_bias_step.rate = run.bias_step.rate * o.feature_learning_rate;
  const Pool::Body body =
      o.optimizer == Optimizer::adagrad ? body_of<Optimizer::adagrad>(featured) : body_of<Optimizer::sgd>(featured);
  const std::uint32_t side = call.grid.side;
  clear_losses(call);
  for (std::uint32_t n = 0; n < call.grid.squares * side; ++n) {
    run.stratum = call.strata[n];
    pool.run(side, body, &run);
    if (is_raised(call)) return Status::cancelled;
    if (featured) pool.run(state.features.rows, merge_feature, &run);
  }
  loss = total_loss(call);
  return Status::ok;
}

}  // namespace palate::KERNEL_NS
