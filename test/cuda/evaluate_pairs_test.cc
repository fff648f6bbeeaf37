// Losses of pairs against the processor's kernel.
#include "train_problem.h"

#define KERNEL_NS k_base
#include "kernels/level.h"

namespace palate {
namespace {

using test::Model;
using test::ProblemShape;

void compare(const ProblemShape& shape, TrainOptions options, std::size_t size) {
  options.range_min = 0.5f;
  options.range_max = 5.0f;
  Model model(shape, options);
  DeviceMemory device(0);
  TrainState state = model.state(&device);
  TrainState expected_state = model.state(nullptr);
  test::Random random(size);
  std::vector<std::uint32_t> users(size);
  std::vector<std::uint32_t> items(size);
  std::vector<float> values(size);
  for (std::size_t n = 0; n < size; ++n) {
    users[n] = random.below(shape.users);
    items[n] = random.below(shape.items);
    values[n] = random.uniform(0.5f, 5.0f);
  }
  std::vector<double> partial(2 * (size / kPairsChunk + 1));
  PairsCall call;
  call.users = users.data();
  call.items = items.data();
  call.values = values.data();
  call.size = size;
  call.partial = partial.data();
  std::vector<float> combined_users(std::size_t{shape.users} * state.stride);
  std::vector<float> combined_items(std::size_t{shape.items} * state.stride);
  std::vector<float> user_biases(shape.users);
  std::vector<float> item_biases(shape.items);
  if (shape.features != 0) {
    call.combined_users = combined_users.data();
    call.combined_items = combined_items.data();
    call.combined_user_biases = user_biases.data();
    call.combined_item_biases = item_biases.data();
  }
  Pool pool(1);
  EpochLoss loss;
  EpochLoss expected;
  k_cuda::evaluate_pairs(state, call, pool, loss);
  EXPECT(device.status() == Status::ok);
  k_base::evaluate_pairs(expected_state, call, pool, expected);
  EXPECT_SAME_LOSS(loss, expected, 1e-6);
}

TEST(evaluate_pairs_has_any_number_of_pairs) {
  for (const std::size_t size : {0u, 1u, 31u, 33u, 129u, 1025u}) compare({.dim = 9}, {}, size);
}

TEST(evaluate_pairs_has_every_width_with_and_without_features) {
  for (const std::uint32_t dim : {1u, 31u, 33u, 129u}) {
    compare({.dim = dim}, {}, 100);
    TrainOptions options;
    for (const bool within_side : {false, true}) {
      options.within_side = within_side;
      compare({.dim = dim, .features = 7}, options, 100);
    }
  }
}

TEST(evaluate_pairs_has_every_loss) {
  TrainOptions options;
  options.link = Link::sigmoid;
  compare({.dim = 20}, options, 200);
  options.objective = Objective::logistic;
  compare({.dim = 20}, options, 200);
}

}  // namespace
}  // namespace palate
