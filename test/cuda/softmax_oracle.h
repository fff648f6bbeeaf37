// The loss of kernels/softmax.h in double, word for word from its formulas, and its gradient by differences.
#pragma once

#include <cmath>
#include <vector>

#include "softmax_problem.h"

namespace palate::test {

inline bool oracle_keeps(std::uint32_t key, std::uint32_t position, float dropout) {
  std::uint32_t x = key ^ (position * 0x9e3779b9u);
  x = (x ^ (x >> 16)) * 0x85ebca6bu;
  x = (x ^ (x >> 13)) * 0xc2b2ae35u;
  return (x ^ (x >> 16)) >= static_cast<std::uint32_t>(static_cast<double>(dropout) * 4294967296.0);
}

inline std::vector<double> oracle_hidden(const SoftmaxState& s, std::uint32_t item, std::uint32_t row,
                                         std::uint32_t key, bool training) {
  const float* e = s.inputs.values + std::size_t{item} * s.stride;
  const float* dense = s.dense.values;
  std::vector<double> x(e, e + s.dim);
  for (std::uint32_t unit = 0; unit < s.hidden; ++unit) {
    double a = dense[s.layout.first_bias + unit];
    for (std::uint32_t k = 0; k < s.dim; ++k) {
      a += static_cast<double>(dense[s.layout.first_weights + std::size_t{unit} * s.stride + k]) * e[k];
    }
    if (a <= 0) continue;
    if (training && s.dropout > 0) {
      if (!oracle_keeps(key, row * s.hidden + unit, s.dropout)) continue;
      a /= 1.0 - static_cast<double>(s.dropout);
    }
    for (std::uint32_t k = 0; k < s.dim; ++k) {
      x[k] += a * dense[s.layout.second_weights + std::size_t{k} * s.hidden_stride + unit];
    }
  }
  for (std::uint32_t k = 0; s.hidden != 0 && k < s.dim; ++k) x[k] += dense[s.layout.second_bias + k];
  if (!s.layer_norm) return x;
  double mean = 0;
  for (const double value : x) mean += value / s.dim;
  double variance = 0;
  for (const double value : x) variance += (value - mean) * (value - mean) / s.dim;
  for (std::uint32_t k = 0; k < s.dim; ++k) {
    x[k] = (x[k] - mean) / std::sqrt(variance + 1e-5) * dense[s.layout.gain + k] + dense[s.layout.shift + k];
  }
  return x;
}

// Sum over the batch's rows, not divided by its total.
inline double oracle_loss(const SoftmaxState& s, const SoftmaxRows& rows, std::uint32_t key, bool training) {
  double loss = 0;
  for (std::uint32_t row = 0; row < rows.items.size(); ++row) {
    const std::uint32_t own = rows.items[row];
    const std::vector<double> h = oracle_hidden(s, own, row, key, training);
    std::vector<double> logits(s.num_items);
    // A masked item is no candidate; where it is a target it still has its logit.
    const auto taken = [&](std::uint32_t item) { return !s.self_mask || item != own; };
    double most = -1e300;
    for (std::uint32_t item = 0; item < s.num_items; ++item) {
      double logit = s.biases.size != 0 ? s.biases.values[item] : 0.0;
      for (std::uint32_t k = 0; k < s.dim; ++k) logit += h[k] * s.outputs.values[std::size_t{item} * s.stride + k];
      logits[item] = logit;
      if (taken(item)) most = std::max(most, logit);
    }
    double sum = 0;
    for (std::uint32_t item = 0; item < s.num_items; ++item) {
      if (taken(item)) sum += std::exp(logits[item] - most);
    }
    for (const Target& target : rows.lists[row]) {
      loss += target.count * (most + std::log(sum) - logits[target.item]);
    }
  }
  return loss;
}

// d loss / total by every parameter, in the order of SoftmaxModel::collect.
inline std::vector<float> oracle_gradient(const SoftmaxModel& model, const SoftmaxRows& rows, std::uint32_t key) {
  std::vector<float> gradient;
  for (const SoftmaxArray* array : model.arrays()) {
    for (std::size_t n = 0; n < array->size; ++n) {
      const float value = array->values[n];
      // Steps that float32 holds exactly.
      const float step = 1.0f / 1024;
      array->values[n] = value + step;
      const double width = static_cast<double>(array->values[n]);
      const double above = oracle_loss(model.state, rows, key, true);
      array->values[n] = value - step;
      const double below = oracle_loss(model.state, rows, key, true);
      gradient.push_back(
          static_cast<float>((above - below) / (width - static_cast<double>(array->values[n])) / rows.total));
      array->values[n] = value;
    }
  }
  return gradient;
}

}  // namespace palate::test
