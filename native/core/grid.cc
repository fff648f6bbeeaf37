#include "core/grid.h"

#include <algorithm>
#include <numeric>
#include <vector>

#include "core/rng.h"

namespace palate {
namespace {

// Rows in random order, cut where the running count of ratings passes each share.
std::vector<std::uint16_t> assign_groups(const std::vector<std::uint32_t>& counts, std::size_t total,
                                         std::uint32_t side, std::uint64_t seed, std::uint64_t stream) {
  std::vector<std::uint32_t> order(counts.size());
  std::iota(order.begin(), order.end(), 0u);
  Rng rng(seed, stream);
  for (std::size_t n = order.size(); n > 1; --n) {
    std::swap(order[n - 1], order[rng.below(static_cast<std::uint32_t>(n))]);
  }
  std::vector<std::uint16_t> group(counts.size());
  std::size_t before = 0;
  for (const std::uint32_t row : order) {
    group[row] = static_cast<std::uint16_t>(
        std::min<std::size_t>(side - 1, total == 0 ? 0 : (before + counts[row] / 2) * side / total));
    before += counts[row];
  }
  return group;
}

}  // namespace

std::uint32_t Grid::side_for(std::size_t ratings) {
  std::uint32_t side = 4;
  while (side < 32 && ratings / side / side > 25000) side *= 2;
  return side;
}

Grid::Grid(View<const std::uint32_t> offsets, View<const std::uint32_t> items, View<const float> values,
           std::uint32_t num_items, std::uint64_t seed)
    : side_(side_for(items.size)),
      blocks_(static_cast<std::size_t>(side_) * side_ + 1),
      users_(items.size),
      items_(items.size),
      values_(items.size) {
  failed_ = blocks_.failed() || users_.failed() || items_.failed() || values_.failed();
  if (failed_) return;
  const std::uint32_t num_users = static_cast<std::uint32_t>(offsets.size - 1);
  std::vector<std::uint32_t> user_counts(num_users);
  for (std::uint32_t u = 0; u < num_users; ++u) user_counts[u] = offsets[u + 1] - offsets[u];
  std::vector<std::uint32_t> item_counts(num_items);
  for (std::size_t n = 0; n < items.size; ++n) ++item_counts[items[n]];
  const auto user_group = assign_groups(user_counts, items.size, side_, seed, 11);
  const auto item_group = assign_groups(item_counts, items.size, side_, seed, 12);

  for (std::uint32_t u = 0; u < num_users; ++u) {
    for (std::uint32_t n = offsets[u]; n < offsets[u + 1]; ++n) {
      ++blocks_[static_cast<std::size_t>(user_group[u]) * side_ + item_group[items[n]] + 1];
    }
  }
  for (std::size_t b = 1; b < blocks_.size(); ++b) blocks_[b] += blocks_[b - 1];
  std::vector<std::size_t> next(blocks_.data(), blocks_.data() + blocks_.size() - 1);
  Rng rng(seed, 13);
  std::vector<std::uint32_t> order;
  for (std::uint32_t u = 0; u < num_users; ++u) {
    order.resize(user_counts[u]);
    std::iota(order.begin(), order.end(), offsets[u]);
    for (std::size_t n = order.size(); n > 1; --n) {
      std::swap(order[n - 1], order[rng.below(static_cast<std::uint32_t>(n))]);
    }
    for (const std::uint32_t n : order) {
      const std::size_t at = next[static_cast<std::size_t>(user_group[u]) * side_ + item_group[items[n]]]++;
      users_[at] = u;
      items_[at] = items[n];
      values_[at] = values[n];
    }
  }
}

GridView Grid::view() const {
  GridView view;
  view.side = side_;
  view.blocks = blocks_.data();
  view.users = users_.data();
  view.items = items_.data();
  view.values = values_.data();
  return view;
}

}  // namespace palate
