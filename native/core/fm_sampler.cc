#include "core/fm_sampler.h"

#include <algorithm>
#include <chrono>
#include <cmath>

#include "core/float_mode.h"

namespace palate {
namespace {

constexpr std::uint32_t kFloatsOfLanes = 16;
constexpr std::uint32_t kSideChunks = 64;  // shares of the work, for any number of threads

}  // namespace

std::uint32_t SamplerFeatures::count() const {
  std::uint32_t total = 0;
  for (std::size_t f = 0; f < sizes.size; ++f) total += sizes[f];
  return total;
}

std::uint32_t SamplerSetup::num_labels() const {
  std::uint32_t total = 0;
  for (std::size_t l = 0; l < level_sizes.size; ++l) total += level_sizes[l];
  return total;
}

template <typename T>
T* FmSampler::allocate(Buffer<T>& buffer, std::size_t count) {
  buffer = Buffer<T>(count);
  failed_ = failed_ || buffer.failed();
  return buffer.data();
}

FmSampler::FmSampler(const SamplerSetup& setup) : setup_(setup), pool_(setup.threads) {
  state_.dim = setup.dim;
  state_.stride = (setup.dim + kFloatsOfLanes - 1) / kFloatsOfLanes * kFloatsOfLanes;
  state_.size = static_cast<std::uint32_t>(setup.items.size);
  state_.num_features = setup.num_features();
  state_.num_levels = static_cast<std::uint32_t>(setup.level_sizes.size);
  state_.users.num_fields = static_cast<std::uint32_t>(setup.user_features.sizes.size) + 1;
  state_.items.num_fields = static_cast<std::uint32_t>(setup.item_features.sizes.size) + 1;
  state_.items.first_field = state_.users.num_fields;
  state_.num_fields = state_.users.num_fields + state_.items.num_fields + state_.num_levels;
  state_.ratings = setup.ratings.data;
  state_.query_rows = setup.query_rows.data;
  state_.global_bias = setup.global_bias;
  make_users();
  if (!failed_) make_items();
  if (!failed_) list_features(users_, state_.users, setup_.user_features);
  if (!failed_) list_features(items_, state_.items, setup_.item_features);
  make_levels();
  if (!failed_) make_fields();
  if (!failed_) make_sample();
  if (!failed_) make_sums();
  if (!failed_) make_categories();
  if (failed_) return;
  const FlushDenormals flush;
  cpu_backend().start_samples(state_, setup_.seed, setup_.init_std, pool_);
}

void FmSampler::make_users() {
  SampleSide& side = state_.users;
  side.rows = setup_.num_users;
  side.offsets = setup_.offsets.data;
  side.others = setup_.items.data;
  cut(users_, side);
}

void FmSampler::make_items() {
  SampleSide& side = state_.items;
  side.rows = setup_.num_items;
  std::uint32_t* offsets = allocate(items_.offsets, std::size_t{side.rows} + 1);
  std::uint32_t* others = allocate(items_.others, state_.size);
  std::uint32_t* positions = allocate(items_.positions, state_.size);
  if (failed_) return;
  for (std::uint32_t t = 0; t < state_.size; ++t) ++offsets[setup_.items[t] + 1];
  for (std::uint32_t item = 0; item < side.rows; ++item) offsets[item + 1] += offsets[item];
  for (std::uint32_t user = 0; user < setup_.num_users; ++user) {
    for (std::uint32_t t = setup_.offsets[user]; t < setup_.offsets[user + 1]; ++t) {
      const std::uint32_t at = offsets[setup_.items[t]]++;
      others[at] = user;
      positions[at] = t;
    }
  }
  for (std::uint32_t item = side.rows; item > 0; --item) offsets[item] = offsets[item - 1];
  offsets[0] = 0;
  side.offsets = offsets;
  side.others = others;
  side.positions = positions;
  cut(items_, side);
}

// Rows in shares of about equal work.
void FmSampler::cut(Side& owner, SampleSide& side) {
  std::uint32_t* chunks = allocate(owner.chunks, kSideChunks + 1);
  side.stats = allocate(owner.stats, side.rows);
  side.q = allocate(owner.q, std::size_t{side.rows} * state_.dim);
  if (failed_) return;
  const std::uint64_t work = std::uint64_t{state_.size} + side.rows;
  std::uint32_t row = 0;
  for (std::uint32_t chunk = 0; chunk <= kSideChunks; ++chunk) {
    while (row < side.rows && (std::uint64_t{side.offsets[row]} + row) * kSideChunks < work * chunk) ++row;
    chunks[chunk] = row;
  }
  chunks[kSideChunks] = side.rows;
  side.chunks = chunks;
  side.num_chunks = kSideChunks;
}

// The lists by row as they are, numbered among all features; and by feature, of the rows with ratings alone: the others
// have no figures.
void FmSampler::list_features(Side& owner, SampleSide& side, const SamplerFeatures& lists) {
  const bool is_item = &side == &state_.items;
  const std::uint32_t ids = is_item ? setup_.num_users + setup_.user_features.count() : 0;
  const std::uint32_t count = lists.count();
  side.first_listed = ids + side.rows;
  std::uint32_t* offsets = allocate(owner.feature_offsets, std::size_t{count} + 1);
  std::uint32_t* rows = allocate(owner.feature_rows, lists.features.size);
  float* weights = allocate(owner.feature_weights, lists.features.size);
  std::uint32_t* numbered = allocate(owner.row_offsets, std::size_t{side.rows} + 1 + lists.features.size);
  if (failed_) return;
  side.row_offsets = numbered;
  std::uint32_t* features = numbered + side.rows + 1;
  side.row_features = features;
  side.row_weights = lists.weights.data;
  side.feature_offsets = offsets;
  side.feature_rows = rows;
  side.feature_weights = weights;
  if (lists.features.empty()) return;
  const auto rated = [&side](std::uint32_t row) { return side.offsets[row] < side.offsets[row + 1]; };
  std::copy_n(lists.offsets.data, std::size_t{side.rows} + 1, numbered);
  for (std::uint32_t row = 0; row < side.rows; ++row) {
    for (std::uint32_t n = numbered[row]; n < numbered[row + 1]; ++n) {
      features[n] = side.first_listed + lists.features[n];
      if (rated(row)) ++offsets[lists.features[n] + 1];
    }
  }
  for (std::uint32_t feature = 0; feature < count; ++feature) offsets[feature + 1] += offsets[feature];
  for (std::uint32_t row = 0; row < side.rows; ++row) {
    if (!rated(row)) continue;
    for (std::uint32_t n = numbered[row]; n < numbered[row + 1]; ++n) {
      const std::uint32_t at = offsets[lists.features[n]]++;
      rows[at] = row;
      weights[at] = lists.weights[n];
    }
  }
  for (std::uint32_t feature = count; feature > 0; --feature) offsets[feature] = offsets[feature - 1];
  offsets[0] = 0;
}

void FmSampler::make_levels() {
  std::uint32_t feature = state_.num_features - setup_.num_labels();
  const std::uint32_t* offsets = setup_.level_offsets.data;
  const std::uint32_t* parents = setup_.level_parents.data;
  for (std::uint32_t l = 0; l < state_.num_levels; ++l) {
    SampleLevel& level = state_.levels[l];
    level.labels = setup_.level_sizes[l];
    level.first_feature = feature;
    level.user_labels = setup_.level_users.data + (std::size_t{setup_.num_users} + 1) * l;
    level.offsets = offsets;
    level.parents = parents;
    feature += level.labels;
    offsets += level.labels + 1;
    parents += level.labels;
  }
}

// Fields in the order of their features, and which features have ratings.
void FmSampler::make_fields() {
  SampleField* fields = allocate(fields_, state_.num_fields);
  float* active = allocate(active_, state_.num_features);
  if (failed_) return;
  std::uint32_t field = 0;
  std::uint32_t feature = 0;
  const auto add = [&](std::uint32_t size, auto is_active) {
    fields[field].begin = feature;
    for (std::uint32_t label = 0; label < size; ++label, ++feature) {
      active[feature] = is_active(label) ? 1.0f : 0.0f;
      if (is_active(label)) ++fields[field].active;
    }
    fields[field++].end = feature;
  };
  for (const auto& [side, lists] :
       {std::pair{&state_.users, &setup_.user_features}, std::pair{&state_.items, &setup_.item_features}}) {
    add(side->rows, [s = side](std::uint32_t row) { return s->offsets[row] < s->offsets[row + 1]; });
    for (std::size_t f = 0; f < lists->sizes.size; ++f) {
      const std::uint32_t* offsets = side->feature_offsets + (feature - side->first_listed);
      add(lists->sizes[f], [offsets](std::uint32_t label) { return offsets[label] < offsets[label + 1]; });
    }
  }
  for (std::uint32_t l = 0; l < state_.num_levels; ++l)
    add(state_.levels[l].labels, [](std::uint32_t) { return true; });
  state_.fields = fields;
  state_.active = active;
}

void FmSampler::make_sample() {
  const std::size_t dim = state_.dim;
  const std::size_t features = state_.num_features;
  state_.num_queries = setup_.num_users + setup_.num_labels();
  state_.errors = allocate(errors_, state_.size);
  state_.moments = allocate(moments_, state_.size);
  state_.values = allocate(values_, (dim + 1) * features);
  state_.normals = allocate(normals_, features);
  state_.means = allocate(means_, (dim + 1) * state_.num_fields);
  state_.precisions = allocate(precisions_, (dim + 1) * state_.num_fields);
  state_.query_factors = allocate(query_factors_, std::size_t{state_.num_queries} * state_.stride);
  state_.query_biases = allocate(query_biases_, state_.num_queries);
  state_.item_factors = allocate(item_factors_, std::size_t{setup_.num_items} * state_.stride);
  state_.item_biases = allocate(item_biases_, setup_.num_items);
  state_.by_feature = allocate(by_feature_, features * state_.stride);
  state_.norms = allocate(norms_, features);
  state_.partial = allocate(partial_, 2 * kSideChunks);
}

void FmSampler::make_sums() {
  sketch_.seed = setup_.seed;
  sketch_.range = setup_.range;
  sketch_.corange = setup_.corange;
  sketch_.query_sketch = allocate(query_sketch_, std::size_t{state_.num_queries} * setup_.range);
  sketch_.item_sketch = allocate(item_sketch_, std::size_t{setup_.num_items} * setup_.corange);
  sketch_.products = allocate(products_, std::size_t{2} * state_.stride * std::max(setup_.range, setup_.corange));
  sketch_.query_biases = allocate(query_bias_sums_, state_.num_queries);
  sketch_.item_biases = allocate(item_bias_sums_, setup_.num_items);
  allocate(valid_scores_, setup_.valid_items.size);
}

void FmSampler::make_categories() {
  SampleCategories& categories = state_.categories;
  categories.count = static_cast<std::uint32_t>(setup_.category_values.size);
  if (categories.count == 0) return;
  categories.of_ratings = setup_.categories.data;
  categories.bounds = allocate(category_bounds_, std::size_t{categories.count} + 1);
  categories.partial = allocate(category_sums_, kSideChunks);
  allocate(cutpoint_sums_, categories.count - 1);
}

void FmSampler::add_cutpoints() {
  for (std::size_t k = 0; k < cutpoint_sums_.size(); ++k)
    cutpoint_sums_[k] += static_cast<double>(state_.categories.bounds[k + 1]);
}

// A mean score as a prediction: the mean of the categories' values under it, or clipped to the range.
double FmSampler::shown(double score) const {
  if (state_.categories.count == 0)
    return std::clamp(score, static_cast<double>(setup_.range_min), static_cast<double>(setup_.range_max));
  double rating = setup_.category_values[0];
  for (std::size_t k = 0; k < cutpoint_sums_.size(); ++k) {
    const double cutpoint =
        samples_ == 0 ? static_cast<double>(state_.categories.bounds[k + 1]) : cutpoint_sums_[k] / samples_;
    const double above = 0.5 * std::erfc((cutpoint - score) * 0.70710678118654752);
    rating += (setup_.category_values[k + 1] - setup_.category_values[k]) * above;
  }
  return rating;
}

SweepResult FmSampler::run_sweep(std::uint32_t sweep, bool keep, const std::atomic<std::int32_t>& cancel,
                                 const std::atomic<std::int32_t>& teardown) {
  const auto start = std::chrono::steady_clock::now();
  const FlushDenormals flush;
  SweepCall call;
  call.seed = setup_.seed;
  call.sweep = sweep;
  call.cancel = &cancel;
  call.teardown = &teardown;
  SweepResult result;
  result.status = cpu_backend().sample_fm(state_, call, pool_);
  if (result.status == Status::ok) {
    const bool ordinal = state_.categories.count != 0;
    result.train_loss = (ordinal ? -state_.categories.sums.log_likelihood : state_.error_squares) / state_.size;
    if (setup_.valid_items.size != 0) {
      SampleScores scores;
      scores.queries = setup_.valid_queries.data;
      scores.items = setup_.valid_items.data;
      scores.scores = valid_scores_.data();
      scores.size = static_cast<std::uint32_t>(setup_.valid_items.size);
      // What is not kept counts only until something is.
      scores.add = keep && samples_ != 0;
      if (keep || samples_ == 0) cpu_backend().score_sample(state_, scores, pool_);
    }
    if (keep) {
      cpu_backend().sketch_samples(state_, sketch_, pool_);
      ++samples_;
      add_cutpoints();
      noise_sum_ += 1 / static_cast<double>(state_.precision);
    }
    validate(result);
  }
  result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return result;
}

void FmSampler::validate(SweepResult& result) {
  const std::size_t size = setup_.valid_items.size;
  if (size == 0) return;
  const double share = 1.0 / std::max(1u, samples_);
  const bool ordinal = state_.categories.count != 0;
  double squares = 0;
  double clipped = 0;
  for (std::size_t n = 0; n < size; ++n) {
    const double rating = static_cast<double>(setup_.valid_ratings[n]);
    const double score = valid_scores_[n] * share;
    const double prediction = shown(score);
    const double raw = ordinal ? prediction : score;
    squares += (raw - rating) * (raw - rating);
    clipped += (prediction - rating) * (prediction - rating);
  }
  result.valid_loss = squares / static_cast<double>(size);
  result.valid_rmse = std::sqrt(clipped / static_cast<double>(size));
}

}  // namespace palate
