// Mini-batches against the processor's kernel on the same batches.
#include <cmath>

#include "core/adam_tables.h"
#include "core/batches.h"
#include "train_problem.h"

#define KERNEL_NS k_base
#include "kernels/level.h"

namespace palate {
namespace {

using test::Model;
using test::ProblemShape;

struct BatchCase {
  bool on_touch = false;  // Adam moves rows when they are needed
  float regularization = 0.0f;
  float rate = 0.02f;
  double tolerance = 2e-5;
};

TrainOptions options_of(Optimizer optimizer, std::uint32_t batch) {
  TrainOptions options;
  options.optimizer = optimizer;
  options.link = Link::sigmoid;
  options.range_min = 0.5f;
  options.range_max = 5.0f;
  options.batch_size = batch;
  return options;
}

// One of the two trainings that are compared.
class Training {
 public:
  Training(const ProblemShape& shape, const TrainOptions& options, const test::Ratings& ratings, const BatchCase& what,
           DeviceMemory* device)
      : model_(shape, options), what_(what) {
    model_.regularization = what.regularization;
    state_ = model_.state(device);
    batches_ = std::make_unique<Batches>(View<const std::uint32_t>{ratings.offsets.data(), ratings.offsets.size()},
                                         View<const std::uint32_t>{ratings.items.data(), ratings.items.size()},
                                         View<const float>{ratings.values.data(), ratings.values.size()}, state_,
                                         options.batch_size, device != nullptr);
    const std::size_t batch = options.batch_size == 0 ? ratings.items.size() : options.batch_size;
    if (what.on_touch)
      tables_ =
          std::make_unique<AdamTables>(state_, static_cast<std::uint32_t>((ratings.items.size() - 1) / batch + 1));
  }

  Status run(Status (*train)(TrainState&, const EpochCall&, Pool&, EpochLoss&), std::uint32_t epoch, EpochLoss& loss) {
    Pool pool(1);
    EpochCall call;
    call.learning_rate = what_.rate;
    call.cancel = call.teardown = &cancel_;
    batches_->start(5, epoch);
    call.batches = &batches_->source();
    if (tables_ != nullptr) {
      model_.start_steps();
      tables_->start(state_.step, what_.rate);
      call.adam = tables_->call();
    }
    return train(state_, call, pool, loss);
  }

  std::vector<float> values() const {
    std::vector<float> all = model_.values();
    all.insert(all.end(), {state_.global_bias, state_.global_first, state_.global_second});
    return all;
  }
  const TrainState& state() const { return state_; }

 private:
  Model model_;
  BatchCase what_;
  TrainState state_;
  std::unique_ptr<Batches> batches_;
  std::unique_ptr<AdamTables> tables_;
  std::atomic<std::int32_t> cancel_{0};
};

void compare(const ProblemShape& shape, const TrainOptions& options, const BatchCase& what = {}) {
  const test::Ratings ratings = draw_ratings(shape);
  DeviceMemory device(0);
  Training ours(shape, options, ratings, what, &device);
  Training theirs(shape, options, ratings, what, nullptr);
  for (std::uint32_t epoch = 0; epoch < 2; ++epoch) {
    EpochLoss loss;
    EpochLoss expected;
    EXPECT(ours.run(k_cuda::train_batch, epoch, loss) == Status::ok);
    EXPECT(theirs.run(k_base::train_batch, epoch, expected) == Status::ok);
    EXPECT_SAME_LOSS(loss, expected, 1e-5);
  }
  EXPECT(device.fetch(nullptr) == Status::ok);
  EXPECT(ours.state().step == theirs.state().step);
  EXPECT_CLOSE(ours.values(), theirs.values(), what.tolerance);
}

constexpr Optimizer kOptimizers[] = {Optimizer::sgd, Optimizer::adagrad, Optimizer::adam};

TEST(train_batch_steps_as_the_processor_does_at_every_width) {
  for (const Optimizer optimizer : kOptimizers) {
    for (const std::uint32_t dim : {1u, 31u, 33u, 129u}) {
      compare({.ratings = 60, .dim = dim, .features = dim % 4 == 1 ? 7u : 0u}, options_of(optimizer, 33));
    }
  }
}

TEST(train_batch_cuts_long_slots_into_segments) {
  for (const std::uint32_t users : {1u, 2u}) {
    compare({.users = users, .items = 140, .ratings = 139, .dim = 20, .features = 4},
            options_of(Optimizer::adagrad, 0));
    compare({.users = 140, .items = users, .ratings = 139, .dim = 20}, options_of(Optimizer::adagrad, 0));
  }
}

TEST(train_batch_keeps_the_full_batch) {
  for (const Optimizer optimizer : kOptimizers)
    compare({.ratings = 100, .dim = 9, .features = 5}, options_of(optimizer, 0));
}

TEST(train_batch_has_decay_clipping_and_a_global_bias) {
  for (const Optimizer optimizer : kOptimizers) {
    for (const bool decoupled : {false, true}) {
      TrainOptions options = options_of(optimizer, 21);
      options.decoupled = decoupled;
      options.train_global_bias = true;
      options.within_side = true;
      options.regularization_bias = 0.05f;
      options.feature_learning_rate = 0.5f;
      options.clip_norm = 0.02f;
      compare({.ratings = 50, .dim = 9, .features = 6}, options, {.regularization = 0.1f});
      options.train_biases = false;
      options.objective = Objective::logistic;
      compare({.ratings = 50, .dim = 9}, options, {.regularization = 0.1f});
    }
  }
}

TEST(train_batch_leaves_lazy_rows_and_features_alone) {
  TrainOptions options = options_of(Optimizer::adam, 5);
  options.lazy = true;
  compare({.ratings = 60, .dim = 9, .features = 20}, options);
}

TEST(train_batch_moves_rows_when_they_are_needed) {
  for (const std::uint32_t dim : {5u, 33u, 129u}) {
    for (const bool decoupled : {true, false}) {
      TrainOptions options = options_of(Optimizer::adam, 4);
      options.decoupled = decoupled;
      options.train_global_bias = true;
      options.clip_norm = 0.5f;
      compare({.users = 60, .items = 70, .ratings = 120, .dim = dim, .features = 6}, options,
              {.on_touch = true, .regularization = 0.02f, .tolerance = 1e-4});
    }
  }
}

TEST(train_batch_has_nothing_to_do_without_ratings) {
  compare({.users = 3, .items = 2, .ratings = 0, .dim = 4}, options_of(Optimizer::adam, 0));
}

}  // namespace
}  // namespace palate
