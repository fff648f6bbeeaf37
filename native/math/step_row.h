// The optimizer steps of math/optimizers.h on rows of Lanes.
#pragma once

#include "math/lanes.h"
#include "math/optimizers.h"

namespace palate::KERNEL_NS {

// One row of factors in memory; state pointers may be null where the optimizer keeps none.
template <Optimizer kind>
PALATE_INLINE void step_row(float* w, float* first, float* second, const float* gradient, float scale,
                            std::uint32_t stride, const StepScalars& s) {
  for (std::uint32_t k = 0; k < stride; k += kLanes) {
    Lanes value = load(w + k);
    Lanes a = splat(0.0f);
    Lanes b = splat(0.0f);
    if constexpr (kind != Optimizer::sgd) a = load(first + k);
    if constexpr (kind == Optimizer::adam) b = load(second + k);
    const Lanes g = gradient == nullptr ? splat(0.0f) : load(gradient + k) * splat(scale);
    step<kind>(value, a, b, g, s);
    store(w + k, value);
    if constexpr (kind != Optimizer::sgd) store(first + k, a);
    if constexpr (kind == Optimizer::adam) store(second + k, b);
  }
}

}  // namespace palate::KERNEL_NS
