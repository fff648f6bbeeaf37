#include "core/item_pair_trainer.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <numeric>

#include "backend.h"
#include "core/float_mode.h"
#include "core/rng.h"

namespace palate {
namespace {

constexpr std::uint32_t kFloatsOfLanes = 16;

// Streams of the seed.
constexpr std::uint64_t kEpochStream = std::uint64_t{30} << 32;  // + epoch: the seed of an epoch
constexpr std::uint64_t kOrderStream = std::uint64_t{31} << 32;  // + epoch: order of its chunks
constexpr std::uint64_t kInputStream = std::uint64_t{32} << 32;  // + item: its input row
constexpr std::uint64_t kValidStream = std::uint64_t{33} << 32;
constexpr std::uint64_t kSubsampleStream = std::uint64_t{34} << 32;  // + epoch: the interactions that take part

// Streams of an epoch's seed; those below are the positions of items in the histories.
constexpr std::uint64_t kDealStream = std::uint64_t{1} << 32;  // + chunk: groups, order of strata

// `cell`: of all cells of the chunk's rounds.
std::uint64_t cell_stream(std::uint32_t chunk, std::uint32_t cell) { return (std::uint64_t{chunk} + 2) << 32 | cell; }

std::uint32_t padded(std::uint32_t dim) { return (dim + kFloatsOfLanes - 1) / kFloatsOfLanes * kFloatsOfLanes; }

// A device needs more cells that run at a time than a processor; the bound is the counts of a chunk's pairs by share
// and cell, which the host walks over.
constexpr std::size_t kDeviceGroups = 64;

double mean_of(double sum, double count) { return count == 0 ? 0.0 : sum / count; }

}  // namespace

ItemPairTrainer::ItemPairTrainer(const ItemPairSetup& setup)
    : setup_(setup),
      device_(setup.device),
      stride_(padded(setup.dim)),
      groups_(setup.noise, device_.memory() != nullptr ? kDeviceGroups : kProcessorGroups),
      pairs_(setup.histories, setup.plan, setup.chances, setup.reject_seen),
      valid_pairs_(setup.valid, setup.plan, {}, false),
      inputs_(std::size_t{setup.num_items} * stride_),
      outputs_(std::size_t{setup.num_items} * stride_),
      scratch_(groups_.count() * item_pairs_scratch(setup.negatives)),
      strata_(groups_.count()),
      rates_(groups_.count()),
      seeds_(std::size_t{groups_.count()} * groups_.count()),
      block_losses_(groups_.count()),
      pool_(setup.threads) {
  failed_ = device_.failed() || groups_.failed() || pairs_.failed() || inputs_.failed() || outputs_.failed() ||
            scratch_.failed();
  if (!failed_) initialise();
}

// Input rows at random, output rows at zero, as word2vec has it. Items without noise are in no history and stay zero.
void ItemPairTrainer::initialise() {
  for (std::uint32_t item = 0; item < setup_.num_items; ++item) {
    if (!(setup_.noise[item] > 0)) continue;
    Rng rng(setup_.seed, kInputStream + item);
    float* row = inputs_.data() + std::size_t{item} * stride_;
    for (std::uint32_t k = 0; k < setup_.dim; ++k) row[k] = setup_.init_std * rng.normal();
  }
}

void ItemPairTrainer::set_rates(const RateSpan& span, std::uint32_t round, std::uint32_t rounds) {
  const std::uint32_t groups = groups_.count();
  for (std::uint32_t n = 0; n < groups; ++n) {
    const double done = (static_cast<double>(round) * groups + n) / (static_cast<double>(rounds) * groups);
    rates_[n] = static_cast<float>(span.first + (static_cast<double>(span.last) - span.first) * done);
  }
}

Status ItemPairTrainer::run_chunk(ItemPairs& pairs, std::uint32_t chunk, std::uint64_t seed, const RateSpan& span,
                                  ItemPairsCall& call, Losses& losses) {
  const std::uint32_t groups = groups_.count();
  Rng rng(seed, kDealStream + chunk);
  groups_.deal(rng, pool_);
  std::iota(strata_.begin(), strata_.end(), 0u);
  rng.shuffle(strata_.data(), groups);
  if (!pairs.draw(chunk, seed, groups_, pool_)) return Status::out_of_memory;
  call.objective = setup_.objective;
  call.negatives = setup_.negatives;
  call.reject_seen = pairs.pair_histories() != nullptr;
  call.inputs = inputs_.data();
  call.outputs = outputs_.data();
  call.num_items = setup_.num_items;
  call.stride = stride_;
  call.pairs = pairs.pairs();
  call.histories = pairs.pair_histories();
  call.groups = groups;
  call.strata = strata_.data();
  call.rates = rates_.data();
  call.slots = groups_.slots();
  call.group_starts = groups_.starts();
  call.log_noise = setup_.log_noise.empty() ? nullptr : setup_.log_noise.data;
  call.num_histories = static_cast<std::uint32_t>(std::max<std::size_t>(setup_.histories.offsets.size, 1) - 1);
  call.seen_offsets = setup_.histories.offsets.data;
  call.seen_items = setup_.seen_items.data;
  call.seeds = seeds_.data();
  call.scratch = scratch_.data();
  call.scratch_stride = item_pairs_scratch(setup_.negatives);
  call.block_losses = block_losses_.data();
  block_losses_.assign(groups, 0.0);
  Status status = Status::ok;
  for (std::uint32_t round = 0; round < pairs.rounds() && status == Status::ok; ++round) {
    for (std::uint32_t cell = 0; cell < groups * groups; ++cell) {
      seeds_[cell] = Rng(seed, cell_stream(chunk, round * groups * groups + cell)).next();
    }
    set_rates(span, round, pairs.rounds());
    call.cells = pairs.cells(round);
    status = device_.backend().train_item_pairs(call, pool_);
  }
  losses.sum += std::accumulate(block_losses_.begin(), block_losses_.end(), 0.0);
  losses.pairs += static_cast<double>(pairs.size());
  return status;
}

ItemPairEpoch ItemPairTrainer::run_epoch(std::uint32_t epoch, float rate, float last_rate,
                                         const std::atomic<std::int32_t>& cancel,
                                         const std::atomic<std::int32_t>& teardown) {
  const auto start = std::chrono::steady_clock::now();
  const FlushDenormals flush;
  ItemPairsCall call;
  call.device = device_.memory();
  call.cancel = &cancel;
  call.teardown = &teardown;
  ItemPairEpoch result;
  Losses losses;
  const std::uint64_t seed = Rng(setup_.seed, kEpochStream + epoch).next();
  pairs_.subsample(Rng(setup_.seed, kSubsampleStream + epoch).next());
  std::vector<std::uint32_t> chunks(pairs_.chunks());
  std::iota(chunks.begin(), chunks.end(), 0u);
  Rng(setup_.seed, kOrderStream + epoch).shuffle(chunks.data(), chunks.size());
  for (std::uint32_t n = 0; n < chunks.size() && result.status == Status::ok; ++n) {
    const auto at = [&](std::uint32_t done) {
      return static_cast<float>(rate + (static_cast<double>(last_rate) - rate) * done / chunks.size());
    };
    result.status = run_chunk(pairs_, chunks[n], seed, {at(n), at(n + 1)}, call, losses);
  }
  const std::size_t floats = std::size_t{setup_.num_items} * stride_;
  if (result.status == Status::ok && !std::isfinite(losses.sum)) result.status = Status::diverged;
  for (const Buffer<float>* rows : {&inputs_, &outputs_}) {
    if (result.status == Status::ok) result.status = device_.check_finite(rows->data(), floats, pool_);
  }
  // The same draws each time, so that epochs can be compared.
  Losses valid;
  call.update = false;
  const std::uint64_t valid_seed = Rng(setup_.seed, kValidStream).next();
  for (std::uint32_t chunk = 0; chunk < valid_pairs_.chunks() && result.status == Status::ok; ++chunk) {
    result.status = run_chunk(valid_pairs_, chunk, valid_seed, {}, call, valid);
  }
  if (result.status == Status::ok && !std::isfinite(valid.sum)) result.status = Status::diverged;
  result.pairs = losses.pairs;
  result.train_loss = mean_of(losses.sum, losses.pairs);
  result.valid_loss = mean_of(valid.sum, valid.pairs);
  result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return result;
}

Status ItemPairTrainer::fetch() { return device_.fetch({inputs_.data(), outputs_.data()}); }

void ItemPairTrainer::read(float* inputs, float* outputs) const {
  for (std::uint32_t item = 0; item < setup_.num_items; ++item) {
    const std::size_t row = std::size_t{item} * stride_;
    for (std::uint32_t k = 0; k < setup_.dim; ++k) {
      *inputs++ = inputs_[row + k];
      *outputs++ = outputs_[row + k];
    }
  }
}

void ItemPairTrainer::write(const float* inputs, const float* outputs) {
  for (std::uint32_t item = 0; item < setup_.num_items; ++item) {
    const std::size_t row = std::size_t{item} * stride_;
    for (std::uint32_t k = 0; k < setup_.dim; ++k) {
      inputs_[row + k] = *inputs++;
      outputs_[row + k] = *outputs++;
    }
  }
  device_.forget({inputs_.data(), outputs_.data()});
}

}  // namespace palate
