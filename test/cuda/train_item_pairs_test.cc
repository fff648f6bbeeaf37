#define KERNEL_NS k_base
#include <algorithm>
#include <cmath>

#include "core/item_groups.h"
#include "core/memory.h"
#include "core/parallel.h"
#include "core/rng.h"
#include "harness.h"
#include "kernels/level.h"

namespace palate::test {
namespace {

struct PairShape {
  std::uint32_t items = 40;
  std::uint32_t dim = 5;
  std::uint32_t pairs = 200;
  std::uint32_t negatives = 5;
  std::uint32_t histories = 9;
  bool reject_seen = false;
  bool log_noise = false;
  bool update = true;
  PairObjective objective = PairObjective::negative_sampling;
};

// A chunk of pairs with all that a call needs; equal shapes give equal problems.
class PairProblem {
 public:
  PairProblem(const PairShape& shape, DeviceMemory* device)
      : shape_(shape), random_(shape.items + shape.dim), pool_(1), noise_(shape.items), groups_(view(), 3) {
    stride_ = (shape.dim + 15) / 16 * 16;
    inputs_ = table();
    outputs_ = table();
    make_histories();
    make_pairs();
    fill_call(device);
  }

  ItemPairsCall call;

  std::vector<float> inputs() const { return {inputs_.data(), inputs_.data() + inputs_.size()}; }
  std::vector<float> outputs() const { return {outputs_.data(), outputs_.data() + outputs_.size()}; }
  double loss() const {
    double sum = 0;
    for (const double part : losses_) sum += part;
    return sum;
  }
  Pool& pool() { return pool_; }
  void raise() { cancel_.store(1); }

 private:
  View<const double> view() {
    for (double& weight : noise_) weight = 0.1 + random_.uniform(0.0f, 1.0f);
    return {noise_.data(), noise_.size()};
  }

  Buffer<float> table() {
    Buffer<float> values(std::size_t{shape_.items} * stride_);
    for (std::uint32_t item = 0; item < shape_.items; ++item) {
      for (std::uint32_t k = 0; k < shape_.dim; ++k) values[std::size_t{item} * stride_ + k] = 0.3f * random_.normal();
    }
    return values;
  }

  // Each history has about half of the items.
  void make_histories() {
    seen_offsets_.push_back(0);
    for (std::uint32_t history = 0; history < shape_.histories; ++history) {
      for (std::uint32_t item = 0; item < shape_.items; ++item) {
        if (random_.below(2) == 0) seen_items_.push_back(item);
      }
      seen_offsets_.push_back(static_cast<std::uint32_t>(seen_items_.size()));
    }
  }

  void make_pairs() {
    Rng rng(1, 2);
    groups_.deal(rng, pool_);
    const std::uint32_t groups = groups_.count();
    std::vector<std::vector<ItemPair>> cells(groups * groups);
    for (std::uint32_t n = 0; n < shape_.pairs; ++n) {
      // Inputs repeat, as those of neighbouring pairs do.
      const ItemPair pair = {random_.below(std::min(shape_.items, 7u)), random_.below(shape_.items)};
      cells[groups_.group_of()[pair.input] * groups + groups_.group_of()[pair.output]].push_back(pair);
    }
    cells_.push_back(0);
    for (const std::vector<ItemPair>& cell : cells) {
      pairs_.insert(pairs_.end(), cell.begin(), cell.end());
      cells_.push_back(pairs_.size());
      seeds_.push_back(random_.next());
    }
    for (std::uint32_t n = 0; n < shape_.pairs; ++n) pair_histories_.push_back(random_.below(shape_.histories));
    for (std::uint32_t group = 0; group < groups; ++group) {
      strata_.push_back((group + 1) % groups);
      rates_.push_back(0.1f / static_cast<float>(group + 1));
    }
    losses_.assign(groups, 0);
    scratch_ = Buffer<float>(groups * item_pairs_scratch(shape_.negatives));
    for (std::uint32_t item = 0; item < shape_.items; ++item) log_noise_.push_back(std::log(noise_[item]));
  }

  void fill_call(DeviceMemory* device) {
    call.objective = shape_.objective;
    call.negatives = shape_.negatives;
    call.reject_seen = shape_.reject_seen;
    call.update = shape_.update;
    call.inputs = inputs_.data();
    call.outputs = outputs_.data();
    call.num_items = shape_.items;
    call.stride = stride_;
    call.pairs = pairs_.data();
    call.histories = shape_.reject_seen ? pair_histories_.data() : nullptr;
    call.cells = cells_.data();
    call.groups = groups_.count();
    call.strata = strata_.data();
    call.rates = rates_.data();
    call.slots = groups_.slots();
    call.group_starts = groups_.starts();
    call.log_noise = shape_.log_noise ? log_noise_.data() : nullptr;
    call.num_histories = shape_.histories;
    call.seen_offsets = seen_offsets_.data();
    call.seen_items = seen_items_.data();
    call.seeds = seeds_.data();
    call.scratch = scratch_.data();
    call.scratch_stride = item_pairs_scratch(shape_.negatives);
    call.block_losses = losses_.data();
    call.cancel = &cancel_;
    call.teardown = &teardown_;
    call.device = device;
  }

