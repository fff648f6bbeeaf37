// Exact top-k on CUDA: products of 64 queries with 128 items at a time, whose scores never leave the registers unless
// they may be among the k best. Those are appended to a list of the query; when lists fill up, each is cut to its k
// best, and the last of them is the bar for what follows. Every cut doubles at least what the next one takes, so there
// are few.
//
// Work items are (64 queries, a range of items); where queries are few, there are several ranges, and their results are
// merged. Blocks stay, and take one work item after another.
#include "kernels/select_topk.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "core/flags.h"
#include "cuda/kernels.h"
#include "cuda/memory.h"
#include "cuda/panel_product.h"
#include "cuda/score_keys.h"

namespace palate::k_cuda {
namespace {

constexpr std::uint32_t kBlocksPerMultiprocessor = 4;
// Keys that are sorted in shared memory: a warp's share each of four lists, or one list of all.
constexpr std::uint32_t kStagedKeys = 2048;
constexpr std::uint32_t kWarps = kProductThreads / kWarpSize;
constexpr std::uint32_t kFewestKeys = 256;
constexpr std::uint32_t kMergeThreads = 128;
// A launch, between two looks at the flag that cancels: multiply-adds, and query panels a block, whose results are held
// on the device.
constexpr double kMostWork = 1e12;
constexpr std::uint32_t kRounds = 4;
// Share of the blocks' time that is not spent waiting for the last of them.
constexpr double kGoodBalance = 0.9;
constexpr std::uint32_t kMostRanges = 16;

struct Search {
  const float* queries;                  // panels of kQueryPanel, of this launch
  const float* items;                    // panels of kItemPanel
  const float* item_biases;              // (num_items) or nullptr
  const std::uint32_t* items_at;         // (num_positions) or nullptr: all items
  const std::uint32_t* exclude_offsets;  // (num_queries + 1), of this launch, or nullptr
  const std::uint32_t* exclude_items;    // from exclude_begin on
  std::uint32_t exclude_begin;
  ScoreKey* lists;  // (blocks, kQueryPanel, capacity)
  ScoreKey* found;  // (ranges, query_panels * kQueryPanel, k) best first, zeros behind the last
  std::uint32_t num_queries, num_positions, depth;
  std::uint32_t k;         // at most num_positions
  std::uint32_t capacity;  // a power of two
  std::uint32_t query_panels, item_panels;
  std::uint32_t ranges, panels_per_range;
};

// Lists of the 64 queries of a work item, in shared memory but for the keys.
struct Lists {
  ScoreKey* keys;         // (kQueryPanel, capacity)
  std::uint32_t* counts;  // (kQueryPanel)
  ScoreKey* bars;         // (kQueryPanel) a key must be larger
  float* bar_scores;      // (kQueryPanel) a score must be as large
};

__device__ bool is_excluded(const Search& search, std::uint32_t query, std::uint32_t item) {
  if (search.exclude_offsets == nullptr) return false;
  std::uint32_t begin = search.exclude_offsets[query] - search.exclude_begin;
  const std::uint32_t size = search.exclude_offsets[query + 1] - search.exclude_begin;
  std::uint32_t end = size;
  while (begin < end) {
    const std::uint32_t middle = begin + (end - begin) / 2;
    if (search.exclude_items[middle] < item) {
      begin = middle + 1;
    } else {
      end = middle;
    }
  }
  return begin < size && search.exclude_items[begin] == item;
}

// Appends the item at a position to the list of a query, if it is allowed there. Returns how long that is then.
__device__ NOINLINE std::uint32_t offer(const Search& search, const Lists& lists, std::uint32_t row,
                                        std::uint32_t query, std::uint32_t position, float score) {
  if (position >= search.num_positions) return 0;
  const std::uint32_t item = search.items_at == nullptr ? position : search.items_at[position];
  const ScoreKey key = make_key(score, item);
  if (key <= lists.bars[row] || is_excluded(search, query, item)) return 0;
  const std::uint32_t place = atomicAdd(&lists.counts[row], 1u);
  lists.keys[std::size_t{row} * search.capacity + place] = key;
  return place + 1;
}

// Cuts the list of one query to its k best, in descending order. `staged` has room for the list, or is nullptr.
template <typename Group>
__device__ void cut_list(const Search& search, const Lists& lists, std::uint32_t row, ScoreKey* staged) {
  const std::uint32_t count = lists.counts[row];
  ScoreKey* list = lists.keys + std::size_t{row} * search.capacity;
  ScoreKey* keys = staged == nullptr ? list : staged;
  std::uint32_t whole = 2;
  while (whole < count) whole *= 2;
  for (std::uint32_t n = Group::rank(); n < whole; n += Group::size()) keys[n] = n < count ? list[n] : 0;
  sort_keys<Group>(keys, whole);
  const std::uint32_t kept = count < search.k ? count : search.k;
  if (staged != nullptr) {
    for (std::uint32_t n = Group::rank(); n < kept; n += Group::size()) list[n] = keys[n];
  }
  if (Group::rank() == 0) {
    lists.counts[row] = kept;
    if (kept == search.k) {
      lists.bars[row] = keys[kept - 1];
      lists.bar_scores[row] = score_of(keys[kept - 1]);
    }
  }
  Group::wait();  // before `staged` is used for the next list
}

// Cuts all lists longer than `most`. All threads call it, behind a barrier.
__device__ NOINLINE void cut_lists(const Search& search, const Lists& lists, ScoreKey* staged, std::uint32_t most) {
  constexpr std::uint32_t kOfWarp = kStagedKeys / kWarps;
  const bool by_warps = search.capacity <= kOfWarp;
  const std::uint32_t warp = threadIdx.x / kWarpSize;
  const std::uint32_t step = by_warps ? kWarps : 1;
  for (std::uint32_t row = by_warps ? warp : 0; row < kQueryPanel; row += step) {
    if (lists.counts[row] <= most) continue;
    if (by_warps) {
      cut_list<WarpGroup>(search, lists, row, staged + warp * kOfWarp);
    } else {
      cut_list<BlockGroup>(search, lists, row, search.capacity <= kStagedKeys ? staged : nullptr);
    }
  }
  __syncthreads();
}

// Offers what reaches the bars; returns whether a list has become longer than `most`.
__device__ __forceinline__ bool offer_tile(const Search& search, const Lists& lists, const ProductTile& tile,
                                           std::uint32_t first_query, std::uint32_t first_position,
                                           std::uint32_t most) {
  const ProductPlace place;
  float biases[8];
#pragma unroll
  for (std::uint32_t j = 0; j < 8; ++j) {
    const std::uint32_t position = first_position + place.item_at(j);
    const bool biased = search.item_biases != nullptr && position < search.num_positions;
    biases[j] = 0;
    if (biased) biases[j] = search.item_biases[search.items_at == nullptr ? position : search.items_at[position]];
  }
  bool full = false;
#pragma unroll
  for (std::uint32_t i = 0; i < 8; ++i) {
    const std::uint32_t row = place.query_at(i);
    const float bar = lists.bar_scores[row];
#pragma unroll
    for (std::uint32_t j = 0; j < 8; ++j) {
      // Sums that start at +0 are never -0, so equal scores have equal keys. NaN reaches no bar.
      const float score = tile[i][j] + biases[j];
      if (score >= bar) {
        full |= offer(search, lists, row, first_query + row, first_position + place.item_at(j), score) > most;
      }
    }
  }
  return full;
}

__global__ void __launch_bounds__(kProductThreads, kBlocksPerMultiprocessor)
    select_kernel(const __grid_constant__ Search search) {
  SHARED(slabs, ProductSlabs);
  SHARED(staged, ScoreKey[kStagedKeys]);
  SHARED(counts, std::uint32_t[kQueryPanel]);
  SHARED(bars, ScoreKey[kQueryPanel]);
  SHARED(bar_scores, float[kQueryPanel]);
  const Lists lists = {search.lists + std::size_t{blockIdx.x} * kQueryPanel * search.capacity, counts, bars,
                       bar_scores};
  const std::uint32_t most = search.capacity - kItemPanel;  // beyond it, a tile may not fit any more
  for (std::uint32_t work = blockIdx.x; work < search.query_panels * search.ranges; work += gridDim.x) {
    const std::uint32_t query_panel = work / search.ranges;
    const std::uint32_t range = work % search.ranges;
    const std::uint32_t first_query = query_panel * kQueryPanel;
    if (threadIdx.x < kQueryPanel) {
      const bool exists = first_query + threadIdx.x < search.num_queries;
      counts[threadIdx.x] = 0;
      bars[threadIdx.x] = exists ? 0 : ~ScoreKey{0};
      bar_scores[threadIdx.x] = exists ? -INFINITY : INFINITY;
    }
    const std::uint32_t begin = range * search.panels_per_range;
    const std::uint32_t end = min(begin + search.panels_per_range, search.item_panels);
    multiply_panels(slabs, search.queries + std::size_t{first_query} * search.depth, search.items, search.depth, begin,
                    end, [&](std::uint32_t panel, const ProductTile& tile) {
                      const bool full = offer_tile(search, lists, tile, first_query, panel * kItemPanel, most);
                      if (__syncthreads_or(full) != 0) cut_lists(search, lists, staged, most);
                    });
    cut_lists(search, lists, staged, 0);
    ScoreKey* found =
        search.found + (std::size_t{range} * search.query_panels * kQueryPanel + first_query) * std::size_t{search.k};
    for (std::uint32_t n = threadIdx.x; n < kQueryPanel * search.k; n += kProductThreads) {
      const std::uint32_t row = n / search.k;
      const std::uint32_t place = n % search.k;
      found[n] = place < counts[row] ? lists.keys[std::size_t{row} * search.capacity + place] : 0;
    }
    __syncthreads();
  }
}

// How many keys of a list in descending order are larger than `key`.
__device__ std::uint32_t count_larger(const ScoreKey* list, std::uint32_t size, ScoreKey key) {
  std::uint32_t begin = 0;
  std::uint32_t end = size;
  while (begin < end) {
    const std::uint32_t middle = begin + (end - begin) / 2;
    if (list[middle] > key) {
      begin = middle + 1;
    } else {
      end = middle;
    }
  }
  return begin;
}

// Merges the ranges of one query a warp: a key's place among the results is the number of larger ones.
__global__ void __launch_bounds__(kMergeThreads)
    merge_kernel(std::uint32_t* indices, float* scores, const ScoreKey* found, std::uint32_t num_queries,
                 std::uint32_t padded_queries, std::uint32_t ranges, std::uint32_t kept, std::uint32_t k) {
  const std::uint32_t query = blockIdx.x * (kMergeThreads / kWarpSize) + threadIdx.x / kWarpSize;
  if (query >= num_queries) return;
  const std::uint32_t lane = threadIdx.x % kWarpSize;
  const std::size_t stride = std::size_t{padded_queries} * kept;
  const ScoreKey* first = found + std::size_t{query} * kept;
  std::uint32_t* index_row = indices + std::size_t{query} * k;
  float* score_row = scores + std::size_t{query} * k;
  std::uint32_t total = 0;
  for (std::uint32_t range = 0; range < ranges; ++range) {
    const ScoreKey* list = first + range * stride;
    const std::uint32_t size = count_larger(list, kept, 0);
    total += size;
    for (std::uint32_t n = lane; n < size; n += kWarpSize) {
      std::uint32_t place = n;
      for (std::uint32_t other = 0; other < ranges && place < k; ++other) {
        if (other != range) place += count_larger(first + other * stride, kept, list[n]);
      }
      if (place >= k) break;  // so are those behind it
      index_row[place] = item_of(list[n]);
      score_row[place] = score_of(list[n]);
    }
  }
  for (std::uint32_t place = total + lane; place < k; place += kWarpSize) {
    index_row[place] = kNoItem;
    score_row[place] = -INFINITY;
  }
}

constexpr std::uint32_t divide_up(std::uint64_t a, std::uint64_t b) {
  return static_cast<std::uint32_t>((a + b - 1) / b);
}

// Keys of a list: room for a tile beside twice what is kept.
std::uint32_t capacity_for(std::uint32_t k) {
  std::uint32_t capacity = kFewestKeys;
  while (capacity < 2 * std::uint64_t{k} + kItemPanel) capacity *= 2;
  return capacity;
}

// As few ranges as let the blocks end together.
std::uint32_t choose_ranges(std::uint32_t query_panels, std::uint32_t item_panels, std::uint32_t blocks) {
  if (query_panels * kMostRanges <= blocks) return std::min(item_panels, std::max(blocks / query_panels, 1u));
  for (std::uint32_t ranges = 1; ranges < std::min(kMostRanges, item_panels); ++ranges) {
    const std::uint32_t work = query_panels * ranges;
    const double rounds = divide_up(work, blocks);
    if (work >= kGoodBalance * rounds * blocks) return ranges;
  }
  return std::min(kMostRanges, item_panels);
}

// Addresses that name what the device alone knows.
struct Keys {
  char positions, exclude_offsets, exclude_items, query_rows, queries, items, lists, found, indices, scores;
};
constexpr Keys kKeys = {};

void fill_with_nothing(const TopkCall& call) {
  const std::size_t size = std::size_t{call.num_queries} * call.k;
  for (std::size_t n = 0; n < size; ++n) {
    call.indices[n] = kNoItem;
    call.scores[n] = -INFINITY;
  }
}

// Queries first ... first + count - 1.
void search_chunk(const TopkCall& call, Search search, std::uint32_t first, std::uint32_t count, std::uint32_t blocks) {
  DeviceMemory& device = *call.device;
  search.num_queries = count;
  search.query_panels = divide_up(count, kQueryPanel);
  search.ranges = choose_ranges(search.query_panels, search.item_panels, blocks);
  search.panels_per_range = divide_up(search.item_panels, search.ranges);
  search.ranges = divide_up(search.item_panels, search.panels_per_range);
  const std::uint32_t padded = search.query_panels * kQueryPanel;
  float* rows = device.scratch<float>(&kKeys.query_rows, std::size_t{count} * call.dim);
  float* queries = device.scratch<float>(&kKeys.queries, std::size_t{padded} * search.depth);
  search.found = device.scratch<ScoreKey>(&kKeys.found, std::size_t{search.ranges} * padded * search.k);
  std::uint32_t* indices = device.scratch<std::uint32_t>(&kKeys.indices, std::size_t{count} * call.k);
  float* scores = device.scratch<float>(&kKeys.scores, std::size_t{count} * call.k);
  device.write(rows, call.queries + std::size_t{first} * call.dim, std::size_t{count} * call.dim);
  device.launch(pack_rows_kernel<kQueryPanel>, search.query_panels, kPackThreads, 0, queries, rows, nullptr, count,
                call.dim, search.depth, call.cosine);
  search.queries = queries;
  if (search.exclude_offsets != nullptr) search.exclude_offsets += first;
  device.launch(select_kernel, std::min(blocks, search.query_panels * search.ranges), kProductThreads, 0, search);
  device.launch(merge_kernel, divide_up(count, kMergeThreads / kWarpSize), kMergeThreads, 0, indices, scores,
                search.found, count, padded, search.ranges, search.k, call.k);
  device.read(call.indices + std::size_t{first} * call.k, indices, std::size_t{count} * call.k);
  device.read(call.scores + std::size_t{first} * call.k, scores, std::size_t{count} * call.k);
}

}  // namespace

Status select_topk(const TopkCall& call, Pool&) {
  if (call.num_queries == 0 || call.k == 0) return Status::ok;
  DeviceMemory& device = *call.device;
  std::vector<std::uint32_t> positions;
  if (call.candidates != nullptr) {
    for (std::uint32_t item = 0; item < call.num_items; ++item) {
      if (call.candidates[item] != 0) positions.push_back(item);
    }
  }
  Search search = {};
  search.num_positions = call.candidates == nullptr ? call.num_items : static_cast<std::uint32_t>(positions.size());
  if (search.num_positions == 0) {
    fill_with_nothing(call);
    return Status::ok;
  }
  search.depth = padded_depth(std::max(call.dim, 1u));  // without components the biases alone rank
  search.k = std::min(call.k, search.num_positions);
  search.capacity = capacity_for(search.k);
  search.item_panels = divide_up(search.num_positions, kItemPanel);
  search.item_biases = device.constant(call.item_biases, call.num_items);
  if (call.candidates != nullptr) search.items_at = device.copy(&kKeys.positions, positions.data(), positions.size());
  if (call.exclude_offsets != nullptr) {
    search.exclude_begin = call.exclude_offsets[0];
    const std::size_t size = call.exclude_offsets[call.num_queries] - search.exclude_begin;
    search.exclude_offsets =
        device.copy(&kKeys.exclude_offsets, call.exclude_offsets, std::size_t{call.num_queries} + 1);
    search.exclude_items = device.copy(&kKeys.exclude_items, call.exclude_items + search.exclude_begin, size);
  }
  const float* rows = device.constant(call.items, std::size_t{call.num_items} * call.dim);
  float* items = device.scratch<float>(&kKeys.items, std::size_t{search.item_panels} * kItemPanel * search.depth);
  device.launch(pack_rows_kernel<kItemPanel>, search.item_panels, kPackThreads, 0, items, rows, search.items_at,
                search.num_positions, call.dim, search.depth, call.cosine);
  search.items = items;
  const std::uint32_t blocks = std::max(1u, device.multiprocessors() * kBlocksPerMultiprocessor);
  search.lists = device.scratch<ScoreKey>(&kKeys.lists, std::size_t{blocks} * kQueryPanel * search.capacity);

  const double panel_work = static_cast<double>(kQueryPanel) * search.num_positions * call.dim;
  const double affordable = std::min(kMostWork / panel_work, static_cast<double>(blocks) * kRounds);
  std::uint32_t panels = std::max(1u, static_cast<std::uint32_t>(affordable));
  if (panels > blocks) panels -= panels % blocks;  // whole rounds
  const std::uint32_t chunk = panels * kQueryPanel;
  for (std::uint32_t first = 0; first < call.num_queries; first += std::min(chunk, call.num_queries - first)) {
    if (is_raised(call)) return Status::cancelled;
    search_chunk(call, search, first, std::min(chunk, call.num_queries - first), blocks);
    if (device.finish() != Status::ok) break;
  }
  return device.status();
}

}  // namespace palate::k_cuda
