// Owns what training on item pairs needs: both tables, the pairs of a chunk, groups of items, threads.
#pragma once

#include <atomic>
#include <cstdint>
#include <vector>

#include "core/device.h"
#include "core/item_groups.h"
#include "core/item_pairs.h"
#include "core/memory.h"
#include "core/parallel.h"
#include "core/view.h"

namespace palate {

// Borrowed arrays must outlive the trainer.
struct ItemPairSetup {
  std::uint32_t num_items = 0;
  std::uint32_t dim = 0;
  Histories histories;
  View<const float> chances;             // (num_items) of `ItemPairs`; empty: all interactions take part in all epochs
  View<const std::uint32_t> seen_items;  // items of the histories, ascending in each; for reject_seen
  Histories valid;                       // histories to validate on; empty: none
  View<const double> noise;              // (num_items) weights of negatives; positive where a history has the item
  View<const float> log_noise;           // (num_items) their logarithms for sampled softmax; empty: no correction
  PairObjective objective = PairObjective::negative_sampling;
  PairPlan plan;
  std::uint32_t negatives = 5;
  bool reject_seen = false;
  float init_std = 0.01f;
  std::uint64_t seed = 0;
  std::uint32_t threads = 1;
  DeviceChoice device;
};

struct ItemPairEpoch {
  Status status = Status::ok;
  double seconds = 0;
  double pairs = 0;
  double train_loss = 0;  // means over pairs
  double valid_loss = 0;
};

class ItemPairTrainer {
 public:
  explicit ItemPairTrainer(const ItemPairSetup& setup);

  // Some buffer could not be allocated; the trainer must not be used.
  bool failed() const { return failed_; }

  // Epochs count from 0. The learning rate falls from `rate` to `last_rate` in steps of a stratum. Raise either flag
  // to stop.
  ItemPairEpoch run_epoch(std::uint32_t epoch, float rate, float last_rate, const std::atomic<std::int32_t>& cancel,
                          const std::atomic<std::int32_t>& teardown);

  // Brings the rows back from the device, to be called before they are read.
  Status fetch();
  // Copies the rows of `dim` floats, without padding.
  void read(float* inputs, float* outputs) const;
  // The other way: training goes on from these rows.
  void write(const float* inputs, const float* outputs);
  std::uint32_t num_items() const { return setup_.num_items; }
  std::uint32_t dim() const { return setup_.dim; }
  const Device& device() const { return device_; }

 private:
  struct Losses {
    double sum = 0;
    double pairs = 0;
  };

  // What of an epoch's learning rate a chunk takes.
  struct RateSpan {
    float first = 0;
    float last = 0;
  };

  void initialise();
  Status run_chunk(ItemPairs& pairs, std::uint32_t chunk, std::uint64_t seed, const RateSpan& span, ItemPairsCall& call,
                   Losses& losses);
  void set_rates(const RateSpan& span, std::uint32_t round, std::uint32_t rounds);

  ItemPairSetup setup_;
  Device device_;
  std::uint32_t stride_;
  ItemGroups groups_;
  ItemPairs pairs_;
  ItemPairs valid_pairs_;
  Buffer<float> inputs_, outputs_, scratch_;
  std::vector<std::uint32_t> strata_;
  std::vector<float> rates_;
  std::vector<std::uint64_t> seeds_;
  std::vector<double> block_losses_;
  Pool pool_;
  bool failed_ = false;
};

}  // namespace palate
