// Owns what training by BPR needs: both tables, biases, optimizer state, cells of the pairs, groups of items, threads.
#pragma once

#include <atomic>
#include <cstdint>
#include <vector>

#include "core/item_groups.h"
#include "core/memory.h"
#include "core/parallel.h"
#include "core/positive_cells.h"
#include "core/view.h"
#include "kernels/train_bpr.h"

namespace palate {

// What users have, CSR. Borrowed.
struct Positives {
  View<const std::uint32_t> offsets;  // (users + 1)
  View<const std::uint32_t> items;    // ascending for each user
};

// Borrowed arrays must outlive the trainer.
struct BprSetup {
  std::uint32_t num_users = 0;
  std::uint32_t num_items = 0;
  std::uint32_t dim = 0;
  Positives positives;
  Positives valid;  // to validate on; empty: none
  View<const double>
      noise;  // (num_items) weights of negatives; positive where a positive or a validation pair has the item
  Optimizer optimizer = Optimizer::sgd;
  bool biases = true;
  float bias_learning_rate = 1;  // multiple of the learning rate
  float regularization_user = 0;
  float regularization_item = 0;
  float regularization_bias = 0;
  float epsilon = 1e-8f;
  std::uint32_t negatives = 1;
  bool reject_seen = true;
  std::uint32_t pairs_per_chunk = 1u << 22;
  float init_std = 0.1f;
  std::uint64_t seed = 0;
  std::uint32_t threads = 1;
};

struct BprEpoch {
  Status status = Status::ok;
  double seconds = 0;
  double triples = 0;
  double train_loss = 0;  // means over triples
  double valid_loss = 0;
};

class BprTrainer {
 public:
  explicit BprTrainer(const BprSetup& setup);

  // Some buffer could not be allocated; the trainer must not be used.
  bool failed() const { return failed_; }

  // Epochs count from 0. Raise either flag to stop.
  BprEpoch run_epoch(std::uint32_t epoch, float learning_rate, const std::atomic<std::int32_t>& cancel,
                     const std::atomic<std::int32_t>& teardown);

  // Copies the rows of `dim` floats, without padding, and the biases.
  void read(float* user_factors, float* item_factors, float* item_biases) const;
  const BprSetup& setup() const { return setup_; }

 private:
  struct Losses {
    double sum = 0;
    double triples = 0;
  };

  void initialise();
  void mark_seen();
  bool finite();
  Status run_pairs(PositiveCells& cells, std::uint64_t seed, BprCall& call, Losses& losses);

  BprSetup setup_;
  std::uint32_t stride_;
  ItemGroups groups_;
  PositiveCells cells_;
  PositiveCells valid_cells_;
  Buffer<float> users_, items_, biases_;
  Buffer<float> users_first_, items_first_, biases_first_;  // AdaGrad alone
  Buffer<std::uint8_t> seen_bits_;
  std::vector<std::uint32_t> strata_;
  std::vector<std::uint64_t> seeds_;
  std::vector<double> block_losses_, block_triples_;
  Pool pool_;
  bool failed_ = false;
};

}  // namespace palate
