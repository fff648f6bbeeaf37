// What an optimizer step of a mini-batch takes for one kind of parameter. Part of train_batch.
#pragma once

#include <math.h>

#include "math/optimizers.h"
#include "math/power.h"

namespace palate::KERNEL_NS {

// Those of every kind.
struct BatchScalars {
  StepScalars users, items, features, biases, feature_biases;
};

namespace {

// Adam's, of one step: 1 - b1^t and sqrt(1 - b2^t).
struct Corrections {
  double first;
  double second;
};

Corrections corrections(const TrainOptions& o, std::uint64_t step) {
  if (o.optimizer != Optimizer::adam) return {1, 1};
  return {1.0 - power(o.beta1, step), ::sqrt(1.0 - power(o.beta2, step))};
}

StepScalars scalars(const TrainOptions& o, float rate, float l2, const Corrections& correct) {
  StepScalars s{};
  s.keep = o.decoupled ? 1.0f - rate * l2 : 1.0f;
  s.l2 = o.decoupled ? 0.0f : l2;
  s.rate = rate;
  s.beta1 = o.beta1;
  s.beta2 = o.beta2;
  s.epsilon = o.epsilon;
  if (o.optimizer == Optimizer::adam) {
    s.rate = static_cast<float>(rate / correct.first);
    s.denominator = static_cast<float>(1.0 / correct.second);
  }
  return s;
}

BatchScalars batch_scalars(const TrainState& s, float learning_rate) {
  const TrainOptions& o = s.options;
  const Corrections correct = corrections(o, s.step);
  const float feature_rate = learning_rate * o.feature_learning_rate;
  return {scalars(o, learning_rate, s.users.regularization, correct),
          scalars(o, learning_rate, s.items.regularization, correct),
          scalars(o, feature_rate, s.features.regularization, correct),
          scalars(o, learning_rate * o.bias_learning_rate, o.regularization_bias, correct),
          scalars(o, feature_rate * o.bias_learning_rate, o.regularization_bias, correct)};
}

// Whether every row is stepped, else those of the batch; `on_touch`: Adam moves rows when they are needed.
bool steps_all_rows(const TrainState& s, bool on_touch) {
  const TrainOptions& o = s.options;
  if (o.optimizer == Optimizer::adam) return !on_touch && !o.lazy;
  return s.users.regularization > 0 || s.items.regularization > 0 || o.regularization_bias > 0;
}

}  // namespace
}  // namespace palate::KERNEL_NS
