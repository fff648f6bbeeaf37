// One block of queries against one range of items, the unit of work of select_topk: its memory, and the
// upkeep of its lists.
#pragma once

#include <atomic>
#include <cstdint>

#include "kernels/cutter.h"
#include "kernels/topk_dot.h"
#include "kernels/topk_shortlist.h"
#include "kernels/topk_tile.h"

namespace palate::KERNEL_NS {

// Items stand at positions 0 ... num_positions - 1: all items, or the candidates in ascending order.
struct Block {
  const TopkCall* call;
  const std::uint32_t* item_of;  // (num_positions) or nullptr: the position is the item
  bool tiled;                    // screen by tiles, or score each pair as defined
  bool quantized;                // screen in integers first
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

// A block while it is worked on. Arrays over queries count from the block's first one.
struct BlockState {
  Block block;
  std::uint32_t num_queries;
  std::uint32_t num_tiles;
  std::uint32_t capacity;
  bool quantized;    // as long as it pays
  Query* queries;    // (queries)
  Shortlist* lists;  // (queries)
  float* lengths;    // (slots) of the rows as packed; 0 where the tile's scores are exact or not wanted
  float* floors;     // (slots) the lists' floors; where `lengths` is 0, what a tile's score must reach
  float* slacks;     // (slots) how far below the floor a tile's score may lie and still belong to the k best
  float* bars;       // (slots) what a score must reach to be appended
  float* packed;     // (tiles, dim, kTileQueries)
  // For the quantized screen, see topk_quantized.h.
  std::int32_t* rounded;   // (tiles, groups, kTileQueries): four bytes each
  std::int32_t* sums;      // (slots) what a sum starts from
  float* steps;            // (slots)
  float* errors;           // (slots) lengths of the differences between rows and rounded rows
  float* staged;           // (kTileItems + 1, groups)
  std::uint64_t* crowded;  // (1) values scored as defined because too many lay within the error of each other
  float* values;           // (queries, capacity)
  std::uint32_t* positions;
  std::uint64_t* keys;   // (capacity)
  std::uint64_t* spare;  // (capacity)
  Panel panel;
};

// Quantized values come in fours.
std::uint32_t groups_of(std::uint32_t dim) { return (dim + 3) / 4; }

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
  state.slacks = static_cast<float*>(cutter.take(slots * sizeof(float)));
  state.bars = static_cast<float*>(cutter.take(slots * sizeof(float)));
  state.keys = static_cast<std::uint64_t*>(cutter.take(state.capacity * sizeof(std::uint64_t)));
  state.spare = static_cast<std::uint64_t*>(cutter.take(state.capacity * sizeof(std::uint64_t)));
  state.panel.starts = static_cast<float*>(cutter.take(kTileItems * sizeof(float)));
  state.panel.steps = static_cast<float*>(cutter.take(kTileItems * sizeof(float)));
  state.panel.values = static_cast<float*>(cutter.take(state.block.tiled ? dim * kTileItems * sizeof(float) : 0));
  state.packed = static_cast<float*>(cutter.take(state.block.tiled ? slots * dim * sizeof(float) : 0));
  const std::size_t groups = state.block.quantized ? groups_of(state.block.call->dim) : 0;
  const std::size_t quantized_slots = state.block.quantized ? slots : 0;
  state.rounded = static_cast<std::int32_t*>(cutter.take(slots * groups * sizeof(std::int32_t)));
  state.sums = static_cast<std::int32_t*>(cutter.take(quantized_slots * sizeof(std::int32_t)));
  state.steps = static_cast<float*>(cutter.take(quantized_slots * sizeof(float)));
  state.errors = static_cast<float*>(cutter.take(quantized_slots * sizeof(float)));
  // Rows are written in sixteens.
  state.staged = static_cast<float*>(cutter.take((kTileItems * groups + 4) * sizeof(float)));
  state.crowded = static_cast<std::uint64_t*>(cutter.take(sizeof(std::uint64_t)));
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

// Bound of |tile score - defined score| for all panels so far.
PALATE_INLINE float error_of(const BlockState& state, std::uint32_t slot) {
  const Extent& extent = state.panel.extent;
  const float length = state.lengths[slot];
  const float error = screening_error(state.block.call->dim, length, extent.length, extent.bias);
  if (!state.quantized) return error;
  const float rounded = state.errors[slot];
  // The lengths themselves are off by far less than a hundredth.
  return error + 1.01f * ((length + rounded) * extent.error + rounded * extent.length);
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
  if (state.block.tiled) {
    rescore(state, q);
    // The floor so far may be off by the error.
    list.floor = -INFINITY;
    raise_floor(list, state.block.k, 0);
  }
  for (std::uint32_t c = 0; c < list.count; ++c) state.keys[c] = result_key(list.values[c], list.positions[c]);
  sort_keys(state.keys, state.spare, list.count);
  return list.count < state.block.k ? list.count : state.block.k;
}

// The bar of a tile's scores, where -infinity stands for "not here". NaN stays, which nothing reaches.
PALATE_INLINE void set_bar(const BlockState& state, std::uint32_t slot) {
  const float bar = state.floors[slot] - state.slacks[slot];
  state.bars[slot] = bar < -FLT_MAX ? -FLT_MAX : bar;
}

// Makes room for a further group in a full list.
PALATE_NOINLINE void make_room(const BlockState& state, std::uint32_t q) {
  Shortlist& list = state.lists[q];
  drop_excluded(list, *state.block.call, state.block.item_of);
  if (list.count <= state.block.k) return;
  raise_floor(list, state.block.k, state.slacks[q]);
  if (list.count + kLargestGroup > list.capacity) {
    // Too many values within the error of each other, or equal: only the true order tells them apart.
    *state.crowded += list.count;
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
  set_bar(state, q);
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

// Appends what of a tile's scores reaches the bars.
PALATE_INLINE void collect(const BlockState& state, std::uint32_t tile_index, const Tile& tile,
                           std::uint32_t first_position) {
  PALATE_UNROLL
  for (std::uint32_t j = 0; j < kTileQueries; ++j) {
    const std::uint32_t q = tile_index * kTileQueries + j;
    if (PALATE_LIKELY(!any_reaches(tile.sums[j], state.bars[q]))) continue;
    Part scores[kTileParts];
    for (std::uint32_t i = 0; i < kTileParts; ++i) scores[i] = tile.sums[j][i];
    append(state, q, scores, first_position);
  }
}

}  // namespace

}  // namespace palate::KERNEL_NS
