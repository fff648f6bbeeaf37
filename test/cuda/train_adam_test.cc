// Adam on the grid of blocks against the processor's kernel on the same grid.
#include <cmath>

#include "core/adam_tables.h"
#include "train_problem.h"

#define KERNEL_NS k_base
#include "kernels/level.h"

namespace palate {
namespace {

using test::Blocks;
using test::Model;
using test::ProblemShape;

struct AdamCase {
  std::uint32_t side = 4;
  std::uint32_t batch = 12;
  bool mixed = true;
  float regularization = 0.02f;
  float rate = 0.01f;
  double tolerance = 2e-5;
};

TrainOptions options_of(bool decoupled = true) {
  TrainOptions options;
  options.optimizer = Optimizer::adam;
  options.link = Link::sigmoid;
  options.range_min = 0.5f;
  options.range_max = 5.0f;
  options.decoupled = decoupled;
  options.regularization_bias = decoupled ? 0.01f : 0.0f;
  return options;
}

void compare(const ProblemShape& shape, TrainOptions options, const AdamCase& what) {
  Pool pool(1);
  const test::Ratings ratings = draw_ratings(shape);
  GridPlan plan;
  plan.side = what.side;
  plan.batch = options.batch_size = what.batch;
  plan.mixed = what.mixed;
  Blocks blocks(shape, ratings, plan);
  Model ours(shape, options);
  Model theirs(shape, options);
  ours.regularization = theirs.regularization = what.regularization;
  DeviceMemory device(0);
  TrainState state = ours.state(&device);
  TrainState expected = theirs.state(nullptr);
  AdamTables tables(expected, blocks.steps());
  std::vector<std::uint32_t> slots(shape.items);
  for (int epoch = 0; epoch < 2; ++epoch) {
    theirs.start_steps();
    EpochCall call = blocks.call(what.rate);
    tables.start(expected.step, what.rate);
    call.adam = tables.call();
    call.adam.slots = slots.data();
    EpochLoss loss;
    EpochLoss expected_loss;
    EXPECT(k_cuda::train_adam(state, call, pool, loss) == Status::ok);
    EXPECT(k_base::train_adam(expected, call, pool, expected_loss) == Status::ok);
    EXPECT_SAME_LOSS(loss, expected_loss, 1e-5);
    EXPECT(state.step == expected.step);
  }
  EXPECT(device.fetch(nullptr) == Status::ok);
  EXPECT_CLOSE(ours.values(), theirs.values(), what.tolerance);
}

TEST(train_adam_steps_as_the_processor_does_at_every_width) {
  for (const std::uint32_t dim : {1u, 31u, 33u, 129u}) compare({.ratings = 100, .dim = dim}, options_of(), {});
}

TEST(train_adam_adds_up_repeated_items_and_users) {
  // Three items in shares of twelve ratings and more; forty users in shares of one.
  compare({.users = 40, .items = 3, .ratings = 110, .dim = 7}, options_of(), {.side = 2, .batch = 24});
  compare({.users = 3, .items = 40, .ratings = 110, .dim = 7}, options_of(), {.side = 2, .batch = 90});
  compare({.users = 40, .items = 40, .ratings = 300, .dim = 7}, options_of(), {.side = 4, .batch = 4, .mixed = false});
  // One user with more ratings in a share than a warp has lanes.
  compare({.users = 1, .items = 140, .ratings = 139, .dim = 7}, options_of(), {.side = 1, .batch = 70});
}

TEST(train_adam_takes_shares_that_exceed_shared_memory) {
  compare({.users = 30, .items = 30, .ratings = 500, .dim = 120}, options_of(), {.side = 1, .batch = 400});
}

TEST(train_adam_decays_in_pieces) {
  for (const std::uint32_t dim : {5u, 33u, 129u}) {
    TrainOptions options = options_of(false);
    compare({.users = 60, .items = 70, .ratings = 900, .dim = dim, .seed = 3}, options,
            {.side = 2, .batch = 2, .regularization = 0.01f, .tolerance = 1e-4});
  }
  TrainOptions options = options_of(false);
  options.regularization_bias = 0.05f;
  compare({.users = 60, .items = 70, .ratings = 900, .dim = 6}, options, {.side = 2, .batch = 2, .tolerance = 1e-4});
}

TEST(train_adam_leaves_lazy_rows_alone) {
  TrainOptions options = options_of(false);
  options.lazy = true;
  compare({.ratings = 100, .dim = 20}, options, {});
}

TEST(train_adam_takes_few_rows_and_no_biases) {
  TrainOptions options = options_of();
  compare({.users = 1, .items = 9, .ratings = 9, .dim = 4}, options, {});
  compare({.users = 9, .items = 1, .ratings = 9, .dim = 4}, options, {});
  options.train_biases = false;
  options.regularization_bias = 0.0f;
  compare({.ratings = 60, .dim = 4}, options, {});
  options.objective = Objective::logistic;
  compare({.ratings = 60, .dim = 4}, options, {});
}

}  // namespace
}  // namespace palate
