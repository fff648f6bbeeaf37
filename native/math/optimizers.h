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

template <Optimizer kind>
PALATE_INLINE void step_bias(float* w, float* first, float* second, float gradient, const StepScalars& s) {
  float none = 0.0f;
  step<kind>(*w, kind == Optimizer::sgd ? none : *first, kind == Optimizer::adam ? *second : none, gradient, s);
}

}  // namespace palate::KERNEL_NS
