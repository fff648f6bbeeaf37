#include "core/grid.h"

#include <algorithm>
#include <atomic>
#include <numeric>
#include <vector>

#include "core/grid_blocks.h"
#include "core/rng.h"

namespace palate {
namespace {

constexpr std::uint32_t kMostSide = 16;
constexpr std::size_t kBlockRatings = 25000;                 // up to so many a block before the side doubles
constexpr std::size_t kFewestBlockRatings = 6250;            // a square more must leave so many a block
constexpr std::size_t kSquareBytes = std::size_t{32} << 20;  // user rows of a square, to stay in L3
constexpr std::size_t kMixedBytes = std::size_t{4} << 20;    // rows of a stratum's block, to stay in L2

// Of devices.
constexpr std::uint32_t kDeviceInner = 8;        // warps of a block
constexpr std::uint32_t kMostDeviceSide = 1024;  // more warps than that share their rows' way to memory
constexpr std::size_t kFewestCellRatings = 16;   // or warps would wait for each other's cells
// The more copies of the features are averaged, the less an epoch moves them: on ml-latest-small .8155 RMSE with 4 of
// them, .8189 with 16, .8201 with 32.
constexpr std::size_t kFewestFeaturedRatings = 256;
constexpr std::size_t kCopiesBytes = std::size_t{128} << 20;
constexpr std::uint32_t kMostDeviceBlocks = 128;
constexpr std::uint32_t kFewestDeviceBlocks = 8;
constexpr std::uint32_t kFewestShareRatings = 8;                  // of a block and step: one a warp
constexpr std::size_t kFewestDeviceSteps = 4;                     // of a stratum
constexpr std::size_t kDeviceMixedBytes = std::size_t{32} << 20;  // all rows, to stay in L2

std::uint32_t side_for(std::size_t ratings) {
  std::uint32_t side = 4;
  while (side < kMostSide && ratings / side / side > kBlockRatings) side *= 2;
  return side;
}

std::uint32_t squares_for(std::size_t ratings, std::size_t user_bytes, std::uint32_t side) {
  std::uint32_t squares = 1;
  while (user_bytes / squares > kSquareBytes && ratings / side / side / squares > 2 * kFewestBlockRatings) squares *= 2;
  return squares;
}

// Rows in random order, cut where the running count of ratings passes each share.
std::vector<std::uint32_t> assign_groups(const std::vector<std::uint32_t>& counts, std::size_t total,
                                         std::uint32_t groups, std::uint64_t seed, std::uint64_t stream) {
  std::vector<std::uint32_t> order(counts.size());
  std::iota(order.begin(), order.end(), 0u);
  Rng rng(seed, stream);
  rng.shuffle(order.data(), order.size());
  std::vector<std::uint32_t> group(counts.size());
  std::size_t before = 0;
  for (const std::uint32_t row : order) {
    group[row] = static_cast<std::uint32_t>(
        std::min<std::size_t>(groups - 1, total == 0 ? 0 : (before + counts[row] / 2) * groups / total));
    before += counts[row];
  }
  return group;
}

}  // namespace

GridPlan plan_rows(std::size_t ratings, std::size_t users, std::size_t row_bytes) {
  GridPlan plan;
  plan.side = side_for(ratings);
  plan.squares = squares_for(ratings, users * row_bytes, plan.side);
  return plan;
}

GridPlan plan_batches(std::size_t ratings, std::size_t users, std::size_t items, std::size_t row_bytes,
                      std::uint32_t batch) {
  GridPlan plan;
  plan.batch = batch;
  plan.side = side_for(ratings);
  while (plan.side > batch) plan.side /= 2;  // each block of a stratum has a share of every step
  plan.mixed = (users + items) * row_bytes / plan.side <= kMixedBytes;
  if (!plan.mixed) plan.squares = squares_for(ratings, users * row_bytes, plan.side);
  return plan;
}

GridPlan plan_device_rows(std::size_t ratings, std::size_t copy_bytes) {
  const std::size_t fewest = copy_bytes == 0 ? kFewestCellRatings : kFewestFeaturedRatings;
  GridPlan plan;
  while (plan.side < kMostDeviceSide && ratings / (2 * plan.side) / (2 * plan.side) >= fewest &&
         2 * plan.side * copy_bytes <= kCopiesBytes)
    plan.side *= 2;
  plan.inner = std::min(plan.side, kDeviceInner);
  return plan;
}

GridPlan plan_device_batches(std::size_t ratings, std::size_t rows, std::size_t row_bytes, std::uint32_t batch) {
  GridPlan plan;
  plan.batch = batch;
  plan.side = kMostDeviceBlocks;
  const auto too_many = [&](std::uint32_t side) {
    return side * kFewestShareRatings > batch || ratings / side / kFewestDeviceSteps < batch;
  };
  while (plan.side != 0 && too_many(plan.side)) plan.side /= 2;
  if (plan.side < kFewestDeviceBlocks) plan.side = 0;
  plan.mixed = rows * row_bytes <= kDeviceMixedBytes;
  return plan;
}

Grid::Grid(View<const std::uint32_t> offsets, View<const std::uint32_t> items, View<const float> values,
           std::uint32_t num_items, const GridPlan& plan, std::uint64_t seed, Pool& pool)
    : plan_(plan),
      blocks_(std::size_t{plan.side} * plan.side * plan.squares + 1),
      users_(items.size),
      items_(items.size),
      values_(items.size),
      stratum_steps_(std::size_t{plan.side} * plan.squares),
      stratum_starts_(std::size_t{plan.side} * plan.squares) {
  failed_ = blocks_.failed() || users_.failed() || items_.failed() || values_.failed() || stratum_steps_.failed() ||
            stratum_starts_.failed();
  if (failed_) return;
  const std::uint32_t num_users = static_cast<std::uint32_t>(offsets.size - 1);
  const std::uint32_t user_groups = plan.side * plan.squares;
  std::vector<std::uint32_t> user_counts(num_users);
  for (std::uint32_t u = 0; u < num_users; ++u) user_counts[u] = offsets[u + 1] - offsets[u];
  std::vector<std::uint32_t> item_counts(num_items);
  for (std::size_t n = 0; n < items.size; ++n) ++item_counts[items[n]];
  const auto user_group = assign_groups(user_counts, items.size, user_groups, seed, 11);
  const auto item_group = assign_groups(item_counts, items.size, plan.side, seed, 12);

  // Users of each group, ascending.
  std::vector<std::uint32_t> group_starts(user_groups + 1);
  for (const std::uint32_t group : user_group) ++group_starts[group + 1];
  std::partial_sum(group_starts.begin(), group_starts.end(), group_starts.begin());
  std::vector<std::uint32_t> group_users(num_users);
  std::vector<std::uint32_t> next(group_starts.begin(), group_starts.end() - 1);
  for (std::uint32_t u = 0; u < num_users; ++u) group_users[next[user_group[u]]++] = u;

  GridBlocks work;
  work.offsets = offsets;
  work.items = items;
  work.values = values;
  work.item_group = item_group.data();
  work.group_starts = group_starts.data();
  work.group_users = group_users.data();
  work.plan = plan;
  work.num_items = num_items;
  work.seed = seed;
  work.blocks = blocks_.data();
  work.users_out = users_.data();
  work.items_out = items_.data();
  work.values_out = values_.data();
  pool.run(user_groups, count_blocks, &work);
  for (std::size_t b = 1; b < blocks_.size(); ++b) blocks_[b] += blocks_[b - 1];
  count_steps();
  if (failed_) return;
  work.stratum_steps = stratum_steps_.data();
  std::vector<std::uint32_t> repeated(user_groups);
  work.most_repeated = repeated.data();
  std::atomic<bool> out_of_memory{false};
  work.out_of_memory = &out_of_memory;
  pool.run(user_groups, fill_blocks, &work);
  failed_ = out_of_memory;
  most_repeated_ = *std::max_element(repeated.begin(), repeated.end());
}

// A stratum takes ceil(ratings / batch) steps, each with an equal share of every block.
void Grid::count_steps() {
  if (plan_.batch == 0) return;
  const std::uint32_t side = plan_.side;
  const auto size_of = [this](std::size_t cell) { return blocks_[cell + 1] - blocks_[cell]; };
  std::size_t steps = 0;
  for (std::uint32_t stratum = 0; stratum < side * plan_.squares; ++stratum) {
    std::size_t total = 0;
    for (std::uint32_t b = 0; b < side; ++b) total += size_of(cell_of(stratum, b, side));
    stratum_steps_[stratum] = static_cast<std::uint32_t>((total + plan_.batch - 1) / plan_.batch);
    stratum_starts_[stratum] = steps;
    steps += stratum_steps_[stratum];
  }
  step_sizes_ = Buffer<std::uint32_t>(steps);
  failed_ = step_sizes_.failed();
  if (failed_) return;
  for (std::uint32_t stratum = 0; stratum < side * plan_.squares; ++stratum) {
    const std::uint32_t count = stratum_steps_[stratum];
    for (std::uint32_t b = 0; b < side; ++b) {
      const std::size_t size = size_of(cell_of(stratum, b, side));
      for (std::uint32_t k = 0; k < count; ++k) {
        step_sizes_[stratum_starts_[stratum] + k] +=
            static_cast<std::uint32_t>(share_end(size, k, count) - (k == 0 ? 0 : share_end(size, k - 1, count)));
      }
    }
  }
}

GridView Grid::view() const {
  GridView view;
  view.side = plan_.side;
  view.squares = plan_.squares;
  view.inner = plan_.inner;
  view.blocks = blocks_.data();
  view.users = users_.data();
  view.items = items_.data();
  view.values = values_.data();
  view.stratum_steps = stratum_steps_.data();
  view.stratum_starts = stratum_starts_.data();
  view.step_sizes = step_sizes_.data();
  return view;
}

}  // namespace palate
