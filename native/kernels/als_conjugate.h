// The solver by conjugate gradients. Part of solve_als.cc.
#pragma once

#include "kernels/als_products.h"
#include "kernels/als_rows.h"

namespace palate::KERNEL_NS {
namespace {

// Scratch of a thread, in the order of als_floats().
struct ConjugateScratch {
  float* scores;     // (longest)
  float* residual;   // (stride) b - A p
  float* direction;  // (stride)
  float* product;    // (stride) A times the direction
};

ConjugateScratch conjugate_scratch(const AlsCall& call, float* scratch) {
  ConjugateScratch s;
  s.scores = scratch;
  s.residual = s.scores + als_pairs(call.longest);
  s.direction = s.residual + call.stride;
  s.product = s.direction + call.stride;
  return s;
}

// A residual whose square is below is rounding.
constexpr float kSettled = 1e-30f;

// target += sum over pairs [begin, begin + 4) of weights times their fixed rows.
PALATE_INLINE void add_four(const AlsCall& call, const AlsRow& row, std::uint32_t begin, const float* weights,
                            float* target) {
  const float* at[4];
  for (std::uint32_t r = 0; r < 4; ++r) at[r] = fixed_row(call, row.others[begin + r]);
  for (std::uint32_t k = 0; k < call.stride; k += kLanes) {
    Lanes sums = load(target + k);
    for (std::uint32_t r = 0; r < 4; ++r) sums = fma(splat(weights[r]), load(at[r] + k), sums);
    store(target + k, sums);
  }
}

PALATE_INLINE float weight_of(const AlsRow& row, std::uint32_t pair) {
  return row.roots == nullptr ? 1.0f : row.roots[pair] * row.roots[pair];
}

// target = (w Q'Q + l I) x.
void start_product(const AlsCall& call, const AlsRow& row, const float* x, float* target) {
  combine(target, call.gram, call.stride, x, call.stride, call.stride);
  const Lanes weight = splat(call.unobserved_weight);
  const Lanes penalty = splat(row.penalty);
  for (std::uint32_t k = 0; k < call.stride; k += kLanes)
    store(target + k, fma(penalty, load(x + k), weight * load(target + k)));
}

// target += sum over pairs of c (score - goal) q: with the scores of x and goal 0 that of A x, with goal 1 that of A x
// - b. A pair's row is used while the scores have it in cache. When `query` is given its scores are computed first.
void apply_pairs(const AlsCall& call, const AlsRow& row, const float* query, float goal, float* scores, float* target) {
  for (std::uint32_t begin = 0; begin < row.count; begin += 4) {
    const std::uint32_t end = row.count - begin < 4 ? row.count : begin + 4;
    if (query != nullptr)
      score_pairs(call, row, begin, end, query, 0, AnyWidth{call.stride}, AnyWidth{call.stride}, scores, kVisitNothing);
    float weights[4];
    for (std::uint32_t n = begin; n < end; ++n) weights[n - begin] = weight_of(row, n) * (scores[n] - goal);
    if (end - begin == 4) {
      add_four(call, row, begin, weights, target);
    } else {
      for (std::uint32_t n = begin; n < end; ++n)
        axpy(target, weights[n - begin], fixed_row(call, row.others[n]), call.stride);
    }
  }
}

// Fits a row.
void fit_by_gradients(const AlsCall& call, const AlsRow& row, const ConjugateScratch& s, AlsSums& sums) {
  alignas(64) float errors[kAlsDepth];
  for (std::uint32_t begin = 0; begin < row.count; begin += kAlsDepth) {
    const std::uint32_t size = row.count - begin < kAlsDepth ? row.count - begin : kAlsDepth;
    score_pairs(call, row, begin, begin + size, row.factors, 0, AnyWidth{call.stride}, AnyWidth{call.stride}, s.scores,
                kVisitNothing);
    for (std::uint32_t n = 0; n < kAlsDepth; ++n)
      errors[n] = n < size ? error_of(row, begin + n, s.scores[begin + n]) : 0.0f;
    sums.observed += sum_squares(errors);
  }
  start_product(call, row, row.factors, s.residual);
  apply_pairs(call, row, nullptr, 1.0f, s.scores, s.residual);
  for (std::uint32_t k = 0; k < call.stride; k += kLanes) {
    const Lanes residual = splat(0.0f) - load(s.residual + k);
    store(s.residual + k, residual);
    store(s.direction + k, residual);
  }
  float squares = dot(s.residual, s.residual, call.stride);
  for (std::uint32_t step = 0; step < call.cg_steps && squares > kSettled; ++step) {
    start_product(call, row, s.direction, s.product);
    apply_pairs(call, row, s.direction, 0.0f, s.scores, s.product);
    const float length = squares / dot(s.direction, s.product, call.stride);
    axpy(row.factors, length, s.direction, call.stride);
    axpy(s.residual, -length, s.product, call.stride);
    sums.gain += static_cast<double>(length) * static_cast<double>(squares);
    const float after = dot(s.residual, s.residual, call.stride);
    const Lanes share = splat(after / squares);
    for (std::uint32_t k = 0; k < call.stride; k += kLanes)
      store(s.direction + k, fma(share, load(s.direction + k), load(s.residual + k)));
    squares = after;
  }
}

}  // namespace
}  // namespace palate::KERNEL_NS
