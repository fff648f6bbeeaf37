#include "core/batches.h"

#include <algorithm>
#include <numeric>

#include "core/rng.h"

namespace palate {

void Batches::Side::allocate(std::uint32_t num_rows, std::uint32_t batch, std::uint32_t stride, bool featured) {
  const std::size_t slots_at_most = std::min(num_rows, batch);
  gradient = Buffer<float>(slots_at_most * stride);
  gradient_bias = Buffer<float>(slots_at_most);
  norm = Buffer<double>(slots_at_most);
  slot_of_row = Buffer<std::uint32_t>(num_rows);
  rows = Buffer<std::uint32_t>(slots_at_most);
  ranges = Buffer<std::uint32_t>(slots_at_most + 1);
  if (!featured) return;
  combined = Buffer<float>(slots_at_most * stride);
  combined_bias = Buffer<float>(slots_at_most);
}

bool Batches::Side::failed() const {
  return gradient.failed() || gradient_bias.failed() || norm.failed() || slot_of_row.failed() || rows.failed() ||
         ranges.failed() || combined.failed() || combined_bias.failed();
}

SlotScratch Batches::Side::scratch() {
  SlotScratch s;
  s.combined = combined.data();
  s.combined_bias = combined_bias.data();
  s.gradient = gradient.data();
  s.gradient_bias = gradient_bias.data();
  s.norm = norm.data();
  s.slot_of_row = slot_of_row.data();
  return s;
}

void Batches::Side::forget() {
  for (std::uint32_t s = 0; s < slots; ++s) slot_of_row[rows[s]] = 0;
  slots = 0;
}

std::uint32_t Batches::Side::slot(std::uint32_t row) {
  std::uint32_t& known = slot_of_row[row];
  if (known == 0) {
    rows[slots] = row;
    ranges[slots] = 0;
    known = ++slots;
  }
  return known - 1;
}

// Counts in ranges[slot] become half-open ranges; ranges[slot] is left at the slot's end and is walked back
// to its begin by the scatter that follows.
void Batches::Side::count_to_ranges() {
  std::uint32_t total = 0;
  for (std::uint32_t s = 0; s < slots; ++s) {
    total += ranges[s];
    ranges[s] = total;
  }
  ranges[slots] = total;
}

Batches::Batches(View<const std::uint32_t> offsets, View<const std::uint32_t> items, View<const float> values,
                 const TrainState& state, std::uint32_t batch_size, bool segmented)
    : offsets_(offsets),
      items_(items),
      values_(values),
      batch_size_(batch_size == 0 ? static_cast<std::uint32_t>(items.size) : batch_size),
      full_(batch_size == 0 || batch_size >= items.size),
      featured_(state.features.rows != 0),
      user_of_(items.size),
      order_(items.size) {
  const std::uint32_t batch = static_cast<std::uint32_t>(std::min<std::size_t>(batch_size_, items.size));
  batch_size_ = batch;
  users_.allocate(state.users.rows, batch, state.stride, featured_);
  items_side_.allocate(state.items.rows, batch, state.stride, featured_);
  user_slots_ = Buffer<std::uint32_t>(batch);
  item_slots_ = Buffer<std::uint32_t>(batch);
  rating_vectors_ = Buffer<std::uint32_t>(batch);
  entry_ratings_ = Buffer<std::uint32_t>(batch);
  entry_vectors_ = Buffer<std::uint32_t>(batch);
  batch_values_ = Buffer<float>(batch);
  errors_ = Buffer<float>(batch);
  entry_errors_ = Buffer<float>(batch);
  losses_ = Buffer<double>(batch);
  squares_ = Buffer<double>(batch);
  feature_gradient_ = Buffer<float>(static_cast<std::size_t>(state.features.rows) * state.stride);
  feature_gradient_bias_ = Buffer<float>(state.features.rows);
  feature_norm_ = Buffer<double>(state.features.rows);
  feature_rows_ = Buffer<std::uint32_t>(state.features.rows);
  failed_ = user_of_.failed() || order_.failed() || users_.failed() || items_side_.failed() || user_slots_.failed() ||
            item_slots_.failed() || rating_vectors_.failed() || entry_ratings_.failed() || entry_vectors_.failed() ||
            batch_values_.failed() || errors_.failed() || entry_errors_.failed() || losses_.failed() ||
            squares_.failed() || feature_gradient_.failed() || feature_gradient_bias_.failed() ||
            feature_norm_.failed() || feature_rows_.failed();
  if (segmented) segments_ = std::make_unique<BatchSegments>(state, batch);
  failed_ = failed_ || (segmented && segments_->failed());
  if (failed_) return;
  for (std::uint32_t u = 0; u < state.users.rows; ++u) {
    for (std::uint32_t n = offsets[u]; n < offsets[u + 1]; ++n) user_of_[n] = u;
  }
  std::iota(order_.data(), order_.data() + order_.size(), 0u);
  source_.self = this;
  source_.next = [](void* self, BatchView& view) { return static_cast<Batches*>(self)->next(view); };
  if (segmented) {
    source_.next_segmented = [](void* self, SegmentedBatch& batch) {
      return static_cast<Batches*>(self)->next_segmented(batch);
    };
  }
  source_.scratch.users = users_.scratch();
  source_.scratch.items = items_side_.scratch();
  source_.scratch.feature_gradient = feature_gradient_.data();
  source_.scratch.feature_gradient_bias = feature_gradient_bias_.data();
  source_.scratch.feature_norm = feature_norm_.data();
  source_.scratch.feature_rows = feature_rows_.data();
  source_.scratch.errors = errors_.data();
  source_.scratch.entry_errors = entry_errors_.data();
  source_.scratch.losses = losses_.data();
  source_.scratch.squares = squares_.data();
}

void Batches::start(std::uint64_t seed, std::uint32_t epoch) {
  position_ = 0;
  done_ = false;
  if (full_) return;
  // From the natural order each time, so that an epoch's order depends on (seed, epoch) alone and a resumed
  // run sees what an uninterrupted one saw.
  std::iota(order_.data(), order_.data() + order_.size(), 0u);
  Rng rng(seed, (std::uint64_t{21} << 32) + epoch);
  for (std::size_t n = order_.size(); n > 1; --n) {
    std::swap(order_[n - 1], order_[rng.below(static_cast<std::uint32_t>(n))]);
  }
}

bool Batches::next(BatchView& batch) {
  const std::size_t total = items_.size;
  if (done_ || position_ >= total) return false;
  const std::size_t end = std::min<std::size_t>(total, position_ + batch_size_);
  if (!full_ || !grouped_) {
    users_.forget();
    items_side_.forget();
    group(position_, end);
    grouped_ = true;
  }
  position_ = end;
  done_ = full_;
  batch = view_;
  return true;
}

bool Batches::next_segmented(SegmentedBatch& batch) {
  const bool known = full_ && grouped_;
  BatchView view;
  if (!next(view)) return false;
  if (!known) segmented_ = segments_->cut(view);
  segmented_.kept = known;
  batch = segmented_;
  return true;
}

void Batches::group(std::size_t begin, std::size_t end) {
  const std::uint32_t size = static_cast<std::uint32_t>(end - begin);
  const std::uint32_t* order = order_.data() + begin;
  for (std::uint32_t p = 0; p < size; ++p) {
    user_slots_[p] = users_.slot(user_of_[order[p]]);
    item_slots_[p] = items_side_.slot(items_[order[p]]);
    ++users_.ranges[user_slots_[p]];
    ++items_side_.ranges[item_slots_[p]];
  }
  users_.count_to_ranges();
  items_side_.count_to_ranges();
  // Backwards, so that equal slots keep the order of the epoch.
  for (std::uint32_t p = size; p-- > 0;) {
    const std::uint32_t n = --users_.ranges[user_slots_[p]];
    batch_values_[n] = values_[order[p]];
    rating_vectors_[n] = item_slots_[p];
  }
  for (std::uint32_t user_slot = users_.slots; user_slot-- > 0;) {
    for (std::uint32_t n = users_.ranges[user_slot + 1]; n-- > users_.ranges[user_slot];) {
      const std::uint32_t item_slot = rating_vectors_[n];
      const std::uint32_t entry = --items_side_.ranges[item_slot];
      entry_ratings_[entry] = n;
      entry_vectors_[entry] = featured_ ? user_slot : users_.rows[user_slot];
      if (!featured_) rating_vectors_[n] = items_side_.rows[item_slot];
    }
  }
  view_.size = size;
  view_.num_users = users_.slots;
  view_.num_items = items_side_.slots;
  view_.user_rows = users_.rows.data();
  view_.item_rows = items_side_.rows.data();
  view_.user_ranges = users_.ranges.data();
  view_.item_ranges = items_side_.ranges.data();
  view_.rating_vectors = rating_vectors_.data();
  view_.values = batch_values_.data();
  view_.entry_ratings = entry_ratings_.data();
  view_.entry_vectors = entry_vectors_.data();
}

}  // namespace palate
