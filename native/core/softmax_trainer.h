// Owns one training of the softmax model: parameters, optimizer state, pair counts, scratch and threads.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include "core/device.h"
#include "core/memory.h"
#include "core/pair_counts.h"
#include "core/parallel.h"
#include "core/softmax_parameters.h"
#include "core/status.h"
#include "core/target_blocks.h"
#include "core/view.h"
#include "kernels/softmax.h"

namespace palate {

// Borrowed arrays must outlive the trainer.
struct SoftmaxSetup {
  std::uint32_t num_items = 0;
  UserItems seen;
  UserItems valid;  // each user's items to predict from `seen`; no offsets: none
  double fractions[kPairParts] = {1, 0, 0};
  std::uint32_t dim = 0;
  std::uint32_t hidden = 0;
  std::uint32_t tables = 1;
  float dropout = 0;
  bool layer_norm = false;
  bool item_biases = false;
  bool self_mask = false;
  bool single_pairs = false;     // a row of a batch is one pair, not all pairs of an input
  std::uint32_t batch_size = 1;  // rows
  float regularization = 0;
  float beta1 = 0.9f;
  float beta2 = 0.999f;
  float epsilon = 1e-8f;
  float clip_norm = 0;
  std::uint64_t seed = 0;
  std::uint32_t threads = 1;
  DeviceChoice device;
};

// Losses are cross-entropies, means over pairs; NaN where there are no pairs.
struct SoftmaxResult {
  Status status = Status::ok;
  double seconds = 0;
  double train_loss = 0;
  double valid_loss = 0;
};

class SoftmaxTrainer {
 public:
  explicit SoftmaxTrainer(const SoftmaxSetup& setup);

  // Some buffer could not be allocated; the trainer must not be used.
  bool failed() const { return failed_; }

  // The first epoch counts the pairs. Epochs count from 0; raise either flag to stop between steps.
  SoftmaxResult run_epoch(std::uint32_t epoch, float learning_rate, const std::atomic<std::int32_t>& cancel,
                          const std::atomic<std::int32_t>& teardown);

  // The loss on the pairs set aside for testing, as valid_loss.
  SoftmaxResult score_test(const std::atomic<std::int32_t>& cancel, const std::atomic<std::int32_t>& teardown);

  std::uint64_t pairs(std::uint32_t part) const { return counts_->size(part); }
  const SoftmaxState& state() const { return state_; }

  std::size_t num_weights() const { return num_softmax_weights(state_); }

  // Brings the parameters back from the device, to be called before `read` and `write`.
  Status fetch();
  // Copies the parameters out, or back in; the optimizer's state stays.
  void read(const SoftmaxParameters& target) { exchange_parameters(state_, target, true); }
  void write(const SoftmaxParameters& source);
  const Device& device() const { return device_; }

 private:
  struct Array {
    Buffer<float> values, first, second, gradient;
  };
  struct Flags;

  void allocate(Array& owner, SoftmaxArray& array, std::size_t size, bool gradient);
  void lay_out();
  void initialise();
  void allocate_blocks();
  Status prepare(const Flags& flags);
  Status train(std::uint32_t epoch, float learning_rate, const Flags& flags, double& loss);
  Status evaluate(const TargetBlocks& blocks, std::uint64_t pairs, const Flags& flags, double& loss);
  Status arrange(PairCounts& counts, std::uint32_t part, TargetBlocks& blocks);
  Status run_steps(std::uint32_t epoch, float learning_rate, const Flags& flags, double& total);
  Status settle(double& total);
  Status take_step(float learning_rate, const Flags& flags, double& total);
  void order_blocks(std::uint32_t epoch);
  std::size_t next_counts(const TargetBlocks& blocks, std::size_t begin, std::uint32_t most);
  void next_pairs(const Permutation& order, std::uint64_t begin);
  void start_step(float learning_rate);

  SoftmaxSetup setup_;
  Device device_;
  SoftmaxState state_;
  Array inputs_, outputs_, biases_, dense_;
  std::unique_ptr<PairCounts> counts_, valid_counts_;
  TargetBlocks train_, valid_, test_;
  bool prepared_ = false;
  std::vector<std::uint32_t> order_;  // blocks
  SoftmaxBatch batch_;
  Buffer<std::uint32_t> batch_items_;
  Buffer<float> batch_totals_;
  std::vector<SoftmaxTargets> targets_, placed_targets_;
  Buffer<std::uint32_t> pair_entries_, pair_ends_;  // of single pairs
  SoftmaxScratch scratch_;
  std::vector<SoftmaxBlock> blocks_;
  Buffer<float> block_memory_;
  Buffer<std::uint32_t> first_row_;
  Buffer<double> norms_, row_losses_;
  std::vector<SoftmaxRow> rows_;
  double power1_ = 1;  // beta1^step
  double power2_ = 1;
  std::uint64_t step_ = 0;
  Pool pool_;
  bool failed_ = false;
};

}  // namespace palate
