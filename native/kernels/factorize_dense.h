// All pairs with their products: for dim >= num_items. Part of factorize_counts.cc.
#pragma once

#include "kernels/factorize_pairs.h"
#include "kernels/multiply_strassen.h"

namespace palate::KERNEL_NS {
namespace {

Status multiply_large(const MultiplyCall& call, std::uint32_t least_block, Pool& pool) {
  const std::uint32_t levels = strassen_levels(call.rows, call.columns, call.depth, least_block);
  return levels == 0 ? multiply(call, pool) : multiply_strassen(call, levels, pool);
}

// Rows and columns [begin, end) of a product of which only row >= column is wanted: in halves, as long as the square
// between them is large.
Status multiply_lower(const MultiplyCall& whole, std::uint32_t begin, std::uint32_t end, std::uint32_t least_block,
                      Pool& pool) {
  const auto part = [&](std::uint32_t row, std::uint32_t last_row, std::uint32_t column, std::uint32_t last_column) {
    MultiplyCall call = whole;
    call.result += row * call.stride + column;
    call.left = part_from(call.left, row, 0);
    call.right = part_from(call.right, 0, column);
    call.rows = last_row - row;
    call.columns = last_column - column;
    call.lower = row == column;
    return call;
  };
  const std::uint32_t middle = begin + (end - begin) / 2;
  if (strassen_levels(end - middle, middle - begin, whole.depth, least_block) == 0)
    return multiply(part(begin, end, begin, end), pool);
  Status status = multiply_lower(whole, begin, middle, least_block, pool);
  if (status == Status::ok) status = multiply_lower(whole, middle, end, least_block, pool);
  if (status == Status::ok) status = multiply_large(part(middle, end, begin, middle), least_block, pool);
  return status;
}

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
  const std::uint32_t least_block = s.options.least_block;
  if (multiply_lower(products, 0, s.num_items, least_block, pool) != Status::ok) return Status::cancelled;
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
  if (multiply_large(gradient, least_block, pool) != Status::ok) return Status::cancelled;
  PairsRun run = {&s, &call, count_step(s, call.learning_rate)};
  pool.run(blocks, step_gradients, &run);
  return Status::ok;
}

}  // namespace
}  // namespace palate::KERNEL_NS
