#include "core/count_trainer.h"

#include <algorithm>
#include <chrono>
#include <cmath>

#include "core/float_mode.h"
#include "core/rng.h"

namespace palate {
namespace {

constexpr std::uint32_t kFloatsOfLanes = 16;

std::size_t whole_lanes(std::uint32_t floats) {
  return (std::size_t{floats} + kFloatsOfLanes - 1) / kFloatsOfLanes * kFloatsOfLanes;
}

// Products of all pairs cost less than the sums that avoid them.
bool forms_products(const CountTrainerSetup& setup) {
  return setup.options.loss == CountLoss::all_pairs && setup.dim >= setup.num_items;
}

// Only sums over X are needed, which sums over users give.
bool skips_rows(const CountTrainerSetup& setup) {
  return setup.options.loss == CountLoss::all_pairs && setup.target == CountTarget::count && !forms_products(setup);
}

}  // namespace

CountTrainer::CountTrainer(const CountTrainerSetup& setup)
    : setup_(setup), device_(setup.device), counts_(setup.offsets, setup.items, setup.num_items), pool_(setup.threads) {
  state_.device = device_.memory();
  failed_ = device_.failed() || counts_.failed() || !allocate();
  if (!failed_) initialise();
}

bool CountTrainer::allocate() {
  const std::size_t stride = whole_lanes(setup_.dim);
  const std::size_t floats = setup_.num_items * stride;
  const bool glove = setup_.options.loss == CountLoss::glove;
  const bool adam = setup_.options.optimizer == Optimizer::adam;
  bool good = true;
  const auto take = [&good](Buffer<float>& buffer, bool wanted, std::size_t size) {
    if (!wanted || !good) return;
    buffer = Buffer<float>(size);
    good = !buffer.failed();
  };
  take(vectors_, true, floats);
  take(first_, true, floats);
  take(second_, adam, floats);
  take(gradients_, true, floats);
  take(biases_, glove, setup_.num_items);
  take(biases_first_, glove, setup_.num_items);
  take(biases_second_, glove && adam, setup_.num_items);
  take(bias_gradients_, glove, setup_.num_items);
  const bool dense = forms_products(setup_);
  const std::size_t residual_stride = whole_lanes(setup_.num_items);
  take(residuals_, dense, setup_.num_items * residual_stride);
  take(gram_, !glove && !dense, setup_.dim * stride);
  take(user_sums_, skips_rows(setup_), counts_.likes().num_users * stride);
  const std::uint32_t threads = pool_.threads();
  const std::size_t by_halves = std::max(strassen_scratch_floats(setup_.dim, setup_.num_items, threads),
                                         strassen_scratch_floats(setup_.num_items, setup_.dim, threads));
  take(multiply_scratch_, !glove,
       std::max({multiply_scratch_floats(setup_.dim, setup_.num_items, threads),
                 multiply_scratch_floats(dense ? setup_.num_items : setup_.dim, setup_.dim, threads),
                 dense ? by_halves : 0}));
  if (!good) return false;
  partial_ = Buffer<double>(2 * (std::size_t{setup_.num_items} / kFactorRows + 1));

  state_.options = setup_.options;
  state_.num_items = setup_.num_items;
  state_.dim = setup_.dim;
  state_.stride = static_cast<std::uint32_t>(stride);
  state_.vectors = vectors_.data();
  state_.first = first_.data();
  state_.second = second_.data();
  state_.biases = biases_.data();
  state_.biases_first = biases_first_.data();
  state_.biases_second = biases_second_.data();
  call_.likes = counts_.likes();
  call_.gradients = gradients_.data();
  call_.bias_gradients = bias_gradients_.data();
  call_.user_sums = user_sums_.data();
  call_.gram = gram_.data();
  call_.residuals = residuals_.data();
  call_.residual_stride = residual_stride;
  call_.multiply_scratch = multiply_scratch_.data();
  call_.partial = partial_.data();
  return !partial_.failed();
}

// Items that nobody likes stay zero, so that they are like nothing: their target is 0 with every other item. In the run
// with products they start at random as all others, as published.
void CountTrainer::initialise() {
  const bool all = forms_products(setup_);
  for (std::uint32_t item = 0; item < state_.num_items; ++item) {
    if (!all && call_.likes.item_offsets[item] == call_.likes.item_offsets[item + 1]) continue;
    Rng rng(setup_.seed, (std::uint64_t{2} << 32) + item);
    float* row = state_.vectors + std::size_t{item} * state_.stride;
    for (std::uint32_t k = 0; k < state_.dim; ++k) row[k] = setup_.init_std * rng.normal();
  }
}

// f and t by count.
bool CountTrainer::tabulate() {
  const std::size_t size = std::size_t{counts_.totals().largest} + 1;
  targets_ = Buffer<float>(size);
  weights_ = Buffer<float>(size);
  if (targets_.failed() || weights_.failed()) return false;
  const bool glove = setup_.options.loss == CountLoss::glove;
  for (std::size_t x = 1; x < size; ++x) {
    const float count = static_cast<float>(x);
    targets_[x] = glove ? std::log(count) : setup_.target == CountTarget::log ? std::log1p(count) : count;
    weights_[x] = count < setup_.count_cap ? std::pow(count / setup_.count_cap, setup_.count_power) : 1.0f;
  }
  call_.targets = targets_.data();
  call_.weights = weights_.data();
  return true;
}

Status CountTrainer::prepare(const std::atomic<std::int32_t>& cancel, const std::atomic<std::int32_t>& teardown) {
  if (counts_.counted()) return Status::ok;
  const bool rows = !skips_rows(setup_);
  const Status status = counts_.count(rows, device_, pool_, &cancel, &teardown);
  if (status != Status::ok) return status;
  if (!rows) {
    call_.sum_squared_targets = static_cast<double>(counts_.totals().sum_squares);
    return Status::ok;
  }
  if (!tabulate()) return Status::out_of_memory;
  call_.rows = counts_.rows();
  call_.largest = counts_.totals().largest;
  for (std::uint32_t item = 0; item < state_.num_items; ++item) {
    const CountRow& row = call_.rows[item];
    for (std::uint32_t n = 0; n < row.size; ++n) {
      const double target = static_cast<double>(targets_[row.counts[n]]);
      call_.sum_squared_targets += target * target;
    }
  }
  return Status::ok;
}

CountEpochResult CountTrainer::run_epoch(float learning_rate, const std::atomic<std::int32_t>& cancel,
                                         const std::atomic<std::int32_t>& teardown) {
  const auto start = std::chrono::steady_clock::now();
  const FlushDenormals flush;
  CountEpochResult result;
  result.status = prepare(cancel, teardown);
  if (result.status == Status::ok) {
    call_.learning_rate = learning_rate;
    call_.cancel = &cancel;
    call_.teardown = &teardown;
    result.status = device_.backend().factorize_counts(state_, call_, pool_, result.cost);
  }
  result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return result;
}

Status CountTrainer::fetch() { return device_.fetch({state_.vectors}); }

void CountTrainer::read_vectors(float* target) const {
  for (std::uint32_t item = 0; item < state_.num_items; ++item) {
    const float* row = state_.vectors + std::size_t{item} * state_.stride;
    target = std::copy_n(row, state_.dim, target);
  }
}

void CountTrainer::write_vectors(const float* source) {
  for (std::uint32_t item = 0; item < state_.num_items; ++item, source += state_.dim)
    std::copy_n(source, state_.dim, state_.vectors + std::size_t{item} * state_.stride);
  device_.forget({state_.vectors});
}

}  // namespace palate
