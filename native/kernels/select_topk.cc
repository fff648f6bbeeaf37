#include "kernels/select_topk.h"

#include <cstdint>

#include "core/memory.h"
#include "kernels/level.h"
#include "kernels/topk_search.h"

namespace palate::KERNEL_NS {
namespace {

// Up to this many queries each item is read once and scored with all of them, without packing it.
constexpr std::uint32_t kScannedQueries = 5;
// A block's packed queries stay in L2 beside what its lists touch.
constexpr std::uint64_t kPackedBytes = std::uint64_t{256} << 10;
constexpr std::uint64_t kListBytes = std::uint64_t{4} << 20;
// Each block packs the items of its range anew, which costs as much as passing some ten queries over them;
// with fewer queries than this a block, ranges of items are the better cut.
constexpr std::uint32_t kFewestQueries = 192;
// The same for quantized blocks, once each thread has one: there packing weighs more.
constexpr std::uint32_t kFewestQuantized = 1024;
// With fewer queries or items, a larger share of the items or shorter rows, floats do as well.
constexpr std::uint32_t kQuantizedQueries = 64;
constexpr std::uint32_t kQuantizedItems = 1024;
constexpr std::uint32_t kQuantizedShare = 48;
constexpr std::uint32_t kQuantizedDim = 16;
// Below this a further range of items costs more than the thread saves.
constexpr std::uint32_t kFewestItems = 512;
// More than one, as threads do not progress alike.
constexpr std::uint32_t kBlocksPerThread = 4;

// The grid of blocks: queries x ranges of items. It decides about speed, never about results.
struct Plan {
  const TopkCall* call;
  const std::uint32_t* item_of;
  std::uint32_t num_positions;
  std::uint32_t k;
  bool tiled, quantized;
  std::uint32_t query_blocks, queries_per_block;
  std::uint32_t ranges, positions_per_range;
  // With several ranges each one's results stand here until they are merged.
  std::uint32_t* indices;  // (ranges, queries, k)
  float* scores;           // (ranges, queries, k)
  std::uint32_t* cursors;  // (ranges): how many results of a range are merged
  Status* outcomes;        // (query_blocks * ranges)
};

std::uint32_t divide_up(std::uint64_t a, std::uint64_t b) { return static_cast<std::uint32_t>((a + b - 1) / b); }

std::uint32_t at_least(std::uint64_t least, std::uint64_t x) {
  return static_cast<std::uint32_t>(x < least ? least : x);
}
std::uint32_t at_most(std::uint64_t most, std::uint64_t x) { return static_cast<std::uint32_t>(x > most ? most : x); }

// How many blocks of queries: as few as the caches allow, and up to a few a thread.
std::uint32_t plan_query_blocks(const Plan& plan, std::uint32_t threads) {
  const TopkCall& call = *plan.call;
  const std::uint64_t packed_row = (std::uint64_t{plan.quantized ? groups_of(call.dim) : call.dim} + 1) * sizeof(float);
  const std::uint64_t list =
      shortlist_capacity(plan.k, plan.num_positions, plan.quantized) * (sizeof(float) + sizeof(std::uint32_t));
  const std::uint32_t largest =
      at_least(kTileQueries, at_most(kPackedBytes / packed_row, kListBytes / list) / kTileQueries * kTileQueries);
  const std::uint32_t needed = divide_up(call.num_queries, largest);
  if (threads == 1) return needed;
  const std::uint32_t fewest = plan.quantized ? kFewestQuantized : kFewestQueries;
  std::uint32_t blocks =
      at_least(needed, at_most(std::uint64_t{threads} * kBlocksPerThread, call.num_queries / fewest));
  if (blocks < threads) blocks = at_least(blocks, at_most(threads, call.num_queries / kFewestQueries));
  if (blocks > threads) blocks = divide_up(blocks, threads) * threads;
  return blocks;
}

void plan_blocks(Plan& plan, std::uint32_t threads) {
  const TopkCall& call = *plan.call;
  plan.tiled = call.num_queries > kScannedQueries;
  plan.quantized = can_quantize() && call.num_queries >= kQuantizedQueries && plan.num_positions >= kQuantizedItems &&
                   plan.k <= plan.num_positions / kQuantizedShare && call.dim >= kQuantizedDim;
  const std::uint32_t wanted = plan.tiled ? plan_query_blocks(plan, threads) : 1;
  plan.queries_per_block = divide_up(call.num_queries, wanted);
  if (plan.tiled) plan.queries_per_block = divide_up(plan.queries_per_block, kTileQueries) * kTileQueries;
  plan.query_blocks = divide_up(call.num_queries, plan.queries_per_block);

  std::uint32_t ranges = 1;
  if (plan.query_blocks < threads) {
    ranges = at_least(1, at_most(plan.num_positions / kFewestItems, divide_up(threads, plan.query_blocks)));
  }
  // Ranges start at whole panels.
  plan.positions_per_range = divide_up(divide_up(plan.num_positions, ranges), kTileItems) * kTileItems;
  plan.ranges = divide_up(plan.num_positions, plan.positions_per_range);
}

void run_planned_block(void* context, std::uint32_t index) {
  Plan& plan = *static_cast<Plan*>(context);
  const TopkCall& call = *plan.call;
  const std::uint32_t range = index % plan.ranges;
  Block block = {};
  block.call = &call;
  block.item_of = plan.item_of;
  block.tiled = plan.tiled;
  block.quantized = plan.quantized;
  block.k = plan.k;
  block.first_query = index / plan.ranges * plan.queries_per_block;
  block.end_query = call.num_queries - block.first_query < plan.queries_per_block
                        ? call.num_queries
                        : block.first_query + plan.queries_per_block;
  block.first_position = range * plan.positions_per_range;
  block.end_position = plan.num_positions - block.first_position < plan.positions_per_range
                           ? plan.num_positions
                           : block.first_position + plan.positions_per_range;
  const bool whole = plan.ranges == 1;
  block.row_size = whole ? call.k : plan.k;
  const std::size_t row = (whole ? 0 : static_cast<std::size_t>(range) * call.num_queries) + block.first_query;
  block.indices = (whole ? call.indices : plan.indices) + row * block.row_size;
  block.scores = (whole ? call.scores : plan.scores) + row * block.row_size;
  plan.outcomes[index] = run_block(block);
}

// Merges one query's results from all ranges: best score first, then the lower item, which is the
// earlier range's.
void merge_query(const Plan& plan, std::uint32_t q) {
  const TopkCall& call = *plan.call;
  const std::size_t range_size = static_cast<std::size_t>(call.num_queries) * plan.k;
  const std::size_t row = static_cast<std::size_t>(q) * plan.k;
  std::uint32_t* indices = call.indices + static_cast<std::size_t>(q) * call.k;
  float* scores = call.scores + static_cast<std::size_t>(q) * call.k;
  for (std::uint32_t r = 0; r < plan.ranges; ++r) plan.cursors[r] = 0;
  for (std::uint32_t c = 0; c < call.k; ++c) {
    std::uint32_t best = plan.ranges;
    std::size_t best_at = 0;
    for (std::uint32_t r = 0; r < plan.ranges; ++r) {
      const std::size_t at = r * range_size + row + plan.cursors[r];
      if (plan.cursors[r] == plan.k || plan.indices[at] == kNoItem) continue;
      if (best < plan.ranges && plan.scores[at] <= plan.scores[best_at]) continue;
      best = r;
      best_at = at;
    }
    const bool found = best < plan.ranges;
    indices[c] = found ? plan.indices[best_at] : kNoItem;
    scores[c] = found ? plan.scores[best_at] : -INFINITY;
    if (found) ++plan.cursors[best];
  }
}

// Sets the plan's pointers into `base`; returns the bytes needed.
std::size_t lay_out(Plan& plan, char* base) {
  const std::size_t results = plan.ranges == 1 ? 0 : plan.ranges * std::size_t{plan.call->num_queries} * plan.k;
  Cutter cutter = {base, 0};
  plan.indices = static_cast<std::uint32_t*>(cutter.take(results * sizeof(std::uint32_t)));
  plan.scores = static_cast<float*>(cutter.take(results * sizeof(float)));
  plan.cursors = static_cast<std::uint32_t*>(cutter.take(plan.ranges * sizeof(std::uint32_t)));
  plan.outcomes = static_cast<Status*>(cutter.take(std::size_t{plan.query_blocks} * plan.ranges * sizeof(Status)));
  return cutter.used;
}

Status run_plan(Plan& plan, Pool& pool) {
  const std::size_t bytes = lay_out(plan, nullptr);
  char* base = static_cast<char*>(allocate_zeroed(bytes));
  if (base == nullptr) return Status::out_of_memory;
  lay_out(plan, base);
  const std::uint32_t blocks = plan.query_blocks * plan.ranges;
  pool.run(blocks, run_planned_block, &plan);
  Status status = Status::ok;
  for (std::uint32_t b = 0; b < blocks; ++b) {
    if (plan.outcomes[b] != Status::ok) status = plan.outcomes[b];
  }
  if (status == Status::ok && plan.ranges > 1) {
    for (std::uint32_t q = 0; q < plan.call->num_queries; ++q) merge_query(plan, q);
  }
  release(base, bytes);
  return status;
}

}  // namespace

Status select_topk(const TopkCall& call, Pool& pool) {
  if (call.num_queries == 0 || call.k == 0) return Status::ok;
  std::uint32_t* item_of = nullptr;
  std::uint32_t num_positions = call.num_items;
  const std::size_t map_bytes = call.candidates == nullptr ? 0 : call.num_items * sizeof(std::uint32_t);
  if (map_bytes != 0) {
    item_of = static_cast<std::uint32_t*>(allocate_zeroed(map_bytes));
    if (item_of == nullptr) return Status::out_of_memory;
    num_positions = 0;
    for (std::uint32_t i = 0; i < call.num_items; ++i) {
      item_of[num_positions] = i;
      num_positions += call.candidates[i] != 0;
    }
  }
  Status status = Status::ok;
  if (num_positions == 0) {
    const std::size_t size = static_cast<std::size_t>(call.num_queries) * call.k;
    for (std::size_t c = 0; c < size; ++c) {
      call.indices[c] = kNoItem;
      call.scores[c] = -INFINITY;
    }
  } else {
    Plan plan = {};
    plan.call = &call;
    plan.item_of = item_of;
    plan.num_positions = num_positions;
    plan.k = call.k < num_positions ? call.k : num_positions;
    plan_blocks(plan, pool.threads());
    status = run_plan(plan, pool);
  }
  release(item_of, map_bytes);
  return status;
}

}  // namespace palate::KERNEL_NS
