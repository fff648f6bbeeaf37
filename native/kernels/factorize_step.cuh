// The optimizer's part of factorize_counts.cu, as factorize_step.h is that of factorize_counts.cc.
#pragma once

#include <cmath>

#include "cuda/memory.h"
#include "kernels/factorize_counts.h"

namespace palate::k_cuda {
namespace {

constexpr std::uint32_t kStepThreads = 256;

struct CountStep {
  bool adam;
  float rate;  // of adam divided by 1 - beta1^t
  float momentum;
  float beta1, beta2;
  float denominator;  // 1 / sqrt(1 - beta2^t)
  float epsilon;
};

// The scalars of the next step, which is counted.
CountStep next_step(FactorizeState& state, float learning_rate) {
  const FactorizeOptions& o = state.options;
  CountStep step = {o.optimizer == Optimizer::adam, learning_rate, o.momentum, o.beta1, o.beta2, 0, o.epsilon};
  if (!step.adam) return step;
  state.beta1_power *= static_cast<double>(o.beta1);
  state.beta2_power *= static_cast<double>(o.beta2);
  step.rate = static_cast<float>(static_cast<double>(learning_rate) / (1 - state.beta1_power));
  step.denominator = 1.0f / std::sqrt(static_cast<float>(1 - state.beta2_power));
  return step;
}

struct Parameters {
  float* values;
  float* first;
  float* second;  // nullptr but for adam
};

__device__ __forceinline__ void take_step(const Parameters& p, std::size_t at, float gradient, const CountStep& step) {
  float first = p.first[at];
  if (step.adam) {
    first = fmaf(step.beta1, first, (1.0f - step.beta1) * gradient);
    const float second = fmaf(step.beta2, p.second[at], (1.0f - step.beta2) * (gradient * gradient));
    p.second[at] = second;
    p.values[at] -= step.rate * first / fmaf(sqrtf(second), step.denominator, step.epsilon);
  } else {
    first = fmaf(step.momentum, first, gradient);
    p.values[at] = fmaf(-step.rate, first, p.values[at]);
  }
  p.first[at] = first;
}

__global__ void __launch_bounds__(kStepThreads) step_kernel(const Parameters parameters, const float* gradients,
                                                            float scale, std::size_t count, const CountStep step) {
  const std::size_t at = std::size_t{blockIdx.x} * kStepThreads + threadIdx.x;
  if (at < count) take_step(parameters, at, scale * gradients[at], step);
}

void take_steps(DeviceMemory& device, const Parameters& parameters, const float* gradients, float scale,
                std::size_t count, const CountStep& step) {
  device.launch(step_kernel, blocks_of(count, kStepThreads), kStepThreads, 0, parameters, gradients, scale, count,
                step);
}

}  // namespace
}  // namespace palate::k_cuda
