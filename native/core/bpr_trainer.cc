#include "core/bpr_trainer.h"

#include <chrono>
#include <cmath>
#include <numeric>

#include "backend.h"
#include "core/finite.h"
#include "core/float_mode.h"
#include "core/rng.h"

namespace palate {
namespace {

constexpr std::uint32_t kFloatsOfLanes = 16;

// Streams of the seed.
constexpr std::uint64_t kEpochStream = std::uint64_t{40} << 32;  // + epoch: the seed of an epoch
constexpr std::uint64_t kUserStream = std::uint64_t{41} << 32;   // + user: its row
constexpr std::uint64_t kItemStream = std::uint64_t{42} << 32;   // + item: its row
constexpr std::uint64_t kValidStream = std::uint64_t{43} << 32;

// Streams of an epoch's seed.
constexpr std::uint64_t kOrderStream = 0;                      // of users
constexpr std::uint64_t kDealStream = std::uint64_t{1} << 32;  // + chunk: groups of items, order of strata

std::uint64_t cell_stream(std::uint32_t chunk, std::uint32_t cell) { return (std::uint64_t{chunk} + 2) << 32 | cell; }

std::uint32_t padded(std::uint32_t dim) { return (dim + kFloatsOfLanes - 1) / kFloatsOfLanes * kFloatsOfLanes; }

double mean_of(double sum, double count) { return count == 0 ? 0.0 : sum / count; }

}  // namespace

BprTrainer::BprTrainer(const BprSetup& setup)
    : setup_(setup),
      stride_(padded(setup.dim)),
      groups_(setup.noise, kProcessorGroups),
      cells_(setup.positives.offsets, setup.positives.items, setup.pairs_per_chunk),
      valid_cells_(setup.valid.offsets, setup.valid.items, setup.pairs_per_chunk),
      users_(std::size_t{setup.num_users} * stride_),
      items_(std::size_t{setup.num_items} * stride_),
      biases_(setup.num_items),
      seen_bits_(setup.reject_seen ? setup.positives.items.size : 0),
      strata_(groups_.count()),
      seeds_(std::size_t{groups_.count()} * groups_.count()),
      block_losses_(groups_.count()),
      block_triples_(groups_.count()),
      pool_(setup.threads) {
  if (setup.optimizer == Optimizer::adagrad) {
    users_first_ = Buffer<float>(users_.size());
    items_first_ = Buffer<float>(items_.size());
    biases_first_ = Buffer<float>(biases_.size());
  }
  failed_ = groups_.failed() || users_.failed() || items_.failed() || biases_.failed() || users_first_.failed() ||
            items_first_.failed() || biases_first_.failed() || seen_bits_.failed();
  if (failed_) return;
  initialise();
  if (setup.reject_seen) mark_seen();
}

// Rows that no triple moves stay zero: a user without positives is ranked by the biases alone.
void BprTrainer::initialise() {
  const auto draw = [this](float* row, std::uint64_t stream) {
    Rng rng(setup_.seed, stream);
    for (std::uint32_t k = 0; k < setup_.dim; ++k) row[k] = setup_.init_std * rng.normal();
  };
  const View<const std::uint32_t> offsets = setup_.positives.offsets;
  for (std::uint32_t user = 0; user < setup_.num_users; ++user) {
    if (offsets[user] < offsets[user + 1]) draw(users_.data() + std::size_t{user} * stride_, kUserStream + user);
  }
  for (std::uint32_t item = 0; item < setup_.num_items; ++item) {
    if (setup_.noise[item] > 0) draw(items_.data() + std::size_t{item} * stride_, kItemStream + item);
  }
}

void BprTrainer::mark_seen() {
  const auto [offsets, items] = setup_.positives;
  for (std::uint32_t user = 0; user < setup_.num_users; ++user) {
    const std::uint32_t begin = offsets[user];
    const std::uint32_t entries = offsets[user + 1] - begin;
    for (std::uint32_t n = begin; n < begin + entries; ++n) {
      const std::uint32_t bit = seen_bit(items[n], entries);
      seen_bits_[begin + bit / 8] |= static_cast<std::uint8_t>(1u << bit % 8);
    }
  }
}

bool BprTrainer::finite() {
  return all_finite(users_.data(), users_.size(), pool_) && all_finite(items_.data(), items_.size(), pool_) &&
         all_finite(biases_.data(), biases_.size(), pool_);
}

Status BprTrainer::run_pairs(PositiveCells& cells, std::uint64_t seed, BprCall& call, Losses& losses) {
  const std::uint32_t groups = groups_.count();
  cells.shuffle(Rng(seed, kOrderStream));
  for (std::uint32_t chunk = 0; chunk < cells.chunks(); ++chunk) {
    Rng rng(seed, kDealStream + chunk);
    groups_.deal(rng, pool_);
    std::iota(strata_.begin(), strata_.end(), 0u);
    rng.shuffle(strata_.data(), groups);
    for (std::uint32_t cell = 0; cell < groups * groups; ++cell) {
      seeds_[cell] = Rng(seed, cell_stream(chunk, cell)).next();
    }
    if (!cells.fill(chunk, groups_, pool_)) return Status::out_of_memory;
    call.positives = cells.positives();
    call.cells = cells.cells();
    block_losses_.assign(groups, 0.0);
    block_triples_.assign(groups, 0.0);
    const Status status = cpu_backend().train_bpr(call, pool_);
    if (status != Status::ok) return status;
    losses.sum += std::accumulate(block_losses_.begin(), block_losses_.end(), 0.0);
    losses.triples += std::accumulate(block_triples_.begin(), block_triples_.end(), 0.0);
  }
  return Status::ok;
}

BprEpoch BprTrainer::run_epoch(std::uint32_t epoch, float learning_rate, const std::atomic<std::int32_t>& cancel,
                               const std::atomic<std::int32_t>& teardown) {
  const auto start = std::chrono::steady_clock::now();
  const FlushDenormals flush;
  BprCall call;
  call.optimizer = setup_.optimizer;
  call.rate = learning_rate;
  call.bias_rate = setup_.biases ? learning_rate * setup_.bias_learning_rate : 0.0f;
  call.epsilon = setup_.epsilon;
  call.negatives = setup_.negatives;
  call.reject_seen = setup_.reject_seen;
  call.users = {users_.data(), users_first_.data(), setup_.regularization_user};
  call.items = {items_.data(), items_first_.data(), setup_.regularization_item};
  call.biases = {biases_.data(), biases_first_.data(), setup_.regularization_bias};
  call.stride = stride_;
  call.groups = groups_.count();
  call.strata = strata_.data();
  call.slots = groups_.slots();
  call.group_starts = groups_.starts();
  call.seen_offsets = setup_.positives.offsets.data;
  call.seen_items = setup_.positives.items.data;
  call.seen_bits = seen_bits_.data();
  call.seeds = seeds_.data();
  call.block_losses = block_losses_.data();
  call.block_triples = block_triples_.data();
  call.cancel = &cancel;
  call.teardown = &teardown;
  BprEpoch result;
  Losses losses;
  result.status = run_pairs(cells_, Rng(setup_.seed, kEpochStream + epoch).next(), call, losses);
  if (result.status == Status::ok && !(std::isfinite(losses.sum) && finite())) result.status = Status::diverged;
  // The same draws each time, so that epochs can be compared.
  Losses valid;
  call.update = false;
  if (result.status == Status::ok && !setup_.valid.items.empty()) {
    result.status = run_pairs(valid_cells_, Rng(setup_.seed, kValidStream).next(), call, valid);
    if (result.status == Status::ok && !std::isfinite(valid.sum)) result.status = Status::diverged;
  }
  result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  result.triples = losses.triples;
  result.train_loss = mean_of(losses.sum, losses.triples);
  result.valid_loss = mean_of(valid.sum, valid.triples);
  return result;
}

void BprTrainer::read(float* user_factors, float* item_factors, float* item_biases) const {
  const auto copy = [this](const Buffer<float>& source, std::uint32_t rows, float* target) {
    for (std::size_t row = 0; row < rows; ++row) {
      const float* values = source.data() + row * stride_;
      for (std::uint32_t k = 0; k < setup_.dim; ++k) *target++ = values[k];
    }
  };
  copy(users_, setup_.num_users, user_factors);
  copy(items_, setup_.num_items, item_factors);
  for (std::uint32_t item = 0; item < setup_.num_items; ++item) item_biases[item] = biases_[item];
}

}  // namespace palate
