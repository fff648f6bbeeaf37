#include "core/adam_tables.h"

#include <cmath>

#include "math/power.h"

namespace palate {
namespace {

// lr sqrt(1 - b2^t) / (1 - b1^t), given the two powers.
double rate_at(double learning_rate, double first, double second) {
  return learning_rate * std::sqrt(1.0 - second) / (1.0 - first);
}

}  // namespace

bool adam_is_closed(const TrainState& state) {
  const TrainOptions& o = state.options;
  const bool decays = state.users.regularization > 0 || state.items.regularization > 0 || o.regularization_bias > 0;
  return !o.lazy && (o.decoupled || !decays);
}

AdamTables::AdamTables(const TrainState& state, std::uint32_t steps) : state_(state), steps_(steps) {
  const TrainOptions& o = state.options;
  call_.closed = adam_is_closed(state);
  call_.steps = steps;
  rates_ = Buffer<float>(std::size_t{steps} + 1);
  epsilons_ = Buffer<float>(std::size_t{steps} + 1);
  failed_ = rates_.failed() || epsilons_.failed();
  allocate(first_);
  allocate(second_);
  for (Kind* kind : {&users_, &items_, &biases_}) {
    if (!call_.closed) break;
    kind->reach = Buffer<float>(std::size_t{steps} + 1);
    failed_ = failed_ || kind->reach.failed();
    allocate(kind->keep);
    allocate(kind->fade);
  }
  if (!call_.closed && !o.lazy) {
    const std::size_t halves = 2 * std::size_t{steps} + 2;
    piece_rates_ = Buffer<float>(halves);
    piece_epsilons_ = Buffer<float>(halves);
    piece_drifts_ = Buffer<float>(halves);
    middles_ = Buffer<float>(kLongestPiece + 1);
    ends_ = Buffer<float>(kLongestPiece + 1);
    tilts_ = Buffer<float>(kLongestPiece + 1);
    failed_ = failed_ || piece_rates_.failed() || piece_epsilons_.failed() || piece_drifts_.failed() ||
              middles_.failed() || ends_.failed() || tilts_.failed();
  }
  if (failed_) return;
  fill(first_, o.beta1, call_.first);
  fill(second_, o.beta2, call_.second);
  call_.rates = rates_.data();
  call_.epsilons = epsilons_.data();
  call_.users.l2 = o.decoupled ? 0 : state.users.regularization;
  call_.items.l2 = o.decoupled ? 0 : state.items.regularization;
  call_.biases.l2 = o.decoupled ? 0 : o.regularization_bias;
  call_.biases.rate = o.bias_learning_rate;
}

void AdamTables::allocate(Powers& powers) {
  powers.low = Buffer<float>(kLowPowers);
  powers.high = Buffer<float>(steps_ / kLowPowers + 1);
  failed_ = failed_ || powers.low.failed() || powers.high.failed();
}

void AdamTables::fill(Powers& powers, double base, PowerTable& table) {
  for (std::uint32_t n = 0; n < kLowPowers; ++n) powers.low[n] = static_cast<float>(power(base, n));
  for (std::size_t n = 0; n < powers.high.size(); ++n) powers.high[n] = static_cast<float>(power(base, n * kLowPowers));
  table.low = powers.low.data();
  table.high = powers.high.data();
}

void AdamTables::fill_kind(Kind& kind, AdamKind& view, double decay) {
  const TrainOptions& o = state_.options;
  const double fade = o.beta1 / std::sqrt(static_cast<double>(o.beta2)) / decay;
  fill(kind.keep, decay, view.keep);
  fill(kind.fade, fade, view.fade);
  // reach[j] = fade (a_{j+1} + reach[j+1]), backwards; the float rates are those that the steps take.
  double reach = 0;
  for (std::uint32_t j = steps_; j > 0; --j) {
    kind.reach[j] = static_cast<float>(reach);
    reach = fade * (static_cast<double>(rates_[j]) * view.rate + reach);
  }
  kind.reach[0] = static_cast<float>(reach);
  view.reach = kind.reach.data();
}

void AdamTables::fill_pieces(std::uint64_t first_step, double learning_rate) {
  const TrainOptions& o = state_.options;
  const double beta1 = std::sqrt(static_cast<double>(o.beta1));  // over half a step
  const double beta2 = std::sqrt(static_cast<double>(o.beta2));
  double first = power(o.beta1, first_step);
  double second = power(o.beta2, first_step);
  double before = 0;
  double here = second == 1.0 ? 0.0 : rate_at(learning_rate, first, second);
  for (std::size_t h = 0; h < piece_rates_.size(); ++h) {
    const double after = rate_at(learning_rate, first * beta1, second * beta2);
    piece_rates_[h] = static_cast<float>(here);
    piece_epsilons_[h] = static_cast<float>(o.epsilon * std::sqrt(1.0 - second));
    piece_drifts_[h] = h == 0 || here == 0.0 ? 0.0f : static_cast<float>((after - before) / here);
    before = here;
    here = after;
    first *= beta1;
    second *= beta2;
  }
  // v may shrink by some 6 % in a piece.
  const double longest = 0.064 / (1.0 - o.beta2);
  call_.pieces.longest = longest < 1               ? 1
                         : longest > kLongestPiece ? kLongestPiece
                                                   : static_cast<std::uint32_t>(longest);
  for (std::uint32_t n = 0; n <= kLongestPiece; ++n) {
    middles_[n] = static_cast<float>(power(beta2, n + 1));
    ends_[n] = static_cast<float>(n == 0 ? 1.0 : power(beta2, n - 1));
    double tilt = 0;
    for (std::uint32_t j = 1; j <= n; ++j) tilt += (j - (n + 1) / 2.0) * power(o.beta1, j);
    tilts_[n] = static_cast<float>(tilt);
  }
  call_.pieces.rates = piece_rates_.data();
  call_.pieces.epsilons = piece_epsilons_.data();
  call_.pieces.drifts = piece_drifts_.data();
  call_.pieces.middles = middles_.data();
  call_.pieces.ends = ends_.data();
  call_.pieces.tilts = tilts_.data();
}

void AdamTables::start(std::uint64_t first_step, double learning_rate) {
  const TrainOptions& o = state_.options;
  call_.first_step = first_step;
  double first = power(o.beta1, first_step);
  double second = power(o.beta2, first_step);
  epsilons_[0] = static_cast<float>(o.epsilon * std::sqrt(1.0 - second));
  for (std::uint32_t t = 1; t <= steps_; ++t) {
    first *= o.beta1;
    second *= o.beta2;
    rates_[t] = static_cast<float>(rate_at(learning_rate, first, second));
    epsilons_[t] = static_cast<float>(o.epsilon * std::sqrt(1.0 - second));
  }
  const auto start_kind = [&](Kind& kind, AdamKind& view, double rate, float regularization) {
    const double shrink = o.decoupled ? rate * regularization : 0.0;
    view.shrink = static_cast<float>(shrink);
    if (call_.closed) fill_kind(kind, view, 1.0 - shrink);
  };
  start_kind(users_, call_.users, learning_rate, state_.users.regularization);
  start_kind(items_, call_.items, learning_rate, state_.items.regularization);
  start_kind(biases_, call_.biases, learning_rate * o.bias_learning_rate, o.regularization_bias);
  if (!call_.closed && !o.lazy) fill_pieces(first_step, learning_rate);
}

}  // namespace palate
