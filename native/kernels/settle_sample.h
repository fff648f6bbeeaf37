// A sample as rows of queries and items, and the residuals under it.
#pragma once

#include "kernels/sample_fm.h"
#include "math/lanes.h"

namespace palate::KERNEL_NS {
namespace {

constexpr std::uint32_t kRowsChunk = 512;

PALATE_INLINE std::uint32_t chunks_of(std::uint32_t rows) { return (rows + kRowsChunk - 1) / kRowsChunk; }

struct Range {
  std::uint32_t begin;
  std::uint32_t end;
};

PALATE_INLINE Range chunk_range(std::uint32_t chunk, std::uint32_t rows) {
  const std::uint32_t begin = chunk * kRowsChunk;
  return {begin, rows - begin < kRowsChunk ? rows : begin + kRowsChunk};
}

PALATE_INLINE float* row_of(float* table, std::uint32_t row, std::uint32_t stride) {
  return table + static_cast<std::size_t>(row) * stride;
}

void transpose_chunk(void* context, std::uint32_t chunk) {
  const SampleState& s = *static_cast<const SampleState*>(context);
  const Range range = chunk_range(chunk, s.num_features);
  for (std::uint32_t j = range.begin; j < range.end; ++j) {
    float* row = row_of(s.by_feature, j, s.stride);
    for (std::uint32_t f = 0; f < s.dim; ++f) row[f] = s.values[static_cast<std::size_t>(f) * s.num_features + j];
    s.norms[j] = dot(row, row, s.stride);
  }
}

struct SideRun {
  const SampleState* state;
  const SampleSide* side;
  float* factors;
  float* biases;
};

// sum x v, and for the bias sum x w + 1/2 (|sum x v|^2 - sum x^2 |v|^2): Rendle 2010, lemma 3.1.
void combine_side_chunk(void* context, std::uint32_t chunk) {
  const SideRun& run = *static_cast<const SideRun*>(context);
  const SampleState& s = *run.state;
  const SampleSide& side = *run.side;
  const float* weights = s.values + static_cast<std::size_t>(s.dim) * s.num_features;
  const Range range = chunk_range(chunk, side.rows);
  for (std::uint32_t row = range.begin; row < range.end; ++row) {
    const std::uint32_t id = s.fields[side.first_field].begin + row;
    float* combined = row_of(run.factors, row, s.stride);
    const float* own = row_of(s.by_feature, id, s.stride);
    for (std::uint32_t k = 0; k < s.stride; k += kLanes) store(combined + k, load(own + k));
    float bias = weights[id];
    float squares = s.norms[id];
    for (std::uint32_t n = side.row_offsets[row]; n < side.row_offsets[row + 1]; ++n) {
      const std::uint32_t feature = side.row_features[n];
      const float weight = side.row_weights[n];
      axpy(combined, weight, row_of(s.by_feature, feature, s.stride), s.stride);
      bias += weight * weights[feature];
      squares += weight * weight * s.norms[feature];
    }
    run.biases[row] = bias + 0.5f * (dot(combined, combined, s.stride) - squares);
    for (std::uint32_t f = 0; f < s.dim; ++f) side.q[static_cast<std::size_t>(f) * side.rows + row] = combined[f];
  }
}

struct LevelRun {
  const SampleState* state;
  const SampleLevel* level;
  std::uint32_t first_query;
};

void combine_level_chunk(void* context, std::uint32_t chunk) {
  const LevelRun& run = *static_cast<const LevelRun*>(context);
  const SampleState& s = *run.state;
  const float* weights = s.values + static_cast<std::size_t>(s.dim) * s.num_features;
  const Range range = chunk_range(chunk, run.level->labels);
  for (std::uint32_t label = range.begin; label < range.end; ++label) {
    const std::uint32_t parent = run.level->parents[label];
    const std::uint32_t feature = run.level->first_feature + label;
    const float* base = row_of(s.query_factors, parent, s.stride);
    const float* own = row_of(s.by_feature, feature, s.stride);
    float* combined = row_of(s.query_factors, run.first_query + label, s.stride);
    s.query_biases[run.first_query + label] = s.query_biases[parent] + weights[feature] + dot(base, own, s.stride);
    for (std::uint32_t k = 0; k < s.stride; k += kLanes) store(combined + k, load(base + k) + load(own + k));
  }
}

PALATE_INLINE float score_of(const SampleState& s, std::uint32_t query, std::uint32_t item) {
  return s.global_bias + s.query_biases[query] + s.item_biases[item] +
         dot(row_of(s.query_factors, query, s.stride), row_of(s.item_factors, item, s.stride), s.stride);
}

void residuals_chunk(void* context, std::uint32_t chunk) {
  const SampleState& s = *static_cast<const SampleState*>(context);
  double sum = 0;
  double squares = 0;
  const std::uint32_t end = s.users.offsets[s.users.chunks[chunk + 1]];
  for (std::uint32_t t = s.users.offsets[s.users.chunks[chunk]]; t < end; ++t) {
    const float score = score_of(s, s.query_rows[t], s.users.others[t]);
    const float e = s.categories.count != 0 ? score : s.ratings[t] - score;
    s.errors[t] = e;
    sum += static_cast<double>(e);
    squares += static_cast<double>(e) * static_cast<double>(e);
  }
  s.partial[2 * chunk] = sum;
  s.partial[2 * chunk + 1] = squares;
}

}  // namespace

// From `values`: rows, q by factor, residuals and their sums.
static inline void settle(SampleState& state, Pool& pool) {
  pool.run(chunks_of(state.num_features), transpose_chunk, &state);
  SideRun users{&state, &state.users, state.query_factors, state.query_biases};
  SideRun items{&state, &state.items, state.item_factors, state.item_biases};
  pool.run(chunks_of(state.users.rows), combine_side_chunk, &users);
  pool.run(chunks_of(state.items.rows), combine_side_chunk, &items);
  std::uint32_t first_query = state.users.rows;
  for (std::uint32_t l = 0; l < state.num_levels; ++l) {
    LevelRun run{&state, &state.levels[l], first_query};
    pool.run(chunks_of(run.level->labels), combine_level_chunk, &run);
    first_query += run.level->labels;
  }
  pool.run(state.users.num_chunks, residuals_chunk, &state);
  state.error_sum = 0;
  state.error_squares = 0;
  for (std::uint32_t chunk = 0; chunk < state.users.num_chunks; ++chunk) {
    state.error_sum += state.partial[2 * chunk];
    state.error_squares += state.partial[2 * chunk + 1];
  }
}

}  // namespace palate::KERNEL_NS
