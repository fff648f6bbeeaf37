// Adam in mini-batches on the grid of blocks, on a device: the schedule of train_adam.cc, with more and smaller blocks.
//
// A thread block goes through its share of each step of a stratum in three phases between barriers: every row that the
// share meets is brought up to date and copied to the block's memory, a warp a row; every rating is scored, a warp a
// rating; every row takes its step by the sum over its ratings, in their order. Rows belong to one block for a stratum,
// so blocks do not wait for each other, and each sum is that of one warp: the same bits in every run, on every device.
//
// Bytes a rating: both rows with two moments read and written, 48 dim, 5.8 KB at dim 120 where no row is met twice in a
// step: 0.58 billion ratings a second on an H100. Steps follow each other, some 2 us each, so batches of a thousand
// ratings and more are needed to come near.
#include "cuda/kernels.h"
#include "cuda/memory.h"
#include "kernels/adam_device.h"
#include "kernels/warp_loss.cuh"

namespace palate::k_cuda {
namespace {

constexpr std::uint32_t kWarps = 8;
constexpr std::uint32_t kBlocksAtOnce = 2;  // on a multiprocessor
constexpr std::uint32_t kStrataAhead = 4;   // queued between looks at the flags

// Keys of scratch.
const char kLosses = 0;
const char kShares = 0;

struct AdamRun {
  TrainState state;
  GridView grid;
  AdamCall adam;
  double* losses;            // (side, 2), added to
  float* shares;             // (side, share_floats), or nullptr: in shared memory
  std::size_t share_floats;  // what a block needs
  std::uint32_t most;        // ratings of a share
  std::uint32_t stratum;
  std::uint32_t first_step;  // of this epoch, before the stratum
};

constexpr std::size_t share_floats(std::size_t most, std::size_t stride) { return most * (2 * stride + 8); }

// What a block holds of its share of a step. Rows and biases lie at the first rating that has the row, its head.
struct ShareMemory {
  float* users;  // (most, stride)
  float* items;
  float* errors;  // (most) d loss / d x over the size of the step
  float* user_biases;
  float* item_biases;
  std::uint32_t* user_heads;  // (most) of each rating
  std::uint32_t* item_heads;
};

__device__ __forceinline__ ShareMemory memory_at(float* base, std::uint32_t most, std::uint32_t stride) {
  ShareMemory m;
  m.users = base;
  m.items = m.users + row_start(most, stride);
  m.errors = m.items + row_start(most, stride);
  m.user_biases = m.errors + most;
  m.item_biases = m.user_biases + most;
  m.user_heads = reinterpret_cast<std::uint32_t*>(m.item_biases + most);
  m.item_heads = m.user_heads + most;
  return m;
}

// Ratings [begin, begin + count) of a block: its share of a step.
template <bool closed, int width>
struct Share {
  const TrainState& s;
  AdamSide users;
  AdamSide items;
  ShareMemory memory;
  const std::uint32_t* user_of;
  const std::uint32_t* marks;
  const float* values;
  std::uint32_t count;
  std::uint32_t step;

  __device__ __forceinline__ Share(const AdamRun& run, const ShareMemory& share_memory, std::size_t begin,
                                   std::uint32_t size, std::uint32_t this_step)
      : s(run.state),
        users(adam_side(run.state, run.adam, run.state.users, run.adam.users, this_step)),
        items(adam_side(run.state, run.adam, run.state.items, run.adam.items, this_step)),
        memory(share_memory),
        user_of(run.grid.users + begin),
        marks(run.grid.items + begin),
        values(run.grid.values + begin),
        count(size),
        step(this_step) {}

  __device__ __forceinline__ bool is_user_head(std::uint32_t n) const { return n == 0 || user_of[n - 1] != user_of[n]; }
  __device__ __forceinline__ bool is_item_head(std::uint32_t n) const { return (marks[n] & kSeenBefore) == 0; }

  // The ratings of a user follow each other.
  __device__ __forceinline__ void open_user(std::uint32_t head) {
    const std::uint32_t user = user_of[head];
    const std::uint32_t last = s.users.last_step[user];
    bring_up_factors<closed, width>(users, user, last, step - 1, memory.users + row_start(head, s.stride));
    if (lane_of_thread() == 0) memory.user_biases[head] = bring_up_bias<closed>(users, user, last, step - 1);
    for (std::uint32_t start = head;; start += kWarpSize) {
      const std::uint32_t n = start + lane_of_thread();
      const bool same = n < count && user_of[n] == user;
      if (same) memory.user_heads[n] = head;
      if (__any_sync(kAllLanes, !same)) return;
    }
  }

