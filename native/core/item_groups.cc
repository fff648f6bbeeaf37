#include "core/item_groups.h"

#include <algorithm>
#include <numeric>

namespace palate {
namespace {

// Items that a group has at least, where there are so many: among fewer, negatives repeat.
constexpr std::size_t kFewestItems = 128;

constexpr double kDraws = 4294967296.0;  // values of a threshold

}  // namespace

ItemGroups::ItemGroups(View<const double> noise, std::size_t most) : noise_(noise), group_of_(noise.size) {
  for (std::uint32_t item = 0; item < noise.size; ++item) {
    if (noise[item] > 0) by_popularity_.push_back(item);
  }
  std::stable_sort(by_popularity_.begin(), by_popularity_.end(),
                   [noise](std::uint32_t a, std::uint32_t b) { return noise[a] > noise[b]; });
  starts_.resize(std::clamp<std::size_t>(by_popularity_.size() / kFewestItems, 1, most) + 1);
  dealt_.resize(by_popularity_.size());
  slots_ = Buffer<AliasSlot>(by_popularity_.size());
}

void ItemGroups::deal(Rng& rng, Pool& pool) {
  const std::uint32_t groups = count();
  const std::uint32_t items = static_cast<std::uint32_t>(by_popularity_.size());
  std::vector<std::uint32_t> order(groups);
  std::vector<std::uint32_t> sizes(groups);
  for (std::uint32_t begin = 0; begin < items; begin += groups) {
    std::iota(order.begin(), order.end(), 0u);
    rng.shuffle(order.data(), groups);
    for (std::uint32_t n = begin; n < std::min(items, begin + groups); ++n) {
      const std::uint32_t group = order[n - begin];
      group_of_[by_popularity_[n]] = static_cast<std::uint8_t>(group);
      ++sizes[group];
    }
  }
  for (std::uint32_t group = 0; group < groups; ++group) starts_[group + 1] = starts_[group] + sizes[group];
  std::vector<std::uint32_t> next(starts_.begin(), starts_.end() - 1);
  for (const std::uint32_t item : by_popularity_) dealt_[next[group_of_[item]]++] = item;
  pool.run(groups, make_table, this);
}

// Vose 1991, "A linear algorithm for generating random numbers with a given distribution".
void ItemGroups::make_table(void* context, std::uint32_t group) {
  ItemGroups& self = *static_cast<ItemGroups*>(context);
  const std::uint32_t begin = self.starts_[group];
  const std::uint32_t size = self.starts_[group + 1] - begin;
  const std::uint32_t* items = self.dealt_.data() + begin;
  AliasSlot* slots = self.slots_.data() + begin;
  double sum = 0;
  for (std::uint32_t n = 0; n < size; ++n) sum += self.noise_[items[n]];
  std::vector<double> share(size);  // of a slot, 1 when it is full
  std::vector<std::uint32_t> small, large;
  for (std::uint32_t n = 0; n < size; ++n) {
    share[n] = self.noise_[items[n]] * size / sum;
    (share[n] < 1 ? small : large).push_back(n);
  }
  const auto fill = [&](std::uint32_t slot, std::uint32_t other) {
    slots[slot] = {static_cast<std::uint32_t>(share[slot] * kDraws), {items[slot], items[other]}};
  };
  while (!small.empty() && !large.empty()) {
    const std::uint32_t slot = small.back();
    const std::uint32_t donor = large.back();
    small.pop_back();
    fill(slot, donor);
    share[donor] = share[donor] + share[slot] - 1;
    if (share[donor] >= 1) continue;
    large.pop_back();
    small.push_back(donor);
  }
  // What is left is full but for rounding.
  for (const std::vector<std::uint32_t>* rest : {&small, &large}) {
    for (const std::uint32_t slot : *rest) slots[slot] = {0, {items[slot], items[slot]}};
  }
}

}  // namespace palate
