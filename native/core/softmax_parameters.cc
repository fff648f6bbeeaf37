#include "core/softmax_parameters.h"

#include <algorithm>

namespace palate {

std::size_t num_softmax_weights(const SoftmaxState& s) {
  const std::size_t dim = s.dim;
  const std::size_t hidden = s.hidden;
  return (hidden != 0 ? 2 * hidden * dim + hidden + dim : 0) + (s.layer_norm ? 2 * dim : 0);
}

void exchange_parameters(const SoftmaxState& s, const SoftmaxParameters& packed, bool out) {
  // Moves rows to or from `next`, and returns what lies behind them there.
  const auto move = [out](float* padded, float* next, std::size_t rows, std::size_t columns, std::size_t stride) {
    for (std::size_t row = 0; row < rows; ++row, next += columns) {
      float* own = padded + row * stride;
      std::copy_n(out ? own : next, columns, out ? next : own);
    }
    return next;
  };
  move(s.inputs.values, packed.inputs, s.num_items, s.dim, s.stride);
  move(s.outputs.values, packed.outputs, s.num_items, s.dim, s.stride);
  move(s.biases.values, packed.biases, 1, s.biases.size, 0);
  float* next = packed.weights;
  float* dense = s.dense.values;
  if (s.hidden != 0) {
    next = move(dense + s.layout.first_weights, next, s.hidden, s.dim, s.stride);
    next = move(dense + s.layout.first_bias, next, 1, s.hidden, 0);
    next = move(dense + s.layout.second_weights, next, s.dim, s.hidden, s.hidden_stride);
    next = move(dense + s.layout.second_bias, next, 1, s.dim, 0);
  }
  if (s.layer_norm) {
    next = move(dense + s.layout.gain, next, 1, s.dim, 0);
    move(dense + s.layout.shift, next, 1, s.dim, 0);
  }
}

}  // namespace palate
