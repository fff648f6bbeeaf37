#include "train_problem.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>
#include <utility>

namespace palate::test {
namespace {

template <typename T>
T* pointer(std::vector<T>& values) {
  return values.empty() ? nullptr : values.data();
}

// Shares as the trainer's, power 1/2, of rows that occur so often.
std::vector<float> shares_of(const std::vector<std::uint32_t>& rows, std::uint32_t count) {
  std::vector<float> shares(count);
  for (const std::uint32_t row : rows) shares[row] += 1.0f;
  for (float& share : shares) share = share == 0.0f ? 0.0f : 2.0f / std::sqrt(share);
  return shares;
}

}  // namespace

Ratings draw_ratings(const ProblemShape& shape) {
  Random random(shape.seed);
  std::vector<std::set<std::uint32_t>> of_user(shape.users);
  const std::uint64_t size = std::min<std::uint64_t>(shape.ratings, std::uint64_t{shape.users} * shape.items);
  for (std::uint64_t n = 0; n < size;) n += of_user[random.below(shape.users)].insert(random.below(shape.items)).second;
  Ratings ratings;
  ratings.offsets.push_back(0);
  for (std::uint32_t user = 0; user < shape.users; ++user) {
    for (const std::uint32_t item : of_user[user]) {
      ratings.users.push_back(user);
      ratings.items.push_back(item);
      ratings.values.push_back(0.5f * static_cast<float>(1 + random.below(10)));
    }
    ratings.offsets.push_back(static_cast<std::uint32_t>(ratings.items.size()));
  }
  return ratings;
}

Model::Model(const ProblemShape& shape, const TrainOptions& options)
    : shape_(shape), options_(options), stride_((shape.dim + 15) / 16 * 16) {
  Random random(shape.seed + 1);
  fill(users_, shape.users, random);
  fill(items_, shape.items, random);
  fill(features_, shape.features, random);
  const std::uint32_t half = shape.features / 2;
  if (half == 0) return;
  draw_lists(user_lists_, shape.users, 0, half, random);
  draw_lists(item_lists_, shape.items, half, shape.features - half, random);
}

void Model::fill(Table& table, std::uint32_t rows, Random& random) {
  const std::size_t floats = std::size_t{rows} * stride_;
  table.factors.assign(floats, 0.0f);
  for (std::uint32_t row = 0; row < rows; ++row) {
    for (std::uint32_t k = 0; k < shape_.dim; ++k)
      table.factors[std::size_t{row} * stride_ + k] =
          0.3f * random.normal() / std::sqrt(static_cast<float>(shape_.dim));
  }
  table.biases.resize(rows);
  for (float& bias : table.biases) bias = 0.1f * random.normal();
  if (options_.optimizer == Optimizer::sgd) return;
  table.factors_first.assign(floats, 0.0f);
  table.biases_first.assign(rows, 0.0f);
  if (options_.optimizer != Optimizer::adam) return;
  table.factors_second.assign(floats, 0.0f);
  table.biases_second.assign(rows, 0.0f);
  table.last_step.assign(rows, 0);
}

// Some rows have no feature, others up to three.
void Model::draw_lists(Lists& lists, std::uint32_t rows, std::uint32_t first, std::uint32_t count, Random& random) {
  lists.offsets.push_back(0);
  for (std::uint32_t row = 0; row < rows; ++row) {
    std::set<std::uint32_t> chosen;
    for (std::uint32_t n = random.below(4); n > 0; --n) chosen.insert(first + random.below(count));
    for (const std::uint32_t feature : chosen) {
      lists.features.push_back(feature);
      lists.weights.push_back(1.0f / std::sqrt(static_cast<float>(chosen.size())));
    }
    lists.offsets.push_back(static_cast<std::uint32_t>(lists.features.size()));
  }
}

ParameterTable Model::view(Table& table) const {
  ParameterTable view;
  view.factors = pointer(table.factors);
  view.factors_first = pointer(table.factors_first);
  view.factors_second = pointer(table.factors_second);
  view.biases = pointer(table.biases);
  view.biases_first = pointer(table.biases_first);
  view.biases_second = pointer(table.biases_second);
  view.last_step = pointer(table.last_step);
  view.rows = static_cast<std::uint32_t>(table.biases.size());
  view.regularization = regularization;
  return view;
}

TrainState Model::state(DeviceMemory* device) {
  TrainState state;
  state.device = device;
  state.users = view(users_);
  state.items = view(items_);
  state.features = view(features_);
  state.global_bias = global_bias;
  state.dim = shape_.dim;
  state.stride = stride_;
  state.options = options_;
  for (auto [view, lists] :
       {std::pair{&state.user_features, &user_lists_}, std::pair{&state.item_features, &item_lists_}}) {
    if (lists->offsets.empty()) continue;
    *view = {lists->offsets.data(), pointer(lists->features), pointer(lists->weights)};
  }
  return state;
}

void Model::start_steps() {
  for (Table* table : {&users_, &items_}) std::fill(table->last_step.begin(), table->last_step.end(), 0u);
}

std::vector<float> Model::values() const {
  std::vector<float> all;
  for (const Table* table : {&users_, &items_, &features_}) {
    for (const std::vector<float>* part : {&table->factors, &table->factors_first, &table->factors_second,
                                           &table->biases, &table->biases_first, &table->biases_second}) {
      all.insert(all.end(), part->begin(), part->end());
    }
  }
  return all;
}

Blocks::Blocks(const ProblemShape& shape, const Ratings& ratings, const GridPlan& plan)
    : grid_({ratings.offsets.data(), ratings.offsets.size()}, {ratings.items.data(), ratings.items.size()},
            {ratings.values.data(), ratings.values.size()}, shape.items, plan, shape.seed, pool_),
      strata_(plan.side / plan.inner * plan.squares),
      user_shares_(shares_of(ratings.users, shape.users)),
      item_shares_(shares_of(ratings.items, shape.items)),
      feature_shares_(shape.features, 0.5f),
      losses_(2 * std::size_t{plan.side}) {
  std::iota(strata_.begin(), strata_.end(), 0u);
  Random random(shape.seed + 2);
  for (std::size_t n = strata_.size(); n > 1; --n)
    std::swap(strata_[n - 1], strata_[random.below(static_cast<std::uint32_t>(n))]);
  const std::size_t stride = (shape.dim + 15) / 16 * 16;
  scratch_stride_ = std::max(block_floats(shape.features, stride), adam_block_floats(grid_.most_repeated(), stride));
  scratch_.assign(scratch_stride_ * plan.side, 0.0f);
  serialise();
}

EpochCall Blocks::call(float learning_rate) {
  EpochCall call;
  call.learning_rate = learning_rate;
  call.cancel = &cancel_;
  call.teardown = &cancel_;
  call.grid = grid_.view();
  call.strata = strata_.data();
  call.user_shares = pointer(user_shares_);
  call.item_shares = pointer(item_shares_);
  call.feature_shares = pointer(feature_shares_);
  call.block_scratch = scratch_.data();
  call.block_stride = scratch_stride_;
  call.block_losses = losses_.data();
  return call;
}

// Strata, turns, blocks and warps in this order.
void Blocks::serialise() {
  const GridView grid = grid_.view();
  for (const std::uint32_t stratum : strata_) {
    for (std::uint32_t turn = 0; turn < grid.inner; ++turn) {
      for (std::uint32_t warp = 0; warp < grid.side; ++warp) {
        const std::size_t cell = cell_of_warp(grid, stratum, warp / grid.inner, turn, warp % grid.inner);
        for (std::size_t n = grid.blocks[cell]; n < grid.blocks[cell + 1]; ++n) {
          serial_users_.push_back(grid.users[n]);
          serial_items_.push_back(grid.items[n]);
          serial_values_.push_back(grid.values[n]);
        }
      }
    }
  }
  serial_blocks_ = {0, serial_users_.size()};
}

EpochCall Blocks::serial_call(float learning_rate) {
  EpochCall serial = call(learning_rate);
  serial.grid.side = serial.grid.squares = serial.grid.inner = 1;
  serial.grid.blocks = serial_blocks_.data();
  serial.grid.users = pointer(serial_users_);
  serial.grid.items = pointer(serial_items_);
  serial.grid.values = pointer(serial_values_);
  serial.strata = &serial_stratum_;
  return serial;
}

void expect_same_loss(const EpochLoss& actual, const EpochLoss& expected, double tolerance, const char* file,
                      int line) {
  expect(actual.count == expected.count, "as many ratings", file, line);
  expect(close(actual.loss, expected.loss, tolerance), "losses are close", file, line);
  expect(close(actual.squared_error, expected.squared_error, tolerance), "squared errors are close", file, line);
}

}  // namespace palate::test
