// Random likes, both ways round, and the counts of them by the definition: for tests of what works on counts.
#pragma once

#include <map>
#include <vector>

#include "harness.h"
#include "kernels/count_cooccurrence.h"

namespace palate::test {

struct LikesProblem {
  std::uint32_t num_users = 0;
  std::uint32_t num_items = 0;
  std::vector<std::uint32_t> user_offsets{0}, items, item_offsets, users;
  std::vector<std::map<std::uint32_t, std::uint32_t>> counts;  // (num_items) X by row

  Likes likes() const {
    return {user_offsets.data(), items.data(), item_offsets.data(), users.data(), num_users, num_items};
  }
};

// Each user likes an item with a chance of 1 in `rarity`, of every `step`th item.
inline LikesProblem make_likes(std::uint32_t num_users, std::uint32_t num_items, std::uint32_t rarity,
                               std::uint64_t seed, std::uint32_t step = 1) {
  Random random(seed);
  LikesProblem p;
  p.num_users = num_users;
  p.num_items = num_items;
  p.counts.resize(num_items);
  std::vector<std::vector<std::uint32_t>> likers(num_items);
  for (std::uint32_t u = 0; u < num_users; ++u) {
    const std::size_t begin = p.items.size();
    for (std::uint32_t i = 0; i < num_items; i += step) {
      if (random.below(rarity) != 0) continue;
      p.items.push_back(i);
      likers[i].push_back(u);
    }
    for (std::size_t a = begin; a < p.items.size(); ++a) {
      for (std::size_t b = begin; b < p.items.size(); ++b) {
        if (a != b) ++p.counts[p.items[a]][p.items[b]];
      }
    }
    p.user_offsets.push_back(static_cast<std::uint32_t>(p.items.size()));
  }
  p.item_offsets.push_back(0);
  for (const std::vector<std::uint32_t>& list : likers) {
    p.users.insert(p.users.end(), list.begin(), list.end());
    p.item_offsets.push_back(static_cast<std::uint32_t>(p.users.size()));
  }
  return p;
}

}  // namespace palate::test
