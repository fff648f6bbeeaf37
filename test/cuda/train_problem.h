// Random training problems with all that the training kernels take, to run on the processor and on the emulator.
#pragma once

#include <atomic>
#include <cstdint>
#include <vector>

#include "core/grid.h"
#include "harness.h"
#include "kernels/train.h"

namespace palate::test {

struct ProblemShape {
  std::uint32_t users = 14;
  std::uint32_t items = 19;
  std::uint32_t ratings = 120;
  std::uint32_t dim = 5;
  std::uint32_t features = 0;  // shared: the first half of them belongs to users, the second to items
  std::uint64_t seed = 1;
};

// Ratings as CSR by user, without repeated pairs.
struct Ratings {
  std::vector<std::uint32_t> offsets, users, items;
  std::vector<float> values;
};
Ratings draw_ratings(const ProblemShape& shape);

// One training's parameters and optimizer state on the host.
class Model {
 public:
  Model(const ProblemShape& shape, const TrainOptions& options);

  // Pointers into this model; `device` is nullptr for the processor.
  TrainState state(DeviceMemory* device);
  // Rows stand at step 0 of an epoch.
  void start_steps();
  // Parameters and optimizer state, one after the other.
  std::vector<float> values() const;

  float regularization = 0;  // of users, items and features
  float global_bias = 0.25f;

 private:
  struct Table {
    std::vector<float> factors, factors_first, factors_second, biases, biases_first, biases_second;
    std::vector<std::uint32_t> last_step;
  };
  struct Lists {
    std::vector<std::uint32_t> offsets, features;
    std::vector<float> weights;
  };

  void fill(Table& table, std::uint32_t rows, Random& random);
  void draw_lists(Lists& lists, std::uint32_t rows, std::uint32_t first, std::uint32_t count, Random& random);
  ParameterTable view(Table& table) const;

  ProblemShape shape_;
  TrainOptions options_;
  std::uint32_t stride_;
  Table users_, items_, features_;
  Lists user_lists_, item_lists_;
};

// Arrays that an epoch in blocks takes.
class Blocks {
 public:
  Blocks(const ProblemShape& shape, const Ratings& ratings, const GridPlan& plan);

  // Of the grid, its strata in random order.
  EpochCall call(float learning_rate);
  // Of an epoch of batches.
  std::uint32_t steps() const { return grid_.steps(); }
  // The same ratings in the order in which a device serialises them, as one block.
  EpochCall serial_call(float learning_rate);

 private:
  void serialise();

  Pool pool_{1};
  Grid grid_;
  std::vector<std::uint32_t> strata_;
  std::vector<float> user_shares_, item_shares_, feature_shares_;
  std::vector<float> scratch_;
  std::vector<double> losses_;
  std::size_t scratch_stride_ = 0;
  std::vector<std::size_t> serial_blocks_;
  std::vector<std::uint32_t> serial_users_, serial_items_;
  std::vector<float> serial_values_;
  std::uint32_t serial_stratum_ = 0;
  std::atomic<std::int32_t> cancel_{0};
};

// |difference| of losses, relative.
void expect_same_loss(const EpochLoss& actual, const EpochLoss& expected, double tolerance, const char* file, int line);

}  // namespace palate::test

#define EXPECT_SAME_LOSS(actual, expected, tolerance) \
  ::palate::test::expect_same_loss(actual, expected, tolerance, __FILE__, __LINE__)
