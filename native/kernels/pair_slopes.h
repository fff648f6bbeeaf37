// Slopes and losses of a batch of pairs from their scores. Part of train_item_pairs.cc.
#pragma once

#include "kernels/loss_sums.h"
#include "kernels/train_item_pairs.h"
#include "math/scalar.h"

namespace palate::KERNEL_NS {
namespace {

// A batch: `pairs` rows of `width` = 1 + negatives.
struct PairScores {
  const std::uint32_t* targets;  // items; a negative equal to the first of its row is void
  const float* scores;
  float* slopes;
  float* losses;
  std::uint32_t pairs;
  std::uint32_t width;
};

// Void negatives lose what `slopes` and `losses` hold for them.
PALATE_INLINE void clear_void(const PairScores& batch) {
  for (std::uint32_t p = 0; p < batch.pairs; ++p) {
    const std::uint32_t first = p * batch.width;
    for (std::uint32_t r = first + 1; r < first + batch.width; ++r) {
      if (batch.targets[r] != batch.targets[first]) continue;
      batch.slopes[r] = 0.0f;
      batch.losses[r] = 0.0f;
    }
  }
}

// Returns the sum of losses.
PALATE_INLINE float negative_sampling_slopes(const PairScores& batch) {
  const std::uint32_t count = batch.pairs * batch.width;
  const float* PALATE_RESTRICT scores = batch.scores;
  float* PALATE_RESTRICT slopes = batch.slopes;
  float* PALATE_RESTRICT losses = batch.losses;
  // All as negatives first, so that the loop becomes one of vectors.
  for (std::uint32_t n = 0; n < count; ++n) {
    const float x = scores[n];
    const float fade = exp_f32(x < 0 ? x : -x);
    const float inverse = 1.0f / (1.0f + fade);
    slopes[n] = x < 0 ? fade * inverse : inverse;           // sigmoid(x)
    losses[n] = (x > 0 ? x : 0.0f) + log_f32(1.0f + fade);  // -log sigmoid(-x)
  }
  for (std::uint32_t n = 0; n < count; n += batch.width) {
    slopes[n] -= 1.0f;
    losses[n] -= scores[n];
  }
  clear_void(batch);
  return total(losses, count);
}

PALATE_INLINE float sampled_softmax_slopes(const PairScores& batch, const float* log_noise) {
  float loss = 0;
  for (std::uint32_t p = 0; p < batch.pairs; ++p) {
    const std::uint32_t* targets = batch.targets + std::size_t{p} * batch.width;
    const float* PALATE_RESTRICT scores = batch.scores + std::size_t{p} * batch.width;
    float* PALATE_RESTRICT slopes = batch.slopes + std::size_t{p} * batch.width;
    float* PALATE_RESTRICT corrected = batch.losses + std::size_t{p} * batch.width;
    for (std::uint32_t r = 0; r < batch.width; ++r) {
      corrected[r] = log_noise == nullptr ? scores[r] : scores[r] - log_noise[targets[r]];
    }
    float most = corrected[0];
    for (std::uint32_t r = 1; r < batch.width; ++r) {
      if (targets[r] != targets[0] && corrected[r] > most) most = corrected[r];
    }
    for (std::uint32_t r = 0; r < batch.width; ++r) slopes[r] = exp_f32(corrected[r] - most);
    for (std::uint32_t r = 1; r < batch.width; ++r) {
      if (targets[r] == targets[0]) slopes[r] = 0.0f;
    }
    const float sum = total(slopes, batch.width);
    const float inverse = 1.0f / sum;
    for (std::uint32_t r = 0; r < batch.width; ++r) slopes[r] *= inverse;
    slopes[0] -= 1.0f;
    loss += log_f32(sum) + most - corrected[0];
  }
  return loss;
}

}  // namespace
}  // namespace palate::KERNEL_NS
