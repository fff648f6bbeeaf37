// The optimizer's part of factorize_counts.cc: one step of a row with a given gradient.
#pragma once

#include "kernels/factorize_counts.h"
#include "math/lanes.h"
#include "math/optimizers.h"

namespace palate::KERNEL_NS {
namespace {

struct CountStep {
  Optimizer kind;
  float rate;  // of sgd
  float momentum;
  StepScalars adam;
};

CountStep count_step(FactorizeState& state, float learning_rate) {
  const FactorizeOptions& o = state.options;
  CountStep step = {o.optimizer, learning_rate, o.momentum, {}};
  if (o.optimizer != Optimizer::adam) return step;
  state.beta1_power *= static_cast<double>(o.beta1);
  state.beta2_power *= static_cast<double>(o.beta2);
  step.adam.rate = static_cast<float>(static_cast<double>(learning_rate) / (1 - state.beta1_power));
  step.adam.keep = 1;
  step.adam.beta1 = o.beta1;
  step.adam.beta2 = o.beta2;
  step.adam.denominator = 1.0f / ::sqrtf(static_cast<float>(1 - state.beta2_power));
  step.adam.epsilon = o.epsilon;
  return step;
}

// `w` after the step, with its state in memory; `second` is not read by sgd.
template <typename V>
PALATE_INLINE V stepped(V w, V& first, V& second, V gradient, const CountStep& scalars) {
  if (scalars.kind == Optimizer::adam) {
    step<Optimizer::adam>(w, first, second, gradient, scalars.adam);
    return w;
  }
  first = fma(spread<V>(scalars.momentum), first, gradient);
  return fma(spread<V>(-scalars.rate), first, w);
}

// Steps sixteen parameters of a row; returns them.
PALATE_INLINE Lanes step_lanes(const FactorizeState& state, std::size_t at, Lanes gradient, const CountStep& scalars) {
  const bool adam = scalars.kind == Optimizer::adam;
  Lanes first = load(state.first + at);
  Lanes second = adam ? load(state.second + at) : first;
  const Lanes w = stepped(load(state.vectors + at), first, second, gradient, scalars);
  store(state.vectors + at, w);
  store(state.first + at, first);
  if (adam) store(state.second + at, second);
  return w;
}

// Steps a row by `scale` times a gradient in memory; returns the row's new squared length, which is not finite when a
// parameter is not.
float step_row(const FactorizeState& state, std::uint32_t row, const float* gradient, float scale,
               const CountStep& scalars) {
  const std::size_t begin = std::size_t{row} * state.stride;
  Lanes squares = splat(0.0f);
  for (std::uint32_t k = 0; k < state.stride; k += kLanes) {
    const Lanes w = step_lanes(state, begin + k, splat(scale) * load(gradient + k), scalars);
    squares = fma(w, w, squares);
  }
  return sum(squares);
}

}  // namespace
}  // namespace palate::KERNEL_NS