  __device__ __forceinline__ void open_item(std::uint32_t head) {
    const std::uint32_t item = marks[head] & kItemBits;
    const std::uint32_t last = s.items.last_step[item];
    bring_up_factors<closed, width>(items, item, last, step - 1, memory.items + row_start(head, s.stride));
    if (lane_of_thread() == 0) {
      memory.item_biases[head] = bring_up_bias<closed>(items, item, last, step - 1);
      memory.item_heads[head] = head;
    }
    if ((marks[head] & kSeenLater) == 0) return;
    for (std::uint32_t n = head + 1 + lane_of_thread(); n < count; n += kWarpSize) {
      if ((marks[n] & kItemBits) == item) memory.item_heads[n] = head;
    }
  }

  __device__ __forceinline__ void open() {
    for (std::uint32_t unit = warp_of_thread(); unit < 2 * count; unit += kWarps) {
      if (unit < count) {
        if (is_user_head(unit)) open_user(unit);
      } else if (is_item_head(unit - count)) {
        open_item(unit - count);
      }
    }
  }

  __device__ __forceinline__ void score(float weight, WarpLoss& sums) {
    for (std::uint32_t n = warp_of_thread(); n < count; n += kWarps) {
      const std::uint32_t user_head = memory.user_heads[n];
      const std::uint32_t item_head = memory.item_heads[n];
      const float* p = memory.users + row_start(user_head, s.stride);
      const float* q = memory.items + row_start(item_head, s.stride);
      float product = 0.0f;
      for (std::uint32_t k = lane_of_thread() * width; k < s.stride; k += kWarpSize * width)
        product = dot_slices(load_slice<width>(p + k), load_slice<width>(q + k), product);
      const float x = s.global_bias + memory.user_biases[user_head] + memory.item_biases[item_head] + warp_sum(product);
      const Slope result = slope(s.options, x, values[n]);
      sums.add(result);
      if (lane_of_thread() == 0) memory.errors[n] = result.derivative * weight;
    }
  }

  // Steps the row at `head` by its ratings, those n from `head` to `end` with heads[n] == head.
  __device__ __forceinline__ void update(const AdamSide& side, std::uint32_t row, std::uint32_t head, std::uint32_t end,
                                         const std::uint32_t* heads, const float* own, float bias, const float* others,
                                         const std::uint32_t* other_heads) {
    float bias_gradient = 0.0f;
    for (std::uint32_t n = head; n < end; ++n) {
      if (heads[n] == head) bias_gradient += memory.errors[n];
    }
    const auto gradient = [&](std::uint32_t k) {
      Slice<width> sum = zero_slice<width>();
      for (std::uint32_t n = head; n < end; ++n) {
        if (heads[n] != head) continue;
        add_slice(sum, memory.errors[n], load_slice<width>(others + row_start(other_heads[n], s.stride) + k));
      }
      return sum;
    };
    step_adam_row<closed, width>(side, row, step, own + row_start(head, s.stride), bias, bias_gradient, gradient);
  }

