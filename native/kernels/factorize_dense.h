// All pairs with their products: for dim >= num_items. Part of factorize_counts.cc.
#pragma once

#include "kernels/factorize_pairs.h"

namespace palate::KERNEL_NS {
namespace {

// Residuals R = V V^T - t(X), then the gradient 4 R V.
Status step_residuals(FactorizeState& s, const FactorizeCall& call, Pool& pool) {
  MultiplyCall products = {};
  products.result = call.residuals;
  products.stride = call.residual_stride;
  products.left = row_major(s.vectors, s.stride);
  products.right = transposed(s.vectors, s.stride);
  products.rows = products.columns = s.num_items;
  products.depth = s.dim;
  products.lower = true;
  products.scratch = call.multiply_scratch;
  products.cancel = call.cancel;
  products.teardown = call.teardown;
  if (multiply(products, pool) != Status::ok) return Status::cancelled;
  SymmetricRun symmetric = {call.residuals, call.residual_stride, s.num_items, call.rows, call.targets, call.partial};
  const std::uint32_t blocks = blocks_of(s.num_items);
  pool.run(blocks, complete_rows, &symmetric);

  MultiplyCall gradient = products;
  gradient.result = call.gradients;
  gradient.stride = s.stride;
  // R is its own transpose, whose panels are copied instead of transposed.
  gradient.left = transposed(call.residuals, call.residual_stride);
  gradient.right = row_major(s.vectors, s.stride);
  gradient.columns = s.dim;
  gradient.depth = s.num_items;
  gradient.lower = false;
  if (multiply(gradient, pool) != Status::ok) return Status::cancelled;
  PairsRun run = {&s, &call, count_step(s, call.learning_rate)};
  pool.run(blocks, step_gradients, &run);
  return Status::ok;
}

}  // namespace
}  // namespace palate::KERNEL_NS