  PairShape shape_;
  Random random_;
  Pool pool_;
  std::vector<double> noise_;
  ItemGroups groups_;
  std::uint32_t stride_;
  Buffer<float> inputs_, outputs_, scratch_;
  std::vector<std::uint32_t> seen_offsets_, seen_items_, pair_histories_, strata_;
  std::vector<ItemPair> pairs_;
  std::vector<std::size_t> cells_;
  std::vector<std::uint64_t> seeds_;
  std::vector<float> rates_, log_noise_;
  std::vector<double> losses_;
  std::atomic<std::int32_t> cancel_{0}, teardown_{0};
};

// Two chunks on the processor and on the device.
void compare(const PairShape& shape) {
  DeviceMemory device(0);
  PairProblem expected(shape, nullptr);
  PairProblem actual(shape, &device);
  for (int chunk = 0; chunk < 2; ++chunk) {
    EXPECT(k_base::train_item_pairs(expected.call, expected.pool()) == Status::ok);
    EXPECT(k_cuda::train_item_pairs(actual.call, actual.pool()) == Status::ok);
  }
  EXPECT(close(actual.loss(), expected.loss(), 1e-5));
  EXPECT(device.fetch(nullptr) == Status::ok);
  EXPECT_CLOSE(actual.inputs(), expected.inputs(), 2e-5);
  EXPECT_CLOSE(actual.outputs(), expected.outputs(), 2e-5);
}

TEST(pairs_are_the_processors_for_odd_widths) {
  for (const std::uint32_t dim : {1u, 31u, 33u, 129u}) {
    PairShape shape;
    shape.dim = dim;
    shape.pairs = 60;
    compare(shape);
    shape.objective = PairObjective::sampled_softmax;
    shape.log_noise = dim == 31;
    compare(shape);
  }
  PairShape wide;
  wide.dim = 257;  // more columns than threads
  wide.pairs = 20;
  compare(wide);
}

// Few items: negatives repeat in a pair, or are its output.
TEST(pairs_are_the_processors_for_odd_numbers_of_items) {
  for (const std::uint32_t items : {1u, 2u, 3u, 31u, 33u, 129u, 400u}) {
    for (const PairObjective objective : {PairObjective::negative_sampling, PairObjective::sampled_softmax}) {
      PairShape shape;
      shape.items = items;
      shape.objective = objective;
      compare(shape);
    }
  }
}

TEST(pairs_are_the_processors_for_odd_numbers_of_negatives) {
  for (const std::uint32_t negatives : {0u, 1u, 3u, 4u, 33u}) {
    for (const PairObjective objective : {PairObjective::negative_sampling, PairObjective::sampled_softmax}) {
      PairShape shape;
      shape.negatives = negatives;
      shape.objective = objective;
      shape.log_noise = true;
      shape.pairs = 50;
      compare(shape);
    }
  }
}

TEST(pairs_are_the_processors_for_odd_numbers_of_pairs) {
  for (const std::uint32_t pairs : {0u, 1u, 15u, 16u, 17u, 31u, 33u}) {
    PairShape shape;
    shape.pairs = pairs;
    compare(shape);
  }
}

TEST(pairs_reject_what_was_seen) {
  for (const std::uint32_t items : {2u, 40u, 400u}) {
    PairShape shape;
    shape.items = items;
    shape.reject_seen = true;
    compare(shape);
  }
}

TEST(pairs_are_scored_without_a_change) {
  PairShape shape;
  shape.update = false;
  compare(shape);
  DeviceMemory device(0);
  PairProblem problem(shape, &device);
  const std::vector<float> before = problem.inputs();
  EXPECT(k_cuda::train_item_pairs(problem.call, problem.pool()) == Status::ok);
  EXPECT(device.fetch(nullptr) == Status::ok);
  EXPECT(problem.inputs() == before);
}

TEST(pairs_stop_when_they_are_cancelled) {
  DeviceMemory device(0);
  PairProblem problem({}, &device);
  const std::vector<float> before = problem.outputs();
  problem.raise();
  EXPECT(k_cuda::train_item_pairs(problem.call, problem.pool()) == Status::cancelled);
  EXPECT(device.fetch(nullptr) == Status::ok);
  EXPECT(problem.outputs() == before);
}

// One pair with one negative, by hand: a . b = 0 has slopes -1/2 and 1/2, and a loss of 2 log 2.
TEST(pairs_move_by_the_formulas) {
  DeviceMemory device(0);
  PairShape shape;
  shape.items = 2;
  shape.dim = 2;
  shape.pairs = 1;
  shape.negatives = 1;
  PairProblem problem(shape, &device);
  ItemPairsCall& call = problem.call;
  const float rows[2][2] = {{1.0f, 2.0f}, {2.0f, -1.0f}};
  for (std::uint32_t item = 0; item < 2; ++item) {
    for (std::uint32_t k = 0; k < 2; ++k) {
      call.inputs[item * call.stride + k] = rows[0][k];
      call.outputs[item * call.stride + k] = rows[1][k];
    }
  }
  const std::uint32_t input = call.pairs[0].input;
  const std::uint32_t output = call.pairs[0].output;
  const AliasSlot other = {0, {1 - output, 1 - output}};
  const std::vector<AliasSlot> slots(2, other);
  call.slots = slots.data();
  const std::vector<float> rates = {1.0f};
  call.rates = rates.data();
  EXPECT(k_cuda::train_item_pairs(call, problem.pool()) == Status::ok);
  EXPECT(close(problem.loss(), 2 * std::log(2.0), 1e-6));
  EXPECT(device.fetch(nullptr) == Status::ok);
  // The positive row moves by +a / 2, the negative by -a / 2, and the input by b / 2 - b / 2.
  EXPECT(call.inputs[input * call.stride] == 1.0f && call.inputs[input * call.stride + 1] == 2.0f);
  EXPECT(call.outputs[output * call.stride] == 2.5f && call.outputs[output * call.stride + 1] == 0.0f);
  EXPECT(call.outputs[(1 - output) * call.stride] == 1.5f && call.outputs[(1 - output) * call.stride + 1] == -2.0f);
}

}  // namespace
}  // namespace palate::test
