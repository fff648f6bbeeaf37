// Row-wise training on a device: the strata of train_epoch.cc, cut finer.
//
// A thread block has a block of the grid, and its warps take turns through the cells of that block: in turn t warp w
// has the users of group w and the items of group w + t, so that no two warps meet in a row, and a barrier ends the
// turn. Strata are launches. A warp goes through the ratings of a cell in their order, so an epoch is the serial one in
// the order of strata, turns and cells: the same bits in every run, on every device. The grid follows from the data
// alone.
//
// Bytes a rating: rows of user and item read and written, 16 dim (AdaGrad 32 dim), 1.9 KB at dim 120. An H100 has
// 3.35 TB/s, so 1.7 billion ratings a second with every row from memory, twice that while the items stay in L2 (50 MB).
// An epoch also takes at least as long as the updates of its most rated row, one after the other.
#include "cuda/kernels.h"
#include "cuda/memory.h"
#include "kernels/row_features.cuh"
#include "kernels/train_device.h"

namespace palate::k_cuda {
namespace {

constexpr std::uint32_t kMostWarps = 8;     // kDeviceInner of core/grid.h at most
constexpr std::uint32_t kBlocksAtOnce = 2;  // on a multiprocessor, so that registers suffice for both rows
constexpr std::uint32_t kMergeWarps = 8;
constexpr std::uint32_t kStrataAhead = 8;  // queued between looks at the flags

// Keys of scratch.
const char kLosses = 0;
const char kCopies = 0;

// How a warp works on the rows of a rating: in registers, or a slice after the other from memory.
enum class Rows { held, streamed };

template <Optimizer kind, int width, Rows rows>
__global__ void __launch_bounds__(kMostWarps* kWarpSize, kBlocksAtOnce)
    train_stratum_kernel(const __grid_constant__ RowRun run) {
  const GridView& grid = run.grid;
  const TrainState& s = run.state;
  const std::uint32_t warp = warp_of_thread();
  WarpFeatures copy = {};
  if constexpr (rows == Rows::streamed) {
    copy = features_at(run.copies + run.copy.floats * (blockIdx.x * grid.inner + warp), run.copy);
    load_features<kind>(s, copy, lane_of_thread());
  }
  WarpLoss sums;
  for (std::uint32_t turn = 0; turn < grid.inner; ++turn) {
    const std::size_t cell = cell_of_warp(grid, run.stratum, blockIdx.x, turn, warp);
    if constexpr (rows == Rows::streamed) {
      train_featured<kind, width>(run, copy, grid.blocks[cell], grid.blocks[cell + 1], sums);
    } else {
      train_held<kind, width>(run, grid.blocks[cell], grid.blocks[cell + 1], sums);
    }
    __syncthreads();
  }
  const double sum = block_loss<kMostWarps>(sums);
  if (threadIdx.x < 2) run.losses[2 * blockIdx.x + threadIdx.x] += sum;
}

// One array of the shared features, in the table and in the copies.
struct Merged {
  float* base;
  std::size_t offset;  // of the array in a copy
  std::size_t values;
  std::uint32_t per_feature;  // values
};

// base + sum over copies of (copy - base) updates / (all updates); a block has 32 values, a lane each.
__global__ void __launch_bounds__(kMergeWarps* kWarpSize)
    merge_features_kernel(const __grid_constant__ RowRun run, Merged array) {
  SHARED(deltas, float[kMergeWarps][kWarpSize]);
  SHARED(counts, float[kMergeWarps][kWarpSize]);
  const unsigned lane = lane_of_thread();
  const std::uint32_t warp = warp_of_thread();
  const std::uint32_t copies = run.grid.side;
  const std::size_t n = std::size_t{blockIdx.x} * kWarpSize + lane;
  const bool inside = n < array.values;
  const std::size_t updates_at = run.copy.updates + (inside ? n / array.per_feature : 0);
  const float before = inside ? array.base[n] : 0.0f;
  // Each warp has a run of the copies, so the order of the sum does not depend on who comes first.
  float delta = 0.0f;
  float count = 0.0f;
  for (std::uint32_t c = copies * warp / kMergeWarps; inside && c < copies * (warp + 1) / kMergeWarps; ++c) {
    const float* copy = run.copies + run.copy.floats * c;
    const float updates = copy[updates_at];
    count += updates;
    delta = fma(updates, copy[array.offset + n] - before, delta);
  }
  deltas[warp][lane] = delta;
  counts[warp][lane] = count;
  __syncthreads();
  if (warp != 0 || !inside) return;
  for (std::uint32_t w = 1; w < kMergeWarps; ++w) {
    delta += deltas[w][lane];
    count += counts[w][lane];
  }
  if (count != 0.0f) array.base[n] = before + delta / count;
}

void merge_features(const RowRun& run, bool sums, DeviceMemory& device) {
  const ParameterTable& table = run.state.features;
  const std::uint32_t stride = run.state.stride;
  const std::size_t floats = std::size_t{table.rows} * stride;
  const Merged arrays[] = {{table.factors, 0, floats, stride},
                           {table.biases, run.copy.biases, table.rows, 1},
                           {table.factors_first, run.copy.factors_first, floats, stride},
                           {table.biases_first, run.copy.biases_first, table.rows, 1}};
  for (const Merged& array : arrays) {
    if (&array == arrays + 2 && !sums) return;
    device.launch(merge_features_kernel, blocks_of(array.values, kWarpSize), kMergeWarps * kWarpSize, 0, run, array);
  }
}

RowRun run_of(const TrainState& state, const EpochCall& call, DeviceMemory& device) {
  const TrainOptions& o = state.options;
  RowRun run = {};
  run.state = place_state(state, device);
  run.grid = place_grid(call.grid, device);
  run.user_shares = device.constant(call.user_shares, state.users.rows);
  run.item_shares = device.constant(call.item_shares, state.items.rows);
  run.feature_shares = device.constant(call.feature_shares, state.features.rows);
  run.losses = device.scratch<double>(&kLosses, 2 * blocks_of_stratum(call.grid));
  run.factor_step.rate = call.learning_rate;
  run.factor_step.epsilon = o.epsilon;
  run.bias_step = run.factor_step;
  run.bias_step.rate = call.learning_rate * o.bias_learning_rate;
  run.feature_step = run.factor_step;
  run.feature_step.rate = call.learning_rate * o.feature_learning_rate;
  run.feature_bias_step = run.bias_step;
  run.feature_bias_step.rate = run.bias_step.rate * o.feature_learning_rate;
  if (state.features.rows != 0) {
    run.copy = copy_layout(o.optimizer, state.features.rows, state.stride);
    run.copies = device.scratch<float>(&kCopies, run.copy.floats * call.grid.side);
  }
  return run;
}

using Kernel = void (*)(RowRun);

template <Optimizer kind, int width>
Kernel kernel_of(const TrainState& s) {
  const bool held = s.features.rows == 0 && s.stride <= kWarpSize * width;
  return held ? train_stratum_kernel<kind, width, Rows::held> : train_stratum_kernel<kind, width, Rows::streamed>;
}

template <Optimizer kind>
Kernel kernel_of(const TrainState& s) {
  const int width = width_for(s.stride);
  return width == 1 ? kernel_of<kind, 1>(s) : width == 2 ? kernel_of<kind, 2>(s) : kernel_of<kind, 4>(s);
}

}  // namespace

Status train_epoch(TrainState& state, const EpochCall& call, Pool&, EpochLoss& loss) {
  DeviceMemory& device = *state.device;
  RowRun run = run_of(state, call, device);
  const bool adagrad = state.options.optimizer == Optimizer::adagrad;
  const Kernel kernel = adagrad ? kernel_of<Optimizer::adagrad>(state) : kernel_of<Optimizer::sgd>(state);
  const std::uint32_t blocks = blocks_of_stratum(call.grid);
  device.fill_zero(run.losses, 2 * blocks);
  for (std::uint32_t n = 0; n < call.grid.squares * blocks; ++n) {
    if (is_raised(call)) return Status::cancelled;
    run.stratum = call.strata[n];
    device.launch(kernel, blocks, call.grid.inner * kWarpSize, 0, run);
    if (state.features.rows != 0) merge_features(run, adagrad, device);
    if (n % kStrataAhead == kStrataAhead - 1 && device.finish() != Status::ok) return device.status();
  }
  device.read(call.block_losses, run.losses, 2 * blocks);
  const Status status = device.finish();
  if (status == Status::ok) loss = total_loss(call, blocks);
  return status;
}

}  // namespace palate::k_cuda
