// Adam of the dense meaning at sparse cost: rows without a gradient move too, but only when they are next needed.
//
// Dense Adam (Kingma, Ba 2015, alg. 1; decoupled decay: Loshchilov, Hutter 2019, alg. 2) at every step t, g = 0 where
// the batch does not touch the row, d = 1 - lr l2:
//
//   m <- b1 m + (1 - b1) g;  v <- b2 v + (1 - b2) g^2;  w <- d w - a_t m / (sqrt(v) + e_t)
//   a_t = lr sqrt(1 - b2^t) / (1 - b1^t),  e_t = eps sqrt(1 - b2^t)
//
// Over n steps without gradients after step s, m and v shrink by powers and w has a sum in closed form. With
// r = b1 / sqrt(b2), and T computed backwards over the epoch, T(j) = r / d (a_{j+1} + T(j+1)):
//
//   w <- d^n (w - (T(s) - (r/d)^n T(s+n)) m / (sqrt(v) + e))
//
// exact for eps = 0. For eps > 0 the share of e in the denominator is held at its value of step s; the error is of the
// order of (1 - b2) eps / sqrt(v).
//
// A touched row holds u = m / (sqrt(v) + e) and s = sqrt(v) instead of m and v: u is what the step itself computes, so
// bringing w up to date costs two multiplications, and a touch one root and one division however long the gap.
#pragma once

#include "kernels/train.h"
#include "math/optimizers.h"

namespace palate::KERNEL_NS {

PALATE_INLINE float power_of(const PowerTable& table, std::uint32_t n) {
  return table.low[n % kLowPowers] * table.high[n / kLowPowers];
}

// Scalars of a gap: n steps without a gradient, behind step `last`.
struct AdamGap {
  float keep;     // d^n
  float reach;    // d^n (T(s) - (r/d)^n T(s+n))
  float first;    // b1^n
  float second;   // b2^n
  float epsilon;  // of step `last`
};

// The same gap for another kind of parameters.
PALATE_INLINE AdamGap gap_as(AdamGap gap, const AdamKind& kind, std::uint32_t last, std::uint32_t now) {
  const std::uint32_t n = now - last;
  gap.keep = power_of(kind.keep, n);
  gap.reach = gap.keep * (kind.reach[last] - power_of(kind.fade, n) * kind.reach[now]);
  return gap;
}

PALATE_INLINE AdamGap gap_of(const AdamCall& adam, const AdamKind& kind, std::uint32_t last, std::uint32_t now) {
  const std::uint32_t n = now - last;
  AdamGap gap;
  gap.first = power_of(adam.first, n);
  gap.second = power_of(adam.second, n);
  gap.epsilon = adam.epsilons[last];
  return gap_as(gap, kind, last, now);
}

// w at the end of the gap.
template <typename V>
PALATE_INLINE V brought_up(V w, V u, const AdamGap& gap) {
  return fma(spread<V>(-gap.reach), u, spread<V>(gap.keep) * w);
}

// Scalars of one step for one kind of parameter.
struct AdamStep {
  float rate;  // a_t
  float epsilon;
  float shrink;  // 1 - d
  float beta1;
  float beta2;
};

PALATE_INLINE AdamStep step_of(const TrainOptions& o, const AdamCall& adam, const AdamKind& kind, std::uint32_t step) {
  return {adam.rates[step] * kind.rate, adam.epsilons[step], kind.shrink, o.beta1, o.beta2};
}

// The step with gradient g behind a gap; w is up to date already, u and s stand where the gap begins.
template <typename V>
PALATE_INLINE void closed_step(V& w, V& u, V& s, V g, const AdamGap& gap, const AdamStep& step) {
  const V m =
      fma(spread<V>(step.beta1 * gap.first), u * (s + spread<V>(gap.epsilon)), spread<V>(1.0f - step.beta1) * g);
  const V v = fma(spread<V>(step.beta2 * gap.second), s * s, spread<V>(1.0f - step.beta2) * (g * g));
  s = root(v);
  u = m / (s + spread<V>(step.epsilon));
  w = fma(spread<V>(-step.rate), u, fma(spread<V>(-step.shrink), w, w));
}

// (u, s) at the end of a gap.
template <typename V>
PALATE_INLINE void fade(V& u, V& s, const AdamGap& gap, float epsilon) {
  const V m = spread<V>(gap.first) * (u * (s + spread<V>(gap.epsilon)));
  s = spread<V>(::sqrtf(gap.second)) * s;
  u = m / (s + spread<V>(epsilon));
}

// The step of a row of either kind: (w, u, s) as above, or (w, m, v) with all of them up to date.
template <bool closed, typename V>
PALATE_INLINE void adam_step(V& w, V& first, V& second, V g, const AdamGap& gap, const AdamStep& step, float l2) {
  if constexpr (closed) {
    closed_step(w, first, second, g, gap, step);
  } else {
    g = fma(spread<V>(l2), w, g);
    first = fma(spread<V>(step.beta1), first, spread<V>(1.0f - step.beta1) * g);
    second = fma(spread<V>(step.beta2), second, spread<V>(1.0f - step.beta2) * (g * g));
    w = fma(spread<V>(-step.shrink), w, w) - spread<V>(step.rate) * first / (root(second) + spread<V>(step.epsilon));
  }
}

}  // namespace palate::KERNEL_NS
