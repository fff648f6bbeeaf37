// Contract: kernels/train_item_pairs.h. On a device a cell is a block, and does exactly what it does on the CPU:
// negatives are drawn by their place, scores and slopes of a batch are independent, and where pairs move rows one after
// the other, each thread moves its own column of all of them. So there are no atomics and no locks, and a run repeats
// itself bit for bit. What a GPU needs more of than a processor is cells that run at a time: the trainer deals items to
// more groups.
//
// Roofline on an H100: a pair reads and writes K + 2 rows, 3.6 KB at dim 64 and K = 5, mostly in L2: at its 5.5
// TB/s 1.5 G pairs/s. A batch of 16 pairs takes about 10,000 cycles of latency (draws 1,000; scores 1,500; slopes 500;
// sixteen moves of two trips to L1 or L2 each): 64 blocks would run 0.17 G pairs/s. That is above what the host draws,
// so the lock-free sums of Hogwild (Niu et al. 2011) have nothing to add here. By arithmetic: it was not yet timed on a
// GPU.
#include "kernels/train_item_pairs.h"

#include <math.h>

#include "core/flags.h"
#include "cuda/kernels.h"
#include "cuda/memory.h"
#include "cuda/warp.h"
#include "kernels/draw_negatives.cuh"

namespace palate::k_cuda {
namespace {

constexpr std::uint32_t kThreads = 256;
constexpr std::uint32_t kWarps = kThreads / kWarpSize;
constexpr std::uint32_t kTogether = 4;  // output rows that a thread or warp takes at a time

// All on the device.
struct PairCells {
  PairObjective objective;
  std::uint32_t negatives;
  bool reject_seen;
  bool update;
  float* inputs;
  float* outputs;
  std::uint32_t stride;
  const ItemPair* pairs;
  const std::uint32_t* histories;
  const std::size_t* cells;
  std::uint32_t groups;
  const AliasSlot* slots;
  const std::uint32_t* group_starts;
  const float* log_noise;
  const std::uint32_t* seen_offsets;
  const std::uint32_t* seen_items;
  const std::uint64_t* seeds;
  float* scratch;
  std::size_t scratch_stride;
  double* losses;  // (groups), added to
};

// The cell of a block, and its batch.
struct Cell {
  std::size_t begin;  // of its pairs
  std::uint32_t size;
  std::uint32_t turns;
  std::uint32_t turn;
  std::uint32_t done;   // pairs of the turns before
  std::uint32_t count;  // pairs of the batch
  std::uint32_t width;
  std::uint64_t sequence;
  Noise noise;
  std::uint32_t* targets;  // (count, width)
  float* scores;
  float* slopes;

