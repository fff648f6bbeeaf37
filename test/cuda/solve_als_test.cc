#include <algorithm>
#include <cmath>
#include <initializer_list>
#include <tuple>

#include "core/parallel.h"
#include "kernels/solve_als.h"
#include "likes_problem.h"
#define KERNEL_NS k_base
#include "kernels/level.h"

namespace palate {
namespace {

struct Problem {
  test::LikesProblem likes;
  std::uint32_t dim, stride;
  bool weighted;
  float unobserved_weight = 0.1f;
  std::vector<float> rows, fixed, gram, roots, penalties;
};

std::vector<float> table_of(std::uint32_t rows, std::uint32_t dim, std::uint32_t stride, std::uint64_t seed) {
  test::Random random(seed);
  std::vector<float> table(std::size_t{rows} * stride, 0.0f);
  for (std::uint32_t r = 0; r < rows; ++r) {
    for (std::uint32_t k = 0; k < dim; ++k) table[std::size_t{r} * stride + k] = 0.3f * random.normal();
  }
  return table;
}

Problem make_problem(std::uint32_t rows, std::uint32_t fixed, std::uint32_t dim, std::uint32_t rarity, bool weighted) {
  Problem p;
  p.likes = test::make_likes(rows, fixed, rarity, rows + dim);
  p.dim = dim;
  p.stride = (dim + 15) / 16 * 16;
  p.weighted = weighted;
  p.rows = table_of(rows, dim, p.stride, 1);
  p.fixed = table_of(fixed, dim, p.stride, 2);
  test::Random random(3);
  if (weighted) {
    for (std::size_t n = 0; n < p.likes.items.size(); ++n) p.roots.push_back(random.uniform(0.5f, 2.0f));
  }
  for (std::uint32_t r = 0; r < rows; ++r) p.penalties.push_back(random.uniform(0.2f, 1.0f));
  p.gram.assign(std::size_t{p.stride} * p.stride, 0.0f);
  for (std::uint32_t i = 0; i < p.stride; ++i) {
    for (std::uint32_t j = 0; j < p.stride; ++j) {
      double sum = 0;
      for (std::uint32_t r = 0; r < fixed; ++r) {
        sum += static_cast<double>(p.fixed[r * p.stride + i]) * p.fixed[r * p.stride + j];
      }
      p.gram[i * p.stride + j] = static_cast<float>(sum);
    }
  }
  return p;
}

struct Way {
  AlsSolver solver = AlsSolver::cg;
  std::uint32_t block = 0;
  std::uint32_t steps = 3;
};

struct Fitted {
  std::vector<float> rows;
  AlsSums sums;
  Status status = Status::ok;
};

Fitted fit(const Problem& p, const Way& way, bool on_device, const std::atomic<std::int32_t>* cancel = nullptr) {
  Fitted fitted;
  fitted.rows = p.rows;
  DeviceMemory device(0);
  Pool pool(1);
  std::uint32_t longest = 0;
  for (std::uint32_t r = 0; r < p.likes.num_users; ++r) {
    longest = std::max(longest, p.likes.user_offsets[r + 1] - p.likes.user_offsets[r]);
  }
  std::vector<float> scratch(als_floats(p.stride, way.block, longest) + 16);
  std::vector<AlsSums> partial(p.likes.num_users / kAlsBatch + 1);
  AlsCall call;
  call.solver = way.solver;
  call.block = way.block;
  call.cg_steps = way.steps;
  call.unobserved_weight = p.unobserved_weight;
  call.rows = fitted.rows.data();
  call.offsets = p.likes.user_offsets.data();
  call.others = p.likes.items.data();
  call.roots = p.weighted ? p.roots.data() : nullptr;
  call.penalties = p.penalties.data();
  call.fixed = p.fixed.data();
  call.gram = p.gram.data();
  call.num_rows = p.likes.num_users;
  call.num_fixed = p.likes.num_items;
  call.stride = p.stride;
  call.longest = longest;
  call.scratch = scratch.data() + (16 - reinterpret_cast<std::uintptr_t>(scratch.data()) / 4 % 16) % 16;
  call.partial = partial.data();
  call.cancel = cancel;
  call.device = on_device ? &device : nullptr;
  fitted.status = on_device ? k_cuda::solve_als(call, pool, fitted.sums) : k_base::solve_als(call, pool, fitted.sums);
  if (on_device && fitted.status == Status::ok) EXPECT(device.fetch(fitted.rows.data()) == Status::ok);
  return fitted;
}

// The definition of solve_als.h: the objective of all rows that have pairs, less what no row changes.
double objective_of(const Problem& p, const std::vector<float>& rows) {
  double total = 0;
  for (std::uint32_t r = 0; r < p.likes.num_users; ++r) {
    const float* row = rows.data() + std::size_t{r} * p.stride;
    if (p.likes.user_offsets[r] == p.likes.user_offsets[r + 1]) continue;
    for (std::uint32_t n = p.likes.user_offsets[r]; n < p.likes.user_offsets[r + 1]; ++n) {
      double score = 0;
      for (std::uint32_t k = 0; k < p.stride; ++k) {
        score += static_cast<double>(row[k]) * p.fixed[std::size_t{p.likes.items[n]} * p.stride + k];
      }
      const double root = p.weighted ? p.roots[n] : 1;
      total += root * root * (score - 1) * (score - 1);
    }
    for (std::uint32_t i = 0; i < p.stride; ++i) {
      double product = 0;
      for (std::uint32_t j = 0; j < p.stride; ++j) product += static_cast<double>(p.gram[i * p.stride + j]) * row[j];
      total += row[i] * (p.unobserved_weight * product + static_cast<double>(p.penalties[r]) * row[i]);
    }
  }
  return total;
}

void expect_right(const Problem& p, const Way& way) {
  const Fitted device = fit(p, way, true);
  const Fitted again = fit(p, way, true);
  const Fitted processor = fit(p, way, false);
  EXPECT(device.status == Status::ok);
  EXPECT(device.rows == again.rows && device.sums.gain == again.sums.gain);
  EXPECT_CLOSE(device.rows, processor.rows, 2e-4);
  EXPECT(test::close(device.sums.observed, processor.sums.observed, 1e-5));
  EXPECT(test::close(device.sums.penalty, processor.sums.penalty, 1e-5));
  EXPECT(test::close(device.sums.fitted, processor.sums.fitted, 1e-4));
  EXPECT(test::close(device.sums.gain, processor.sums.gain, 1e-4));
  EXPECT(test::close(device.sums.gain, objective_of(p, p.rows) - objective_of(p, device.rows), 1e-4));
  // What has no pairs stays, and padding stays zero.
  for (std::uint32_t r = 0; r < p.likes.num_users; ++r) {
    const bool empty = p.likes.user_offsets[r] == p.likes.user_offsets[r + 1];
    for (std::uint32_t k = empty ? 0 : p.dim; k < p.stride; ++k) {
      EXPECT(device.rows[r * p.stride + k] == p.rows[r * p.stride + k]);
    }
  }
}

// No small change of a solved row makes its objective smaller.
void expect_minimum(const Problem& p, const Way& way) {
  const Fitted solved = fit(p, way, true);
  const double best = objective_of(p, solved.rows);
  test::Random random(9);
  for (int trial = 0; trial < 8; ++trial) {
    std::vector<float> moved = solved.rows;
    for (std::uint32_t r = 0; r < p.likes.num_users; ++r) {
      for (std::uint32_t k = 0; k < p.dim; ++k) moved[r * p.stride + k] += 0.01f * random.normal();
    }
    EXPECT(objective_of(p, moved) > best);
  }
}

TEST(als_by_conjugate_gradients) {
  for (const auto& [rows, fixed, dim] : {std::tuple{1u, 1u, 1u}, {31u, 33u, 16u}, {9u, 129u, 31u}, {3u, 40u, 270u}}) {
    for (const bool weighted : {false, true}) expect_right(make_problem(rows, fixed, dim, 2, weighted), {});
  }
}

TEST(als_by_blocks) {
  bool weighted = false;
  for (const auto& [rows, fixed, dim, block] : {std::tuple{1u, 1u, 1u, 16u},
                                                {5u, 33u, 40u, 16u},
                                                {3u, 129u, 70u, 32u},
                                                {3u, 40u, 64u, 48u},
                                                {2u, 70u, 100u, 64u},
                                                {2u, 33u, 128u, 128u},
                                                {2u, 140u, 144u, 96u}}) {
    weighted = !weighted;
    expect_right(make_problem(rows, fixed, dim, 2, weighted), {AlsSolver::blocks, block});
  }
}

TEST(als_solves_exactly) {
  expect_minimum(make_problem(7, 60, 24, 2, true), {AlsSolver::blocks, 32});
  expect_minimum(make_problem(7, 60, 24, 2, true), {AlsSolver::cg, 0, 40});
}

// Rows without pairs, and more rows than a batch has.
TEST(als_of_many_rows) {
  const Problem p = make_problem(530, 3, 3, 25, true);
  for (const Way& way : {Way{AlsSolver::cg, 0, 1}, Way{AlsSolver::blocks, 16}}) {
    const Fitted device = fit(p, way, true);
    const Fitted processor = fit(p, way, false);
    EXPECT_CLOSE(device.rows, processor.rows, 1e-4);
    EXPECT(test::close(device.sums.gain, processor.sums.gain, 1e-4));
    EXPECT(test::close(device.sums.observed, processor.sums.observed, 1e-5));
  }
}

TEST(als_of_nothing) {
  const Fitted fitted = fit(make_problem(0, 3, 4, 2, false), {}, true);
  EXPECT(fitted.status == Status::ok && fitted.sums.gain == 0 && fitted.sums.observed == 0);
}

TEST(als_stops_when_cancelled) {
  const std::atomic<std::int32_t> raised{1};
  EXPECT(fit(make_problem(3, 3, 4, 1, false), {}, true, &raised).status == Status::cancelled);
}

TEST(als_gram_and_losses_of_pairs) {
  for (const std::uint32_t size : {0u, 1u, 31u, 129u, 1'000u}) {
    const Problem p = make_problem(33, 31, 20, 2, false);
    test::Random random(size);
    std::vector<std::uint32_t> users, items;
    std::vector<float> roots;
    double expected = 0;
    for (std::uint32_t n = 0; n < size; ++n) {
      users.push_back(random.below(33));
      items.push_back(random.below(31));
      roots.push_back(random.uniform(0.5f, 2.0f));
      double score = 0;
      for (std::uint32_t k = 0; k < p.stride; ++k) {
        score += static_cast<double>(p.rows[users[n] * p.stride + k]) * p.fixed[items[n] * p.stride + k];
      }
      expected += static_cast<double>(roots[n]) * roots[n] * (score - 1) * (score - 1);
    }
    DeviceMemory device(0);
    Pool pool(1);
    AlsPairsCall call;
    call.users = p.rows.data();
    call.items = p.fixed.data();
    call.num_users = 33;
    call.num_items = 31;
    call.pair_users = users.data();
    call.pair_items = items.data();
    call.roots = roots.data();
    call.size = size;
    call.stride = p.stride;
    call.device = &device;
    EXPECT(test::close(k_cuda::sum_pair_losses(call, pool), expected, 1e-5));
    std::vector<float> gram(p.gram.size(), 9.0f);
    GramCall gram_call;
    gram_call.gram = gram.data();
    gram_call.rows = p.fixed.data();
    gram_call.num_rows = 31;
    gram_call.stride = p.stride;
    gram_call.device = &device;
    k_cuda::form_gram(gram_call, pool);
    EXPECT(device.fetch(gram.data()) == Status::ok);
    EXPECT_CLOSE(gram, p.gram, 1e-5);
  }
}

}  // namespace
}  // namespace palate
