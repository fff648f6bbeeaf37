#include "core/grid_blocks.h"

#include <algorithm>
#include <new>
#include <numeric>
#include <vector>

#include "core/rng.h"

namespace palate {
namespace {

constexpr std::size_t kTurns = 4;  // users that take turns

struct Rating {
  std::uint32_t user;
  std::uint32_t item;
  float value;
};

void copy_out(const GridBlocks& work, const std::vector<Rating>& ratings, std::size_t begin) {
  for (std::size_t n = 0; n < ratings.size(); ++n) {
    work.users_out[begin + n] = ratings[n].user;
    work.items_out[begin + n] = ratings[n].item;
    work.values_out[begin + n] = ratings[n].value;
  }
}

std::vector<Rating> copy_in(const GridBlocks& work, std::size_t begin, std::size_t end) {
  std::vector<Rating> ratings(end - begin);
  for (std::size_t n = begin; n < end; ++n) {
    ratings[n - begin] = {work.users_out[n], work.items_out[n], work.values_out[n]};
  }
  return ratings;
}

struct Turn {
  std::size_t next;
  std::size_t end;
};

// From user by user to users in turns; a user who has no more ratings gives the place to the next one.
void take_turns(std::vector<Rating>& ratings) {
  const std::vector<Rating> by_user = ratings;
  std::size_t start = 0;
  const auto next_user = [&]() -> Turn {
    const std::size_t begin = start;
    while (start < by_user.size() && by_user[start].user == by_user[begin].user) ++start;
    return {begin, start};
  };
  std::vector<Turn> turns;
  while (turns.size() < kTurns && start < by_user.size()) turns.push_back(next_user());
  std::size_t at = 0;
  while (!turns.empty()) {
    for (std::size_t t = 0; t < turns.size();) {
      ratings[at++] = by_user[turns[t].next++];
      if (turns[t].next == turns[t].end) {
        if (start == by_user.size()) {
          turns.erase(turns.begin() + static_cast<std::ptrdiff_t>(t));
          continue;
        }
        turns[t] = next_user();
      }
      ++t;
    }
  }
}

// Random order; inside each step's share user by user.
void mix(std::vector<Rating>& ratings, std::uint32_t steps, Rng rng) {
  rng.shuffle(ratings.data(), ratings.size());
  std::size_t begin = 0;
  for (std::uint32_t k = 0; k < steps; ++k) {
    const std::size_t end = share_end(ratings.size(), k, steps);
    std::stable_sort(ratings.begin() + static_cast<std::ptrdiff_t>(begin),
                     ratings.begin() + static_cast<std::ptrdiff_t>(end),
                     [](const Rating& a, const Rating& b) { return a.user < b.user; });
    begin = end;
  }
}

// Marks ratings whose item has other ratings in the same step; returns the most such items a step.
std::uint32_t mark_repeated(std::vector<Rating>& ratings, std::uint32_t steps, std::vector<std::uint32_t>& last) {
  std::uint32_t most = 0;
  std::size_t begin = 0;
  for (std::uint32_t k = 0; k < steps; ++k) {
    const std::size_t end = share_end(ratings.size(), k, steps);
    std::uint32_t repeated = 0;
    for (std::size_t n = begin; n < end; ++n) {
      const std::uint32_t item = ratings[n].item;
      const std::uint32_t before = last[item];  // 1 + position, in this block, or 0
      if (before > begin) {
        Rating& earlier = ratings[before - 1];
        repeated += (earlier.item & kSeenBefore) == 0;
        earlier.item |= kSeenLater;
        ratings[n].item |= kSeenBefore;
      }
      last[item] = static_cast<std::uint32_t>(n + 1);
    }
    most = std::max(most, repeated);
    begin = end;
  }
  for (const Rating& rating : ratings) last[rating.item & kItemBits] = 0;
  return most;
}

void fill_group(const GridBlocks& work, std::uint32_t group) {
  const std::size_t* starts = work.blocks + std::size_t{group} * work.plan.side;
  std::vector<std::size_t> next(starts, starts + work.plan.side);
  std::vector<std::uint32_t> order;
  for (std::uint32_t g = work.group_starts[group]; g < work.group_starts[group + 1]; ++g) {
    const std::uint32_t user = work.group_users[g];
    order.resize(work.offsets[user + 1] - work.offsets[user]);
    std::iota(order.begin(), order.end(), work.offsets[user]);
    Rng rng(work.seed, (std::uint64_t{13} << 32) + user);
    rng.shuffle(order.data(), order.size());
    for (const std::uint32_t n : order) {
      const std::size_t at = next[work.item_group[work.items[n]]]++;
      work.users_out[at] = user;
      work.items_out[at] = work.items[n];
      work.values_out[at] = work.values[n];
    }
  }
  std::vector<std::uint32_t> last(work.plan.batch == 0 ? 0 : work.num_items);
  for (std::uint32_t column = 0; column < work.plan.side; ++column) {
    std::vector<Rating> ratings = copy_in(work, starts[column], starts[column + 1]);
    if (work.plan.batch == 0) {
      take_turns(ratings);
    } else {
      const std::uint32_t cell = group * work.plan.side + column;
      const std::uint32_t steps = work.stratum_steps[stratum_of(cell, work.plan.side)];
      if (work.plan.mixed) mix(ratings, steps, Rng(work.seed, (std::uint64_t{14} << 32) + cell));
      work.most_repeated[group] = std::max(work.most_repeated[group], mark_repeated(ratings, steps, last));
    }
    copy_out(work, ratings, starts[column]);
  }
}

}  // namespace

void count_blocks(void* context, std::uint32_t group) {
  const GridBlocks& work = *static_cast<const GridBlocks*>(context);
  std::size_t* counts = work.blocks + std::size_t{group} * work.plan.side + 1;
  for (std::uint32_t g = work.group_starts[group]; g < work.group_starts[group + 1]; ++g) {
    const std::uint32_t user = work.group_users[g];
    for (std::uint32_t n = work.offsets[user]; n < work.offsets[user + 1]; ++n)
      ++counts[work.item_group[work.items[n]]];
  }
}

void fill_blocks(void* context, std::uint32_t group) {
  const GridBlocks& work = *static_cast<const GridBlocks*>(context);
  try {
    fill_group(work, group);
  } catch (const std::bad_alloc&) {  // an exception must not leave a thread of the pool
    work.out_of_memory->store(true, std::memory_order_relaxed);
  }
}

}  // namespace palate
