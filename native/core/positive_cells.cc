#include "core/positive_cells.h"

#include <algorithm>
#include <array>

namespace palate {

struct PositiveCells::Work {
  PositiveCells* self;
  const ItemGroups* groups;
};

PositiveCells::PositiveCells(View<const std::uint32_t> offsets, View<const std::uint32_t> items,
                             std::uint32_t pairs_per_chunk)
    : offsets_(offsets), items_(items), pairs_per_chunk_(pairs_per_chunk), chunk_starts_(1) {
  for (std::uint32_t user = 0; user + 1 < offsets.size; ++user) {
    if (count_of(user) != 0) users_.push_back(user);
  }
}

void PositiveCells::shuffle(Rng rng) {
  std::sort(users_.begin(), users_.end());
  rng.shuffle(users_.data(), users_.size());
  chunk_starts_.assign(1, 0);
  std::size_t pairs = 0;
  for (std::uint32_t n = 0; n < users_.size(); ++n) {
    pairs += count_of(users_[n]);
    if (pairs < pairs_per_chunk_ && n + 1 < users_.size()) continue;
    chunk_starts_.push_back(n + 1);
    pairs = 0;
  }
}

bool PositiveCells::fill(std::uint32_t chunk, const ItemGroups& groups, Pool& pool) {
  const std::uint32_t count = groups.count();
  const std::uint32_t begin = chunk_starts_[chunk];
  const std::uint32_t end = chunk_starts_[chunk + 1];
  std::size_t size = 0;
  for (std::uint32_t n = begin; n < end; ++n) size += count_of(users_[n]);
  if (positives_.size() < size) {
    positives_ = Buffer<Positive>(size + size / 16);  // for chunks that come out a little larger
    if (positives_.failed()) return false;
  }
  // Users are cut where the middle of each one's pairs passes a share; each group's pairs stand behind those before it.
  cells_.assign(std::size_t{count} * count + 1, size);
  group_starts_.assign(count + 1, end);
  std::size_t before = 0;
  std::uint32_t group = 0;
  for (std::uint32_t n = begin; n < end; ++n) {
    const std::uint32_t pairs = count_of(users_[n]);
    for (; group * size <= (before + pairs / 2) * count && group < count; ++group) {
      group_starts_[group] = n;
      cells_[std::size_t{group} * count] = before;
    }
    before += pairs;
  }
  Work work = {this, &groups};
  pool.run(count, place_group, &work);
  return true;
}

void PositiveCells::place_group(void* context, std::uint32_t group) {
  const Work& work = *static_cast<const Work*>(context);
  PositiveCells& self = *work.self;
  const std::uint32_t groups = work.groups->count();
  const std::uint8_t* group_of = work.groups->group_of();
  const auto each = [&self, group](auto visit) {
    for (std::uint32_t n = self.group_starts_[group]; n < self.group_starts_[group + 1]; ++n) {
      const std::uint32_t user = self.users_[n];
      for (std::uint32_t at = self.offsets_[user]; at < self.offsets_[user + 1]; ++at) visit(user, self.items_[at]);
    }
  };
  std::array<std::size_t, 256> next{};
  each([&next, group_of](std::uint32_t, std::uint32_t item) { ++next[group_of[item]]; });
  std::size_t* cells = self.cells_.data() + std::size_t{group} * groups;
  std::size_t placed = cells[0];
  for (std::uint32_t g = 0; g < groups; ++g) {
    cells[g] = placed;
    placed += next[g];
    next[g] = cells[g];
  }
  Positive* positives = self.positives_.data();
  each([&next, group_of, positives](std::uint32_t user, std::uint32_t item) {
    positives[next[group_of[item]]++] = {user, item};
  });
}

}  // namespace palate
