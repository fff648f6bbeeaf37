#include "core/softmax_trainer.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <limits>
#include <numeric>

#include "backend.h"
#include "core/flags.h"
#include "core/float_mode.h"
#include "core/rng.h"

namespace palate {
namespace {

constexpr std::size_t kFloatsOfLanes = 16;

// Streams of random numbers, apart from those of the other trainers.
constexpr std::uint64_t kInitStream = 32;
constexpr std::uint64_t kOrderStream = 33;
constexpr std::uint64_t kPairStream = 34;
constexpr std::uint64_t kDropoutStream = 35;
constexpr std::uint64_t kDealStream = 36;

// Steps that a device may be behind: their losses are looked at, and memory of the queue is bounded.
constexpr std::uint32_t kStepsAhead = 64;

std::uint32_t padded(std::uint32_t size) {
  return static_cast<std::uint32_t>((size + kFloatsOfLanes - 1) / kFloatsOfLanes * kFloatsOfLanes);
}

// Xavier: uniform in +-sqrt(6 / (rows + columns)) (Glorot, Bengio 2010, eq. 16).
void fill_uniform(float* values, std::uint32_t rows, std::uint32_t columns, std::uint32_t stride, std::uint64_t seed,
                  std::uint64_t stream) {
  const float bound = std::sqrt(6.0f / (static_cast<float>(rows) + static_cast<float>(columns)));
  Rng rng(seed, stream);
  for (std::uint32_t row = 0; row < rows; ++row) {
    for (std::uint32_t k = 0; k < columns; ++k) {
      const float unit = static_cast<float>(rng.next() >> 40) * (1.0f / 16777216.0f);
      values[std::size_t{row} * stride + k] = bound * (2.0f * unit - 1.0f);
    }
  }
}

}  // namespace

struct SoftmaxTrainer::Flags {
  const std::atomic<std::int32_t>* cancel;
  const std::atomic<std::int32_t>* teardown;
};

SoftmaxTrainer::SoftmaxTrainer(const SoftmaxSetup& setup) : setup_(setup), device_(setup.device), pool_(setup.threads) {
  state_.device = device_.memory();
  state_.num_items = setup.num_items;
  state_.dim = setup.dim;
  state_.stride = padded(setup.dim);
  state_.hidden = setup.hidden;
  state_.hidden_stride = padded(setup.hidden);
  state_.tied = setup.tables == 1;
  state_.layer_norm = setup.layer_norm;
  state_.self_mask = setup.self_mask;
  state_.dropout = setup.dropout;
  state_.clip_norm = setup.clip_norm;
  lay_out();
  const std::size_t table = std::size_t{setup.num_items} * state_.stride;
  allocate(inputs_, state_.inputs, table, state_.tied);
  if (!state_.tied) allocate(outputs_, state_.outputs, table, true);
  if (setup.item_biases) allocate(biases_, state_.biases, setup.num_items, true);
  allocate(dense_, state_.dense, state_.layout.size, true);
  counts_ = std::make_unique<PairCounts>(setup.seen, setup.seen, setup.num_items, setup.fractions, setup.seed);
  failed_ = failed_ || device_.failed() || counts_->failed();
  if (setup.valid.offsets.size != 0) {
    const double whole[kPairParts] = {1, 0, 0};
    valid_counts_ = std::make_unique<PairCounts>(setup.seen, setup.valid, setup.num_items, whole, setup.seed);
    failed_ = failed_ || valid_counts_->failed();
  }
  allocate_blocks();
  if (failed_) return;
  if (state_.tied) state_.outputs = state_.inputs;
  initialise();
}

void SoftmaxTrainer::lay_out() {
  SoftmaxLayout& at = state_.layout;
  const auto place = [&at](std::size_t size) {
    const std::size_t begin = at.size;
    at.size += (size + kFloatsOfLanes - 1) / kFloatsOfLanes * kFloatsOfLanes;
    return begin;
  };
  if (state_.hidden != 0) {
    at.first_weights = place(std::size_t{state_.hidden} * state_.stride);
    at.first_bias = place(state_.hidden);
    at.second_weights = place(std::size_t{state_.dim} * state_.hidden_stride);
    at.second_bias = place(state_.dim);
  }
  if (state_.layer_norm) {
    at.gain = place(state_.dim);
    at.shift = place(state_.dim);
  }
}

void SoftmaxTrainer::allocate(Array& owner, SoftmaxArray& array, std::size_t size, bool gradient) {
  owner.values = Buffer<float>(size);
  owner.first = Buffer<float>(size);
  owner.second = Buffer<float>(size);
  if (gradient) owner.gradient = Buffer<float>(size);
  failed_ =
      failed_ || owner.values.failed() || owner.first.failed() || owner.second.failed() || owner.gradient.failed();
  array = {owner.values.data(), owner.first.data(), owner.second.data(), owner.gradient.data(), size};
}

void SoftmaxTrainer::initialise() {
  const SoftmaxLayout& at = state_.layout;
  const std::uint64_t seed = setup_.seed;
  fill_uniform(state_.inputs.values, state_.num_items, state_.dim, state_.stride, seed, kInitStream << 32);
  if (!state_.tied) {
    fill_uniform(state_.outputs.values, state_.num_items, state_.dim, state_.stride, seed, (kInitStream << 32) + 1);
  }
  if (state_.hidden != 0) {
    fill_uniform(state_.dense.values + at.first_weights, state_.hidden, state_.dim, state_.stride, seed,
                 (kInitStream << 32) + 2);
    fill_uniform(state_.dense.values + at.second_weights, state_.dim, state_.hidden, state_.hidden_stride, seed,
                 (kInitStream << 32) + 3);
  }
  if (state_.layer_norm) std::fill_n(state_.dense.values + at.gain, state_.dim, 1.0f);
}

void SoftmaxTrainer::allocate_blocks() {
  const std::uint64_t most = setup_.single_pairs ? counts_->size(0) : setup_.num_items;
  const auto rows =
      static_cast<std::uint32_t>(std::min<std::uint64_t>(setup_.batch_size, std::max<std::uint64_t>(most, 1)));
  setup_.batch_size = rows;
  const std::uint32_t count = (rows + kSoftmaxRows - 1) / kSoftmaxRows;
  // A device has memory of its own for the blocks, and wants to know more of the rows.
  const bool on_device = device_.memory() != nullptr;
  const std::size_t blocks = on_device ? 0 : count;
  const std::size_t device_rows = on_device ? std::size_t{count} * kSoftmaxRows : 0;
  const std::size_t stride = state_.stride;
  const std::size_t across = softmax_scratch_rows(state_.dim, state_.hidden_stride) * kSoftmaxRows;
  const std::size_t sizes[] = {std::size_t{setup_.num_items} * kSoftmaxRows,
                               kSoftmaxRows * stride,
                               kSoftmaxRows,
                               kSoftmaxRows * stride,
                               kSoftmaxRows * std::size_t{state_.hidden_stride},
                               kSoftmaxRows * stride,
                               state_.layout.size,
                               across};
  block_memory_ = Buffer<float>(blocks * std::accumulate(std::begin(sizes), std::end(sizes), std::size_t{0}));
  batch_items_ = Buffer<std::uint32_t>(std::size_t{count} * kSoftmaxRows);
  batch_totals_ = Buffer<float>(std::size_t{count} * kSoftmaxRows);
  const std::size_t paired = setup_.single_pairs ? count : 0;
  pair_entries_ = Buffer<std::uint32_t>(paired * kSoftmaxRows);
  pair_ends_ = Buffer<std::uint32_t>(paired * softmax_chunks(setup_.num_items));
  first_row_ = Buffer<std::uint32_t>(setup_.num_items);
  norms_ = Buffer<double>(softmax_tasks(setup_.num_items, state_.layout.size));
  row_losses_ = Buffer<double>(device_rows);
  failed_ = failed_ || block_memory_.failed() || batch_items_.failed() || batch_totals_.failed() ||
            pair_entries_.failed() || pair_ends_.failed() || first_row_.failed() || norms_.failed() ||
            row_losses_.failed();
  if (failed_) return;
  targets_.resize(count);
  blocks_.resize(blocks);
  rows_.resize(device_rows);
  placed_targets_.resize(on_device ? count : 0);
  float* memory = block_memory_.data();
  for (SoftmaxBlock& block : blocks_) {
    float** const parts[] = {&block.logits, &block.scaled,   &block.weights, &block.inputs,
                             &block.units,  &block.gradient, &block.dense,   &block.across};
    for (std::size_t n = 0; n < std::size(sizes); ++n) {
      *parts[n] = memory;
      memory += sizes[n];
    }
  }
  scratch_.blocks = blocks_.data();
  scratch_.first_row = first_row_.data();
  scratch_.norms = norms_.data();
  scratch_.capacity = count * kSoftmaxRows;
  scratch_.rows = rows_.data();
  scratch_.targets = placed_targets_.data();
  scratch_.losses = row_losses_.data();
  batch_.items = batch_items_.data();
  batch_.totals = batch_totals_.data();
  batch_.targets = targets_.data();
}

Status SoftmaxTrainer::prepare(const Flags& flags) {
  if (prepared_) return Status::ok;
  Status status = counts_->count(kPairParts, pool_, *flags.cancel, *flags.teardown);
  if (status == Status::ok && valid_counts_ != nullptr) {
    status = valid_counts_->count(1, pool_, *flags.cancel, *flags.teardown);
  }
  if (status == Status::ok && !setup_.single_pairs) status = arrange(*counts_, 0, train_);
  if (status == Status::ok) {
    const bool apart = valid_counts_ != nullptr;
    status = arrange(apart ? *valid_counts_ : *counts_, apart ? 0 : 1, valid_);
  }
  if (status == Status::ok) status = arrange(*counts_, 2, test_);
  prepared_ = status == Status::ok;
  return status;
}

// Moves a part's pairs to the blocks. What is trained on is dealt at random, and in batches.
Status SoftmaxTrainer::arrange(PairCounts& counts, std::uint32_t part, TargetBlocks& blocks) {
  std::vector<std::uint32_t> inputs;
  for (std::uint32_t item = 0; item < setup_.num_items; ++item) {
    if (counts.row(part, item).total > 0) inputs.push_back(item);
  }
  const bool trained = &blocks == &train_;
  if (trained) Rng(setup_.seed, kDealStream << 32).shuffle(inputs.data(), inputs.size());
  const Status status =
      blocks.arrange(counts, part, std::move(inputs), trained ? setup_.batch_size : kSoftmaxRows, pool_);
  counts.forget_rows(part);
  return status;
}

// Whole blocks and rests of batches meet anew each epoch.
void SoftmaxTrainer::order_blocks(std::uint32_t epoch) {
  Rng rng(setup_.seed, (kOrderStream << 32) + epoch);
  std::vector<std::uint32_t> dealt(train_.num_blocks());
  std::iota(dealt.begin(), dealt.end(), 0u);
  const std::uint32_t whole = train_.whole_blocks();
  rng.shuffle(dealt.data(), whole);
  rng.shuffle(dealt.data() + whole, train_.rests());
  order_.clear();
  const std::uint32_t a_batch = setup_.batch_size / kSoftmaxRows;
  std::uint32_t rest = whole;
  for (std::uint32_t block = 0; block < whole || rest < dealt.size();) {
    for (std::uint32_t n = 0; n < a_batch && block < whole; ++n) order_.push_back(dealt[block++]);
    if (setup_.batch_size % kSoftmaxRows != 0 || block == whole) {
      if (rest < dealt.size()) order_.push_back(dealt[rest++]);
    }
  }
}

// Takes blocks of `order_` from `begin` on, up to `most` rows; returns where it stopped.
std::size_t SoftmaxTrainer::next_counts(const TargetBlocks& blocks, std::size_t begin, std::uint32_t most) {
  batch_.size = 0;
  batch_.targets_stay = true;
  for (std::size_t n = begin; n < order_.size(); ++n) {
    const TargetBlocks::Block block = blocks.block(order_[n]);
    if (batch_.size + block.size > most) return n;
    std::copy_n(block.items, block.size, batch_items_.data() + batch_.size);
    std::copy_n(block.totals, block.size, batch_totals_.data() + batch_.size);
    targets_[n - begin] = block.targets;
    batch_.size += block.size;
  }
  return order_.size();
}

void SoftmaxTrainer::next_pairs(const Permutation& order, std::uint64_t begin) {
  batch_.size = static_cast<std::uint32_t>(std::min<std::uint64_t>(setup_.batch_size, order.size - begin));
  const std::uint32_t chunks = softmax_chunks(setup_.num_items);
  for (std::uint32_t first = 0, block = 0; first < batch_.size; first += kSoftmaxRows, ++block) {
    ItemPair pairs[kSoftmaxRows];
    const std::uint32_t count = std::min(kSoftmaxRows, batch_.size - first);
    for (std::uint32_t n = 0; n < count; ++n) {
      pairs[n] = counts_->pair_at(element_at(order, begin + first + n));
      batch_items_[first + n] = pairs[n].input;
      batch_totals_[first + n] = 1.0f;
    }
    targets_[block] = arrange_pairs(pairs, count, setup_.num_items, pair_entries_.data() + first,
                                    pair_ends_.data() + std::size_t{block} * chunks);
  }
  batch_.targets_stay = false;
  batch_.total = batch_.size;
}

void SoftmaxTrainer::start_step(float learning_rate) {
  power1_ *= setup_.beta1;
  power2_ *= setup_.beta2;
  batch_.rate = static_cast<float>(learning_rate / (1.0 - power1_));
  batch_.denominator = static_cast<float>(1.0 / std::sqrt(1.0 - power2_));
  batch_.keep = 1.0f - learning_rate * setup_.regularization;
  batch_.beta1 = setup_.beta1;
  batch_.beta2 = setup_.beta2;
  batch_.epsilon = setup_.epsilon;
  batch_.key = static_cast<std::uint32_t>(Rng(setup_.seed, (kDropoutStream << 32) + step_).next() >> 32);
  ++step_;
}

// Adds the losses of what a device has still queued.
Status SoftmaxTrainer::settle(double& total) {
  const Backend& backend = device_.backend();
  if (backend.softmax_settle == nullptr) return Status::ok;
  double losses = 0;
  const Status status = backend.softmax_settle(state_, scratch_, losses);
  total += losses;
  return status;
}

Status SoftmaxTrainer::take_step(float learning_rate, const Flags& flags, double& total) {
  if (is_raised(flags)) return Status::cancelled;
  start_step(learning_rate);
  total += device_.backend().softmax_step(state_, batch_, scratch_, pool_);
  const Status status = step_ % kStepsAhead == 0 ? settle(total) : Status::ok;
  if (status != Status::ok) return status;
  return std::isfinite(total) ? Status::ok : Status::diverged;
}

Status SoftmaxTrainer::run_steps(std::uint32_t epoch, float learning_rate, const Flags& flags, double& total) {
  const std::uint64_t pairs = counts_->size(0);
  Status status = Status::ok;
  if (setup_.single_pairs) {
    const Permutation order = make_permutation(pairs, setup_.seed, (kPairStream << 32) + epoch);
    for (std::uint64_t begin = 0; begin < pairs && status == Status::ok; begin += batch_.size) {
      next_pairs(order, begin);
      status = take_step(learning_rate, flags, total);
    }
  } else {
    order_blocks(epoch);
    for (std::size_t begin = 0; begin < order_.size() && status == Status::ok;) {
      begin = next_counts(train_, begin, setup_.batch_size);
      // Each batch weighs by its rows alone, so that its gradient is that of the whole loss in expectation.
      batch_.total = static_cast<double>(pairs) * batch_.size / train_.num_rows();
      status = take_step(learning_rate, flags, total);
    }
  }
  return status;
}

Status SoftmaxTrainer::train(std::uint32_t epoch, float learning_rate, const Flags& flags, double& loss) {
  double total = 0;
  Status status = run_steps(epoch, learning_rate, flags, total);
  // Whatever ended the steps: the next ones begin with no losses.
  const Status settled = settle(total);
  if (status == Status::ok) status = settled;
  if (status != Status::ok) return status;
  if (!std::isfinite(total)) return Status::diverged;
  loss = total / static_cast<double>(counts_->size(0));
  for (const SoftmaxArray* array : {&state_.inputs, &state_.outputs, &state_.biases, &state_.dense}) {
    status = device_.check_finite(array->values, array->size, pool_);
    if (status != Status::ok) return status;
  }
  return Status::ok;
}

Status SoftmaxTrainer::evaluate(const TargetBlocks& blocks, std::uint64_t pairs, const Flags& flags, double& loss) {
  order_.resize(blocks.num_blocks());
  std::iota(order_.begin(), order_.end(), 0u);
  const auto most = static_cast<std::uint32_t>(targets_.size() * kSoftmaxRows);
  double total = 0;
  Status status = Status::ok;
  for (std::size_t begin = 0; begin < order_.size() && status == Status::ok;) {
    begin = next_counts(blocks, begin, most);
    total += device_.backend().softmax_loss(state_, batch_, scratch_, pool_);
    if (is_raised(flags)) status = Status::cancelled;
  }
  const Status settled = settle(total);
  if (status == Status::ok) status = settled;
  if (status != Status::ok) return status;
  loss = pairs == 0 ? std::numeric_limits<double>::quiet_NaN() : total / static_cast<double>(pairs);
  // Parameters can be finite and their products not.
  return pairs == 0 || std::isfinite(loss) ? Status::ok : Status::diverged;
}

SoftmaxResult SoftmaxTrainer::run_epoch(std::uint32_t epoch, float learning_rate,
                                        const std::atomic<std::int32_t>& cancel,
                                        const std::atomic<std::int32_t>& teardown) {
  const auto start = std::chrono::steady_clock::now();
  const FlushDenormals flush;
  const Flags flags{&cancel, &teardown};
  SoftmaxResult result;
  result.train_loss = result.valid_loss = std::numeric_limits<double>::quiet_NaN();
  result.status = prepare(flags);
  if (result.status == Status::ok) result.status = train(epoch, learning_rate, flags, result.train_loss);
  if (result.status == Status::ok) {
    const std::uint64_t pairs = valid_counts_ != nullptr ? valid_counts_->size(0) : counts_->size(1);
    result.status = evaluate(valid_, pairs, flags, result.valid_loss);
  }
  result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return result;
}

SoftmaxResult SoftmaxTrainer::score_test(const std::atomic<std::int32_t>& cancel,
                                         const std::atomic<std::int32_t>& teardown) {
  const FlushDenormals flush;
  const Flags flags{&cancel, &teardown};
  SoftmaxResult result;
  result.status = prepare(flags);
  if (result.status == Status::ok) result.status = evaluate(test_, counts_->size(2), flags, result.valid_loss);
  return result;
}

Status SoftmaxTrainer::fetch() {
  const SoftmaxState& s = state_;
  return device_.fetch({s.inputs.values, s.outputs.values, s.biases.values, s.dense.values});
}

void SoftmaxTrainer::write(const SoftmaxParameters& source) {
  const SoftmaxState& s = state_;
  exchange_parameters(s, source, false);
  device_.forget({s.inputs.values, s.outputs.values, s.biases.values, s.dense.values});
}

}  // namespace palate
