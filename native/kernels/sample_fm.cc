// Sweeps of the Gibbs sampler.
#include "kernels/sample_fm.h"

#include "core/flags.h"
#include "kernels/level.h"
#include "kernels/sample_categories.h"
#include "kernels/sample_rows.h"
#include "kernels/settle_sample.h"

namespace palate::KERNEL_NS {
namespace {

// Streams of random numbers of a sweep, behind those of its factors.
enum : std::uint32_t { kStreamPrecision, kStreamBias, kStreamPriors, kStreams };

struct Streams {
  std::uint64_t seed;
  std::uint64_t first;

  Streams(const SampleState& s, std::uint64_t sweep_seed, std::uint32_t sweep)
      : seed(sweep_seed), first(std::uint64_t{sweep} * (s.dim + 1 + kStreams)) {}
  std::uint64_t of_factor(std::uint32_t factor) const { return sequence_of(seed, first + kStreams + factor); }
  std::uint64_t of(std::uint32_t stream) const { return sequence_of(seed, first + stream); }
};

struct NormalsRun {
  float* normals;
  std::uint32_t count;
  std::uint64_t sequence;
};

void normals_chunk(void* context, std::uint32_t chunk) {
  const NormalsRun& run = *static_cast<const NormalsRun*>(context);
  const Range range = chunk_range(chunk, run.count);
  for (std::uint32_t n = range.begin; n < range.end; ++n) run.normals[n] = normal_at(run.sequence, n);
}

struct PriorsRun {
  const SampleState* state;
  std::uint64_t sequence;  // number 2 (factor, field) for the mean; its own sequence for the precision
};

// Draws precision and mean of every field at one factor, Rendle 2012, section 3.3.2, with all of his hyperparameters 1
// but the mean of means, which is 0.
void priors_of_factor(void* context, std::uint32_t factor) {
  const PriorsRun& run = *static_cast<const PriorsRun*>(context);
  const SampleState& s = *run.state;
  float* values = s.values + static_cast<std::size_t>(factor) * s.num_features;
  for (std::uint32_t g = 0; g < s.num_fields; ++g) {
    const SampleField& field = s.fields[g];
    const std::size_t at = static_cast<std::size_t>(factor) * s.num_fields + g;
    const double old = static_cast<double>(s.means[at]);
    double sum = 0;
    double squares = 0;
    for (std::uint32_t j = field.begin; j < field.end; ++j) {
      const double value = static_cast<double>(s.active[j] * values[j]);
      sum += value;
      squares += value * value;
    }
    const double count = field.active;
    const double deviations = squares - 2 * old * sum + count * old * old;
    const double rate = 0.5 * (1 + (deviations > 0 ? deviations : 0) + old * old);
    const std::uint64_t own = bits_at(run.sequence, 2 * at);
    const double precision = gamma_draw(0.5 * (1 + count + 1), own) / rate;
    const double normal = static_cast<double>(normal_at(run.sequence, 2 * at + 1));
    // Without any data draws of the mean would be noise; its own mean is 0.
    const double mean = field.active == 0 ? 0 : sum / (count + 1) + normal / __builtin_sqrt((count + 1) * precision);
    s.precisions[at] = static_cast<float>(precision);
    s.means[at] = static_cast<float>(mean);
    if (field.active == field.end - field.begin) continue;
    for (std::uint32_t j = field.begin; j < field.end; ++j) {
      if (s.active[j] == 0.0f) values[j] = s.means[at];
    }
  }
}

template <bool kLinear>
void start_users_chunk(void* context, std::uint32_t chunk) {
  const Factor& factor = *static_cast<const Factor*>(context);
  const std::uint32_t* chunks = factor.state->users.chunks;
  for (std::uint32_t user = chunks[chunk]; user < chunks[chunk + 1]; ++user) start_user<kLinear>(factor, user);
}

template <bool kLinear>
void start_items_chunk(void* context, std::uint32_t chunk) {
  const Factor& factor = *static_cast<const Factor*>(context);
  const std::uint32_t* chunks = factor.state->items.chunks;
  for (std::uint32_t item = chunks[chunk]; item < chunks[chunk + 1]; ++item) start_item<kLinear>(factor, item);
}

template <bool kLinear>
void finish_users_chunk(void* context, std::uint32_t chunk) {
  const Factor& factor = *static_cast<const Factor*>(context);
  const std::uint32_t* chunks = factor.state->users.chunks;
  for (std::uint32_t user = chunks[chunk]; user < chunks[chunk + 1]; ++user) finish_user<kLinear>(factor, user);
}

template <bool kLinear>
void draw_factor(Factor& factor, std::uint64_t sequence, Pool& pool) {
  const SampleState& s = *factor.state;
  NormalsRun normals{s.normals, s.num_features, sequence};
  pool.run(chunks_of(s.num_features), normals_chunk, &normals);
  pool.run(s.users.num_chunks, start_users_chunk<kLinear>, &factor);
  draw_listed<kLinear>(factor, s.users);
  pool.run(s.items.num_chunks, start_items_chunk<kLinear>, &factor);
  draw_listed<kLinear>(factor, s.items);
  pool.run(s.users.num_chunks, finish_users_chunk<kLinear>, &factor);
}

Factor factor_of(const SampleState& s, std::uint32_t index, float offset) {
  const std::size_t at = static_cast<std::size_t>(index) * s.num_fields;
  return {&s,    index, s.values + static_cast<std::size_t>(index) * s.num_features, s.means + at, s.precisions + at,
          offset};
}

// Of ratings that are numbers. Returns what the residuals fall by.
float draw_noise_and_bias(SampleState& state, const Streams& streams) {
  const double size = state.size;
  const double precision =
      gamma_draw(0.5 * (1 + size), streams.of(kStreamPrecision)) / (0.5 * (1 + state.error_squares));
  state.precision = static_cast<float>(precision);
  const double normal = static_cast<double>(normal_at(streams.of(kStreamBias), 0));
  const float offset = static_cast<float>(state.error_sum / size + normal / __builtin_sqrt(precision * size));
  state.global_bias += offset;
  return offset;
}

bool finite(double x) { return x - x == 0; }

}  // namespace

void start_samples(SampleState& state, std::uint64_t seed, float deviation, Pool& pool) {
  const std::uint64_t first = std::uint64_t{1} << 63;  // no sweep has these streams
  for (std::uint32_t f = 0; f < state.dim; ++f) {
    float* values = state.values + static_cast<std::size_t>(f) * state.num_features;
    NormalsRun run{values, state.num_features, sequence_of(seed, first + f)};
    pool.run(chunks_of(state.num_features), normals_chunk, &run);
    for (std::uint32_t j = 0; j < state.num_features; ++j) values[j] *= deviation * state.active[j];
  }
  if (state.categories.count != 0) start_cutpoints(state);
  settle(state, pool);
  if (state.categories.count != 0) sum_categories(state, state.categories.bounds, pool, state.categories.sums);
}

Status sample_fm(SampleState& state, const SweepCall& call, Pool& pool) {
  const Streams streams(state, call.seed, call.sweep);
  float offset = 0;
  if (state.categories.count == 0) {
    offset = draw_noise_and_bias(state, streams);
  } else {
    if (!draw_cutpoints(state, call.seed, call.sweep, pool)) return Status::diverged;
    draw_latents(state, call.seed, call.sweep, pool);
  }

  PriorsRun priors{&state, streams.of(kStreamPriors)};
  pool.run(state.dim + 1, priors_of_factor, &priors);
  Factor weights = factor_of(state, state.dim, offset);
  draw_factor<true>(weights, streams.of_factor(state.dim), pool);
  for (std::uint32_t f = 0; f < state.dim; ++f) {
    if (is_raised(call)) return Status::cancelled;
    Factor factor = factor_of(state, f, 0.0f);
    draw_factor<false>(factor, streams.of_factor(f), pool);
  }
  settle(state, pool);
  if (state.categories.count != 0) sum_categories(state, state.categories.bounds, pool, state.categories.sums);
  return finite(state.error_squares) ? Status::ok : Status::diverged;
}

}  // namespace palate::KERNEL_NS
