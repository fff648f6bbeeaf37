// Losses of given pairs on a device. A warp scores 32 pairs one after the other and takes their losses a lane each;
// sums are taken in double, over a warp's pairs, over a block's warps and over the blocks in their order.
//
// Bytes a pair: both rows, 8 dim, 1 KB at dim 120: 3.4 billion pairs a second on an H100 where both come from memory.
// With shared features all combined rows are formed first, once through both tables.
#include "cuda/kernels.h"
#include "cuda/memory.h"
#include "kernels/combine_rows.cuh"
#include "kernels/train_device.h"
#include "kernels/warp_loss.cuh"

namespace palate::k_cuda {
namespace {

constexpr std::uint32_t kWarps = 8;
constexpr std::uint32_t kBlocksAtOnce = 3;  // on a multiprocessor
constexpr std::uint32_t kPairsOfWarp = kPairsChunk / kWarps;

// Keys of scratch.
const char kPartial = 0;
const char kSums = 0;

template <int width>
__global__ void __launch_bounds__(kWarps* kWarpSize)
    combine_table_kernel(const __grid_constant__ TrainState s, const __grid_constant__ ParameterTable table,
                         const __grid_constant__ FeatureLists lists, float* combined, float* biases) {
  const std::uint32_t row = warp_of_grid();
  if (row >= table.rows) return;
  const float bias = combine_row<width>(combined + row_start(row, s.stride), s, table, lists, row);
  if (lane_of_thread() == 0) biases[row] = bias;
}

// Pairs between rows of two tables.
struct PairsRun {
  TrainOptions options;
  std::uint32_t stride;
  float global_bias;
  const float* user_rows;
  const float* item_rows;
  const float* user_biases;
  const float* item_biases;
  const std::uint32_t* users;
  const std::uint32_t* items;
  const float* values;
  std::size_t size;
  double* partial;  // (blocks, 2)
};

template <int width>
__device__ __forceinline__ float score_of_lane(const PairsRun& run, std::uint32_t user, std::uint32_t item,
                                               std::uint32_t count) {
  const unsigned lane = lane_of_thread();
  float score = 0.0f;
#pragma unroll 4
  for (std::uint32_t j = 0; j < count; ++j) {
    const float* p = run.user_rows + row_start(__shfl_sync(kAllLanes, user, static_cast<int>(j)), run.stride);
    const float* q = run.item_rows + row_start(__shfl_sync(kAllLanes, item, static_cast<int>(j)), run.stride);
    float product = 0.0f;
    for (std::uint32_t k = lane * width; k < run.stride; k += kWarpSize * width)
      product = dot_slices(load_slice<width>(p + k), load_slice<width>(q + k), product);
    product = warp_sum(product);
    if (lane == j) score = product;
  }
  return score;
}

template <int width>
__global__ void __launch_bounds__(kWarps* kWarpSize, kBlocksAtOnce)
    score_pairs_kernel(const __grid_constant__ PairsRun run) {
  const TrainOptions& o = run.options;
  const bool clipped = o.objective == Objective::squared && o.link == Link::identity;
  const std::size_t begin = std::size_t{warp_of_grid()} * kPairsOfWarp;
  WarpLoss sums;
  for (std::size_t start = begin; start < begin + kPairsOfWarp && start < run.size; start += kWarpSize) {
    const std::size_t n = start + lane_of_thread();
    const bool inside = n < run.size;
    const std::uint32_t user = inside ? run.users[n] : 0;
    const std::uint32_t item = inside ? run.items[n] : 0;
    const std::size_t left = run.size - start;
    float x = score_of_lane<width>(run, user, item, left < kWarpSize ? static_cast<std::uint32_t>(left) : kWarpSize);
    if (!inside) continue;
    x += run.global_bias + run.user_biases[user] + run.item_biases[item];
    Slope result = slope(o, x, run.values[n]);
    if (clipped) result.squared_error = clipped_squared_error(o.range_min, o.range_max, x, run.values[n]);
    sums.add(result);
  }
  sums.loss = warp_sum(sums.loss);
  sums.squared_error = warp_sum(sums.squared_error);
  const double sum = block_loss<kWarps>(sums);
  if (threadIdx.x < 2) run.partial[2 * std::size_t{blockIdx.x} + threadIdx.x] = sum;
}

constexpr std::uint32_t kSumThreads = 256;

// By one block: the sums over all blocks of score_pairs_kernel.
__global__ void __launch_bounds__(kSumThreads)
    sum_partial_kernel(double* sums, const double* partial, std::uint32_t count) {
  double loss = 0;
  double squares = 0;
  for (std::uint32_t n = threadIdx.x; n < count; n += kSumThreads) {
    loss += partial[2 * std::size_t{n}];
    squares += partial[2 * std::size_t{n} + 1];
  }
  loss = block_sum<kSumThreads>(loss);
  squares = block_sum<kSumThreads>(squares);
  if (threadIdx.x != 0) return;
  sums[0] = loss;
  sums[1] = squares;
}

template <int width>
void combine_table(const TrainState& s, const ParameterTable& table, const FeatureLists& lists, float* combined,
                   float* biases, DeviceMemory& device) {
  device.launch(combine_table_kernel<width>, blocks_of(table.rows, kWarps), kWarps * kWarpSize, 0, s, table, lists,
                combined, biases);
}

template <int width>
void score(const TrainState& s, const PairsCall& call, PairsRun run, DeviceMemory& device) {
  if (call.combined_users != nullptr) {
    float* users = device.scratch<float>(call.combined_users, std::size_t{s.users.rows} * s.stride);
    float* items = device.scratch<float>(call.combined_items, std::size_t{s.items.rows} * s.stride);
    float* user_biases = device.scratch<float>(call.combined_user_biases, s.users.rows);
    float* item_biases = device.scratch<float>(call.combined_item_biases, s.items.rows);
    combine_table<width>(s, s.users, s.user_features, users, user_biases, device);
    combine_table<width>(s, s.items, s.item_features, items, item_biases, device);
    run.user_rows = users;
    run.item_rows = items;
    run.user_biases = user_biases;
    run.item_biases = item_biases;
  }
  device.launch(score_pairs_kernel<width>, blocks_of(call.size, kPairsChunk), kWarps * kWarpSize, 0, run);
}

}  // namespace

void evaluate_pairs(TrainState& state, const PairsCall& call, Pool&, EpochLoss& loss) {
  DeviceMemory& device = *state.device;
  const TrainState s = place_state(state, device);
  const std::uint32_t blocks = blocks_of(call.size, kPairsChunk);
  PairsRun run = {};
  run.options = s.options;
  run.stride = s.stride;
  run.global_bias = s.global_bias;
  run.user_rows = s.users.factors;
  run.item_rows = s.items.factors;
  run.user_biases = s.users.biases;
  run.item_biases = s.items.biases;
  run.users = device.constant(call.users, call.size);
  run.items = device.constant(call.items, call.size);
  run.values = device.constant(call.values, call.size);
  run.size = call.size;
  run.partial = device.scratch<double>(&kPartial, 2 * std::size_t{blocks});
  double* sums = device.scratch<double>(&kSums, 2);
  const int width = width_for(s.stride);
  width == 1   ? score<1>(s, call, run, device)
  : width == 2 ? score<2>(s, call, run, device)
               : score<4>(s, call, run, device);
  device.launch(sum_partial_kernel, 1, kSumThreads, 0, sums, run.partial, blocks);
  double result[2] = {0, 0};
  device.read(result, sums, 2);
  device.finish();
  loss.loss = result[0];
  loss.squared_error = result[1];
  loss.count = call.size;
}

}  // namespace palate::k_cuda
