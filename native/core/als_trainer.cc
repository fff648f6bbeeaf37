#include "core/als_trainer.h"

#include <algorithm>
#include <chrono>
#include <cmath>

#include "core/float_mode.h"
#include "core/rng.h"

namespace palate {
namespace {

constexpr std::uint32_t kFloatsOfLanes = 16;

std::uint32_t whole_lanes(std::uint32_t floats) {
  return (floats + kFloatsOfLanes - 1) / kFloatsOfLanes * kFloatsOfLanes;
}

void take_roots(View<const float> weights, Buffer<float>& roots) {
  for (std::size_t n = 0; n < weights.size; ++n) roots[n] = std::sqrt(weights[n]);
}

// Sum over all pairs of (p . q)^2, from the Gram matrices of both sides.
double sum_squared_scores(const Buffer<float>& a, const Buffer<float>& b) {
  double total = 0;
  for (std::size_t k = 0; k < a.size(); ++k) total += static_cast<double>(a[k]) * static_cast<double>(b[k]);
  return total;
}

}  // namespace

AlsTrainer::AlsTrainer(const AlsTrainerSetup& setup)
    : setup_(setup), device_(setup.device), stride_(whole_lanes(setup.dim)), pool_(setup.threads) {
  users_.rows = static_cast<std::uint32_t>(setup.offsets.size - 1);
  items_.rows = setup.num_items;
  block_ = setup.solver == AlsSolver::cg ? 0 : setup.block == 0 ? stride_ : std::min(whole_lanes(setup.block), stride_);
  failed_ = device_.failed() || !allocate();
}

bool AlsTrainer::allocate() {
  const std::size_t positives = setup_.items.size;
  const std::size_t floats = std::size_t{stride_} * stride_;
  const bool weighted = !setup_.weights.empty();
  bool good = true;
  const auto take = [&good](auto& buffer, std::size_t size) {
    if (!good) return;
    buffer = std::remove_reference_t<decltype(buffer)>(size);
    good = !buffer.failed();
  };
  take(item_offsets_, std::size_t{items_.rows} + 2);
  take(item_users_, positives);
  for (Side* side : {&users_, &items_}) {
    take(side->factors, side->rows * std::size_t{stride_});
    take(side->penalties, side->rows);
    take(side->roots, weighted ? positives : 0);
    take(side->gram, floats);
  }
  take(valid_roots_, setup_.valid_weights.size);
  take(shares_, kGramShares * floats);
  take(partial_, std::size_t{std::max(users_.rows, items_.rows)} / kAlsBatch + 1);
  take(pair_losses_, setup_.valid_users.size / kAlsPairs + 1);
  if (!good) return false;
  take_roots(setup_.weights, users_.roots);
  take_roots(setup_.valid_weights, valid_roots_);
  users_.offsets = setup_.offsets.data;
  users_.others = setup_.items.data;
  transpose();
  initialise(users_, items_.rows, 0);
  initialise(items_, users_.rows, 1);
  take(scratch_, pool_.threads() * als_floats(stride_, block_, std::max(users_.longest, items_.longest)));
  return good;
}

// Counting sort. Offsets stand one place to the right while they serve as cursors.
void AlsTrainer::transpose() {
  const View<const std::uint32_t> items = setup_.items;
  for (std::size_t n = 0; n < items.size; ++n) ++item_offsets_[std::size_t{items[n]} + 2];
  for (std::size_t i = 2; i < item_offsets_.size(); ++i) item_offsets_[i] += item_offsets_[i - 1];
  const bool weighted = users_.roots.size() != 0;
  for (std::uint32_t user = 0; user < users_.rows; ++user) {
    for (std::uint32_t n = users_.offsets[user]; n < users_.offsets[user + 1]; ++n) {
      const std::uint32_t at = item_offsets_[std::size_t{items[n]} + 1]++;
      item_users_[at] = user;
      if (weighted) items_.roots[at] = users_.roots[n];
    }
  }
  items_.offsets = item_offsets_.data();
  items_.others = item_users_.data();
}

// Rows without positives are zero, as their solution is.
void AlsTrainer::initialise(Side& side, std::uint32_t other_rows, std::uint64_t stream) {
  for (std::uint32_t row = 0; row < side.rows; ++row) {
    const std::uint32_t count = side.offsets[row + 1] - side.offsets[row];
    side.longest = std::max(side.longest, count);
    const float size = static_cast<float>(count) + setup_.unobserved_weight * static_cast<float>(other_rows);
    side.penalties[row] = setup_.regularization * std::pow(size, setup_.regularization_power);
    if (count == 0) continue;
    Rng rng(setup_.seed, (stream << 32) + row);
    float* factors = side.factors.data() + std::size_t{row} * stride_;
    for (std::uint32_t k = 0; k < setup_.dim; ++k) factors[k] = setup_.init_std * rng.normal();
  }
}

void AlsTrainer::form_gram(Side& side) {
  GramCall call;
  call.gram = side.gram.data();
  call.rows = side.factors.data();
  call.num_rows = side.rows;
  call.stride = stride_;
  call.shares = shares_.data();
  call.device = device_.memory();
  device_.backend().form_gram(call, pool_);
  (void)device_.fetch({call.gram});  // sums over it are taken here; run_epoch asks whether it worked
}

Status AlsTrainer::fit(Side& side, const Side& fixed, const std::atomic<std::int32_t>& cancel,
                       const std::atomic<std::int32_t>& teardown, AlsSums& sums) {
  AlsCall call;
  call.solver = setup_.solver;
  call.block = block_;
  call.cg_steps = setup_.cg_steps;
  call.unobserved_weight = setup_.unobserved_weight;
  call.rows = side.factors.data();
  call.offsets = side.offsets;
  call.others = side.others;
  call.roots = side.roots.size() == 0 ? nullptr : side.roots.data();
  call.penalties = side.penalties.data();
  call.fixed = fixed.factors.data();
  call.gram = fixed.gram.data();
  call.num_rows = side.rows;
  call.num_fixed = fixed.rows;
  call.stride = stride_;
  call.longest = std::max(users_.longest, items_.longest);
  call.scratch = scratch_.data();
  call.partial = partial_.data();
  call.cancel = &cancel;
  call.teardown = &teardown;
  call.device = device_.memory();
  return device_.backend().solve_als(call, pool_, sums);
}

AlsEpochResult AlsTrainer::run_epoch(const std::atomic<std::int32_t>& cancel,
                                     const std::atomic<std::int32_t>& teardown) {
  const auto start = std::chrono::steady_clock::now();
  const FlushDenormals flush;
  AlsEpochResult result;
  if (!started_) form_gram(items_);
  started_ = true;
  AlsSums users, items;
  result.status = fit(users_, items_, cancel, teardown, users);
  if (result.status == Status::ok) {
    form_gram(users_);
    const double scores = sum_squared_scores(users_.gram, items_.gram);
    result.status = fit(items_, users_, cancel, teardown, items);
    const double weight = static_cast<double>(setup_.unobserved_weight);
    const double positives = static_cast<double>(std::max(setup_.items.size, std::size_t{1}));
    // What the items started from, less what they gained.
    result.train_loss = (items.observed + weight * scores + users.fitted + items.penalty - items.gain) / positives;
  }
  if (result.status == Status::ok) {
    form_gram(items_);
    if (!setup_.valid_users.empty()) {
      AlsPairsCall call;
      call.users = users_.factors.data();
      call.items = items_.factors.data();
      call.pair_users = setup_.valid_users.data;
      call.pair_items = setup_.valid_items.data;
      call.roots = valid_roots_.size() == 0 ? nullptr : valid_roots_.data();
      call.num_users = users_.rows;
      call.num_items = items_.rows;
      call.size = setup_.valid_users.size;
      call.stride = stride_;
      call.partial = pair_losses_.data();
      call.device = device_.memory();
      const double observed = device_.backend().sum_pair_losses(call, pool_);
      result.valid_loss = observed / static_cast<double>(call.size) + static_cast<double>(setup_.unobserved_weight) *
                                                                          sum_squared_scores(users_.gram, items_.gram) /
                                                                          static_cast<double>(setup_.items.size);
    }
    result.status = device_.status();
    const bool finite = std::isfinite(result.train_loss) && std::isfinite(items.fitted);
    if (result.status == Status::ok && !finite) result.status = Status::diverged;
  }
  result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return result;
}

Status AlsTrainer::fetch() { return device_.fetch({users_.factors.data(), items_.factors.data()}); }

void AlsTrainer::read(const Side& side, float* target) const {
  for (std::uint32_t row = 0; row < side.rows; ++row)
    target = std::copy_n(side.factors.data() + std::size_t{row} * stride_, setup_.dim, target);
}

void AlsTrainer::write(Side& side, const float* source) {
  for (std::uint32_t row = 0; row < side.rows; ++row, source += setup_.dim)
    std::copy_n(source, setup_.dim, side.factors.data() + std::size_t{row} * stride_);
  device_.forget({side.factors.data()});
}

}  // namespace palate
