#include <algorithm>
#include <tuple>

#include "core/parallel.h"
#include "likes_problem.h"
#define KERNEL_NS k_base
#include "kernels/level.h"

namespace palate {
namespace {

struct Counted {
  Status status = Status::ok;
  CountTotals totals;
  std::vector<std::vector<std::uint32_t>> items, counts;
};

Counted count(const test::LikesProblem& problem, bool on_device, bool rows,
              const std::atomic<std::int32_t>* cancel = nullptr) {
  Counted counted;
  Pool pool(1);
  DeviceMemory device(0);
  std::vector<CountRow> found(problem.num_items);
  Chunk* chunks = nullptr;
  CountCall call = {};
  call.likes = problem.likes();
  call.rows = rows ? found.data() : nullptr;
  call.chunks = &chunks;
  call.reserve = reserve;
  call.cancel = cancel;
  call.device = on_device ? &device : nullptr;
  counted.status = on_device ? k_cuda::count_cooccurrence(call, pool, counted.totals)
                             : k_base::count_cooccurrence(call, pool, counted.totals);
  for (const CountRow& row : found) {
    counted.items.emplace_back(row.items, row.items + row.size);
    counted.counts.emplace_back(row.counts, row.counts + row.size);
  }
  release_chunks(chunks);
  return counted;
}

void expect_counts(const test::LikesProblem& problem) {
  const Counted processor = count(problem, false, true);
  for (const bool rows : {true, false}) {
    const Counted device = count(problem, true, rows);
    EXPECT(device.status == Status::ok);
    CountTotals expected;
    for (std::uint32_t i = 0; i < problem.num_items; ++i) {
      std::size_t n = 0;
      if (rows) EXPECT(device.items[i].size() == problem.counts[i].size());
      for (const auto& [item, value] : problem.counts[i]) {
        if (rows && n < device.items[i].size()) {
          EXPECT(device.items[i][n] == item && device.counts[i][n] == value);
        }
        ++n;
        ++expected.nonzeros;
        expected.sum += value;
        expected.sum_squares += std::uint64_t{value} * value;
        expected.largest = std::max(expected.largest, value);
      }
    }
    EXPECT(device.totals.nonzeros == expected.nonzeros && device.totals.sum == expected.sum);
    EXPECT(device.totals.sum_squares == expected.sum_squares && device.totals.largest == expected.largest);
    if (!rows) continue;
    EXPECT(device.items == processor.items && device.counts == processor.counts);
    EXPECT(processor.totals.sum_squares == expected.sum_squares);
  }
}

TEST(counts_of_odd_sizes) {
  for (const auto& [users, items, rarity] :
       {std::tuple{0u, 5u, 2u}, {1u, 1u, 1u}, {33u, 1u, 1u}, {1u, 31u, 1u}, {31u, 33u, 3u}, {129u, 33u, 4u}}) {
    expect_counts(test::make_likes(users, items, rarity, users + items));
  }
}

// More items than a block has counters for, so that it passes over the users again, and more of a user than a warp.
TEST(counts_of_items_that_lie_far_apart) { expect_counts(test::make_likes(2, 24'000, 1, 3, 650)); }

// More rows than are counted at once.
TEST(counts_of_many_rows) { expect_counts(test::make_likes(3, 400, 1, 5)); }

TEST(counts_stop_when_cancelled) {
  const std::atomic<std::int32_t> raised{1};
  EXPECT(count(test::make_likes(9, 9, 1, 1), true, true, &raised).status == Status::cancelled);
}

}  // namespace
}  // namespace palate
