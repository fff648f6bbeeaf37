// Row-wise training against the processor's kernel on the same ratings in the same order.
#include "train_problem.h"

#define KERNEL_NS k_base
#include "kernels/level.h"

namespace palate {
namespace {

using test::Blocks;
using test::Model;
using test::ProblemShape;

GridPlan plan_of(std::uint32_t side, std::uint32_t inner, std::uint32_t squares = 1) {
  GridPlan plan;
  plan.side = side;
  plan.inner = inner;
  plan.squares = squares;
  return plan;
}

constexpr float kRegularization = 0.1f;

// Two epochs on both; with features the processor has the same grid, else the serial order of the device's.
void compare(const ProblemShape& shape, const TrainOptions& options, const GridPlan& plan) {
  Pool pool(1);
  const test::Ratings ratings = draw_ratings(shape);
  Blocks blocks(shape, ratings, plan);
  Model ours(shape, options);
  Model theirs(shape, options);
  ours.regularization = theirs.regularization = kRegularization;
  DeviceMemory device(0);
  TrainState state = ours.state(&device);
  TrainState expected = theirs.state(nullptr);
  for (const float rate : {0.05f, 0.04f}) {
    EpochLoss loss;
    EpochLoss expected_loss;
    EXPECT(k_cuda::train_epoch(state, blocks.call(rate), pool, loss) == Status::ok);
    const EpochCall call = shape.features == 0 ? blocks.serial_call(rate) : blocks.call(rate);
    EXPECT(k_base::train_epoch(expected, call, pool, expected_loss) == Status::ok);
    EXPECT_SAME_LOSS(loss, expected_loss, 1e-6);
  }
  EXPECT(device.fetch(nullptr) == Status::ok);
  EXPECT_CLOSE(ours.values(), theirs.values(), 1e-5);
}

TrainOptions options_of(Optimizer optimizer, Objective objective = Objective::squared, Link link = Link::sigmoid) {
  TrainOptions options;
  options.optimizer = optimizer;
  options.objective = objective;
  options.link = link;
  options.range_min = 0.5f;
  options.range_max = 5.0f;
  options.regularization_bias = 0.05f;
  return options;
}

TEST(train_epoch_is_the_serial_one_at_every_width) {
  for (const Optimizer optimizer : {Optimizer::sgd, Optimizer::adagrad}) {
    for (const std::uint32_t dim : {1u, 31u, 33u, 65u, 129u}) {
      compare({.ratings = 90, .dim = dim}, options_of(optimizer), plan_of(4, 4));
    }
  }
}

TEST(train_epoch_has_every_loss_with_and_without_biases_and_decay) {
  for (const Optimizer optimizer : {Optimizer::sgd, Optimizer::adagrad}) {
    for (const auto& [objective, link] :
         {std::pair{Objective::squared, Link::identity}, std::pair{Objective::squared, Link::sigmoid},
          std::pair{Objective::logistic, Link::sigmoid}}) {
      TrainOptions options = options_of(optimizer, objective, link);
      compare({.ratings = 80, .dim = 17}, options, plan_of(4, 2));
      options.decoupled = true;
      options.bias_learning_rate = 0.5f;
      compare({.ratings = 80, .dim = 17}, options, plan_of(4, 2));
      options.train_biases = false;
      compare({.ratings = 80, .dim = 17}, options, plan_of(4, 2));
    }
  }
}

TEST(train_epoch_takes_any_cut_of_the_grid) {
  const TrainOptions options = options_of(Optimizer::sgd);
  for (const GridPlan& plan : {plan_of(1, 1), plan_of(2, 1), plan_of(4, 4), plan_of(8, 8), plan_of(16, 8),
                               plan_of(8, 4, 2), plan_of(4, 1, 3)}) {
    compare({.users = 40, .items = 31, .ratings = 300, .dim = 6}, options, plan);
  }
}

TEST(train_epoch_takes_few_rows_and_no_ratings) {
  const TrainOptions options = options_of(Optimizer::adagrad);
  compare({.users = 1, .items = 9, .ratings = 9, .dim = 4}, options, plan_of(4, 4));
  compare({.users = 9, .items = 1, .ratings = 9, .dim = 4}, options, plan_of(4, 4));
  compare({.users = 1, .items = 1, .ratings = 1, .dim = 33}, options, plan_of(4, 4));
  compare({.users = 3, .items = 2, .ratings = 0, .dim = 4}, options, plan_of(4, 4));
}

// The processor's blocks have one copy of the features each, so inner is 1: a warp a block.
TEST(train_epoch_averages_shared_features_over_the_warps_of_a_stratum) {
  for (const Optimizer optimizer : {Optimizer::sgd, Optimizer::adagrad}) {
    for (const std::uint32_t dim : {1u, 33u, 129u}) {
      for (const bool within_side : {false, true}) {
        TrainOptions options = options_of(optimizer);
        options.within_side = within_side;
        options.feature_learning_rate = 0.5f;
        compare({.ratings = 90, .dim = dim, .features = 7}, options, plan_of(4, 1));
      }
    }
  }
  compare({.ratings = 200, .dim = 8, .features = 70}, options_of(Optimizer::adagrad), plan_of(16, 1));
  TrainOptions still = options_of(Optimizer::sgd);
  still.train_biases = false;
  compare({.ratings = 90, .dim = 8, .features = 5}, still, plan_of(4, 1));
}

TEST(train_epoch_averages_over_warps_in_turns_to_the_same_bits_each_time) {
  const ProblemShape shape = {.users = 30, .items = 30, .ratings = 250, .dim = 20, .features = 9};
  const test::Ratings ratings = draw_ratings(shape);
  Pool pool(1);
  std::vector<float> first;
  for (int run = 0; run < 2; ++run) {
    Blocks blocks(shape, ratings, plan_of(8, 4));
    Model model(shape, options_of(Optimizer::adagrad));
    DeviceMemory device(0);
    TrainState state = model.state(&device);
    EpochLoss loss;
    EXPECT(k_cuda::train_epoch(state, blocks.call(0.05f), pool, loss) == Status::ok);
    EXPECT(loss.count == 250);
    EXPECT(device.fetch(nullptr) == Status::ok);
    if (run == 0) first = model.values();
    EXPECT(model.values() == first);
  }
}

TEST(train_epoch_stops_when_told_to) {
  const ProblemShape shape;
  const test::Ratings ratings = draw_ratings(shape);
  Blocks blocks(shape, ratings, plan_of(4, 4));
  Model model(shape, options_of(Optimizer::sgd));
  DeviceMemory device(0);
  TrainState state = model.state(&device);
  const std::atomic<std::int32_t> raised{1};
  EpochCall call = blocks.call(0.05f);
  call.cancel = &raised;
  Pool pool(1);
  EpochLoss loss;
  const std::vector<float> before = model.values();
  EXPECT(k_cuda::train_epoch(state, call, pool, loss) == Status::cancelled);
  EXPECT(device.fetch(nullptr) == Status::ok);
  EXPECT(model.values() == before);
}

}  // namespace
}  // namespace palate
