// Parameters of the softmax model as its user sees them, and in the padded arrays of training.
#pragma once

#include <cstddef>

#include "kernels/softmax.h"

namespace palate {

// Parameters without padding.
struct SoftmaxParameters {
  float* inputs = nullptr;   // (num_items, dim) E
  float* outputs = nullptr;  // (num_items, dim) F, the same numbers as E in the tied model
  float* biases = nullptr;   // (num_items) where the model has biases
  float* weights = nullptr;  // W1, b1, W2, b2, gain and shift, of those that the model has, one after another
};

// Floats of SoftmaxParameters::weights.
std::size_t num_softmax_weights(const SoftmaxState& state);

// Copies the parameters out of the state's arrays, or back in.
void exchange_parameters(const SoftmaxState& state, const SoftmaxParameters& packed, bool out);

}  // namespace palate
