// The network of a block of rows, from the rows of E to h and back: see softmax.h for the formulas.
//
// Everything here lies across: one row of memory a component, with the block's rows in the lanes. So sums over
// components need no sums over lanes, and padding of `dim` never takes part.
#pragma once

#include <cstring>

#include "kernels/multiply_add.h"
#include "kernels/softmax.h"
#include "math/lanes.h"

namespace palate::KERNEL_NS {
namespace {

constexpr std::uint32_t kBlockLanes = kSoftmaxRows / kLanes;
constexpr float kNormEpsilon = 1e-5f;

// SoftmaxBlock::across, cut up.
struct Across {
  float* input;        // (dim, rows) e
  float* unit;         // (hidden, rows) u; zeros where the unit was negative or left out
  float* back;         // (hidden, rows) gradient of u, then of a
  float* normal;       // (dim, rows) (x - mean) / deviation, or x
  float* output;       // (dim, rows) h
  float* gradient;     // (dim, rows) of h, then of x
  float* in_gradient;  // (dim, rows) of e
  float* inverse;      // (rows) 1 / deviation
  float* origin;       // (rows) the logit whose exponential is 1
  float* sums;         // (rows) of exponentials
};

Across cut(const SoftmaxState& s, float* memory) {
  const std::size_t vector = std::size_t{s.dim} * kSoftmaxRows;
  const std::size_t units = std::size_t{s.hidden_stride} * kSoftmaxRows;
  Across a;
  a.input = memory;
  a.normal = a.input + vector;
  a.output = a.normal + vector;
  a.gradient = a.output + vector;
  a.in_gradient = a.gradient + vector;
  a.unit = a.in_gradient + vector;
  a.back = a.unit + units;
  a.inverse = a.back + units;
  a.origin = a.inverse + kSoftmaxRows;
  a.sums = a.origin + kSoftmaxRows;
  return a;
}

// Whether a row keeps a hidden unit: a 32-bit hash of (key, row, unit), the finaliser of MurmurHash3 (Appleby 2011).
PALATE_INLINE bool dropout_keeps(std::uint32_t key, std::uint32_t position, std::uint32_t threshold) {
  std::uint32_t x = key ^ (position * 0x9e3779b9u);
  x = (x ^ (x >> 16)) * 0x85ebca6bu;
  x = (x ^ (x >> 13)) * 0xc2b2ae35u;
  return (x ^ (x >> 16)) >= threshold;
}

void to_across(float* across, const float* rows, std::uint32_t columns, std::size_t stride) {
  for (std::uint32_t k = 0; k < columns; ++k)
    for (std::uint32_t r = 0; r < kSoftmaxRows; ++r) across[k * kSoftmaxRows + r] = rows[r * stride + k];
}

void to_rows(float* rows, std::size_t stride, const float* across, std::uint32_t columns) {
  for (std::uint32_t r = 0; r < kSoftmaxRows; ++r)
    for (std::uint32_t k = 0; k < columns; ++k) rows[r * stride + k] = across[k * kSoftmaxRows + r];
}

PALATE_INLINE void fill(float* target, float value) {
  for (std::uint32_t l = 0; l < kSoftmaxRows; l += kLanes) store(target + l, splat(value));
}

PALATE_INLINE std::uint32_t dropout_threshold(float dropout) {
  return static_cast<std::uint32_t>(static_cast<double>(dropout) * 4294967296.0);
}

// max(u, 0), and in training the dropout.
void activate(const SoftmaxState& s, const SoftmaxBatch& batch, std::uint32_t first_row, bool training, float* units) {
  const std::uint32_t threshold = dropout_threshold(s.dropout);
  const float scale = 1.0f / (1.0f - s.dropout);
  for (std::uint32_t unit = 0; unit < s.hidden; ++unit) {
    float* values = units + unit * kSoftmaxRows;
    for (std::uint32_t r = 0; r < kSoftmaxRows; ++r) values[r] = values[r] > 0.0f ? values[r] : 0.0f;
    if (!training || s.dropout == 0.0f) continue;
    for (std::uint32_t r = 0; r < kSoftmaxRows; ++r) {
      const std::uint32_t position = (first_row + r) * s.hidden + unit;
      values[r] = dropout_keeps(batch.key, position, threshold) ? values[r] * scale : 0.0f;
    }
  }
}

void normalize(const SoftmaxState& s, const Across& a) {
  const float* gain = s.dense.values + s.layout.gain;
  const float* shift = s.dense.values + s.layout.shift;
  for (std::uint32_t l = 0; l < kSoftmaxRows; l += kLanes) {
    Lanes mean = splat(0.0f);
    for (std::uint32_t k = 0; k < s.dim; ++k) mean = mean + load(a.normal + k * kSoftmaxRows + l);
    mean = mean / splat(static_cast<float>(s.dim));
    Lanes variance = splat(0.0f);
    for (std::uint32_t k = 0; k < s.dim; ++k) {
      const Lanes centred = load(a.normal + k * kSoftmaxRows + l) - mean;
      variance = fma(centred, centred, variance);
    }
    variance = variance / splat(static_cast<float>(s.dim));
    const Lanes inverse = splat(1.0f) / sqrt(variance + splat(kNormEpsilon));
    store(a.inverse + l, inverse);
    for (std::uint32_t k = 0; k < s.dim; ++k) {
      const Lanes normal = (load(a.normal + k * kSoftmaxRows + l) - mean) * inverse;
      store(a.normal + k * kSoftmaxRows + l, normal);
      store(a.output + k * kSoftmaxRows + l, fma(splat(gain[k]), normal, splat(shift[k])));
    }
  }
}

// Rows [first_row, first_row + kSoftmaxRows) of the batch; behind its end they are zeros.
void network_forward(const SoftmaxState& s, const SoftmaxBatch& batch, std::uint32_t first_row, bool training,
                     const SoftmaxBlock& block, const Across& a) {
  const std::size_t row_bytes = s.stride * sizeof(float);
  for (std::uint32_t r = 0; r < kSoftmaxRows; ++r) {
    float* target = block.inputs + std::size_t{r} * s.stride;
    if (first_row + r < batch.size) {
      std::memcpy(target, s.inputs.values + std::size_t{batch.items[first_row + r]} * s.stride, row_bytes);
    } else {
      std::memset(target, 0, row_bytes);
    }
  }
  to_across(a.input, block.inputs, s.dim, s.stride);
  std::memcpy(a.normal, a.input, std::size_t{s.dim} * kSoftmaxRows * sizeof(float));
  if (s.hidden != 0) {
    const float* dense = s.dense.values;
    for (std::uint32_t unit = 0; unit < s.hidden; ++unit)
      fill(a.unit + unit * kSoftmaxRows, dense[s.layout.first_bias + unit]);
    multiply_add(a.unit, kSoftmaxRows, {dense + s.layout.first_weights, s.stride, 1}, a.input, kSoftmaxRows, s.hidden,
                 kSoftmaxRows, s.dim);
    activate(s, batch, first_row, training, a.unit);
    for (std::uint32_t k = 0; k < s.dim; ++k) {
      for (std::uint32_t l = 0; l < kSoftmaxRows; l += kLanes) {
        float* x = a.normal + k * kSoftmaxRows + l;
        store(x, load(x) + splat(dense[s.layout.second_bias + k]));
      }
    }
    multiply_add(a.normal, kSoftmaxRows, {dense + s.layout.second_weights, s.hidden_stride, 1}, a.unit, kSoftmaxRows,
                 s.dim, kSoftmaxRows, s.hidden);
  }
  if (s.layer_norm) {
    normalize(s, a);
  } else {
    std::memcpy(a.output, a.normal, std::size_t{s.dim} * kSoftmaxRows * sizeof(float));
  }
}

PALATE_INLINE float sum_across(const float* values) {
  Lanes total = load(values);
  for (std::uint32_t l = kLanes; l < kSoftmaxRows; l += kLanes) total = total + load(values + l);
  return sum(total);
}

// Turns a.gradient from that of h to that of x.
void normalize_backward(const SoftmaxState& s, const Across& a, float* dense) {
  for (std::uint32_t k = 0; k < s.dim; ++k) {
    const float* g = a.gradient + k * kSoftmaxRows;
    const float* normal = a.normal + k * kSoftmaxRows;
    Lanes gain = splat(0.0f);
    for (std::uint32_t l = 0; l < kSoftmaxRows; l += kLanes) gain = fma(load(g + l), load(normal + l), gain);
    dense[s.layout.gain + k] = sum(gain);
    dense[s.layout.shift + k] = sum_across(g);
  }
  const float* gains = s.dense.values + s.layout.gain;
  const Lanes share = splat(1.0f / static_cast<float>(s.dim));
  for (std::uint32_t l = 0; l < kSoftmaxRows; l += kLanes) {
    Lanes mean = splat(0.0f);
    Lanes along = splat(0.0f);
    for (std::uint32_t k = 0; k < s.dim; ++k) {
      const Lanes g = load(a.gradient + k * kSoftmaxRows + l) * splat(gains[k]);
      mean = mean + g;
      along = fma(g, load(a.normal + k * kSoftmaxRows + l), along);
    }
    mean = mean * share;
    along = along * share;
    const Lanes inverse = load(a.inverse + l);
    for (std::uint32_t k = 0; k < s.dim; ++k) {
      float* at = a.gradient + k * kSoftmaxRows + l;
      const Lanes g = load(at) * splat(gains[k]);
      store(at, (g - mean - load(a.normal + k * kSoftmaxRows + l) * along) * inverse);
    }
  }
}

// The weights' gradients of a residual network whose output has a.gradient, which stays; a.in_gradient gets that of e.
void residual_backward(const SoftmaxState& s, const SoftmaxBlock& block, const Across& a) {
  const SoftmaxLayout& at = s.layout;
  const float* weights = s.dense.values;
  float* dense = block.dense;
  to_rows(block.units, s.hidden_stride, a.unit, s.hidden);
  multiply_add(dense + at.second_weights, s.hidden_stride, {a.gradient, kSoftmaxRows, 1}, block.units, s.hidden_stride,
               s.dim, s.hidden_stride, kSoftmaxRows);
  for (std::uint32_t k = 0; k < s.dim; ++k) dense[at.second_bias + k] = sum_across(a.gradient + k * kSoftmaxRows);
  std::memset(a.back, 0, std::size_t{s.hidden} * kSoftmaxRows * sizeof(float));
  multiply_add(a.back, kSoftmaxRows, {weights + at.second_weights, 1, s.hidden_stride}, a.gradient, kSoftmaxRows,
               s.hidden, kSoftmaxRows, s.dim);
  // A unit that let nothing through lets no gradient back; the others were scaled by the dropout.
  const float scale = 1.0f / (1.0f - s.dropout);
  for (std::size_t n = 0; n < std::size_t{s.hidden} * kSoftmaxRows; ++n)
    a.back[n] = a.unit[n] > 0.0f ? a.back[n] * scale : 0.0f;
  for (std::uint32_t unit = 0; unit < s.hidden; ++unit)
    dense[at.first_bias + unit] = sum_across(a.back + unit * kSoftmaxRows);
  multiply_add(dense + at.first_weights, s.stride, {a.back, kSoftmaxRows, 1}, block.inputs, s.stride, s.hidden,
               s.stride, kSoftmaxRows);
  multiply_add(a.in_gradient, kSoftmaxRows, {weights + at.first_weights, 1, s.stride}, a.back, kSoftmaxRows, s.dim,
               kSoftmaxRows, s.hidden);
}

// From a.gradient of h to block.gradient of e and block.dense of the weights.
void network_backward(const SoftmaxState& s, const SoftmaxBlock& block, const Across& a) {
  if (s.layout.size != 0) std::memset(block.dense, 0, s.layout.size * sizeof(float));
  if (s.layer_norm) normalize_backward(s, a, block.dense);
  std::memcpy(a.in_gradient, a.gradient, std::size_t{s.dim} * kSoftmaxRows * sizeof(float));
  if (s.hidden != 0) residual_backward(s, block, a);
  to_rows(block.gradient, s.stride, a.in_gradient, s.dim);
}

}  // namespace
}  // namespace palate::KERNEL_NS