  __device__ __forceinline__ void update() {
    for (std::uint32_t unit = warp_of_thread(); unit < 2 * count; unit += kWarps) {
      if (unit < count) {
        if (!is_user_head(unit)) continue;
        std::uint32_t end = unit + 1;
        while (end < count && memory.user_heads[end] == unit) ++end;
        update(users, user_of[unit], unit, end, memory.user_heads, memory.users, memory.user_biases[unit], memory.items,
               memory.item_heads);
      } else {
        const std::uint32_t head = unit - count;
        if (!is_item_head(head)) continue;
        const std::uint32_t end = (marks[head] & kSeenLater) != 0 ? count : head + 1;
        update(items, marks[head] & kItemBits, head, end, memory.item_heads, memory.items, memory.item_biases[head],
               memory.users, memory.user_heads);
      }
    }
  }
};

template <bool closed, int width>
__global__ void __launch_bounds__(kWarps* kWarpSize, kBlocksAtOnce)
    train_adam_kernel(const __grid_constant__ AdamRun run) {
  DYN_SHARED(float, shared);
  float* const base = run.shares == nullptr ? shared : run.shares + run.share_floats * blockIdx.x;
  const ShareMemory memory = memory_at(base, run.most, run.state.stride);
  const GridView& grid = run.grid;
  const std::size_t cell = cell_of(run.stratum, blockIdx.x, grid.side);
  const std::size_t start = grid.blocks[cell];
  const std::size_t size = grid.blocks[cell + 1] - start;
  const std::uint32_t steps = grid.stratum_steps[run.stratum];
  const std::uint32_t* sizes = grid.step_sizes + grid.stratum_starts[run.stratum];
  WarpLoss sums;
  std::size_t begin = 0;
  for (std::uint32_t k = 0; k < steps; ++k) {
    const std::size_t end = share_end(size, k, steps);
    Share<closed, width> share(run, memory, start + begin, static_cast<std::uint32_t>(end - begin),
                               run.first_step + k + 1);
    begin = end;
    share.open();
    __syncthreads();
    share.score(1.0f / static_cast<float>(sizes[k]), sums);
    __syncthreads();
    share.update();
    __syncthreads();
  }
  const double sum = block_loss<kWarps>(sums);
  if (threadIdx.x < 2) run.losses[2 * blockIdx.x + threadIdx.x] += sum;
}

std::uint32_t most_of_share(const GridView& grid) {
  std::size_t most = 1;
  for (std::uint32_t stratum = 0; stratum < grid.side * grid.squares; ++stratum) {
    const std::uint32_t steps = grid.stratum_steps[stratum];
    for (std::uint32_t b = 0; b < grid.side && steps != 0; ++b) {
      const std::size_t cell = cell_of(stratum, b, grid.side);
      const std::size_t share = (grid.blocks[cell + 1] - grid.blocks[cell] + steps - 1) / steps;
      most = share > most ? share : most;
    }
  }
  return static_cast<std::uint32_t>(most);
}

template <bool closed>
Status train(TrainState& state, const EpochCall& call, EpochLoss& loss) {
  DeviceMemory& device = *state.device;
  const GridView& grid = call.grid;
  AdamRun run = {};
  run.state = place_state(state, device);
  run.grid = place_grid(grid, device);
  run.adam = place_adam(call.adam, device);
  start_steps(run.state.users, state.users, device);
  start_steps(run.state.items, state.items, device);
  run.losses = device.scratch<double>(&kLosses, 2 * std::size_t{grid.side});
  run.most = most_of_share(grid);
  run.share_floats = share_floats(run.most, state.stride);
  std::size_t shared_bytes = run.share_floats * sizeof(float);
  if (shared_bytes > kMostShared) {
    run.shares = device.scratch<float>(&kShares, run.share_floats * grid.side);
    shared_bytes = 0;
  }
  device.fill_zero(run.losses, 2 * std::size_t{grid.side});
  const int width = width_for(state.stride);
  const auto kernel = width == 1   ? train_adam_kernel<closed, 1>
                      : width == 2 ? train_adam_kernel<closed, 2>
                                   : train_adam_kernel<closed, 4>;
  for (std::uint32_t n = 0; n < grid.squares * grid.side; ++n) {
    if (is_raised(call)) return Status::cancelled;
    run.stratum = call.strata[n];
    device.launch(kernel, grid.side, kWarps * kWarpSize, shared_bytes, run);
    run.first_step += grid.stratum_steps[run.stratum];
    if (n % kStrataAhead == kStrataAhead - 1 && device.finish() != Status::ok) return device.status();
  }
  finish_epoch<closed>(run.state, run.adam, device);
  device.read(call.block_losses, run.losses, 2 * std::size_t{grid.side});
  const Status status = device.finish();
  if (status != Status::ok) return status;
  loss = total_loss(call, grid.side);
  state.step += call.adam.steps;
  return Status::ok;
}

}  // namespace

Status train_adam(TrainState& state, const EpochCall& call, Pool&, EpochLoss& loss) {
  return call.adam.closed ? train<true>(state, call, loss) : train<false>(state, call, loss);
}

}  // namespace palate::k_cuda
