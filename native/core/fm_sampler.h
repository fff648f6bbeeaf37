// Owns what the Gibbs sampler of a Bayesian factorisation machine needs: the sample, layouts of the ratings, running
// sums, threads.
#pragma once

#include <atomic>
#include <cstdint>

#include "backend.h"
#include "core/memory.h"
#include "core/parallel.h"
#include "core/view.h"

namespace palate {

// Shared features of the rows of one side: field after field, of sizes[f] labels, numbered through.
struct SamplerFeatures {
  View<const std::uint32_t> sizes;
  View<const std::uint32_t> offsets;  // (rows + 1)
  View<const std::uint32_t> features;
  View<const float> weights;

  std::uint32_t count() const;
};

// Borrowed arrays must outlive the sampler.
struct SamplerSetup {
  std::uint32_t num_users = 0;
  std::uint32_t num_items = 0;
  std::uint32_t dim = 0;
  View<const std::uint32_t> offsets;  // ratings by user: (num_users + 1), (size), (size), (size)
  View<const std::uint32_t> items;
  View<const float> ratings;
  View<const std::uint32_t> query_rows;
  // Of ordinal ratings: category of each, in the same order, and the rating that each category stands for, ascending;
  // empty where ratings are numbers.
  View<const std::uint8_t> categories;
  View<const double> category_values;
  SamplerFeatures user_features, item_features;
  // Levels of moments, one after the other.
  View<const std::uint32_t> level_sizes;    // (levels) labels of each
  View<const std::uint32_t> level_users;    // (levels, num_users + 1)
  View<const std::uint32_t> level_offsets;  // labels + 1 of each
  View<const std::uint32_t> level_parents;  // labels of each
  View<const std::uint32_t> valid_queries;
  View<const std::uint32_t> valid_items;
  View<const float> valid_ratings;
  float range_min = 0;  // validation clips predictions to it
  float range_max = 0;
  float global_bias = 0;
  float init_std = 0.1f;
  std::uint32_t range = 0;    // columns of the sketches
  std::uint32_t corange = 0;  //
  std::uint64_t seed = 0;
  std::uint32_t threads = 1;

  std::uint32_t num_labels() const;
  std::uint32_t num_features() const {
    return num_users + user_features.count() + num_items + item_features.count() + num_labels();
  }
};

struct SweepResult {
  Status status = Status::ok;
  double seconds = 0;
  double train_loss = 0;  // mean squared error of this sample; of ordinal ratings minus their mean log-likelihood
  double valid_loss = 0;  // of the mean score of the kept samples, or of this one where none is
  double valid_rmse = 0;  // the same, clipped to the range
};

class FmSampler {
 public:
  explicit FmSampler(const SamplerSetup& setup);

  // Some buffer could not be allocated; the sampler must not be used.
  bool failed() const { return failed_; }

  // Sweeps count from 0. `keep` adds the sample to the running sums. Raise either flag to stop between factors.
  SweepResult run_sweep(std::uint32_t sweep, bool keep, const std::atomic<std::int32_t>& cancel,
                        const std::atomic<std::int32_t>& teardown);

  const SampleState& state() const { return state_; }
  const SketchCall& sums() const { return sketch_; }
  std::uint32_t samples() const { return samples_; }  // kept
  double noise_sum() const { return noise_sum_; }     // of their variances of the noise
  // (categories - 1) sums of their cutpoints.
  const Buffer<double>& cutpoint_sums() const { return cutpoint_sums_; }

 private:
  // A side's order of the ratings, lists of features both ways, and figures.
  struct Side {
    Buffer<std::uint32_t> offsets, others, positions, chunks, row_offsets, feature_offsets, feature_rows;
    Buffer<float> feature_weights, q;
    Buffer<RowStats> stats;
  };

  void make_users();
  void make_items();
  void cut(Side& owner, SampleSide& side);
  void list_features(Side& owner, SampleSide& side, const SamplerFeatures& lists);
  void make_levels();
  void make_fields();
  void make_sample();
  void make_sums();
  void make_categories();
  void add_cutpoints();
  double shown(double score) const;
  void validate(SweepResult& result);
  template <typename T>
  T* allocate(Buffer<T>& buffer, std::size_t count);

  SamplerSetup setup_;
  SampleState state_;
  SketchCall sketch_;
  Side users_, items_;
  Buffer<SampleField> fields_;
  Buffer<float> active_, errors_, moments_, values_, normals_, means_, precisions_, query_factors_, query_biases_,
      item_factors_, item_biases_, by_feature_, norms_, query_sketch_, item_sketch_, products_;
  Buffer<double> partial_, query_bias_sums_, item_bias_sums_, valid_scores_, cutpoint_sums_;
  Buffer<float> category_bounds_;
  Buffer<CategorySums> category_sums_;
  Pool pool_;
  std::uint32_t samples_ = 0;
  double noise_sum_ = 0;
  bool failed_ = false;
};

}  // namespace palate
