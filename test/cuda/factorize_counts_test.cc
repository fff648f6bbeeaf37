#include <algorithm>
#include <cmath>
#include <initializer_list>
#include <tuple>

#include "core/parallel.h"
#include "kernels/factorize_counts.h"
#include "likes_problem.h"
#define KERNEL_NS k_base
#include "kernels/level.h"

namespace palate {
namespace {

enum class Form { user_sums, log_rows, glove, residuals };

struct Way {
  Form form = Form::user_sums;
  Optimizer optimizer = Optimizer::adam;
  std::uint32_t epochs = 2;
  std::uint32_t dim = 5;
  float scale = 0.3f;  // of the first parameters
};

// All of a training, on either side.
struct Training {
  std::uint32_t stride, num_items;
  std::vector<float> vectors, first, second, biases, biases_first, biases_second;
  std::vector<float> targets, weights, gradients, user_sums, gram, residuals, bias_gradients, scratch;
  std::vector<double> partial;
  std::vector<std::vector<std::uint32_t>> items, counts;
  std::vector<CountRow> rows;
  FactorizeState state;
  FactorizeCall call;
  std::vector<double> costs;
  Status status = Status::ok;
};

float target_of(Form form, std::uint32_t count) {
  const float x = static_cast<float>(count);
  return form == Form::glove ? std::log(x) : form == Form::log_rows ? std::log1p(x) : x;
}

Training make_training(const test::LikesProblem& problem, const Way& way) {
  const bool adam = way.optimizer == Optimizer::adam;
  const bool glove = way.form == Form::glove;
  Training t = {};
  t.num_items = problem.num_items;
  t.stride = (way.dim + 15) / 16 * 16;
  test::Random random(way.dim);
  const std::size_t floats = std::size_t{t.num_items} * t.stride;
  t.vectors.assign(floats, 0.0f);
  for (std::uint32_t i = 0; i < t.num_items; ++i) {
    for (std::uint32_t k = 0; k < way.dim; ++k) t.vectors[std::size_t{i} * t.stride + k] = way.scale * random.normal();
  }
  t.first.assign(floats, 0.0f);
  t.second.assign(adam ? floats : 0, 0.0f);
  t.gradients.assign(floats, 0.0f);
  t.user_sums.assign(std::size_t{problem.num_users} * t.stride + 1, 0.0f);
  t.gram.assign(std::size_t{way.dim} * t.stride, 0.0f);
  t.biases.assign(glove ? t.num_items : 0, 0.1f);
  t.biases_first.assign(t.biases.size(), 0.0f);
  t.biases_second.assign(adam ? t.biases.size() : 0, 0.0f);
  t.bias_gradients.assign(t.num_items, 0.0f);
  t.partial.assign(2 * (std::size_t{std::max(way.dim, t.num_items)} / kFactorRows + 1), 0.0);
  const std::uint32_t widest = std::max(way.dim, t.num_items);
  t.scratch.assign(multiply_scratch_floats(widest, widest, 1) + 16, 0.0f);
  for (std::uint32_t i = 0; i < t.num_items; ++i) {
    t.items.emplace_back();
    t.counts.emplace_back();
    for (const auto& [item, count] : problem.counts[i]) {
      t.items.back().push_back(item);
      t.counts.back().push_back(count);
      t.call.largest = std::max(t.call.largest, count);
    }
  }
  t.targets.assign(std::size_t{t.call.largest} + 1, 0.0f);
  t.weights.assign(t.targets.size(), 0.0f);
  for (std::uint32_t x = 1; x <= t.call.largest; ++x) {
    t.targets[x] = target_of(way.form, x);
    t.weights[x] = std::min(1.0f, std::sqrt(static_cast<float>(x) / 4));
  }
  for (const std::vector<std::uint32_t>& row : t.counts) {
    for (const std::uint32_t x : row) t.call.sum_squared_targets += static_cast<double>(t.targets[x]) * t.targets[x];
  }
  t.state.options.loss = glove ? CountLoss::glove : CountLoss::all_pairs;
  t.state.options.optimizer = way.optimizer;
  t.state.options.momentum = adam ? 0 : 0.5f;
  t.state.num_items = t.num_items;
  t.state.dim = way.dim;
  t.state.stride = t.stride;
  if (way.form == Form::residuals) {
    t.call.residual_stride = (std::size_t{t.num_items} + 15) / 16 * 16;
    t.residuals.assign(t.call.residual_stride * t.num_items + 16, 0.0f);
  }
  return t;
}

// 64-byte aligned, within one more line of memory.
float* aligned(std::vector<float>& values) {
  values.resize(values.size() + 16);
  const std::size_t rest = reinterpret_cast<std::uintptr_t>(values.data()) % 64;
  return values.data() + (rest == 0 ? 0 : (64 - rest) / sizeof(float));
}

float* or_null(std::vector<float>& values) { return values.empty() ? nullptr : values.data(); }

void run(Training& t, const test::LikesProblem& problem, const Way& way, bool on_device) {
  DeviceMemory device(0);
  Pool pool(1);
  for (std::uint32_t i = 0; i < t.num_items; ++i) {
    t.rows.push_back({t.items[i].data(), t.counts[i].data(), static_cast<std::uint32_t>(t.items[i].size())});
  }
  t.state.vectors = t.vectors.data();
  t.state.first = t.first.data();
  t.state.second = or_null(t.second);
  t.state.biases = or_null(t.biases);
  t.state.biases_first = or_null(t.biases_first);
  t.state.biases_second = or_null(t.biases_second);
  t.state.device = on_device ? &device : nullptr;
  t.call.likes = problem.likes();
  t.call.rows = way.form == Form::user_sums ? nullptr : t.rows.data();
  t.call.targets = t.targets.data();
  t.call.weights = t.weights.data();
  t.call.learning_rate = way.optimizer == Optimizer::adam ? 0.05f : 0.0005f;
  t.call.gradients = t.gradients.data();
  t.call.user_sums = t.user_sums.data();
  t.call.gram = t.gram.data();
  t.call.residuals = or_null(t.residuals);
  t.call.bias_gradients = t.bias_gradients.data();
  t.call.multiply_scratch = aligned(t.scratch);
  t.call.partial = t.partial.data();
  for (std::uint32_t epoch = 0; epoch < way.epochs; ++epoch) {
    double cost = -1;
    t.status = on_device ? k_cuda::factorize_counts(t.state, t.call, pool, cost)
                         : k_base::factorize_counts(t.state, t.call, pool, cost);
    t.costs.push_back(cost);
    if (t.status != Status::ok) return;
  }
  if (!on_device) return;
  for (const float* array : {t.state.vectors, t.state.first, t.state.second, t.state.biases}) {
    if (array != nullptr) EXPECT(device.fetch(array) == Status::ok);
  }
}

// The definitions of factorize_counts.h in float64: the cost, and the gradients of vectors and biases.
struct Oracle {
  double cost = 0;
  std::vector<double> slopes, bias_slopes;
};

Oracle oracle_of(const Training& t, const test::LikesProblem& problem, const Way& way) {
  Oracle o;
  o.slopes.assign(t.vectors.size(), 0.0);
  o.bias_slopes.assign(t.num_items, 0.0);
  for (std::uint32_t i = 0; i < t.num_items; ++i) {
    for (std::uint32_t j = 0; j < t.num_items; ++j) {
      const auto found = problem.counts[i].find(j);
      const bool occurs = found != problem.counts[i].end();
      if (i == j || (way.form == Form::glove && !occurs)) continue;
      const float* a = t.vectors.data() + std::size_t{i} * t.stride;
      const float* b = t.vectors.data() + std::size_t{j} * t.stride;
      double error = occurs ? -static_cast<double>(target_of(way.form, found->second)) : 0;
      double weight = 1;
      if (way.form == Form::glove) {
        error += static_cast<double>(t.biases[i]) + t.biases[j];
        weight = t.weights[found->second];
      }
      for (std::uint32_t k = 0; k < t.stride; ++k) error += static_cast<double>(a[k]) * b[k];
      o.cost += weight * error * error;
      for (std::uint32_t k = 0; k < t.stride; ++k) o.slopes[std::size_t{i} * t.stride + k] += 4 * weight * error * b[k];
      o.bias_slopes[i] += 4 * weight * error;
    }
  }
  return o;
}

void expect_right(const test::LikesProblem& problem, const Way& way) {
  // Without momentum, a first step of sgd leaves the gradient itself in the state.
  Way plain = way;
  plain.optimizer = Optimizer::sgd;
  plain.epochs = 1;
  Training slopes = make_training(problem, plain);
  const Oracle oracle = oracle_of(slopes, problem, plain);
  run(slopes, problem, plain, true);
  EXPECT(slopes.status == Status::ok);
  EXPECT(test::close(slopes.costs[0], oracle.cost, 1e-5));
  EXPECT_CLOSE(slopes.first, std::vector<float>(oracle.slopes.begin(), oracle.slopes.end()), 2e-4);
  if (way.form == Form::glove) {
    std::vector<float> stepped(problem.num_items);
    for (std::uint32_t i = 0; i < problem.num_items; ++i) {
      stepped[i] = static_cast<float>(0.1 - 0.0005 * oracle.bias_slopes[i]);
    }
    EXPECT_CLOSE(slopes.biases, stepped, 2e-4);
  }
  Training device = make_training(problem, way);
  Training again = device;
  Training processor = device;
  run(device, problem, way, true);
  run(again, problem, way, true);
  run(processor, problem, way, false);
  EXPECT(device.vectors == again.vectors && device.costs == again.costs && device.biases == again.biases);
  EXPECT_CLOSE(device.vectors, processor.vectors, 2e-3);
  EXPECT_CLOSE(device.biases, processor.biases, 2e-3);
  EXPECT_CLOSE(device.second, processor.second, 2e-3);
  for (std::uint32_t epoch = 0; epoch < way.epochs; ++epoch) {
    EXPECT(test::close(device.costs[epoch], processor.costs[epoch], 1e-3));
  }
  EXPECT(device.state.beta1_power == processor.state.beta1_power);
}

TEST(factorize_in_all_forms) {
  for (const Form form : {Form::user_sums, Form::log_rows, Form::glove, Form::residuals}) {
    for (const Optimizer optimizer : {Optimizer::adam, Optimizer::sgd}) {
      expect_right(test::make_likes(20, 17, 3, 2), {form, optimizer});
    }
  }
}

TEST(factorize_odd_sizes) {
  for (const Form form : {Form::user_sums, Form::log_rows, Form::glove, Form::residuals}) {
    for (const auto& [users, items, dim] : {std::tuple{0u, 1u, 1u}, {1u, 3u, 31u}, {65u, 31u, 33u}}) {
      expect_right(test::make_likes(users, items, 2, items), {form, Optimizer::adam, 2, dim, 0.1f});
    }
  }
}

// Rows wider than a block of threads, and users with more likes than a tile of pairs.
TEST(factorize_wide_rows) {
  for (const Form form : {Form::user_sums, Form::glove}) {
    expect_right(test::make_likes(3, 150, 2, 4), {form, Optimizer::adam, 1, 300, 0.02f});
  }
}

// More columns than a chunk of residuals has, and more rows than a tile.
TEST(factorize_residuals_by_chunks) {
  expect_right(test::make_likes(12, 600, 50, 6), {Form::residuals, Optimizer::sgd, 1, 3, 0.01f});
}

TEST(factorize_nothing) {
  test::LikesProblem problem = test::make_likes(0, 0, 1, 1);
  Training training = make_training(problem, {});
  run(training, problem, {}, true);
  EXPECT(training.status == Status::ok && training.costs == std::vector<double>(2, 0.0));
}

TEST(factorize_says_when_it_diverges_or_is_cancelled) {
  const test::LikesProblem problem = test::make_likes(9, 8, 2, 1);
  for (const Form form : {Form::user_sums, Form::log_rows, Form::glove, Form::residuals}) {
    const Way way = {form};
    Training training = make_training(problem, way);
    training.vectors[3] = NAN;
    run(training, problem, way, true);
    EXPECT(training.status == Status::diverged);
    const std::atomic<std::int32_t> raised{1};
    for (const bool teardown : {false, true}) {
      Training stopped = make_training(problem, way);
      (teardown ? stopped.call.teardown : stopped.call.cancel) = &raised;
      run(stopped, problem, way, true);
      EXPECT(stopped.status == Status::cancelled);
    }
  }
}

}  // namespace
}  // namespace palate
