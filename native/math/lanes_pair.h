// What the formulas of math/adam_pieces.h need of Lanes, alone and two at a time.
#pragma once

#include "math/adam_pieces.h"
#include "math/lanes.h"

namespace palate::KERNEL_NS {

PALATE_INLINE Lanes lower(const Lanes& a, const Lanes& b) {
  Lanes c;
  for (int p = 0; p < kParts; ++p) {
#if defined(__GNUC__)
    c.part[p] = a.part[p] < b.part[p] ? a.part[p] : b.part[p];
#else
    for (int i = 0; i < kWidth; ++i) c.part[p][i] = lower(a.part[p][i], b.part[p][i]);
#endif
  }
  return c;
}
PALATE_INLINE Lanes magnitude(const Lanes& a) {
  const Lanes zero = splat(0.0f);
  return zero - lower(a, zero - a);
}
PALATE_INLINE float total(const Lanes& a) { return sum(a); }

// Two vectors side by side. Steps are one long chain of instructions that wait for each other; two chains overlap.
struct LanesPair {
  Lanes a, b;
};
template <>
PALATE_INLINE LanesPair spread<LanesPair>(float x) {
  return {splat(x), splat(x)};
}
PALATE_INLINE LanesPair operator+(const LanesPair& x, const LanesPair& y) { return {x.a + y.a, x.b + y.b}; }
PALATE_INLINE LanesPair operator-(const LanesPair& x, const LanesPair& y) { return {x.a - y.a, x.b - y.b}; }
PALATE_INLINE LanesPair operator*(const LanesPair& x, const LanesPair& y) { return {x.a * y.a, x.b * y.b}; }
PALATE_INLINE LanesPair operator/(const LanesPair& x, const LanesPair& y) { return {x.a / y.a, x.b / y.b}; }
PALATE_INLINE LanesPair fma(const LanesPair& x, const LanesPair& y, const LanesPair& z) {
  return {fma(x.a, y.a, z.a), fma(x.b, y.b, z.b)};
}
PALATE_INLINE LanesPair root(const LanesPair& x) { return {root(x.a), root(x.b)}; }
PALATE_INLINE LanesPair lower(const LanesPair& x, const LanesPair& y) { return {lower(x.a, y.a), lower(x.b, y.b)}; }
PALATE_INLINE LanesPair magnitude(const LanesPair& x) { return {magnitude(x.a), magnitude(x.b)}; }
PALATE_INLINE float total(const LanesPair& x) { return sum(x.a + x.b); }

}  // namespace palate::KERNEL_NS
