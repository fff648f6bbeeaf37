// How a block is searched: by scoring every pair as defined, or by screening with tiles first.
#pragma once

#include <float.h>

#include <cstdint>

#include "core/flags.h"
#include "core/memory.h"
#include "kernels/topk_block.h"
#include "kernels/topk_quantized.h"

namespace palate::KERNEL_NS {

namespace {

// Every position against queries [first, end), each pair scored as defined. An item is fetched once.
void scan(const BlockState& state, std::uint32_t first, std::uint32_t end) {
  const Block& block = state.block;
  for (std::uint32_t p = block.first_position; p < block.end_position; p += kRows) {
    const std::uint32_t count = block.end_position - p < kRows ? block.end_position - p : kRows;
    ItemRows fetched;
    fetch_positions(block, p, count, fetched);
    for (std::uint32_t q = first; q < end; ++q) {
      float scores[kRows];
      score_rows(*block.call, state.queries[q], fetched, scores);
      if (PALATE_LIKELY(!any_row_reaches(scores, state.bars[q]))) continue;
      for (std::uint32_t r = 0; r < count; ++r) {
        if (scores[r] >= state.bars[q]) append_one(state, q, scores[r], p + r);
      }
    }
  }
}

void start_list(const BlockState& state, std::uint32_t q) {
  const TopkCall& call = *state.block.call;
  const std::uint32_t query = state.block.first_query + q;
  Shortlist& list = state.lists[q];
  list = {};
  list.values = state.values + static_cast<std::size_t>(q) * state.capacity;
  list.positions = state.positions + static_cast<std::size_t>(q) * state.capacity;
  list.capacity = state.capacity;
  list.floor = -INFINITY;
  if (call.exclude_offsets == nullptr) return;
  list.excluded = call.exclude_offsets[query];
  list.excluded_end = call.exclude_offsets[query + 1];
}

PALATE_NOINLINE void start_queries(BlockState& state) {
  const TopkCall& call = *state.block.call;
  for (std::uint32_t q = 0; q < state.num_queries; ++q) {
    state.queries[q] = make_query(call, state.block.first_query + q);
    start_list(state, q);
    // A scan compares with this: -infinity is a score like any other, NaN reaches no bar.
    state.bars[q] = -INFINITY;
  }
  if (!state.block.tiled) return;
  for (std::uint32_t slot = 0; slot < state.num_tiles * kTileQueries; ++slot) {
    // The last tile's empty slots and odd queries are packed as zero rows that nothing reaches.
    const bool screened = slot < state.num_queries && !is_odd(call, state.queries[slot]);
    const Query query = screened ? state.queries[slot] : Query{};
    state.lengths[slot] = screened ? packed_length(call, query) : 0;
    // In a tile -infinity stands for "not here".
    state.floors[slot] = screened ? -FLT_MAX : INFINITY;
  }
}

PALATE_NOINLINE void pack_queries(const BlockState& state) {
  const TopkCall& call = *state.block.call;
  for (std::uint32_t slot = 0; slot < state.num_tiles * kTileQueries; ++slot) {
    const bool screened = slot < state.num_queries && !is_odd(call, state.queries[slot]);
    const Query query = screened ? state.queries[slot] : Query{};
    float* target = state.packed + static_cast<std::size_t>(slot / kTileQueries) * call.dim * kTileQueries;
    for (std::uint32_t k = 0; k < call.dim; ++k) {
      target[k * std::size_t{kTileQueries} + slot % kTileQueries] = screened ? query.row[k] * query.scale : 0.0f;
    }
  }
}

// The slacks and bars for what the panels have been so far.
PALATE_NOINLINE void set_slacks(const BlockState& state) {
  for (std::uint32_t slot = 0; slot < state.num_tiles * kTileQueries; ++slot) {
    state.slacks[slot] = state.lengths[slot] == 0 ? 0.0f : 2 * error_of(state, slot);
    set_bar(state, slot);
  }
}

// Items that the panel left out, against the queries that it screened.
void score_odd_items(const BlockState& state) {
  for (std::uint32_t o = 0; o < state.panel.num_odd; ++o) {
    const std::uint32_t position = state.panel.odd[o];
    const std::uint32_t item = item_at(state.block, position);
    ItemRows fetched;
    fetch_positions(state.block, position, 1, fetched);
    for (std::uint32_t q = 0; q < state.num_queries; ++q) {
      if (is_odd(*state.block.call, state.queries[q])) continue;
      float scores[kRows];
      score_rows(*state.block.call, state.queries[q], fetched, scores);
      // The floor may be off by the error of the tiles, as this score is not.
      if (!(scores[0] >= state.lists[q].floor - state.slacks[q])) continue;
      // The list's cursor over the exclusions may stand behind this item already.
      if (is_excluded(*state.block.call, state.block.first_query + q, item)) continue;
      append_one(state, q, scores[0], position);
    }
  }
}

#if defined(PALATE_QUANTIZED)
// Goes on with floats: the wide bound of the integers lets too much through.
PALATE_NOINLINE void leave_quantized(BlockState& state) {
  state.quantized = false;
  pack_queries(state);
  for (std::uint32_t q = 0; q < state.num_queries; ++q) {
    if (state.lengths[q] == 0) continue;
    Shortlist& list = state.lists[q];
    drop_excluded(list, *state.block.call, state.block.item_of);
    rescore(state, q);
    // As defined, the values give a floor without an error.
    list.floor = -INFINITY;
    raise_floor(list, state.block.k, 0);
    state.floors[q] = list.floor > -FLT_MAX ? list.floor : -FLT_MAX;
  }
  set_slacks(state);
}

// Scoring a row as defined takes as long as screening so many pairs.
constexpr std::uint64_t kScoreInPairs = 64;

bool is_too_crowded(const BlockState& state, std::uint32_t position) {
  const std::uint64_t screened = std::uint64_t{position - state.block.first_position} * state.num_queries;
  const std::uint64_t allowed = std::uint64_t{state.capacity} * state.num_queries;
  return *state.crowded > allowed && *state.crowded * kScoreInPairs > screened;
}
#endif

// Whether the bound of the error is another one than before.
bool has_grown(const Extent& before, const Extent& after) {
  return after.length > before.length || after.bias > before.bias || after.error > before.error;
}

// Scores a panel of items against all tiles of queries.
void screen_panel(BlockState& state, std::uint32_t begin, std::uint32_t end) {
  const std::uint32_t dim = state.block.call->dim;
  const Extent before = state.panel.extent;
#if defined(PALATE_QUANTIZED)
  if (state.quantized && is_too_crowded(state, begin)) leave_quantized(state);
  if (state.quantized) {
    quantize_panel(state, begin, end);
    if (has_grown(before, state.panel.extent)) set_slacks(state);
    screen_quantized(state, begin);
    return;
  }
#endif
  pack_panel(*state.block.call, state.block.item_of, begin, end, state.panel);
  if (has_grown(before, state.panel.extent)) set_slacks(state);
  for (std::uint32_t t = 0; t < state.num_tiles; ++t) {
    Tile tile;
    multiply(state.packed + static_cast<std::size_t>(t) * dim * kTileQueries, state.panel, dim, tile);
    collect(state, t, tile, begin);
  }
}

void start_screen(BlockState& state) {
  state.panel.extent = {kShortestLength, 0, kShortestLength};
#if defined(PALATE_QUANTIZED)
  if (state.quantized) quantize_queries(state);
#endif
  if (!state.quantized) pack_queries(state);
  set_slacks(state);
}

// False when the call was cancelled.
bool screen(BlockState& state) {
  const Block& block = state.block;
  start_screen(state);
  for (std::uint32_t p = block.first_position; p < block.end_position; p += kTileItems) {
    if (is_raised(*block.call)) return false;
    const std::uint32_t end = block.end_position - p < kTileItems ? block.end_position : p + kTileItems;
    screen_panel(state, p, end);
    if (state.panel.num_odd != 0) score_odd_items(state);
  }
  for (std::uint32_t q = 0; q < state.num_queries; ++q) {
    if (!is_odd(*block.call, state.queries[q])) continue;
    if (is_raised(*block.call)) return false;
    state.lengths[q] = 0;
    state.slacks[q] = 0;
    state.bars[q] = -INFINITY;
    scan(state, q, q + 1);
  }
  return true;
}

void write_results(const BlockState& state, std::uint32_t q) {
  const Block& block = state.block;
  Shortlist& list = state.lists[q];
  drop_excluded(list, *block.call, block.item_of);
  raise_floor(list, block.k, state.slacks[q]);
  const std::uint32_t found = rank(state, q);
  std::uint32_t* indices = block.indices + static_cast<std::size_t>(q) * block.row_size;
  float* scores = block.scores + static_cast<std::size_t>(q) * block.row_size;
  for (std::uint32_t c = 0; c < block.row_size; ++c) {
    indices[c] = c < found ? item_at(block, static_cast<std::uint32_t>(state.keys[c])) : kNoItem;
    scores[c] = c < found ? key_score(state.keys[c]) : -INFINITY;
  }
}

Status run_block(const Block& block) {
  if (is_raised(*block.call)) return Status::cancelled;
  BlockState state = {};
  state.block = block;
  state.num_queries = block.end_query - block.first_query;
  state.num_tiles = (state.num_queries + kTileQueries - 1) / kTileQueries;
  state.capacity = shortlist_capacity(block.k, block.end_position - block.first_position, block.quantized);
  state.quantized = block.quantized;
  const std::size_t bytes = lay_out(state, nullptr);
  char* base = static_cast<char*>(allocate_zeroed(bytes));
  if (base == nullptr) return Status::out_of_memory;
  lay_out(state, base);
  start_queries(state);
  bool complete = true;
  if (block.tiled) {
    complete = screen(state);
  } else {
    scan(state, 0, state.num_queries);
  }
  for (std::uint32_t q = 0; complete && q < state.num_queries; ++q) write_results(state, q);
  release(base, bytes);
  return complete ? Status::ok : Status::cancelled;
}

}  // namespace

}  // namespace palate::KERNEL_NS
