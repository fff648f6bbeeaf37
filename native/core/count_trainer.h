// Owns everything a training on co-occurrence counts needs: counts, vectors, optimizer state, scratch, threads.
#pragma once

#include <atomic>
#include <cstdint>

#include "core/cooccurrence.h"
#include "core/device.h"

namespace palate {

// t(x) of factorize_counts.h.
enum class CountTarget : std::uint8_t { count, log };

// Borrowed arrays must outlive the trainer.
struct CountTrainerSetup {
  View<const std::uint32_t> offsets;  // likes, CSR by user
  View<const std::uint32_t> items;
  std::uint32_t num_items = 0;
  std::uint32_t dim = 0;
  FactorizeOptions options;
  CountTarget target = CountTarget::count;
  float count_cap = 0;    // of glove
  float count_power = 0;  // of glove
  float init_std = 0;
  std::uint64_t seed = 0;
  std::uint32_t threads = 1;
  DeviceChoice device;
};

struct CountEpochResult {
  Status status = Status::ok;
  double seconds = 0;
  double cost = 0;  // of the parameters that the epoch started from
};

class CountTrainer {
 public:
  explicit CountTrainer(const CountTrainerSetup& setup);

  // Some buffer could not be allocated; the trainer must not be used.
  bool failed() const { return failed_; }

  // One step on all counts, which the first epoch counts. Raise either flag to stop; the parameters are then undefined.
  CountEpochResult run_epoch(float learning_rate, const std::atomic<std::int32_t>& cancel,
                             const std::atomic<std::int32_t>& teardown);

  // Brings the vectors back from the device, to be called before they are read.
  Status fetch();
  // Copies the vectors, (num_items, dim), without padding.
  void read_vectors(float* target) const;
  // The other way: training goes on from these vectors.
  void write_vectors(const float* source);
  const FactorizeState& state() const { return state_; }
  const Device& device() const { return device_; }

 private:
  bool allocate();
  void initialise();
  Status prepare(const std::atomic<std::int32_t>& cancel, const std::atomic<std::int32_t>& teardown);
  bool tabulate();

  CountTrainerSetup setup_;
  Device device_;
  Cooccurrence counts_;
  Pool pool_;
  FactorizeState state_;
  FactorizeCall call_;
  Buffer<float> vectors_, first_, second_, biases_, biases_first_, biases_second_;
  Buffer<float> gradients_, bias_gradients_, user_sums_, gram_, residuals_, multiply_scratch_, targets_, weights_;
  Buffer<double> partial_;
  bool failed_ = false;
};

}  // namespace palate
