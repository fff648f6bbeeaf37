// Owns everything that a training by alternating least squares needs: rows of both sides, who has what both ways round,
// scratch, threads.
#pragma once

#include <atomic>
#include <cstdint>

#include "backend.h"
#include "core/device.h"
#include "core/memory.h"
#include "core/parallel.h"
#include "core/view.h"

namespace palate {

// Borrowed arrays must outlive the trainer.
struct AlsTrainerSetup {
  View<const std::uint32_t> offsets;  // positives, CSR by user
  View<const std::uint32_t> items;
  View<const float> weights;  // of the positives; empty: all are 1
  View<const std::uint32_t> valid_users;
  View<const std::uint32_t> valid_items;
  View<const float> valid_weights;  // empty: all are 1
  std::uint32_t num_items = 0;
  std::uint32_t dim = 0;
  AlsSolver solver = AlsSolver::blocks;
  std::uint32_t block = 0;  // columns, rounded up to whole vectors; 0: all of them
  std::uint32_t cg_steps = 0;
  float unobserved_weight = 0;
  float regularization = 0;
  float regularization_power = 0;
  float init_std = 0;
  std::uint64_t seed = 0;
  std::uint32_t threads = 1;
  DeviceChoice device;
};

struct AlsEpochResult {
  Status status = Status::ok;
  double seconds = 0;
  double train_loss = 0;  // the objective a positive
  double valid_loss = 0;  // of the validation pairs, with the term of all pairs a positive; 0 without
};

class AlsTrainer {
 public:
  explicit AlsTrainer(const AlsTrainerSetup& setup);

  // Some buffer could not be allocated; the trainer must not be used.
  bool failed() const { return failed_; }

  // Fits all users, then all items. Raise either flag to stop; the factors are then undefined.
  AlsEpochResult run_epoch(const std::atomic<std::int32_t>& cancel, const std::atomic<std::int32_t>& teardown);

  // Brings the factors back from the device, to be called before they are read.
  Status fetch();
  // Copy the factors, (users, dim) and (items, dim), without padding.
  void read_users(float* target) const { read(users_, target); }
  void read_items(float* target) const { read(items_, target); }
  const Device& device() const { return device_; }
  // The other way, before the first epoch: training goes on from these rows.
  void write_users(const float* source) { write(users_, source); }
  void write_items(const float* source) { write(items_, source); }
  std::uint32_t dim() const { return setup_.dim; }
  std::uint32_t num_users() const { return users_.rows; }
  std::uint32_t num_items() const { return items_.rows; }

 private:
  struct Side {
    std::uint32_t rows = 0;
    std::uint32_t longest = 0;
    const std::uint32_t* offsets = nullptr;  // (rows + 1)
    const std::uint32_t* others = nullptr;   // (positives)
    Buffer<float> factors;                   // (rows, stride)
    Buffer<float> penalties;                 // (rows)
    Buffer<float> roots;                     // (positives), empty without weights
    Buffer<float> gram;                      // (stride, stride)
  };

  bool allocate();
  void transpose();
  void initialise(Side& side, std::uint32_t other_rows, std::uint64_t stream);
  void form_gram(Side& side);
  Status fit(Side& side, const Side& fixed, const std::atomic<std::int32_t>& cancel,
             const std::atomic<std::int32_t>& teardown, AlsSums& sums);
  void read(const Side& side, float* target) const;
  void write(Side& side, const float* source);

  AlsTrainerSetup setup_;
  Device device_;
  std::uint32_t stride_ = 0;
  std::uint32_t block_ = 0;
  Pool pool_;
  Side users_, items_;
  Buffer<std::uint32_t> item_offsets_, item_users_;
  Buffer<float> valid_roots_, scratch_, shares_;
  Buffer<AlsSums> partial_;
  Buffer<double> pair_losses_;
  bool started_ = false;
  bool failed_ = false;
};

}  // namespace palate
