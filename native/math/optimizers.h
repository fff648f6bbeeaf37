// One optimizer step of a parameter w with gradient g, for a float or for Lanes.
//
//   sgd      w <- w - lr g
//   adagrad  h <- h + g^2;  w <- w - lr g / (sqrt(h) + eps)                       (Duchi et al. 2011)
//   adam     m <- b1 m + (1 - b1) g;  v <- b2 v + (1 - b2) g^2;
//            w <- w - lr / (1 - b1^t) m / (sqrt(v / (1 - b2^t)) + eps)            (Kingma, Ba 2015, alg. 1)
//
// Coupled decay adds l2 w to g; decoupled decay multiplies w by 1 - lr l2 first (Loshchilov, Hutter 2019).
#pragma once

#include "kernels/train.h"
#include "math/lanes.h"
#include "math/scalar.h"

namespace palate::KERNEL_NS {

// Scalars of one step for one kind of parameter.
struct StepScalars {
  float rate;  // learning rate, for adam divided by 1 - b1^t
  float keep;  // 1 - lr l2 with decoupled decay, else 1
  float l2;    // coupled decay, else 0
  float beta1;
  float beta2;
  float denominator;  // adam: 1 / sqrt(1 - b2^t)
  float epsilon;
};

template <typename V>
V spread(float x);
template <>
PALATE_INLINE float spread<float>(float x) {
  return x;
}
template <>
PALATE_INLINE Lanes spread<Lanes>(float x) {
  return splat(x);
}

PALATE_INLINE float root(float a) { return ::sqrtf(a); }
PALATE_INLINE Lanes root(const Lanes& a) { return sqrt(a); }

template <Optimizer kind, typename V>
PALATE_INLINE void step(V& w, V& first, V& second, V g, const StepScalars& s) {
  g = fma(spread<V>(s.l2), w, g);
  w = w * spread<V>(s.keep);
  if constexpr (kind == Optimizer::sgd) {
    w = fma(spread<V>(-s.rate), g, w);
  } else if constexpr (kind == Optimizer::adagrad) {
    first = fma(g, g, first);
    w = w - spread<V>(s.rate) * g / (root(first) + spread<V>(s.epsilon));
  } else {
    first = fma(spread<V>(s.beta1), first, spread<V>(1.0f - s.beta1) * g);
    second = fma(spread<V>(s.beta2), second, spread<V>(1.0f - s.beta2) * (g * g));
    w = w - spread<V>(s.rate) * first / fma(root(second), spread<V>(s.denominator), spread<V>(s.epsilon));
  }
}

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

template <Optimizer kind>
PALATE_INLINE void step_bias(float* w, float* first, float* second, float gradient, const StepScalars& s) {
  float none = 0.0f;
  step<kind>(*w, kind == Optimizer::sgd ? none : *first, kind == Optimizer::adam ? *second : none, gradient, s);
}

}  // namespace palate::KERNEL_NS
