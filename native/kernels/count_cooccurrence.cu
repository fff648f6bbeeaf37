// Counts of items that are liked together on CUDA: see count_cooccurrence.h. Rows go to room for as many entries as
// they can have at most, and are brought together there before they come to the host.
#include "kernels/count_cooccurrence.h"

#include <algorithm>
#include <new>
#include <vector>

#include "core/flags.h"
#include "cuda/kernels.h"
#include "cuda/memory.h"
#include "cuda/search.h"
#include "cuda/warp.h"

namespace palate::k_cuda {
namespace {

constexpr std::uint32_t kThreads = 256;
constexpr std::uint32_t kWarps = kThreads / kWarpSize;
constexpr std::uint32_t kCounters = 11'264;  // 44 KiB of shared memory
static_assert(kCounters % kThreads == 0);    // each warp looks at whole groups of its lanes

// A batch, between two looks at the flags: entries that there is room for, and rows of a multiprocessor.
constexpr std::uint64_t kMostEntries = std::uint64_t{1} << 25;
constexpr std::uint32_t kRowsOfMultiprocessor = 64;

struct RowTotals {
  unsigned long long sum, sum_squares;
  std::uint32_t size, largest;
};

struct Batch {
  Likes likes;                  // on the device
  const std::uint32_t* rows;    // (rows of the batch) their items
  const std::uint64_t* places;  // (rows of the batch) where there is room; with items
  std::uint32_t* items;         // nullptr: only totals
  std::uint32_t* counts;
  RowTotals* totals;  // (rows of the batch)
};

// Counts items [first, first + kCounters) over the users who like an item.
__device__ inline void count_tile(std::uint32_t* counters, const Likes& likes, std::uint32_t item,
                                  std::uint32_t first) {
  const std::uint32_t warp = threadIdx.x / kWarpSize;
  const std::uint32_t lane = threadIdx.x % kWarpSize;
  for (std::uint32_t e = likes.item_offsets[item] + warp; e < likes.item_offsets[item + 1]; e += kWarps) {
    const std::uint32_t user = likes.users[e];
    const std::uint32_t* items = likes.items + likes.user_offsets[user];
    const std::uint32_t size = likes.user_offsets[user + 1] - likes.user_offsets[user];
    for (std::uint32_t n = first_from(items, size, first) + lane; n < size && items[n] - first < kCounters;
         n += kWarpSize) {
      atomicAdd(&counters[items[n] - first], 1u);
    }
  }
}

// A block counts a row.
__global__ void __launch_bounds__(kThreads) count_kernel(const __grid_constant__ Batch batch) {
  SHARED(counters, std::uint32_t[kCounters]);
  SHARED(sizes, std::uint32_t[kWarps]);
  SHARED(largest, std::uint32_t[kWarps]);
  const std::uint32_t item = batch.rows[blockIdx.x];
  const std::uint32_t warp = threadIdx.x / kWarpSize;
  const std::uint32_t lane = threadIdx.x % kWarpSize;
  const std::uint64_t place = batch.items == nullptr ? 0 : batch.places[blockIdx.x];
  for (std::uint32_t n = threadIdx.x; n < kCounters; n += kThreads) counters[n] = 0;
  RowTotals totals = {};
  for (std::uint32_t first = 0; first < batch.likes.num_items; first += kCounters) {
    __syncthreads();  // counters are zero
    count_tile(counters, batch.likes, item, first);
    __syncthreads();
    if (threadIdx.x == 0 && item - first < kCounters) counters[item - first] = 0;
    __syncthreads();
    const std::uint32_t groups = (min(kCounters, batch.likes.num_items - first) + kThreads - 1) / kThreads;
    const std::uint32_t begin = warp * groups * kWarpSize;
    std::uint32_t* own = counters + begin;
    std::uint32_t size = 0;
    for (std::uint32_t n = lane; n < groups * kWarpSize; n += kWarpSize) {
      size += static_cast<std::uint32_t>(__popc(__ballot_sync(kAllLanes, own[n] != 0)));
    }
    if (lane == 0) sizes[warp] = size;
    __syncthreads();
    std::uint64_t at = place + totals.size;
    for (std::uint32_t w = 0; w < kWarps; ++w) {
      if (w < warp) at += sizes[w];
      totals.size += sizes[w];
    }
    for (std::uint32_t n = lane; n < groups * kWarpSize; n += kWarpSize) {
      const std::uint32_t count = own[n];
      const unsigned found = __ballot_sync(kAllLanes, count != 0);
      if (count != 0) {
        const std::uint64_t target = at + static_cast<std::uint32_t>(__popc(found & ((1u << lane) - 1)));
        if (batch.items != nullptr) {
          batch.items[target] = first + begin + n;
          batch.counts[target] = count;
        }
        totals.sum += count;
        totals.sum_squares += static_cast<unsigned long long>(count) * count;
        totals.largest = max(totals.largest, count);
        own[n] = 0;
      }
      at += static_cast<std::uint32_t>(__popc(found));
    }
  }
  totals.sum = block_sum<kThreads>(totals.sum);
  totals.sum_squares = block_sum<kThreads>(totals.sum_squares);
  totals.largest = warp_max(totals.largest);
  if (lane == 0) largest[warp] = totals.largest;
  __syncthreads();
  if (threadIdx.x != 0) return;
  for (std::uint32_t w = 0; w < kWarps; ++w) totals.largest = max(totals.largest, largest[w]);
  batch.totals[blockIdx.x] = totals;
}

// Brings the rows of a batch together: those that begin at `places` to where they end up.
__global__ void __launch_bounds__(kThreads)
    pack_kernel(std::uint32_t* packed, const std::uint64_t* targets, const Batch batch) {
  const std::uint64_t source = batch.places[blockIdx.x];
  const std::uint64_t target = targets[blockIdx.x];
  const std::uint32_t size = batch.totals[blockIdx.x].size;
  for (std::uint32_t n = threadIdx.x; n < size; n += kThreads) {
    packed[target + n] = batch.items[source + n];
    packed[target + size + n] = batch.counts[source + n];
  }
}

struct Keys {
  char rows, places, items, counts, totals, packed, targets;
};
constexpr Keys kKeys = {};

// Entries that a row can have at most.
std::uint64_t bound_of(const Likes& likes, std::uint32_t item) {
  std::uint64_t entries = 0;
  for (std::uint32_t e = likes.item_offsets[item]; e < likes.item_offsets[item + 1]; ++e) {
    entries += likes.user_offsets[likes.users[e] + 1] - likes.user_offsets[likes.users[e]] - 1;
  }
  return std::min<std::uint64_t>(entries, likes.num_items);
}

void add(CountTotals& totals, const RowTotals& row) {
  totals.nonzeros += row.size;
  totals.sum += row.sum;
  totals.sum_squares += row.sum_squares;
  totals.largest = std::max(totals.largest, row.largest);
}

// Rows that are counted together, in the order of their items.
struct Plan {
  std::vector<std::uint32_t> rows;
  std::vector<std::uint64_t> places;
  std::uint64_t entries = 0;
};

// Rows that are on the device already come to the host, into one piece of memory.
Status take_rows(const CountCall& call, const Plan& plan, const Batch& batch, const std::vector<RowTotals>& totals) {
  DeviceMemory& device = *call.device;
  std::vector<std::uint64_t> targets;
  std::uint64_t words = 0;
  for (const RowTotals& row : totals) {
    targets.push_back(words);
    words += 2 * std::uint64_t{row.size};
  }
  if (words == 0) return Status::ok;
  std::uint32_t* packed = device.scratch<std::uint32_t>(&kKeys.packed, words);
  device.launch(pack_kernel, static_cast<std::uint32_t>(totals.size()), kThreads, 0, packed,
                device.copy(&kKeys.targets, targets.data(), targets.size()), batch);
  std::uint32_t* memory = static_cast<std::uint32_t*>(call.reserve(*call.chunks, words * sizeof(std::uint32_t)));
  if (memory == nullptr) return Status::out_of_memory;
  device.read(memory, packed, words);
  for (std::size_t n = 0; n < totals.size(); ++n) {
    std::uint32_t* row = memory + targets[n];
    if (totals[n].size > 0) call.rows[plan.rows[n]] = {row, row + totals[n].size, totals[n].size};
  }
  return device.finish();
}

Status count_batch(const CountCall& call, const Plan& plan, Batch batch, CountTotals& sums) {
  DeviceMemory& device = *call.device;
  const std::uint32_t size = static_cast<std::uint32_t>(plan.rows.size());
  batch.rows = device.copy(&kKeys.rows, plan.rows.data(), plan.rows.size());
  batch.totals = device.scratch<RowTotals>(&kKeys.totals, size);
  if (call.rows != nullptr) {
    batch.places = device.copy(&kKeys.places, plan.places.data(), plan.places.size());
    batch.items = device.scratch<std::uint32_t>(&kKeys.items, std::max<std::uint64_t>(plan.entries, 1));
    batch.counts = device.scratch<std::uint32_t>(&kKeys.counts, std::max<std::uint64_t>(plan.entries, 1));
  }
  std::vector<RowTotals> totals(size);
  device.launch(count_kernel, size, kThreads, 0, batch);
  device.read(totals.data(), batch.totals, size);
  const Status status = device.finish();
  if (status != Status::ok) return status;
  for (const RowTotals& row : totals) add(sums, row);
  return call.rows == nullptr ? Status::ok : take_rows(call, plan, batch, totals);
}

Status count_all(const CountCall& call, CountTotals& totals) {
  DeviceMemory& device = *call.device;
  const Likes& likes = call.likes;
  const std::size_t pairs = likes.user_offsets[likes.num_users];
  Batch batch = {};
  batch.likes = likes;
  batch.likes.user_offsets = device.constant(likes.user_offsets, std::size_t{likes.num_users} + 1);
  batch.likes.items = device.constant(likes.items, pairs);
  batch.likes.item_offsets = device.constant(likes.item_offsets, std::size_t{likes.num_items} + 1);
  batch.likes.users = device.constant(likes.users, pairs);
  const std::uint32_t most = device.multiprocessors() * kRowsOfMultiprocessor;
  Plan plan;
  for (std::uint32_t item = 0; item <= likes.num_items; ++item) {
    const bool end = item == likes.num_items;
    const std::uint64_t bound = end ? 0 : bound_of(likes, item);
    const bool full = plan.rows.size() == most || plan.entries + bound > kMostEntries;
    if ((end || full) && !plan.rows.empty()) {
      if (is_raised(call)) return Status::cancelled;
      const Status status = count_batch(call, plan, batch, totals);
      if (status != Status::ok) return status;
      plan = {};
    }
    if (bound == 0) continue;
    plan.rows.push_back(item);
    plan.places.push_back(plan.entries);
    plan.entries += bound;
  }
  return device.finish();
}

}  // namespace

Status count_cooccurrence(const CountCall& call, Pool&, CountTotals& totals) {
  totals = {};
  try {
    return is_raised(call) ? Status::cancelled : count_all(call, totals);
  } catch (const std::bad_alloc&) {
    return Status::out_of_memory;
  }
}

}  // namespace palate::k_cuda
