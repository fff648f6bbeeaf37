// Owns everything one training needs: parameters, optimizer state, layout of the ratings, threads.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>

#include "backend.h"
#include "core/adam_tables.h"
#include "core/batches.h"
#include "core/device.h"
#include "core/grid.h"
#include "core/memory.h"
#include "core/parallel.h"
#include "core/view.h"

namespace palate {

// Borrowed arrays must outlive the trainer.
struct TrainerSetup {
  std::uint32_t num_users = 0;
  std::uint32_t num_items = 0;
  std::uint32_t num_features = 0;
  std::uint32_t dim = 0;
  View<const std::uint32_t> offsets;  // CSR by user
  View<const std::uint32_t> items;
  View<const float> values;
  View<const std::uint32_t> valid_users;
  View<const std::uint32_t> valid_items;
  View<const float> valid_values;
  FeatureLists user_features;
  FeatureLists item_features;
  TrainOptions options;
  float regularization_user = 0;
  float regularization_item = 0;
  float regularization_feature = 0;
  float regularization_power = 0.5f;  // of row-wise training
  float global_bias = 0;
  float init_std = 0.1f;
  std::uint64_t seed = 0;
  std::uint32_t threads = 1;
  DeviceChoice device;
};

struct EpochResult {
  Status status = Status::ok;
  double seconds = 0;
  double train_loss = 0;
  double train_rmse = 0;
  double valid_loss = 0;
  double valid_rmse = 0;
};

class Trainer {
 public:
  explicit Trainer(const TrainerSetup& setup);

  // Some buffer could not be allocated; the trainer must not be used.
  bool failed() const { return failed_; }

  // Epochs count from 0. Raise either flag to stop between steps.
  EpochResult run_epoch(std::uint32_t epoch, float learning_rate, const std::atomic<std::int32_t>& cancel,
                        const std::atomic<std::int32_t>& teardown);

  // Brings the parameters back from the device, to be called before they are read.
  Status fetch();
  // Copies the rows of `dim` factors of a table, without padding.
  void read_factors(const ParameterTable& table, float* target) const;
  // The other way: training goes on from these rows. The optimizer's state stays.
  void write_factors(const ParameterTable& table, const float* source);
  void write_global_bias(float bias) { state_.global_bias = bias; }
  const TrainState& state() const { return state_; }
  const Device& device() const { return device_; }

 private:
  struct Table {
    Buffer<float> factors, factors_first, factors_second, biases, biases_first, biases_second;
    Buffer<std::uint32_t> last_step;
  };

  void allocate(Table& owner, ParameterTable& table, std::uint32_t rows, float regularization);
  void initialise(ParameterTable& table, std::uint64_t stream, const float* shares, float std_dev);
  void count_shares();
  void make_grid(const GridPlan& plan);
  void make_adam(std::uint32_t steps);
  void start_adam(EpochCall& call);
  void describe_blocks(EpochCall& call, std::uint32_t epoch);
  Status check_finite();

  TrainerSetup setup_;
  Device device_;
  TrainState state_;
  Table users_, items_, features_;
  Buffer<float> user_shares_, item_shares_, feature_shares_;
  std::unique_ptr<Grid> grid_;
  std::unique_ptr<AdamTables> adam_;
  std::unique_ptr<Batches> batches_;
  Buffer<float> block_scratch_;
  Buffer<double> block_losses_;
  Buffer<std::uint32_t> strata_;
  Buffer<std::uint32_t> slots_;
  std::size_t block_stride_ = 0;
  Buffer<float> combined_users_, combined_user_biases_, combined_items_, combined_item_biases_;
  Buffer<double> partial_;
  Pool pool_;
  bool failed_ = false;
};

}  // namespace palate
