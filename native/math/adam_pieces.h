// Dense Adam with coupled decay over steps without a gradient from data, g = l2 w: no closed form, but few pieces.
//
// Over a piece of n steps the step size A = a_t / (sqrt(v) + e_t) is held at its value in the middle. Then a step is a
// linear map of (w, m), and n steps are its n-th power, by squaring. A tilt corrects to first order for the drift of A
// inside the piece; v moves towards (l2 w)^2 by half a piece before and half a piece after. Pieces are short where A
// still changes fast, and the first steps of a training, and short gaps, are taken one by one.
#pragma once

#include "math/adam.h"

namespace palate::KERNEL_NS {

inline constexpr std::uint64_t kExactSteps = 512;  // from the start of training: near-zero rows amplify any error
inline constexpr std::uint32_t kExactGap = 16;
inline constexpr float kGone = 1e-10f;  // a row this close to zero, with its momentum, has arrived
inline constexpr float kStiff = 0.2f;   // of 2 (1 + b1) / (1 - b1), the largest A l2 that does not swing up

PALATE_INLINE float lower(float a, float b) { return a < b ? a : b; }
PALATE_INLINE float magnitude(float a) { return a < 0 ? -a : a; }
PALATE_INLINE float total(float a) { return a; }

// One step with the gradient of decay alone.
template <typename V>
PALATE_INLINE void decay_step(V& w, V& m, V& v, float l2, const AdamStep& step) {
  const V g = spread<V>(l2) * w;
  m = fma(spread<V>(step.beta1), m, spread<V>(1.0f - step.beta1) * g);
  v = fma(spread<V>(step.beta2), v, spread<V>(1.0f - step.beta2) * (g * g));
  w = w - spread<V>(step.rate) * m / (root(v) + spread<V>(step.epsilon));
}

// Scalars of a piece of n steps.
struct AdamPiece {
  std::uint32_t n;
  float rate, epsilon, drift;  // in the middle
  float middle, end;           // beta2 to the half piece before and after
  float tilt;
};

// M^n = (1 + e) I + x P of the map of (w, m), by doubling; P keeps what differs from the identity, so that nothing
// cancels. q = 1 - beta1, k = A l2.
template <typename V>
PALATE_INLINE void raise(std::uint32_t n, V q, V k, V& x, V& e) {
  const V one = spread<V>(1.0f);
  x = one;
  e = spread<V>(0.0f);
  std::uint32_t bit = 1;
  while (bit <= n / 2) bit *= 2;
  for (bit /= 2; bit != 0; bit /= 2) {
    const V square = x * x * q;
    const V twice = e + e;
    const V doubled = (x + x) * (one + e) - square * (one + k);
    e = fma(e, e, twice) - square * k;
    x = doubled;
    if ((n & bit) == 0) continue;
    const V xq = x * q;
    x = (x + one + e) - xq * (one + k);
    e = e - xq * k;
  }
}

// Whether the state is as good as zero in every lane.
template <typename V>
PALATE_INLINE bool gone(const V& w, const V& m, const V& size) {
  return total(magnitude(w) + spread<V>(10.0f) * size * magnitude(m)) < kGone;
}

// Whether a lane that is not gone has such a step size that the power would swing where Adam itself does not: its v
// grows with the very first steps.
template <typename V>
PALATE_INLINE bool stiff(const V& w, const V& m, const V& size, const V& k, float most) {
  const V state = magnitude(w) + spread<V>(10.0f) * size * magnitude(m);
  const V excess = k - lower(k, spread<V>(most));
  return total(excess * state) > kGone;
}

// False, and nothing done, where a piece will not do.
template <typename V>
PALATE_INLINE bool decay_piece(V& w, V& m, V& v, float l2, const AdamStep& step, const AdamPiece& piece) {
  const V l = spread<V>(l2);
  const V q = spread<V>(1.0f - step.beta1);
  const V lw = l * w;
  const V squared = lw * lw;
  const V middle = fma(spread<V>(piece.middle), v, spread<V>(1.0f - piece.middle) * squared);
  const V inverse = spread<V>(1.0f) / (root(middle) + spread<V>(piece.epsilon));
  const V size = spread<V>(piece.rate) * inverse;  // A
  const V k = size * l;
  const float most = kStiff * 2 * (1.0f + step.beta1) / (1.0f - step.beta1);
  if (stiff(w, m, size, k, most)) return false;
  V x, e;
  raise<V>(piece.n, q, lower(k, spread<V>(most)), x, e);
  const V change = q * (lw - m);
  const V next = m + change;
  const V share = spread<V>(1.0f) - squared * inverse * inverse;
  const V z = fma(spread<V>(0.5f * (1.0f - step.beta2)), share, spread<V>(piece.drift));
  w = fma(e, w, w) - x * size * next - size * spread<V>(piece.tilt) * z * (m - lw);
  m = fma(x, change, fma(e, m, m));
  const V last = l * w;
  v = fma(spread<V>(piece.end), middle, spread<V>(1.0f - piece.end) * (last * last));
  return true;
}

// (w, m, v) from step `last` to step `now`.
template <typename V>
PALATE_INLINE void bring_up(const AdamCall& adam, const AdamKind& kind, std::uint32_t last, std::uint32_t now, V& w,
                            V& m, V& v, AdamStep step) {
  std::uint32_t at = last;
  std::uint32_t done = 0;   // steps taken in pieces
  std::uint32_t exact = 0;  // steps to take one by one
  while (at < now) {
    const std::uint64_t taken = adam.first_step + at;
    if (taken < kExactSteps || now - last <= kExactGap || exact != 0) {
      ++at;
      exact -= exact != 0;
      step.rate = adam.rates[at] * kind.rate;
      step.epsilon = adam.epsilons[at];
      decay_step(w, m, v, kind.l2, step);
      continue;
    }
    std::uint32_t n = now - at < adam.pieces.longest ? now - at : adam.pieces.longest;
    if (n > 4 * (done + 1)) n = 4 * (done + 1);
    if (n > (taken + 1) / 4) n = static_cast<std::uint32_t>((taken + 1) / 4);
    const std::uint32_t half_step = 2 * at + n + 1;  // at + (n + 1) / 2, in half steps
    AdamPiece piece;
    piece.n = n;
    piece.rate = adam.pieces.rates[half_step] * kind.rate;
    piece.epsilon = adam.pieces.epsilons[half_step];
    piece.drift = adam.pieces.drifts[half_step];
    piece.middle = adam.pieces.middles[n];
    piece.end = adam.pieces.ends[n];
    piece.tilt = adam.pieces.tilts[n];
    if (!decay_piece(w, m, v, kind.l2, step, piece)) {
      exact = kExactGap;
      continue;
    }
    at += n;
    done += n;
    if (!gone(w, m, spread<V>(piece.rate) / (root(v) + spread<V>(piece.epsilon)))) continue;
    w = spread<V>(0.0f);
    m = spread<V>(0.0f);
    v = spread<V>(power_of(adam.second, now - at)) * v;
    return;
  }
}

}  // namespace palate::KERNEL_NS
