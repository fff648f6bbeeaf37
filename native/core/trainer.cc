#include "core/trainer.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <numeric>
#include <optional>
#include <utility>
#include <vector>

#include "core/float_mode.h"
#include "core/rng.h"

namespace palate {
namespace {

constexpr std::uint32_t kFloatsOfLanes = 16;

double mean_of(double sum, std::size_t count) { return count == 0 ? 0.0 : sum / static_cast<double>(count); }

// Floats that training holds for one parameter.
std::size_t floats_of(Optimizer optimizer) {
  return optimizer == Optimizer::adam ? 3 : optimizer == Optimizer::adagrad ? 2 : 1;
}

// The closed form needs momentum that fades faster than the deviation it is divided by.
bool adam_on_touch(const TrainOptions& o) {
  constexpr double kMostFade = 0.94;  // decay takes less than .05 a step
  return o.optimizer == Optimizer::adam && o.beta1 <= kMostFade * std::sqrt(static_cast<double>(o.beta2));
}

// The grid to train on; none for batches that no blocks can share: shared features, and a norm over the whole gradient,
// tie the blocks of a step together.
std::optional<GridPlan> plan_grid(const TrainerSetup& setup, std::size_t row_bytes) {
  constexpr std::size_t kFewestSteps = 4;  // a stratum; with fewer, rounding up would show in the size of steps
  const TrainOptions& o = setup.options;
  const std::size_t ratings = setup.items.size;
  if (o.batch_size == 1 && o.optimizer != Optimizer::adam) return plan_rows(ratings, setup.num_users, row_bytes);
  if (!adam_on_touch(o) || o.batch_size == 0 || setup.num_features != 0 || o.clip_norm != 0) return {};
  if (setup.num_items > kItemBits) return {};
  const GridPlan plan = plan_batches(ratings, setup.num_users, setup.num_items, row_bytes, o.batch_size);
  if (ratings / plan.side / plan.squares / kFewestSteps < o.batch_size) return {};
  return plan;
}

// Whether batches touch so few rows that a pass over all rows at each step costs more; lazy steps need no such pass.
bool adam_in_batches(const TrainState& state, std::size_t ratings) {
  // Rows of a pass for the cost of a touched one: where both ways took the same time. Pieces bridge gaps at the cost of
  // several steps.
  constexpr std::uint64_t kClosedCost = 2;
  constexpr std::uint64_t kPiecesCost = 10;
  const TrainOptions& o = state.options;
  if (!adam_on_touch(o) || o.lazy || o.batch_size == 0 || o.batch_size >= ratings) return false;
  const std::uint64_t touched = std::uint64_t{2} * o.batch_size;  // at most
  return (adam_is_closed(state) ? kClosedCost : kPiecesCost) * touched <
         std::uint64_t{state.users.rows} + state.items.rows;
}

}  // namespace

Trainer::Trainer(const TrainerSetup& setup) : setup_(setup), device_(setup.device), pool_(setup.threads) {
  state_.device = device_.memory();
  state_.dim = setup.dim;
  state_.stride = (setup.dim + kFloatsOfLanes - 1) / kFloatsOfLanes * kFloatsOfLanes;
  state_.user_features = setup.user_features;
  state_.item_features = setup.item_features;
  state_.options = setup.options;
  state_.global_bias = setup.global_bias;
  allocate(users_, state_.users, setup.num_users, setup.regularization_user);
  allocate(items_, state_.items, setup.num_items, setup.regularization_item);
  allocate(features_, state_.features, setup.num_features, setup.regularization_feature);
  user_shares_ = Buffer<float>(setup.num_users);
  item_shares_ = Buffer<float>(setup.num_items);
  feature_shares_ = Buffer<float>(setup.num_features);
  partial_ = Buffer<double>(2 * (setup.valid_users.size / kPairsChunk + 1));
  failed_ = failed_ || device_.failed() || user_shares_.failed() || item_shares_.failed() || feature_shares_.failed() ||
            partial_.failed();
  if (failed_) return;
  count_shares();
  initialise(state_.users, 1, user_shares_.data(), setup.init_std);
  initialise(state_.items, 2, item_shares_.data(), setup.init_std);
  initialise(state_.features, 3, feature_shares_.data(), setup.init_std);

  const bool featured = setup.num_features != 0;
  if (featured && setup.valid_users.size != 0) {
    combined_users_ = Buffer<float>(static_cast<std::size_t>(setup.num_users) * state_.stride);
    combined_items_ = Buffer<float>(static_cast<std::size_t>(setup.num_items) * state_.stride);
    combined_user_biases_ = Buffer<float>(setup.num_users);
    combined_item_biases_ = Buffer<float>(setup.num_items);
    failed_ = failed_ || combined_users_.failed() || combined_items_.failed() || combined_user_biases_.failed() ||
              combined_item_biases_.failed();
  }
  const TrainOptions& o = setup.options;
  const std::size_t row_bytes = std::size_t{state_.stride} * sizeof(float) * floats_of(o.optimizer);
  if (const auto plan = plan_grid(setup, row_bytes)) {
    make_grid(*plan);
  } else {
    batches_ = std::make_unique<Batches>(setup.offsets, setup.items, setup.values, state_, o.batch_size);
    failed_ = failed_ || batches_->failed();
    const std::size_t ratings = setup.items.size;
    if (adam_in_batches(state_, ratings)) make_adam(static_cast<std::uint32_t>((ratings - 1) / o.batch_size + 1));
  }
}

void Trainer::make_grid(const GridPlan& plan) {
  grid_ =
      std::make_unique<Grid>(setup_.offsets, setup_.items, setup_.values, setup_.num_items, plan, setup_.seed, pool_);
  strata_ = Buffer<std::uint32_t>(std::size_t{plan.side} * plan.squares);
  block_losses_ = Buffer<double>(2 * plan.side);
  failed_ = failed_ || grid_->failed() || strata_.failed() || block_losses_.failed();
  if (failed_) return;
  if (plan.batch != 0) {
    make_adam(grid_->steps());
    slots_ = Buffer<std::uint32_t>(setup_.num_items);
    block_stride_ = adam_block_floats(grid_->most_repeated(), state_.stride);
    failed_ = failed_ || slots_.failed();
  } else if (setup_.num_features != 0) {
    block_stride_ = block_floats(setup_.num_features, state_.stride);
  }
  block_scratch_ = Buffer<float>(plan.side * block_stride_);
  failed_ = failed_ || block_scratch_.failed();
}

void Trainer::make_adam(std::uint32_t steps) {
  for (const auto& [owner, table] : {std::pair{&users_, &state_.users}, std::pair{&items_, &state_.items}}) {
    owner->last_step = Buffer<std::uint32_t>(table->rows);
    table->last_step = owner->last_step.data();
    failed_ = failed_ || owner->last_step.failed();
  }
  adam_ = std::make_unique<AdamTables>(state_, steps);
  failed_ = failed_ || adam_->failed();
}

// Rows start at step 0, wherever a cancelled epoch left them.
void Trainer::start_adam(EpochCall& call) {
  adam_->start(state_.step, call.learning_rate);
  call.adam = adam_->call();
  call.adam.slots = slots_.data();
  for (const ParameterTable* table : {&state_.users, &state_.items}) std::fill_n(table->last_step, table->rows, 0u);
}

void Trainer::allocate(Table& owner, ParameterTable& table, std::uint32_t rows, float regularization) {
  const std::size_t floats = static_cast<std::size_t>(rows) * state_.stride;
  const Optimizer optimizer = state_.options.optimizer;
  owner.factors = Buffer<float>(floats);
  owner.biases = Buffer<float>(rows);
  if (optimizer != Optimizer::sgd) {
    owner.factors_first = Buffer<float>(floats);
    owner.biases_first = Buffer<float>(rows);
  }
  if (optimizer == Optimizer::adam) {
    owner.factors_second = Buffer<float>(floats);
    owner.biases_second = Buffer<float>(rows);
  }
  failed_ = failed_ || owner.factors.failed() || owner.biases.failed() || owner.factors_first.failed() ||
            owner.biases_first.failed() || owner.factors_second.failed() || owner.biases_second.failed();
  table.rows = rows;
  table.regularization = regularization;
  table.factors = owner.factors.data();
  table.factors_first = owner.factors_first.data();
  table.factors_second = owner.factors_second.data();
  table.biases = owner.biases.data();
  table.biases_first = owner.biases_first.data();
  table.biases_second = owner.biases_second.data();
}

// Rows without ratings stay zero: noise in them would be noise in every prediction of a cold row.
void Trainer::initialise(ParameterTable& table, std::uint64_t stream, const float* shares, float std_dev) {
  for (std::uint32_t row = 0; row < table.rows; ++row) {
    if (shares[row] == 0.0f) continue;
    Rng rng(setup_.seed, (stream << 32) + row);
    float* factors = table.factors + static_cast<std::size_t>(row) * state_.stride;
    for (std::uint32_t k = 0; k < state_.dim; ++k) factors[k] = std_dev * rng.normal();
  }
}

// Share of one rating in its row's L2 gradient: 2 n^(power - 1), n the ratings in which the row takes part.
void Trainer::count_shares() {
  const auto add_features = [this](const FeatureLists& lists, std::uint32_t row, float count) {
    if (lists.empty()) return;
    for (std::uint32_t e = lists.offsets[row]; e < lists.offsets[row + 1]; ++e)
      feature_shares_[lists.features[e]] += count;
  };
  for (std::size_t n = 0; n < setup_.items.size; ++n) item_shares_[setup_.items[n]] += 1.0f;
  for (std::uint32_t u = 0; u < setup_.num_users; ++u) {
    user_shares_[u] = static_cast<float>(setup_.offsets[u + 1] - setup_.offsets[u]);
    add_features(setup_.user_features, u, user_shares_[u]);
  }
  for (std::uint32_t i = 0; i < setup_.num_items; ++i) add_features(setup_.item_features, i, item_shares_[i]);
  for (Buffer<float>* shares : {&user_shares_, &item_shares_, &feature_shares_}) {
    for (std::size_t row = 0; row < shares->size(); ++row) {
      float& share = (*shares)[row];
      share = share == 0.0f ? 0.0f : 2.0f * std::pow(share, setup_.regularization_power - 1.0f);
    }
  }
}

Status Trainer::check_finite() {
  for (const ParameterTable* table : {&state_.users, &state_.items, &state_.features}) {
    for (const auto& [values, count] :
         {std::pair<const float*, std::size_t>{table->factors, static_cast<std::size_t>(table->rows) * state_.stride},
          std::pair<const float*, std::size_t>{table->biases, table->rows}}) {
      const Status status = device_.check_finite(values, count, pool_);
      if (status != Status::ok) return status;
    }
  }
  return Status::ok;
}

// Squares in random order, and the strata of each.
void Trainer::describe_blocks(EpochCall& call, std::uint32_t epoch) {
  call.grid = grid_->view();
  const std::uint32_t side = call.grid.side;
  Rng rng(setup_.seed, (std::uint64_t{22} << 32) + epoch);
  std::vector<std::uint32_t> squares(call.grid.squares);
  std::iota(squares.begin(), squares.end(), 0u);
  rng.shuffle(squares.data(), squares.size());
  for (std::uint32_t n = 0; n < call.grid.squares; ++n) {
    std::uint32_t* strata = strata_.data() + std::size_t{n} * side;
    std::iota(strata, strata + side, squares[n] * side);
    rng.shuffle(strata, side);
  }
  call.strata = strata_.data();
  call.user_shares = user_shares_.data();
  call.item_shares = item_shares_.data();
  call.feature_shares = feature_shares_.data();
  call.block_scratch = block_scratch_.data();
  call.block_stride = block_stride_;
  call.block_losses = block_losses_.data();
}

EpochResult Trainer::run_epoch(std::uint32_t epoch, float learning_rate, const std::atomic<std::int32_t>& cancel,
                               const std::atomic<std::int32_t>& teardown) {
  const auto start = std::chrono::steady_clock::now();
  const FlushDenormals flush;
  const Backend& backend = device_.backend();
  EpochCall call;
  call.learning_rate = learning_rate;
  call.cancel = &cancel;
  call.teardown = &teardown;
  EpochLoss loss;
  EpochResult result;
  if (adam_ != nullptr) start_adam(call);
  if (grid_ != nullptr) {
    describe_blocks(call, epoch);
    if (adam_ != nullptr) {
      result.status = backend.train_adam(state_, call, pool_, loss);
    } else {
      result.status = backend.train_epoch(state_, call, pool_, loss);
    }
  } else {
    batches_->start(setup_.seed, epoch);
    call.batches = &batches_->source();
    result.status = backend.train_batch(state_, call, pool_, loss);
  }
  if (result.status == Status::ok) result.status = std::isfinite(loss.loss) ? check_finite() : Status::diverged;
  result.train_loss = mean_of(loss.loss, loss.count);
  result.train_rmse = std::sqrt(mean_of(loss.squared_error, loss.count));
  if (result.status == Status::ok && setup_.valid_users.size != 0) {
    PairsCall pairs;
    pairs.users = setup_.valid_users.data;
    pairs.items = setup_.valid_items.data;
    pairs.values = setup_.valid_values.data;
    pairs.size = setup_.valid_users.size;
    pairs.combined_users = combined_users_.data();
    pairs.combined_user_biases = combined_user_biases_.data();
    pairs.combined_items = combined_items_.data();
    pairs.combined_item_biases = combined_item_biases_.data();
    pairs.partial = partial_.data();
    EpochLoss valid;
    backend.evaluate_pairs(state_, pairs, pool_, valid);
    result.status = device_.status();
    result.valid_loss = mean_of(valid.loss, valid.count);
    result.valid_rmse = std::sqrt(mean_of(valid.squared_error, valid.count));
    // Parameters can be finite and their products not.
    if (result.status == Status::ok && !std::isfinite(valid.loss)) result.status = Status::diverged;
  }
  result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return result;
}

Status Trainer::fetch() {
  const TrainState& s = state_;
  return device_.fetch(
      {s.users.factors, s.users.biases, s.items.factors, s.items.biases, s.features.factors, s.features.biases});
}

void Trainer::read_factors(const ParameterTable& table, float* target) const {
  for (std::uint32_t row = 0; row < table.rows; ++row) {
    const float* source = table.factors + static_cast<std::size_t>(row) * state_.stride;
    for (std::uint32_t k = 0; k < state_.dim; ++k) *target++ = source[k];
  }
}

void Trainer::write_factors(const ParameterTable& table, const float* source) {
  for (std::uint32_t row = 0; row < table.rows; ++row, source += state_.dim)
    std::copy_n(source, state_.dim, table.factors + static_cast<std::size_t>(row) * state_.stride);
}

}  // namespace palate
