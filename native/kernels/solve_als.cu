// Alternating least squares on CUDA: see solve_als.h.
#include "kernels/solve_als.h"

#include <algorithm>
#include <new>
#include <vector>

#include "core/flags.h"
#include "cuda/kernels.h"
#include "cuda/memory.h"
#include "cuda/products.h"
#include "cuda/sums.h"
#include "kernels/als_blocks.cuh"
#include "kernels/als_conjugate.cuh"

namespace palate::k_cuda {
namespace {

// Rows of a batch, between two looks at the flags: enough to fill the device several times, few enough that their
// directions and residuals are in L2. Their number changes no bits.
constexpr std::uint32_t kRowsOfMultiprocessor = 128;
constexpr std::uint32_t kSumThreads = 256;

struct Keys {
  char scores, sums, parts, losses, loss_parts;
};
constexpr Keys kKeys = {};

__global__ void __launch_bounds__(kSumThreads)
    add_rows_kernel(AlsSums* parts, const AlsSums* rows, std::uint32_t num_rows) {
  AlsSums sums = {};
  const std::uint32_t row = blockIdx.x * kSumThreads + threadIdx.x;
  if (row < num_rows) sums = rows[row];
  sums.observed = block_sum<kSumThreads>(sums.observed);
  sums.penalty = block_sum<kSumThreads>(sums.penalty);
  sums.fitted = block_sum<kSumThreads>(sums.fitted);
  sums.gain = block_sum<kSumThreads>(sums.gain);
  if (threadIdx.x == 0) parts[blockIdx.x] = sums;
}

// A warp a pair.
__global__ void __launch_bounds__(kPairThreads)
    pair_loss_kernel(double* losses, const float* users, const float* items, const std::uint32_t* pair_users,
                     const std::uint32_t* pair_items, const float* roots, std::uint32_t stride, std::size_t size) {
  constexpr std::uint32_t kWarps = kPairThreads / kWarpSize;
  const std::size_t n = std::size_t{blockIdx.x} * kWarps + threadIdx.x / kWarpSize;
  if (n >= size) return;
  const float score =
      warp_dot(users + std::size_t{pair_users[n]} * stride, items + std::size_t{pair_items[n]} * stride, stride);
  const float error = roots == nullptr ? score - 1 : roots[n] * (score - 1);
  if (threadIdx.x % kWarpSize == 0) losses[n] = squared(error);
}

void add(AlsSums& sums, const AlsSums& more) {
  sums.observed += more.observed;
  sums.penalty += more.penalty;
  sums.fitted += more.fitted;
  sums.gain += more.gain;
}

Status fit_rows(const AlsCall& call, AlsSums& sums) {
  DeviceMemory& device = *call.device;
  const std::size_t pairs = call.offsets[call.num_rows];
  AlsBatch all = {};
  all.rows = device.resident(call.rows, std::size_t{call.num_rows} * call.stride);
  all.offsets = device.constant(call.offsets, std::size_t{call.num_rows} + 1);
  all.others = device.constant(call.others, pairs);
  all.roots = device.constant(call.roots, pairs);
  all.penalties = device.constant(call.penalties, call.num_rows);
  all.fixed = device.constant(call.fixed, std::size_t{call.num_fixed} * call.stride);
  all.gram = device.constant(call.gram, std::size_t{call.stride} * call.stride);
  all.stride = call.stride;
  all.unobserved_weight = call.unobserved_weight;
  float* scores = call.solver == AlsSolver::blocks ? device.scratch<float>(&kKeys.scores, pairs) : nullptr;
  const std::uint32_t most = device.multiprocessors() * kRowsOfMultiprocessor;
  for (std::uint32_t first = 0; first < call.num_rows; first += std::min(most, call.num_rows - first)) {
    if (is_raised(call)) return Status::cancelled;
    AlsBatch batch = all;
    batch.num_rows = std::min(most, call.num_rows - first);
    batch.rows += std::size_t{first} * call.stride;
    batch.offsets += first;
    batch.penalties += first;
    batch.sums = device.scratch<AlsSums>(&kKeys.sums, batch.num_rows);
    if (call.solver == AlsSolver::cg) {
      queue_conjugate(device, batch, call.cg_steps);
    } else {
      queue_blocks(device, batch, scores, call.block);
    }
    std::vector<AlsSums> parts(blocks_of(batch.num_rows, kSumThreads));
    AlsSums* device_parts = device.scratch<AlsSums>(&kKeys.parts, parts.size());
    device.launch(add_rows_kernel, static_cast<std::uint32_t>(parts.size()), kSumThreads, 0, device_parts, batch.sums,
                  batch.num_rows);
    device.read(parts.data(), device_parts, parts.size());
    if (device.finish() != Status::ok) break;
    for (const AlsSums& part : parts) add(sums, part);
  }
  return device.finish();
}

}  // namespace

Status solve_als(const AlsCall& call, Pool&, AlsSums& sums) {
  sums = {};
  try {
    return fit_rows(call, sums);
  } catch (const std::bad_alloc&) {
    return Status::out_of_memory;
  }
}

void form_gram(const GramCall& call, Pool&) {
  DeviceMemory& device = *call.device;
  const float* rows = device.constant(call.rows, std::size_t{call.num_rows} * call.stride);
  float* gram = device.result(call.gram, std::size_t{call.stride} * call.stride);
  multiply_gram(device, gram, rows, call.num_rows, call.stride);
}

double sum_pair_losses(const AlsPairsCall& call, Pool&) {
  DeviceMemory& device = *call.device;
  double* losses = device.scratch<double>(&kKeys.losses, call.size);
  const float* users = device.constant(call.users, std::size_t{call.num_users} * call.stride);
  const float* items = device.constant(call.items, std::size_t{call.num_items} * call.stride);
  const std::uint32_t* pair_users = device.constant(call.pair_users, call.size);
  const std::uint32_t* pair_items = device.constant(call.pair_items, call.size);
  const float* roots = device.constant(call.roots, call.size);
  device.launch(pair_loss_kernel, blocks_of(call.size, kPairThreads / kWarpSize), kPairThreads, 0, losses, users, items,
                pair_users, pair_items, roots, call.stride, call.size);
  QueuedSum sum;
  sum_values(device, &kKeys.loss_parts, losses, call.size, sum);
  (void)device.finish();  // the caller asks for the status
  return sum.total();
}

}  // namespace palate::k_cuda
