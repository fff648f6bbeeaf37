#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <utility>

#include "core/parallel.h"
#include "harness.h"
#define KERNEL_NS k_base
#include "kernels/level.h"

namespace palate {
namespace {

struct Problem {
  std::uint32_t num_queries, num_items, dim, k;
  bool cosine = false;
  std::vector<float> queries, items, biases;
  std::vector<std::uint32_t> exclude_offsets, exclude_items;
  std::vector<std::uint8_t> candidates;
};

Problem make_problem(std::uint32_t num_queries, std::uint32_t num_items, std::uint32_t dim, std::uint32_t k,
                     std::uint64_t seed) {
  test::Random random(seed);
  Problem problem = {};
  problem.num_queries = num_queries;
  problem.num_items = num_items;
  problem.dim = dim;
  problem.k = k;
  problem.queries = random.normals(std::size_t{num_queries} * dim);
  problem.items = random.normals(std::size_t{num_items} * dim);
  return problem;
}

void exclude_some(Problem& problem, std::uint32_t share, std::uint64_t seed) {
  test::Random random(seed);
  problem.exclude_offsets.assign(1, 0);
  for (std::uint32_t q = 0; q < problem.num_queries; ++q) {
    for (std::uint32_t i = 0; i < problem.num_items; ++i) {
      if (random.below(share) == 0) problem.exclude_items.push_back(i);
    }
    problem.exclude_offsets.push_back(static_cast<std::uint32_t>(problem.exclude_items.size()));
  }
}

struct Results {
  std::vector<std::uint32_t> indices;
  std::vector<float> scores;
};

template <typename T>
const T* data_or_null(const std::vector<T>& values) {
  return values.empty() ? nullptr : values.data();
}

TopkCall call_of(const Problem& p, Results& results) {
  results.indices.assign(std::size_t{p.num_queries} * p.k, 12345);
  results.scores.assign(std::size_t{p.num_queries} * p.k, 12345.0f);
  TopkCall call = {};
  call.indices = results.indices.data();
  call.scores = results.scores.data();
  call.queries = p.queries.data();
  call.items = p.items.data();
  call.item_biases = data_or_null(p.biases);
  call.exclude_offsets = data_or_null(p.exclude_offsets);
  call.exclude_items = p.exclude_items.data();
  call.candidates = data_or_null(p.candidates);
  call.num_queries = p.num_queries;
  call.num_items = p.num_items;
  call.dim = p.dim;
  call.k = p.k;
  call.cosine = p.cosine;
  return call;
}

Results on_device(const Problem& problem) {
  Results results;
  DeviceMemory device(0);
  Pool pool(1);
  TopkCall call = call_of(problem, results);
  call.device = &device;
  EXPECT(k_cuda::select_topk(call, pool) == Status::ok);
  return results;
}

Results on_processor(const Problem& problem) {
  Results results;
  Pool pool(1);
  EXPECT(k_base::select_topk(call_of(problem, results), pool) == Status::ok);
  return results;
}

bool is_allowed(const Problem& p, std::uint32_t query, std::uint32_t item) {
  if (!p.candidates.empty() && p.candidates[item] == 0) return false;
  if (p.exclude_offsets.empty()) return true;
  const auto begin = p.exclude_items.begin() + p.exclude_offsets[query];
  const auto end = p.exclude_items.begin() + p.exclude_offsets[query + 1];
  return !std::binary_search(begin, end, item);
}

double length_of(const float* row, std::uint32_t dim) {
  double squared = 0;
  for (std::uint32_t d = 0; d < dim; ++d) squared += static_cast<double>(row[d]) * row[d];
  return std::sqrt(squared);
}

// The definition of select_topk.h, in float64.
double score_of(const Problem& p, std::uint32_t query, std::uint32_t item) {
  const float* q = p.queries.data() + std::size_t{query} * p.dim;
  const float* x = p.items.data() + std::size_t{item} * p.dim;
  double score = 0;
  for (std::uint32_t d = 0; d < p.dim; ++d) score += static_cast<double>(q[d]) * x[d];
  if (p.cosine) {
    const double lengths = length_of(q, p.dim) * length_of(x, p.dim);
    score = lengths == 0 ? 0 : score / lengths;
  }
  return score + (p.biases.empty() ? 0.0 : p.biases[item]);
}

// Scores are right; rows are sorted, complete and without forbidden items; nothing left out is clearly better.
void expect_exact(const Problem& p, const Results& results) {
  const double tolerance = 4e-7 * std::sqrt(static_cast<double>(p.dim)) * (p.cosine ? 1 : p.dim);
  for (std::uint32_t q = 0; q < p.num_queries; ++q) {
    const std::uint32_t* indices = results.indices.data() + std::size_t{q} * p.k;
    const float* scores = results.scores.data() + std::size_t{q} * p.k;
    std::vector<bool> taken(p.num_items, false);
    std::uint32_t found = 0;
    for (; found < p.k && indices[found] != kNoItem; ++found) {
      const std::uint32_t item = indices[found];
      EXPECT(item < p.num_items && !taken[item] && is_allowed(p, q, item));
      if (item >= p.num_items) return;
      taken[item] = true;
      EXPECT(test::close(scores[found], score_of(p, q, item), tolerance));
      const bool behind = found == 0 || scores[found] < scores[found - 1] ||
                          (scores[found] == scores[found - 1] && item > indices[found - 1]);
      EXPECT(behind);
    }
    for (std::uint32_t n = found; n < p.k; ++n) EXPECT(indices[n] == kNoItem && scores[n] == -INFINITY);
    std::uint32_t allowed = 0;
    for (std::uint32_t i = 0; i < p.num_items; ++i) {
      if (!is_allowed(p, q, i)) continue;
      ++allowed;
      if (taken[i] || found == 0) continue;
      EXPECT(score_of(p, q, i) <= scores[found - 1] + tolerance);
    }
    EXPECT(found == std::min(p.k, allowed));
  }
}

void expect_close_to_processor(const Problem& problem, const Results& results) {
  const Results expected = on_processor(problem);
  EXPECT_CLOSE(results.scores, expected.scores, 4e-7 * problem.dim);
  std::size_t differ = 0;
  for (std::size_t n = 0; n < expected.indices.size(); ++n) differ += results.indices[n] != expected.indices[n];
  EXPECT(differ <= expected.indices.size() / 100);  // scores that differ in their last bits may swap places
}

TEST(topk_of_odd_sizes) {
  for (const std::uint32_t queries : {1u, 31u, 65u}) {
    for (const std::uint32_t items : {1u, 33u, 127u, 129u, 700u}) {
      for (const std::uint32_t dim : {1u, 16u, 33u}) {
        const Problem problem = make_problem(queries, items, dim, 7, queries * 1000 + items + dim);
        const Results results = on_device(problem);
        expect_exact(problem, results);
        expect_close_to_processor(problem, results);
      }
    }
  }
}

// More than the blocks of the device take at once, and more than one launch takes.
TEST(topk_of_many_queries) {
  Problem problem = make_problem(4'200, 7, 1, 3, 19);
  exclude_some(problem, 4, 23);
  expect_exact(problem, on_device(problem));
}

TEST(topk_of_nothing) {
  for (const auto& [queries, items, k] : {std::tuple{0u, 5u, 3u}, {3u, 0u, 3u}, {3u, 5u, 0u}}) {
    const Problem problem = make_problem(queries, items, 4, k, 1);
    expect_exact(problem, on_device(problem));
  }
}

TEST(topk_of_each_length_of_list) {
  for (const std::uint32_t k : {1u, 64u, 100u, 300u, 1'100u}) {
    Problem problem = make_problem(3, 2'500, 5, k, k);
    problem.cosine = true;
    exclude_some(problem, 9, k);
    expect_exact(problem, on_device(problem));
  }
}

TEST(topk_gives_all_there_is_when_k_is_larger) {
  Problem problem = make_problem(66, 140, 8, 200, 3);
  exclude_some(problem, 3, 4);
  expect_exact(problem, on_device(problem));
}

TEST(topk_among_candidates_with_biases) {
  Problem problem = make_problem(70, 900, 12, 20, 5);
  test::Random random(6);
  problem.biases = random.normals(problem.num_items);
  for (std::uint32_t i = 0; i < problem.num_items; ++i) problem.candidates.push_back(random.below(3) == 0);
  exclude_some(problem, 4, 7);
  const Results results = on_device(problem);
  expect_exact(problem, results);
  expect_close_to_processor(problem, results);
}

TEST(topk_of_rows_without_components_ranks_by_biases) {
  Problem problem = make_problem(2, 200, 0, 5, 16);
  problem.biases = test::Random(17).normals(200);
  for (const bool cosine : {false, true}) {
    problem.cosine = cosine;
    expect_exact(problem, on_device(problem));
  }
}

// Lists that begin in the middle, as those of a batch of users do, and other ones at the same addresses afterwards.
TEST(topk_leaves_out_what_each_call_excludes) {
  Problem problem = make_problem(3, 60, 4, 6, 18);
  DeviceMemory device(0);
  Pool pool(1);
  for (std::uint64_t round = 0; round < 3; ++round) {
    problem.exclude_items.clear();
    exclude_some(problem, 3, 20 + round);
    Results results;
    Problem last = problem;
    last.num_queries = 2;
    last.queries.erase(last.queries.begin(), last.queries.begin() + 4);
    last.exclude_offsets.erase(last.exclude_offsets.begin());
    TopkCall call = call_of(last, results);
    call.device = &device;
    call.items = problem.items.data();
    call.exclude_items = problem.exclude_items.data();
    EXPECT(k_cuda::select_topk(call, pool) == Status::ok);
    expect_exact(last, results);
  }
}

TEST(topk_without_candidates_is_empty) {
  Problem problem = make_problem(5, 40, 6, 3, 8);
  problem.candidates.assign(40, 0);
  expect_exact(problem, on_device(problem));
}

TEST(topk_orders_equal_scores_by_item) {
  Problem problem = make_problem(64, 1'500, 4, 40, 9);
  for (std::size_t n = 0; n < problem.items.size(); ++n)
    problem.items[n] = problem.items[n % 12];  // three rows in turn
  for (const bool cosine : {false, true}) {
    problem.cosine = cosine;
    const Results results = on_device(problem);
    expect_exact(problem, results);
    for (std::uint32_t q = 0; q < problem.num_queries; ++q) {
      for (std::uint32_t c = 1; c < problem.k; ++c) {
        const std::size_t at = std::size_t{q} * problem.k + c;
        EXPECT(results.indices[at] == results.indices[at - 1] + 3);
      }
    }
  }
}

TEST(topk_takes_signed_zeros_for_equal) {
  Problem problem = make_problem(1, 300, 2, 300, 10);
  problem.queries = {0.0f, -0.0f};
  const Results results = on_device(problem);
  for (std::uint32_t c = 0; c < 300; ++c) EXPECT(results.indices[c] == c && !std::signbit(results.scores[c]));
}

// Several tiles in each range of items.
TEST(topk_of_rising_scores_cuts_its_lists_again_and_again) {
  Problem problem = make_problem(2, 12'000, 1, 64, 11);
  problem.queries = {1.0f, -1.0f};
  for (std::uint32_t i = 0; i < problem.num_items; ++i) problem.items[i] = static_cast<float>(i);
  const Results results = on_device(problem);
  for (std::uint32_t c = 0; c < 64; ++c) EXPECT(results.indices[c] == 11'999 - c && results.indices[64 + c] == c);
}

TEST(topk_never_selects_nan_and_keeps_infinities) {
  Problem problem = make_problem(2, 200, 3, 200, 12);
  const auto set_row = [&problem](std::uint32_t item, float value) {
    for (std::uint32_t d = 0; d < 3; ++d) problem.items[item * 3 + d] = d == 0 ? value : 0.0f;
  };
  problem.queries = {1, 0, 0, -1, 0, 0};
  set_row(17, NAN);
  set_row(50, INFINITY);
  set_row(51, -INFINITY);
  const Results results = on_device(problem);
  const Results expected = on_processor(problem);
  EXPECT(results.indices == expected.indices);
}

TEST(topk_cosine_of_rows_at_the_ends_of_float) {
  Problem problem = make_problem(3, 150, 4, 150, 13);
  problem.cosine = true;
  for (std::uint32_t i = 0; i < problem.num_items; ++i) {
    const float scale = i % 3 == 0 ? 1e-25f : i % 3 == 1 ? 1e25f : 0.0f;
    for (std::uint32_t d = 0; d < 4; ++d) problem.items[i * 4 + d] *= scale;
  }
  expect_exact(problem, on_device(problem));
}

TEST(topk_stops_when_it_is_cancelled) {
  const Problem problem = make_problem(3, 5, 2, 1, 14);
  Results results;
  DeviceMemory device(0);
  Pool pool(1);
  const std::atomic<std::int32_t> raised{1};
  for (const bool teardown : {false, true}) {
    TopkCall call = call_of(problem, results);
    call.device = &device;
    (teardown ? call.teardown : call.cancel) = &raised;
    EXPECT(k_cuda::select_topk(call, pool) == Status::cancelled);
  }
}

TEST(topk_says_when_the_device_is_full) {
  constexpr std::uint32_t kMany = 300'000;  // their lists take more than all there is
  const Problem problem = make_problem(1, kMany, 1, kMany, 15);
  Results results;
  DeviceMemory device(0);
  Pool pool(1);
  TopkCall call = call_of(problem, results);
  call.device = &device;
  EXPECT(k_cuda::select_topk(call, pool) == Status::out_of_memory);
}

}  // namespace
}  // namespace palate