  __device__ std::size_t pair(std::uint32_t place) const { return begin + (turn + place * turns); }
};

__device__ __forceinline__ Cell cell_of(const PairCells& c, std::uint32_t stratum) {
  const std::uint32_t output_group = (blockIdx.x + stratum) % c.groups;
  const std::size_t index = std::size_t{blockIdx.x} * c.groups + output_group;
  const std::uint32_t first_slot = c.group_starts[output_group];
  float* scratch = c.scratch + blockIdx.x * c.scratch_stride;
  const std::size_t part = c.scratch_stride / 4;
  Cell cell = {};
  cell.begin = c.cells[index];
  cell.size = static_cast<std::uint32_t>(c.cells[index + 1] - cell.begin);  // positions in a chunk have 32 bits
  cell.turns = (cell.size + kPairBatch - 1) / kPairBatch;
  cell.width = c.negatives + 1;
  cell.sequence = c.seeds[index];
  cell.noise = {c.slots + first_slot, c.group_starts[output_group + 1] - first_slot};
  cell.targets = reinterpret_cast<std::uint32_t*>(scratch);
  cell.scores = scratch + part;
  cell.slopes = scratch + 2 * part;
  return cell;
}

// Negative r of the batch's pair `place`, or its output, which marks it void.
__device__ __forceinline__ std::uint32_t draw_negative(const PairCells& c, const Cell& cell, std::uint32_t place,
                                                       std::uint32_t r) {
  const std::uint64_t number = std::uint64_t{cell.done + place} * c.negatives + r;
  if (!c.reject_seen) return draw(cell.noise, bits_at(cell.sequence, number));
  const std::size_t pair = cell.pair(place);
  const std::uint32_t history = c.histories[pair];
#pragma unroll 1  // else the searches of all tries would nest
  for (std::uint32_t n = 0; n < kMostDraws; ++n) {
    const std::uint32_t item =
        draw(cell.noise, bits_at(cell.sequence, number + std::uint64_t{n} * cell.size * c.negatives));
    const std::uint32_t* begin = c.seen_items + c.seen_offsets[history];
    if (!has_seen(begin, c.seen_items + c.seen_offsets[history + 1], item)) return item;
  }
  return c.pairs[pair].output;
}

__device__ __forceinline__ void draw_batch(const PairCells& c, const Cell& cell) {
  for (std::uint32_t n = threadIdx.x; n < cell.count * cell.width; n += kThreads) {
    const std::uint32_t place = n / cell.width;
    const std::uint32_t r = n % cell.width;
    cell.targets[n] = r == 0 ? c.pairs[cell.pair(place)].output : draw_negative(c, cell, place, r - 1);
  }
}

// A warp takes a pair; its lanes share the columns, and four outputs are in flight.
__device__ __forceinline__ void score_batch(const PairCells& c, const Cell& cell) {
  const std::uint32_t lane = threadIdx.x % kWarpSize;
  for (std::uint32_t place = threadIdx.x / kWarpSize; place < cell.count; place += kWarps) {
    const float* input = c.inputs + std::size_t{c.pairs[cell.pair(place)].input} * c.stride;
    const std::uint32_t* targets = cell.targets + std::size_t{place} * cell.width;
    for (std::uint32_t first = 0; first < cell.width; first += kTogether) {
      const std::uint32_t rows = cell.width - first < kTogether ? cell.width - first : kTogether;
      const float* output[kTogether];
      float sums[kTogether] = {};
#pragma unroll
      for (std::uint32_t n = 0; n < kTogether; ++n) {
        output[n] = c.outputs + std::size_t{targets[n < rows ? first + n : 0]} * c.stride;
      }
#pragma unroll 2
      for (std::uint32_t k = lane; k < c.stride; k += kWarpSize) {
        const float value = input[k];
#pragma unroll
        for (std::uint32_t n = 0; n < kTogether; ++n) sums[n] = fmaf(value, output[n][k], sums[n]);
      }
      float own = 0.0f;
#pragma unroll
      for (std::uint32_t n = 0; n < kTogether; ++n) {
        const float score = warp_sum(sums[n]);
        if (lane == n) own = score;
      }
      if (lane < rows) cell.scores[std::size_t{place} * cell.width + first + lane] = own;
    }
  }
}

// Slopes of the batch; returns the thread's share of the losses.
__device__ __forceinline__ double negative_sampling_slopes(const Cell& cell) {
  double loss = 0;
  for (std::uint32_t n = threadIdx.x; n < cell.count * cell.width; n += kThreads) {
    const std::uint32_t first = n - n % cell.width;
    const bool positive = n == first;
    const float x = positive ? -cell.scores[n] : cell.scores[n];
    const float fade = expf(-fabsf(x));
    const float sigmoid = __fdividef(x < 0.0f ? fade : 1.0f, 1.0f + fade);
    const bool taken = positive || cell.targets[n] != cell.targets[first];
    cell.slopes[n] = taken ? (positive ? -sigmoid : sigmoid) : 0.0f;
    if (taken) loss += static_cast<double>(fmaxf(x, 0.0f) + log1pf(fade));
  }
  return loss;
}

// A warp takes a pair.
__device__ __forceinline__ double sampled_softmax_slopes(const PairCells& c, const Cell& cell) {
  const std::uint32_t lane = threadIdx.x % kWarpSize;
  double loss = 0;
  for (std::uint32_t place = threadIdx.x / kWarpSize; place < cell.count; place += kWarps) {
    const std::uint32_t* targets = cell.targets + std::size_t{place} * cell.width;
    const float* scores = cell.scores + std::size_t{place} * cell.width;
    float* slopes = cell.slopes + std::size_t{place} * cell.width;
    const auto corrected = [&](std::uint32_t r) {
      return c.log_noise == nullptr ? scores[r] : scores[r] - c.log_noise[targets[r]];
    };
    const auto taken = [&](std::uint32_t r) { return r == 0 || targets[r] != targets[0]; };
    const float own = corrected(0);
    float most = own;
    for (std::uint32_t r = lane; r < cell.width; r += kWarpSize) {
      if (taken(r)) most = fmaxf(most, corrected(r));
    }
    most = warp_max(most);
    float sum = 0.0f;
    for (std::uint32_t r = lane; r < cell.width; r += kWarpSize) {
      const float power = taken(r) ? expf(corrected(r) - most) : 0.0f;
      slopes[r] = power;
      sum += power;
    }
    sum = warp_sum(sum);
    for (std::uint32_t r = lane; r < cell.width; r += kWarpSize) {
      slopes[r] = __fdividef(slopes[r], sum) - (r == 0 ? 1.0f : 0.0f);
    }
    if (lane == 0) loss += static_cast<double>(logf(sum) + most - own);
  }
  return loss;
}

// Moves one column of up to four output rows and of the input.
__device__ __forceinline__ void move_rows(float* outputs, const std::uint32_t* targets, const float* slopes,
                                          std::uint32_t rows, std::uint32_t stride, float rate, float before,
                                          float& after) {
  float* row[kTogether];
  float value[kTogether];
#pragma unroll
  for (std::uint32_t n = 0; n < kTogether; ++n) {
    row[n] = outputs + std::size_t{targets[n < rows ? n : 0]} * stride;
    value[n] = *row[n];
  }
#pragma unroll
  for (std::uint32_t n = 0; n < kTogether; ++n) {
    if (n >= rows) continue;
      // A row that stands twice among the four was loaded before its first move.
#pragma unroll
    for (std::uint32_t m = 0; m < n; ++m) {
      if (row[m] == row[n]) value[n] = value[m];
    }
    const float step = -rate * slopes[n];
    after = fmaf(step, value[n], after);
    value[n] = fmaf(step, before, value[n]);
    *row[n] = value[n];
  }
}

__device__ __forceinline__ void move_batch(const PairCells& c, const Cell& cell, float rate) {
  for (std::uint32_t k = threadIdx.x; k < c.stride; k += kThreads) {
    for (std::uint32_t place = 0; place < cell.count; ++place) {
      float* input = c.inputs + std::size_t{c.pairs[cell.pair(place)].input} * c.stride + k;
      const std::size_t base = std::size_t{place} * cell.width;
      const float before = *input;
      float after = before;
      for (std::uint32_t r = 0; r < cell.width; r += kTogether) {
        const std::uint32_t rows = cell.width - r < kTogether ? cell.width - r : kTogether;
        move_rows(c.outputs + k, cell.targets + base + r, cell.slopes + base + r, rows, c.stride, rate, before, after);
      }
      *input = after;
    }
  }
}

// Four blocks a multiprocessor are more than there are; without a number ptxas spills registers to make room for five.
__global__ void __launch_bounds__(kThreads, 4) train_cell_kernel(PairCells c, std::uint32_t stratum, float rate) {
  Cell cell = cell_of(c, stratum);
  double loss = 0;
  for (cell.turn = 0; cell.turn < cell.turns; ++cell.turn) {
    cell.count = (cell.size - cell.turn + cell.turns - 1) / cell.turns;
    draw_batch(c, cell);
    __syncthreads();
    score_batch(c, cell);
    __syncthreads();
    loss += c.objective == PairObjective::negative_sampling ? negative_sampling_slopes(cell)
                                                            : sampled_softmax_slopes(c, cell);
    __syncthreads();
    if (c.update) move_batch(c, cell, rate);
    __syncthreads();
    cell.done += cell.count;
  }
  loss = block_sum<kThreads>(loss);
  if (threadIdx.x == 0) c.losses[blockIdx.x] += loss;
}

const char kScratch = 0;

PairCells cells_of(const ItemPairsCall& call) {
  DeviceMemory& device = *call.device;
  const std::size_t num_cells = std::size_t{call.groups} * call.groups;
  const std::size_t table = std::size_t{call.num_items} * call.stride;
  const std::size_t pairs = call.cells[num_cells];
  PairCells c = {};
  c.objective = call.objective;
  c.negatives = call.negatives;
  c.reject_seen = call.reject_seen;
  c.update = call.update;
  c.inputs = device.resident(call.inputs, table);
  c.outputs = device.resident(call.outputs, table);
  c.stride = call.stride;
  c.pairs = device.fresh(call.pairs, pairs);
  c.cells = device.fresh(call.cells, num_cells + 1);
  c.groups = call.groups;
  c.slots = device.fresh(call.slots, call.group_starts[call.groups]);
  c.group_starts = device.fresh(call.group_starts, call.groups + 1);
  c.log_noise = device.constant(call.log_noise, call.num_items);
  c.seeds = device.fresh(call.seeds, num_cells);
  c.scratch_stride = item_pairs_scratch(call.negatives);
  c.scratch = device.scratch<float>(&kScratch, call.groups * c.scratch_stride);
  device.forget(call.block_losses);
  c.losses = device.resident(call.block_losses, call.groups);
  if (call.reject_seen) {
    c.histories = device.fresh(call.histories, pairs);
    c.seen_offsets = device.constant(call.seen_offsets, call.num_histories + 1);
    c.seen_items = device.constant(call.seen_items, call.seen_offsets[call.num_histories]);
  }
  return c;
}

}  // namespace

Status train_item_pairs(const ItemPairsCall& call, Pool&) {
  DeviceMemory& device = *call.device;
  const PairCells cells = cells_of(call);
  for (std::uint32_t n = 0; n < call.groups && !is_raised(call); ++n) {
    device.launch(train_cell_kernel, call.groups, kThreads, 0, cells, call.strata[n], call.rates[n]);
  }
  const Status status = device.fetch(call.block_losses);
  return status == Status::ok && is_raised(call) ? Status::cancelled : status;
}

}  // namespace palate::k_cuda
