// Running sums over samples: sketches of their products, biases, scores of given pairs.
#include "kernels/level.h"
#include "kernels/settle_sample.h"
#include "math/random.h"

namespace palate::KERNEL_NS {
namespace {

constexpr std::uint32_t kWideLanes = 8;  // columns of a sketch that are summed in registers

// One side of the sketch: rows of the one table times the mixed rows of the other.
struct SketchRun {
  const SampleState* state;
  const float* factors;  // (rows, stride)
  const float* biases;   // (rows)
  std::uint32_t rows;
  const float* products;  // (dim, columns)
  std::uint32_t columns;
  float* sketch;      // (rows, columns) added to
  double* bias_sums;  // (rows) added to
};

// sums (columns, stride) = S^T times the rows, S the sparse random signs. In order of the rows, by one thread: it reads
// each row once.
void mix_rows(float* sums, const float* factors, std::uint32_t rows, std::uint32_t stride, std::uint32_t columns,
              std::uint64_t sequence) {
  for (std::size_t n = 0; n < static_cast<std::size_t>(columns) * stride; ++n) sums[n] = 0.0f;
  for (std::uint32_t row = 0; row < rows; ++row) {
    const float* own = factors + static_cast<std::size_t>(row) * stride;
    for (std::uint32_t sign = 0; sign < kSketchSigns; ++sign) {
      const std::uint64_t bits = bits_at(sequence, std::uint64_t{row} * kSketchSigns + sign);
      const std::uint32_t column = static_cast<std::uint32_t>((bits >> 32) * columns >> 32);
      axpy(sums + static_cast<std::size_t>(column) * stride, (bits & 1) != 0 ? 1.0f : -1.0f, own, stride);
    }
  }
}

// products (dim, columns) of sums (columns, stride).
void transpose_sums(float* products, const float* sums, const SampleState& s, std::uint32_t columns) {
  for (std::uint32_t c = 0; c < columns; ++c) {
    const float* sum = sums + static_cast<std::size_t>(c) * s.stride;
    for (std::uint32_t f = 0; f < s.dim; ++f) products[static_cast<std::size_t>(f) * columns + c] = sum[f];
  }
}

void sketch_chunk(void* context, std::uint32_t chunk) {
  const SketchRun& run = *static_cast<const SketchRun*>(context);
  const SampleState& s = *run.state;
  const Range range = chunk_range(chunk, run.rows);
  for (std::uint32_t row = range.begin; row < range.end; ++row) {
    run.bias_sums[row] += static_cast<double>(run.biases[row]);
    const float* own = run.factors + static_cast<std::size_t>(row) * s.stride;
    float* target = run.sketch + static_cast<std::size_t>(row) * run.columns;
    for (std::uint32_t c = 0; c < run.columns; c += kWideLanes * kLanes) {
      const std::uint32_t left = (run.columns - c) / kLanes;
      const std::uint32_t wide = left < kWideLanes ? left : kWideLanes;
      Lanes sums[kWideLanes];
      for (std::uint32_t w = 0; w < wide; ++w) sums[w] = load(target + c + w * kLanes);
      for (std::uint32_t f = 0; f < s.dim; ++f) {
        const Lanes value = splat(own[f]);
        const float* product = run.products + static_cast<std::size_t>(f) * run.columns + c;
        for (std::uint32_t w = 0; w < wide; ++w) sums[w] = fma(value, load(product + w * kLanes), sums[w]);
      }
      for (std::uint32_t w = 0; w < wide; ++w) store(target + c + w * kLanes, sums[w]);
    }
  }
}

struct ScoreRun {
  const SampleState* state;
  const SampleScores* call;
};

void score_chunk(void* context, std::uint32_t chunk) {
  const ScoreRun& run = *static_cast<const ScoreRun*>(context);
  const SampleScores& call = *run.call;
  const Range range = chunk_range(chunk, call.size);
  for (std::uint32_t n = range.begin; n < range.end; ++n) {
    const double score = static_cast<double>(score_of(*run.state, call.queries[n], call.items[n]));
    call.scores[n] = call.add ? call.scores[n] + score : score;
  }
}

}  // namespace

void sketch_samples(const SampleState& state, SketchCall& call, Pool& pool) {
  // One half of the scratch for the sums by column, which are larger.
  const std::uint32_t most = call.range > call.corange ? call.range : call.corange;
  float* sums = call.products + static_cast<std::size_t>(state.stride) * most;
  const auto add = [&](const float* factors, const float* biases, std::uint32_t rows, std::uint32_t columns,
                       float* sketch, double* bias_sums) {
    SketchRun run{&state, factors, biases, rows, call.products, columns, sketch, bias_sums};
    pool.run(chunks_of(rows), sketch_chunk, &run);
  };
  mix_rows(sums, state.item_factors, state.items.rows, state.stride, call.range, sequence_of(call.seed, 0));
  transpose_sums(call.products, sums, state, call.range);
  add(state.query_factors, state.query_biases, state.num_queries, call.range, call.query_sketch, call.query_biases);
  mix_rows(sums, state.query_factors, state.num_queries, state.stride, call.corange, sequence_of(call.seed, 1));
  transpose_sums(call.products, sums, state, call.corange);
  add(state.item_factors, state.item_biases, state.items.rows, call.corange, call.item_sketch, call.item_biases);
  call.global_bias += static_cast<double>(state.global_bias);
}

void mix_sketch(float* mixed, const SampleState& state, const SketchCall& call) {
  mix_rows(mixed, call.query_sketch, state.num_queries, call.range, call.corange, sequence_of(call.seed, 1));
}

void score_sample(const SampleState& state, const SampleScores& call, Pool& pool) {
  ScoreRun run{&state, &call};
  pool.run(chunks_of(call.size), score_chunk, &run);
}

}  // namespace palate::KERNEL_NS
