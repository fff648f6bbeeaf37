// How a block is searched: by scoring every pair as defined, or by screening with tiles first.
#pragma once

#include <float.h>

#include <cstdint>

#include "core/memory.h"
#include "kernels/topk_block.h"

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
      const float bar = state.bars[q];
      std::uint32_t reaching_bar = 0;
      for (std::uint32_t r = 0; r < kRows; ++r) reaching_bar += scores[r] >= bar;
      if (reaching_bar == 0) continue;
      for (std::uint32_t r = 0; r < count; ++r) {
        if (scores[r] >= state.bars[q]) append_one(state, q, scores[r], p + r);
      }
    }
  }
}

// Queries whose numbers are too large for a bound; tiles leave them out and they are scanned instead.
bool is_odd(const TopkCall& call, const Query& query) {
  if (!(query.squared < kLongest)) return true;
  return call.cosine && query.squared < kShortest && query.scale != 0;
}

// Length of a query's row as packed, or a little more; 0 for a zero row alone.
float packed_length(const TopkCall& call, const Query& query) {
  if (query.squared == 0 && is_zero(query.row, call.dim)) return 0;
  return call.cosine ? 1.0f : ::sqrtf(query.squared) + kShortestLength;
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
    float* target = state.packed + static_cast<std::size_t>(slot / kTileQueries) * call.dim * kTileQueries;
    for (std::uint32_t k = 0; k < call.dim; ++k) {
      target[k * std::size_t{kTileQueries} + slot % kTileQueries] = screened ? query.row[k] * query.scale : 0.0f;
    }
  }
}

// What a tile's score must reach, for the panel at hand.
PALATE_NOINLINE void set_bars(const BlockState& state) {
  const float* PALATE_RESTRICT lengths = state.lengths;
  const float* PALATE_RESTRICT floors = state.floors;
  float* PALATE_RESTRICT bars = state.bars;
  const std::uint32_t dim = state.block.call->dim;
  const float item_length = state.panel.length;
  const float bias = state.panel.bias;
  const std::uint32_t slots = state.num_tiles * kTileQueries;
  for (std::uint32_t slot = 0; slot < slots; ++slot) {
    const float slack = 2 * screening_error(dim, lengths[slot], item_length, bias);
    const float bar = floors[slot] - (lengths[slot] == 0 ? 0.0f : slack);
    bars[slot] = bar > -FLT_MAX ? bar : -FLT_MAX;
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
      if (!(scores[0] >= state.lists[q].floor)) continue;
      // The list's cursor over the exclusions may stand behind this item already.
      if (is_excluded(*state.block.call, state.block.first_query + q, item)) continue;
      append_one(state, q, scores[0], position);
    }
  }
}

// False when the call was cancelled.
bool screen(BlockState& state) {
  const Block& block = state.block;
  const std::uint32_t dim = block.call->dim;
  state.panel.length = kShortestLength;
  state.panel.bias = 0;
  for (std::uint32_t p = block.first_position; p < block.end_position; p += kTileItems) {
    if (is_cancelled(*block.call)) return false;
    const std::uint32_t end = block.end_position - p < kTileItems ? block.end_position : p + kTileItems;
    pack_panel(*block.call, block.item_of, p, end, state.panel);
    set_bars(state);
    for (std::uint32_t t = 0; t < state.num_tiles; ++t) {
      Tile tile;
      multiply(state.packed + static_cast<std::size_t>(t) * dim * kTileQueries, state.panel, dim, tile);
      PALATE_UNROLL
      for (std::uint32_t j = 0; j < kTileQueries; ++j) {
        const std::uint32_t q = t * kTileQueries + j;
        if (PALATE_LIKELY(!any_reaches(tile.sums[j], state.bars[q]))) continue;
        Part scores[kTileParts];
        for (std::uint32_t i = 0; i < kTileParts; ++i) scores[i] = tile.sums[j][i];
        append(state, q, scores, p);
      }
    }
    if (state.panel.num_odd != 0) score_odd_items(state);
  }
  for (std::uint32_t q = 0; q < state.num_queries; ++q) {
    if (!is_odd(*block.call, state.queries[q])) continue;
    if (is_cancelled(*block.call)) return false;
    state.lengths[q] = 0;
    state.bars[q] = -INFINITY;
    scan(state, q, q + 1);
  }
  return true;
}

void write_results(const BlockState& state, std::uint32_t q) {
  const Block& block = state.block;
  Shortlist& list = state.lists[q];
  drop_excluded(list, *block.call, block.item_of);
  raise_floor(list, block.k, slack_of(state, q));
  const std::uint32_t found = rank(state, q);
  std::uint32_t* indices = block.indices + static_cast<std::size_t>(q) * block.row_size;
  float* scores = block.scores + static_cast<std::size_t>(q) * block.row_size;
  for (std::uint32_t c = 0; c < block.row_size; ++c) {
    indices[c] = c < found ? item_at(block, static_cast<std::uint32_t>(state.keys[c])) : kNoItem;
    scores[c] = c < found ? key_score(state.keys[c]) : -INFINITY;
  }
}

Status run_block(const Block& block) {
  if (is_cancelled(*block.call)) return Status::cancelled;
  BlockState state = {};
  state.block = block;
  state.num_queries = block.end_query - block.first_query;
  state.num_tiles = (state.num_queries + kTileQueries - 1) / kTileQueries;
  state.capacity = shortlist_capacity(block.k, block.end_position - block.first_position);
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
