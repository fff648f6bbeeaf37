// The solver by conjugate gradients on CUDA: all rows of a batch take a step together, so that their products with Q'Q
// are one product of matrices and the pairs of each row are a block's. Part of solve_als.cu.
#pragma once

#include "cuda/products.h"
#include "kernels/als_call.cuh"

namespace palate::k_cuda {
namespace {

// A residual whose square is below is rounding.
constexpr float kSettled = 1e-30f;

struct ConjugateState {
  float* residuals;   // (num_rows, stride) b - A p
  float* directions;  // (num_rows, stride)
  float* products;    // (num_rows, stride) x Q'Q of what the step is about, then A x
  float* squares;     // (num_rows) |residual|^2; 0 where a row is done
};

__device__ __forceinline__ float block_dot(const float* a, const float* b, std::uint32_t stride) {
  float sum = 0;
  for (std::uint32_t k = threadIdx.x; k < stride; k += kPairThreads) sum = fmaf(a[k], b[k], sum);
  return block_sum<kPairThreads>(sum);
}

// The first residuals and directions; `products` holds p Q'Q.
__global__ void __launch_bounds__(kPairThreads)
    start_conjugate_kernel(const __grid_constant__ AlsBatch batch, const ConjugateState state) {
  SHARED(pairs, PairSums);
  const std::uint32_t row = blockIdx.x;
  const std::size_t first = std::size_t{row} * batch.stride;
  const std::uint32_t begin = batch.offsets[row];
  const std::uint32_t count = batch.offsets[row + 1] - begin;
  if (count == 0) {  // left as it is
    if (threadIdx.x != 0) return;
    state.squares[row] = 0;
    batch.sums[row] = {0, 0, 0, 0};
    return;
  }
  const float penalty = batch.penalties[row];
  const float* p = batch.rows + first;
  float* product = state.products + first;
  for (std::uint32_t k = threadIdx.x; k < batch.stride; k += kPairThreads) {
    product[k] = fmaf(penalty, p[k], batch.unobserved_weight * product[k]);
  }
  double observed = 0;
  add_pairs<true>(pairs, product, p, batch.fixed, batch.stride, batch.others + begin, count,
                  [&](std::uint32_t n, float score) {
                    const float weight = weight_of(batch.roots, begin + n);
                    const float error = score - 1;
                    observed += static_cast<double>(weight) * squared(error);
                    return weight * error;
                  });
  for (std::uint32_t k = threadIdx.x; k < batch.stride; k += kPairThreads) {
    state.residuals[first + k] = state.directions[first + k] = -product[k];
  }
  const float squares = block_dot(product, product, batch.stride);
  const double penalised = penalty_of(p, batch.stride, penalty);
  observed = block_sum<kPairThreads>(observed);
  if (threadIdx.x != 0) return;
  state.squares[row] = squares;
  batch.sums[row] = {observed, penalised, penalised, 0};
}

// One step; `products` holds the directions times Q'Q.
__global__ void __launch_bounds__(kPairThreads)
    conjugate_kernel(const __grid_constant__ AlsBatch batch, const ConjugateState state) {
  SHARED(pairs, PairSums);
  const std::uint32_t row = blockIdx.x;
  const float squares = state.squares[row];
  if (!(squares > kSettled)) return;
  const std::size_t first = std::size_t{row} * batch.stride;
  const std::uint32_t begin = batch.offsets[row];
  const float penalty = batch.penalties[row];
  float* p = batch.rows + first;
  float* residual = state.residuals + first;
  float* direction = state.directions + first;
  float* product = state.products + first;
  for (std::uint32_t k = threadIdx.x; k < batch.stride; k += kPairThreads) {
    product[k] = fmaf(penalty, direction[k], batch.unobserved_weight * product[k]);
  }
  add_pairs<true>(pairs, product, direction, batch.fixed, batch.stride, batch.others + begin,
                  batch.offsets[row + 1] - begin,
                  [&](std::uint32_t n, float score) { return weight_of(batch.roots, begin + n) * score; });
  const float length = squares / block_dot(direction, product, batch.stride);
  for (std::uint32_t k = threadIdx.x; k < batch.stride; k += kPairThreads) {
    p[k] = fmaf(length, direction[k], p[k]);
    residual[k] = fmaf(-length, product[k], residual[k]);
  }
  const float after = block_dot(residual, residual, batch.stride);
  const float share = after / squares;
  for (std::uint32_t k = threadIdx.x; k < batch.stride; k += kPairThreads) {
    direction[k] = fmaf(share, direction[k], residual[k]);
  }
  const double fitted = penalty_of(p, batch.stride, penalty);
  if (threadIdx.x != 0) return;
  state.squares[row] = after;
  batch.sums[row].fitted = fitted;
  batch.sums[row].gain += static_cast<double>(length) * static_cast<double>(squares);
}

struct ConjugateKeys {
  char residuals, directions, products, squares, turned;
};
constexpr ConjugateKeys kConjugateKeys = {};

void queue_conjugate(DeviceMemory& device, const AlsBatch& batch, std::uint32_t steps) {
  const std::size_t floats = std::size_t{batch.num_rows} * batch.stride;
  ConjugateState state;
  state.residuals = device.scratch<float>(&kConjugateKeys.residuals, floats);
  state.directions = device.scratch<float>(&kConjugateKeys.directions, floats);
  state.products = device.scratch<float>(&kConjugateKeys.products, floats);
  state.squares = device.scratch<float>(&kConjugateKeys.squares, batch.num_rows);
  for (std::uint32_t step = 0; step <= steps; ++step) {
    multiply_rows(device, &kConjugateKeys.turned, state.products, step == 0 ? batch.rows : state.directions, batch.gram,
                  batch.num_rows, batch.stride);
    device.launch(step == 0 ? start_conjugate_kernel : conjugate_kernel, batch.num_rows, kPairThreads, 0, batch, state);
  }
}

}  // namespace
}  // namespace palate::k_cuda
