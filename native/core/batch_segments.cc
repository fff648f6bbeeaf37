#include "core/batch_segments.h"

#include <algorithm>
#include <cstring>

namespace palate {
namespace {

// Features of one row at most.
std::size_t longest_list(const FeatureLists& lists, std::uint32_t rows) {
  std::size_t longest = 0;
  if (lists.empty()) return longest;
  for (std::uint32_t row = 0; row < rows; ++row)
    longest = std::max<std::size_t>(longest, lists.offsets[row + 1] - lists.offsets[row]);
  return longest;
}

// Words of segments_of().
std::size_t segment_words(std::size_t slots, std::size_t entries) {
  const std::size_t segments = slots + entries / kSegmentSize;
  return 2 * segments + 1 + slots + 1;
}

std::size_t words_of(const TrainState& state, std::size_t batch) {
  const std::size_t users = std::min<std::size_t>(state.users.rows, batch);
  const std::size_t items = std::min<std::size_t>(state.items.rows, batch);
  const std::size_t features = state.features.rows;
  std::size_t words = 2 * (users + items + 1) + 4 * batch + segment_words(users, batch) + segment_words(items, batch);
  if (features == 0) return words;
  const std::size_t entries = users * longest_list(state.user_features, state.users.rows) +
                              items * longest_list(state.item_features, state.items.rows);
  return words + features + 1 + 2 * entries + segment_words(features, entries);
}

}  // namespace

BatchSegments::BatchSegments(const TrainState& state, std::uint32_t batch)
    : state_(state), words_(words_of(state, batch)), positions_(state.features.rows) {}

std::uint32_t* BatchSegments::take(std::size_t count) {
  std::uint32_t* words = words_.data() + used_;
  used_ += count;
  return words;
}

const std::uint32_t* BatchSegments::copy(const std::uint32_t* source, std::size_t count) {
  std::uint32_t* words = take(count);
  std::copy_n(source, count, words);
  return words;
}

SegmentLists BatchSegments::segments_of(const std::uint32_t* ranges, std::uint32_t slots) {
  SegmentLists lists;
  std::uint32_t* slot_segments = take(std::size_t{slots} + 1);
  for (std::uint32_t slot = 0; slot < slots; ++slot) {
    slot_segments[slot] = lists.count;
    lists.count += (ranges[slot + 1] - ranges[slot] + kSegmentSize - 1) / kSegmentSize;
  }
  slot_segments[slots] = lists.count;
  std::uint32_t* starts = take(std::size_t{lists.count} + 1);
  std::uint32_t* slot_of = take(lists.count);
  for (std::uint32_t slot = 0; slot < slots; ++slot) {
    for (std::uint32_t g = slot_segments[slot]; g < slot_segments[slot + 1]; ++g) {
      starts[g] = ranges[slot] + (g - slot_segments[slot]) * kSegmentSize;
      slot_of[g] = slot;
    }
  }
  starts[lists.count] = slots == 0 ? 0 : ranges[slots];
  lists.starts = starts;
  lists.slots = slot_of;
  lists.slot_segments = slot_segments;
  return lists;
}

// Calls visit(slot, feature, weight), users first.
template <typename Visit>
void BatchSegments::visit_features(const BatchView& batch, const Visit& visit) const {
  const auto visit_side = [&](const FeatureLists& lists, const std::uint32_t* rows, std::uint32_t slots,
                              std::uint32_t first) {
    if (lists.empty()) return;
    for (std::uint32_t slot = 0; slot < slots; ++slot) {
      for (std::uint32_t e = lists.offsets[rows[slot]]; e < lists.offsets[rows[slot] + 1]; ++e)
        visit(first + slot, lists.features[e], lists.weights[e]);
    }
  };
  visit_side(state_.user_features, batch.user_rows, batch.num_users, 0);
  visit_side(state_.item_features, batch.item_rows, batch.num_items, batch.num_users);
}

// Counting sort of the slots by feature.
void BatchSegments::list_features(SegmentedBatch& batch) {
  const std::uint32_t features = state_.features.rows;
  std::uint32_t* ranges = take(std::size_t{features} + 1);
  std::fill_n(ranges, std::size_t{features} + 1, 0u);
  visit_features(batch.view, [&](std::uint32_t, std::uint32_t feature, float) { ++ranges[feature + 1]; });
  for (std::uint32_t f = 0; f < features; ++f) {
    ranges[f + 1] += ranges[f];
    positions_[f] = ranges[f];
  }
  std::uint32_t* slots = take(ranges[features]);
  std::uint32_t* weights = take(ranges[features]);
  visit_features(batch.view, [&](std::uint32_t slot, std::uint32_t feature, float weight) {
    const std::uint32_t entry = positions_[feature]++;
    slots[entry] = slot;
    std::memcpy(weights + entry, &weight, sizeof weight);
  });
  batch.feature_slots = slots;
  batch.feature_weights = reinterpret_cast<const float*>(weights);
  batch.features = segments_of(ranges, features);
}

SegmentedBatch BatchSegments::cut(const BatchView& batch) {
  used_ = 0;
  SegmentedBatch result;
  result.words = words_.data();
  BatchView& view = result.view;
  view = batch;
  view.user_rows = copy(batch.user_rows, batch.num_users);
  view.item_rows = copy(batch.item_rows, batch.num_items);
  view.rating_vectors = copy(batch.rating_vectors, batch.size);
  view.entry_ratings = copy(batch.entry_ratings, batch.size);
  view.entry_vectors = copy(batch.entry_vectors, batch.size);
  std::uint32_t* values = take(batch.size);
  std::memcpy(values, batch.values, batch.size * sizeof(float));
  view.values = reinterpret_cast<const float*>(values);
  view.user_ranges = copy(batch.user_ranges, std::size_t{batch.num_users} + 1);
  view.item_ranges = copy(batch.item_ranges, std::size_t{batch.num_items} + 1);
  result.users = segments_of(batch.user_ranges, batch.num_users);
  result.items = segments_of(batch.item_ranges, batch.num_items);
  if (state_.features.rows != 0) list_features(result);
  result.num_words = used_;
  return result;
}

}  // namespace palate
