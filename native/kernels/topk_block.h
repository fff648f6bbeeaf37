// One block of queries against one range of items: the unit of work of select_topk.
#pragma once

#include <float.h>

#include <cstdint>

#include "core/memory.h"
#include "kernels/topk_dot.h"
#include "kernels/topk_shortlist.h"
#include "kernels/topk_tile.h"

namespace palate::KERNEL_NS {

// Items stand at positions 0 ... num_positions - 1: all items, or the candidates in ascending order.
struct Block {
  const TopkCall* call;
  const std::uint32_t* item_of;  // (num_positions) or nullptr: the position is the item
  bool tiled;                    // screen by tiles, or score each pair as defined
  std::uint32_t first_query;
  std::uint32_t end_query;
  std::uint32_t first_position;
  std::uint32_t end_position;
  std::uint32_t k;         // results a query, at most `row_size`
  std::uint32_t row_size;  // of `indices` and `scores`; what is missing is filled
  std::uint32_t* indices;  // (queries, row_size) out
  float* scores;           // (queries, row_size) out
};

namespace {

// Cuts aligned arrays from one allocation; with a null base it only counts bytes.
struct Cutter {
  char* base;
  std::size_t used;

  void* take(std::size_t bytes) {
    void* start = base == nullptr ? nullptr : base + used;
    used += (bytes + 63) & ~std::size_t{63};
    return start;
  }
};

// A block while it is worked on. Arrays over queries count from the block's first one.
struct BlockState {
  Block block;
  std::uint32_t num_queries;
  std::uint32_t num_tiles;
  std::uint32_t capacity;
  Query* queries;    // (queries)
  Shortlist* lists;  // (queries)
  float* lengths;    // (slots) of the rows as packed; 0 where the tile's scores are exact or not wanted
  float* floors;     // (slots) the lists' floors; where `lengths` is 0, what a tile's score must reach
  float* bars;       // (slots) what a score must reach to be appended
  float* packed;     // (tiles, dim, kTileQueries)
  float* values;     // (queries, capacity)
  std::uint32_t* positions;
  std::uint64_t* keys;   // (capacity)
  std::uint64_t* spare;  // (capacity)
  Panel panel;
};

// Sets the pointers of `state` into `base`; returns the bytes needed.
std::size_t lay_out(BlockState& state, char* base) {
  const std::size_t queries = state.num_queries;
  const std::size_t slots = static_cast<std::size_t>(state.num_tiles) * kTileQueries;
  const std::size_t dim = state.block.call->dim;
  const std::size_t entries = queries * state.capacity;
  Cutter cutter = {base, 0};
  state.queries = static_cast<Query*>(cutter.take(queries * sizeof(Query)));
  state.lists = static_cast<Shortlist*>(cutter.take(queries * sizeof(Shortlist)));
  state.lengths = static_cast<float*>(cutter.take(slots * sizeof(float)));
  state.floors = static_cast<float*>(cutter.take(slots * sizeof(float)));
  state.bars = static_cast<float*>(cutter.take(slots * sizeof(float)));
  state.keys = static_cast<std::uint64_t*>(cutter.take(state.capacity * sizeof(std::uint64_t)));
  state.spare = static_cast<std::uint64_t*>(cutter.take(state.capacity * sizeof(std::uint64_t)));
  state.panel.starts = static_cast<float*>(cutter.take(kTileItems * sizeof(float)));
  state.panel.values = static_cast<float*>(cutter.take(state.block.tiled ? dim * kTileItems * sizeof(float) : 0));
  state.packed = static_cast<float*>(cutter.take(state.block.tiled ? slots * dim * sizeof(float) : 0));
  state.positions = static_cast<std::uint32_t*>(cutter.take(entries * sizeof(std::uint32_t)));
  state.values = static_cast<float*>(cutter.take(entries * sizeof(float)));
  return cutter.used;
}

std::uint32_t item_at(const Block& block, std::uint32_t position) {
  return block.item_of != nullptr ? block.item_of[position] : position;
}

// Up to kRows consecutive positions.
void fetch_positions(const Block& block, std::uint32_t first, std::uint32_t count, ItemRows& fetched) {
  std::uint32_t items[kRows];
  for (std::uint32_t r = 0; r < count; ++r) items[r] = item_at(block, first + r);
  fetch_rows(*block.call, items, count, fetched);
}

// How far a value of this query's list may lie below the floor and still be one of the k best.
float slack_of(const BlockState& state, std::uint32_t q) {
  if (!state.block.tiled || state.lengths[q] == 0) return 0;
  return 2 * screening_error(state.block.call->dim, state.lengths[q], state.panel.length, state.panel.bias);
}

// Replaces a list's values by the scores as defined.
void rescore(const BlockState& state, std::uint32_t q) {
  Shortlist& list = state.lists[q];
  for (std::uint32_t first = 0; first < list.count; first += kRows) {
    const std::uint32_t count = list.count - first < kRows ? list.count - first : kRows;
    std::uint32_t items[kRows];
    for (std::uint32_t r = 0; r < count; ++r) items[r] = item_at(state.block, list.positions[first + r]);
    ItemRows fetched;
    fetch_rows(*state.block.call, items, count, fetched);
    float scores[kRows];
    score_rows(*state.block.call, state.queries[q], fetched, scores);
    for (std::uint32_t r = 0; r < count; ++r) list.values[first + r] = scores[r];
  }
}

// Sorts the list by its scores as defined into state.keys; returns how many of the k best there are.
std::uint32_t rank(const BlockState& state, std::uint32_t q) {
  Shortlist& list = state.lists[q];
  if (state.block.tiled) rescore(state, q);
  for (std::uint32_t c = 0; c < list.count; ++c) state.keys[c] = result_key(list.values[c], list.positions[c]);
  sort_keys(state.keys, state.spare, list.count);
  return list.count < state.block.k ? list.count : state.block.k;
}

// Makes room for a further group in a full list.
PALATE_NOINLINE void make_room(const BlockState& state, std::uint32_t q) {
  Shortlist& list = state.lists[q];
  drop_excluded(list, *state.block.call, state.block.item_of);
  if (list.count <= state.block.k) return;
  raise_floor(list, state.block.k, slack_of(state, q));
  if (list.count + kLargestGroup > list.capacity) {
    // Too many values within the error of each other, or equal: only the true order tells them apart.
    list.count = rank(state, q);
    for (std::uint32_t c = 0; c < list.count; ++c) {
      list.values[c] = key_score(state.keys[c]);
      list.positions[c] = static_cast<std::uint32_t>(state.keys[c]);
    }
    list.checked = list.count;
    const float last = list.values[list.count - 1];
    if (last > list.floor) list.floor = last;
  }
  const bool exact = !state.block.tiled || state.lengths[q] == 0;
  // Of equal scores the earlier position wins, and positions ascend: exact scores must pass the floor.
  state.floors[q] = exact ? next_above(list.floor) : list.floor;
  state.bars[q] = state.floors[q];
}

void append_one(const BlockState& state, std::uint32_t q, float value, std::uint32_t position) {
  Shortlist& list = state.lists[q];
  list.values[list.count] = value;
  list.positions[list.count++] = position;
  if (list.count + kLargestGroup > list.capacity) make_room(state, q);
}

// Appends those of a tile's scores for kTileItems consecutive positions that reach the bar.
PALATE_NOINLINE void append(const BlockState& state, std::uint32_t q, const Part* scores,
                            std::uint32_t first_position) {
  Shortlist& list = state.lists[q];
  const std::uint64_t mask = reaching(scores, state.bars[q]);
  list.count += compress(scores, mask, first_position, list.values + list.count, list.positions + list.count);
  if (list.count + kLargestGroup > list.capacity) make_room(state, q);
}

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

PALATE_NOINLINE void start_queries(BlockState& state) {
  const Block& block = state.block;
  const TopkCall& call = *block.call;
  for (std::uint32_t q = 0; q < state.num_queries; ++q) {
    const std::uint32_t query = block.first_query + q;
    state.queries[q] = make_query(call, query);
    Shortlist& list = state.lists[q];
    list = {};
    list.values = state.values + static_cast<std::size_t>(q) * state.capacity;
    list.positions = state.positions + static_cast<std::size_t>(q) * state.capacity;
    list.capacity = state.capacity;
    list.floor = -INFINITY;
    if (call.exclude_offsets != nullptr) {
      list.excluded = call.exclude_offsets[query];
      list.excluded_end = call.exclude_offsets[query + 1];
    }
  }
  for (std::uint32_t slot = 0; slot < state.num_tiles * kTileQueries; ++slot) {
    const bool used = slot < state.num_queries;
    const bool screened = used && !(block.tiled && is_odd(call, state.queries[slot]));
    const Query query = screened ? state.queries[slot] : Query{call.queries, 0, 0};
    state.lengths[slot] = query.squared == 0 ? 0.0f : call.cosine ? 1.0f : ::sqrtf(query.squared);
    // NaN reaches no bar, -infinity is a score like any other. Tiles meet neither but as a sign of
    // "not here", and slots without a query to screen let nothing pass.
    state.bars[slot] = -INFINITY;
    state.floors[slot] = !screened ? INFINITY : -FLT_MAX;
    if (!block.tiled) continue;
    float* target = state.packed + static_cast<std::size_t>(slot / kTileQueries) * call.dim * kTileQueries;
    target += slot % kTileQueries;
    for (std::uint32_t k = 0; k < call.dim; ++k) {
      target[static_cast<std::size_t>(k) * kTileQueries] = screened ? query.row[k] * query.scale : 0.0f;
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

void screen(BlockState& state) {
  const Block& block = state.block;
  const std::uint32_t dim = block.call->dim;
  state.panel.length = 0;
  state.panel.bias = 0;
  for (std::uint32_t p = block.first_position; p < block.end_position; p += kTileItems) {
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
    state.lengths[q] = 0;
    state.bars[q] = -INFINITY;
    scan(state, q, q + 1);
  }
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

// False when memory ran out.
bool run_block(const Block& block) {
  BlockState state = {};
  state.block = block;
  state.num_queries = block.end_query - block.first_query;
  state.num_tiles = (state.num_queries + kTileQueries - 1) / kTileQueries;
  state.capacity = shortlist_capacity(block.k, block.end_position - block.first_position);
  const std::size_t bytes = lay_out(state, nullptr);
  char* base = static_cast<char*>(allocate_zeroed(bytes));
  if (base == nullptr) return false;
  lay_out(state, base);
  start_queries(state);
  if (block.tiled) {
    screen(state);
  } else {
    scan(state, 0, state.num_queries);
  }
  for (std::uint32_t q = 0; q < state.num_queries; ++q) write_results(state, q);
  release(base, bytes);
  return true;
}

}  // namespace

}  // namespace palate::KERNEL_NS
