#include "core/user_sweep.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>

#include "core/rng.h"

namespace palate {
namespace {

constexpr std::uint64_t kOrderStream = std::uint64_t{23} << 32;  // + epoch

// First items of ranges with about equally many ratings.
std::vector<std::uint32_t> cut_items(View<const std::uint32_t> items, std::uint32_t num_items) {
  std::vector<std::size_t> before(std::size_t{num_items} + 1);
  for (std::size_t n = 0; n < items.size; ++n) ++before[items[n] + 1];
  std::partial_sum(before.begin(), before.end(), before.begin());
  std::vector<std::uint32_t> first(kSweepShards + 1, num_items);
  for (std::uint32_t shard = 0; shard < kSweepShards; ++shard) {
    const std::size_t share = items.size * shard / kSweepShards;
    first[shard] =
        static_cast<std::uint32_t>(std::lower_bound(before.begin(), before.end() - 1, share) - before.begin());
  }
  return first;
}

// Most ratings that a batch of users can have.
std::size_t most_ratings(View<const std::uint32_t> offsets, const std::vector<std::uint32_t>& users) {
  std::vector<std::uint32_t> counts;
  counts.reserve(users.size());
  for (const std::uint32_t user : users) counts.push_back(offsets[user + 1] - offsets[user]);
  const std::size_t most = std::min<std::size_t>(kSweepUsers, counts.size());
  std::partial_sort(counts.begin(), counts.begin() + static_cast<std::ptrdiff_t>(most), counts.end(), std::greater<>());
  return std::accumulate(counts.begin(), counts.begin() + static_cast<std::ptrdiff_t>(most), std::size_t{0});
}

}  // namespace

UserSweep::UserSweep(View<const std::uint32_t> offsets, View<const std::uint32_t> items, View<const float> values,
                     std::uint32_t num_items, std::uint32_t stride)
    : offsets_(offsets),
      items_(items),
      values_(values),
      weights_(offsets.size - 1),
      shard_items_(cut_items(items, num_items)),
      rows_(std::size_t{3} * kSweepUsers * stride),
      starts_(kSweepUsers),
      losses_(std::size_t{2} * kSweepUsers),
      stride_(stride) {
  failed_ = weights_.failed() || rows_.failed();
  if (failed_) return;
  for (std::uint32_t user = 0; user + 1 < offsets.size; ++user) {
    const std::uint32_t count = offsets[user + 1] - offsets[user];
    if (count == 0) continue;
    weights_[user] = 1.0f / std::sqrt(static_cast<float>(count));
    users_.push_back(user);
  }
  errors_ = Buffer<float>(most_ratings(offsets, users_));
  failed_ = errors_.failed();
}

ImplicitLists UserSweep::lists() const { return {offsets_.data, items_.data, weights_.data()}; }

UserSweepView UserSweep::start(std::uint64_t seed, std::uint32_t epoch) {
  std::sort(users_.begin(), users_.end());
  Rng(seed, kOrderStream + epoch).shuffle(users_.data(), users_.size());
  const std::size_t floats = std::size_t{kSweepUsers} * stride_;
  UserSweepView view;
  view.users = users_.data();
  view.num_users = static_cast<std::uint32_t>(users_.size());
  view.values = values_.data;
  view.shard_items = shard_items_.data();
  view.combined = rows_.data();
  view.gradients = rows_.data() + floats;
  view.turn_gradients = rows_.data() + 2 * floats;
  view.errors = errors_.data();
  view.starts = starts_.data();
  view.losses = losses_.data();
  return view;
}

}  // namespace palate
