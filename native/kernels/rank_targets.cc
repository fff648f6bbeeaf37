#include "kernels/rank_targets.h"

#include <float.h>

#include <cstdint>

#include "core/flags.h"
#include "core/memory.h"
#include "kernels/cutter.h"
#include "kernels/level.h"
#include "kernels/topk_tile.h"

namespace palate::KERNEL_NS {
namespace {

// A block's packed queries stay in L2.
constexpr std::uint64_t kPackedBytes = std::uint64_t{512} << 10;
// Each block packs all items anew, which costs as much as passing some ten queries over them.
constexpr std::uint32_t kFewestQueries = 96;
// More than one, as threads do not progress alike.
constexpr std::uint32_t kBlocksPerThread = 4;
// Up to this many queries each item is read once and scored as defined, without packing it.
constexpr std::uint32_t kScannedQueries = 5;

// The first target of a query, and how many allowed items stand before it.
struct Target {
  float score;
  std::uint32_t item;
  bool found;
  std::uint32_t before;
};

struct RankRun {
  const RankCall* call;
  const std::uint32_t* item_of;  // (num_positions) or nullptr: the position is the item
  std::uint32_t num_positions;
  std::uint32_t queries_per_block;
  Status* outcomes;  // (blocks)
};

// A block of queries while it is worked on; arrays count from its first one.
struct RankState {
  const RankCall* call;
  const RankRun* run;
  std::uint32_t first_query;
  std::uint32_t num_queries;
  std::uint32_t num_tiles;
  Query* queries;   // (queries)
  Target* targets;  // (queries)
  float* lengths;   // (slots) of the rows as packed
  bool* screened;   // (slots) whether tiles count for it
  float* packed;    // (tiles, dim, kTileQueries)
  Panel panel;
};

std::size_t lay_out(RankState& state, char* base) {
  const std::size_t queries = state.num_queries;
  const std::size_t slots = std::size_t{state.num_tiles} * kTileQueries;
  const std::size_t dim = state.call->topk.dim;
  Cutter cutter = {base, 0};
  state.queries = static_cast<Query*>(cutter.take(queries * sizeof(Query)));
  state.targets = static_cast<Target*>(cutter.take(queries * sizeof(Target)));
  state.lengths = static_cast<float*>(cutter.take(slots * sizeof(float)));
  state.screened = static_cast<bool*>(cutter.take(slots * sizeof(bool)));
  state.packed = static_cast<float*>(cutter.take(slots * dim * sizeof(float)));
  state.panel.starts = static_cast<float*>(cutter.take(kTileItems * sizeof(float)));
  state.panel.steps = nullptr;
  state.panel.values = static_cast<float*>(cutter.take(dim * kTileItems * sizeof(float)));
  return cutter.used;
}

// Scores of a list of items as defined, kRows at a time: `use(item, score)` for each.
template <typename Use>
PALATE_INLINE void score_list(const TopkCall& call, const Query& query, const std::uint32_t* items, std::uint32_t count,
                              Use use) {
  for (std::uint32_t first = 0; first < count; first += kRows) {
    const std::uint32_t size = count - first < kRows ? count - first : kRows;
    ItemRows fetched;
    fetch_rows(call, items + first, size, fetched);
    float scores[kRows];
    score_rows(call, query, fetched, scores);
    for (std::uint32_t r = 0; r < size; ++r) use(items[first + r], scores[r]);
  }
}

bool stands_before(float score, std::uint32_t item, const Target& target) {
  return score > target.score || (score == target.score && item < target.item);
}

PALATE_NOINLINE void find_target(const RankState& state, std::uint32_t q) {
  const RankCall& call = *state.call;
  const std::uint32_t query = state.first_query + q;
  const std::uint32_t begin = call.target_offsets[query];
  Target best = {};
  score_list(call.topk, state.queries[q], call.target_items + begin, call.target_offsets[query + 1] - begin,
             [&best](std::uint32_t item, float score) {
               if (score != score) return;
               if (!best.found || stands_before(score, item, best)) best = {score, item, true, 0};
             });
  state.targets[q] = best;
}

// Counts what of a list stands before the target.
PALATE_NOINLINE std::uint32_t count_before(const TopkCall& call, const Query& query, const Target& target,
                                           const std::uint32_t* items, std::uint32_t count) {
  std::uint32_t before = 0;
  score_list(call, query, items, count,
             [&](std::uint32_t item, float score) { before += stands_before(score, item, target); });
  return before;
}

std::uint32_t count_bits(std::uint64_t mask) {
#if defined(__POPCNT__) || defined(__aarch64__)
  return static_cast<std::uint32_t>(__builtin_popcountll(mask));
#else
  std::uint32_t count = 0;
  for (; mask != 0; mask &= mask - 1) ++count;
  return count;
#endif
}

std::uint32_t item_at(const RankRun& run, std::uint32_t position) {
  return run.item_of != nullptr ? run.item_of[position] : position;
}

// Each item is fetched once for the queries that tiles do not count for.
void scan(const RankState& state) {
  const RankRun& run = *state.run;
  for (std::uint32_t p = 0; p < run.num_positions; p += kRows) {
    const std::uint32_t size = run.num_positions - p < kRows ? run.num_positions - p : kRows;
    std::uint32_t items[kRows];
    for (std::uint32_t r = 0; r < size; ++r) items[r] = item_at(run, p + r);
    ItemRows fetched;
    fetch_rows(state.call->topk, items, size, fetched);
    for (std::uint32_t q = 0; q < state.num_queries; ++q) {
      if (state.screened[q] || !state.targets[q].found) continue;
      float scores[kRows];
      score_rows(state.call->topk, state.queries[q], fetched, scores);
      for (std::uint32_t r = 0; r < size; ++r)
        state.targets[q].before += stands_before(scores[r], items[r], state.targets[q]);
    }
  }
}

PALATE_NOINLINE void pack_queries(const RankState& state) {
  const TopkCall& call = state.call->topk;
  for (std::uint32_t slot = 0; slot < state.num_tiles * kTileQueries; ++slot) {
    const bool used = state.screened[slot];
    float* target = state.packed + std::size_t{slot / kTileQueries} * call.dim * kTileQueries + slot % kTileQueries;
    for (std::uint32_t k = 0; k < call.dim; ++k) {
      target[std::size_t{k} * kTileQueries] = used ? state.queries[slot].row[k] * state.queries[slot].scale : 0.0f;
    }
  }
}

// The positions of the mask, scored as defined.
PALATE_NOINLINE std::uint32_t count_near(const RankState& state, std::uint32_t q, std::uint64_t mask,
                                         std::uint32_t first_position) {
  std::uint32_t items[kTileItems];
  std::uint32_t count = 0;
  for (std::uint32_t i = 0; i < kTileItems; ++i) {
    items[count] = (mask >> i & 1) != 0 ? item_at(*state.run, first_position + i) : 0;
    count += static_cast<std::uint32_t>(mask >> i & 1);
  }
  return count_before(state.call->topk, state.queries[q], state.targets[q], items, count);
}

// Counts a tile's scores: those beyond the error at once, those within it by the definition.
PALATE_INLINE void count_tile(const RankState& state, std::uint32_t tile_index, const Tile& tile,
                              std::uint32_t first_position) {
  const Extent& extent = state.panel.extent;
  PALATE_UNROLL
  for (std::uint32_t j = 0; j < kTileQueries; ++j) {
    const std::uint32_t q = tile_index * kTileQueries + j;
    if (!state.screened[q]) continue;
    Target& target = state.targets[q];
    const float error = screening_error(state.call->topk.dim, state.lengths[q], extent.length, extent.bias);
    // One float further than the rounding of these sums can be off. Places without an item hold -infinity, which must
    // not count; written so that what is beyond infinity, a NaN, is -FLT_MAX too.
    const float low = -next_above(error - target.score);
    const std::uint64_t near = reaching(tile.sums[j], low > -FLT_MAX ? low : -FLT_MAX);
    if (near == 0) continue;
    const std::uint64_t beyond = reaching(tile.sums[j], next_above(target.score + error));
    target.before += count_bits(beyond);
    if (near != beyond) target.before += count_near(state, q, near & ~beyond, first_position);
  }
}

// False when the call was cancelled.
bool screen(RankState& state) {
  const TopkCall& call = state.call->topk;
  const std::uint32_t num_positions = state.run->num_positions;
  for (std::uint32_t p = 0; p < num_positions; p += kTileItems) {
    if (is_raised(call)) return false;
    const std::uint32_t end = num_positions - p < kTileItems ? num_positions : p + kTileItems;
    state.panel.extent = {kShortestLength, 0, kShortestLength};
    pack_panel(call, state.run->item_of, p, end, state.panel);
    for (std::uint32_t t = 0; t < state.num_tiles; ++t) {
      Tile tile;
      multiply(state.packed + std::size_t{t} * call.dim * kTileQueries, state.panel, call.dim, tile);
      count_tile(state, t, tile, p);
    }
    for (std::uint32_t o = 0; o < state.panel.num_odd; ++o) {
      const std::uint32_t item = item_at(*state.run, state.panel.odd[o]);
      for (std::uint32_t q = 0; q < state.num_queries; ++q) {
        if (!state.screened[q]) continue;
        state.targets[q].before += count_before(call, state.queries[q], state.targets[q], &item, 1);
      }
    }
  }
  return true;
}

// What the query excludes was counted with the rest.
void write_rank(const RankState& state, std::uint32_t q) {
  const TopkCall& call = state.call->topk;
  const std::uint32_t query = state.first_query + q;
  Target& target = state.targets[q];
  if (target.found && call.exclude_offsets != nullptr) {
    for (std::uint32_t e = call.exclude_offsets[query]; e < call.exclude_offsets[query + 1];) {
      std::uint32_t items[kRows];
      std::uint32_t count = 0;
      for (; e < call.exclude_offsets[query + 1] && count < kRows; ++e) {
        const std::uint32_t item = call.exclude_items[e];
        if (call.candidates == nullptr || call.candidates[item] != 0) items[count++] = item;
      }
      target.before -= count_before(call, state.queries[q], target, items, count);
    }
  }
  state.call->ranks[query] = target.found ? target.before + 1 : 0;
}

void start_queries(RankState& state, bool tiled) {
  const TopkCall& call = state.call->topk;
  for (std::uint32_t q = 0; q < state.num_queries; ++q) {
    state.queries[q] = make_query(call, state.first_query + q);
    find_target(state, q);
    state.screened[q] = tiled && state.targets[q].found && !is_odd(call, state.queries[q]);
    if (state.screened[q]) state.lengths[q] = packed_length(call, state.queries[q]);
  }
}

Status run_block(const RankRun& run, std::uint32_t index) {
  const TopkCall& call = run.call->topk;
  RankState state = {};
  state.call = run.call;
  state.run = &run;
  state.first_query = index * run.queries_per_block;
  const std::uint32_t left = call.num_queries - state.first_query;
  state.num_queries = left < run.queries_per_block ? left : run.queries_per_block;
  state.num_tiles = (state.num_queries + kTileQueries - 1) / kTileQueries;
  const std::size_t bytes = lay_out(state, nullptr);
  char* base = static_cast<char*>(allocate_zeroed(bytes));
  if (base == nullptr) return Status::out_of_memory;
  lay_out(state, base);
  const bool tiled = state.num_queries > kScannedQueries;
  start_queries(state, tiled);
  pack_queries(state);
  const bool complete = !tiled || screen(state);
  bool scanned = false;
  for (std::uint32_t q = 0; q < state.num_queries; ++q) scanned |= !state.screened[q] && state.targets[q].found;
  if (complete && scanned) scan(state);
  for (std::uint32_t q = 0; complete && q < state.num_queries; ++q) write_rank(state, q);
  release(base, bytes);
  return complete ? Status::ok : Status::cancelled;
}

void rank_block(void* context, std::uint32_t index) {
  const RankRun& run = *static_cast<RankRun*>(context);
  run.outcomes[index] = is_raised(run.call->topk) ? Status::cancelled : run_block(run, index);
}

// Queries a block: as many as the cache allows, and few enough for each thread to have some blocks.
std::uint32_t plan_queries(const TopkCall& call, std::uint32_t threads) {
  const std::uint64_t fit = kPackedBytes / ((std::uint64_t{call.dim} + 1) * sizeof(float));
  const std::uint64_t share = call.num_queries / (std::uint64_t{threads} * kBlocksPerThread);
  std::uint64_t queries = threads == 1 || share > fit ? fit : share;
  if (queries < kFewestQueries) queries = kFewestQueries < fit ? kFewestQueries : fit;
  return static_cast<std::uint32_t>(queries / kTileQueries + 1) * kTileQueries;
}

}  // namespace

Status rank_targets(const RankCall& call, Pool& pool) {
  const TopkCall& topk = call.topk;
  if (topk.num_queries == 0) return Status::ok;
  RankRun run = {};
  run.call = &call;
  run.queries_per_block = plan_queries(topk, pool.threads());
  const std::uint32_t blocks = (topk.num_queries - 1) / run.queries_per_block + 1;
  Cutter sizes = {nullptr, 0};
  sizes.take(topk.num_items * sizeof(std::uint32_t));
  sizes.take(blocks * sizeof(Status));
  char* base = static_cast<char*>(allocate_zeroed(sizes.used));
  if (base == nullptr) return Status::out_of_memory;
  Cutter cutter = {base, 0};
  std::uint32_t* item_of = static_cast<std::uint32_t*>(cutter.take(topk.num_items * sizeof(std::uint32_t)));
  run.outcomes = static_cast<Status*>(cutter.take(blocks * sizeof(Status)));
  for (std::uint32_t i = 0; i < topk.num_items; ++i) {
    if (topk.candidates == nullptr || topk.candidates[i] != 0) item_of[run.num_positions++] = i;
  }
  run.item_of = item_of;
  pool.run(blocks, rank_block, &run);
  Status status = Status::ok;
  for (std::uint32_t b = 0; b < blocks; ++b) {
    if (run.outcomes[b] != Status::ok) status = run.outcomes[b];
  }
  release(base, sizes.used);
  return status;
}

}  // namespace palate::KERNEL_NS
