// Weights of each target among its neighbourhood alone. Part of fit_ease.cc.
#pragma once

#include <cfloat>

#include "core/flags.h"
#include "core/memory.h"
#include "kernels/cutter.h"
#include "kernels/fit_ease.h"
#include "kernels/packed_rows.h"
#include "kernels/solve_positive.h"
#include "kernels/weight_rows.h"

namespace palate::KERNEL_NS {
namespace {

struct NearWorker {
  double* sums;      // (num_items) a row of G, zero between rows
  float* strengths;  // (num_items) zero between targets
  double* matrix;    // (neighborhood + kSolveRows, solve_stride(neighborhood))
  double* solution;  // (solve_stride(neighborhood))
  Best best;         // of the larger of neighborhood and the weights to keep
  Chunk* packed;     // rows of G
  Chunk* near;       // neighbourhoods
  Status status;
};

struct NearRun {
  const EaseCall* call;
  Rows users, items;
  std::uint32_t neighborhood;
  PackedRow* rows;   // (num_items) of G
  double* diagonal;  // (num_items) of G
  double* totals;    // (num_items) sums of the columns of X
  float* scales;     // (num_items) 1 / sqrt(c_ii + regularization), 0 without interactions
  WeightList* near;  // (num_items)
  NearWorker* workers;
  Claims claims;
  std::atomic<std::uint64_t> packed;  // bytes
};

void sum_column(void* context, std::uint32_t item) {
  const NearRun& run = *static_cast<const NearRun*>(context);
  double total = 0;
  double squares = 0;
  for (std::uint32_t e = run.items.offsets[item]; e < run.items.offsets[item + 1]; ++e) {
    const double value = run.items.values[e];
    total += value;
    squares += value * value;
  }
  const double variance = squares - total * total / run.users.count;
  run.totals[item] = total;
  run.diagonal[item] = squares;
  run.scales[item] = run.items.offsets[item] == run.items.offsets[item + 1]
                         ? 0
                         : static_cast<float>(1 / __builtin_sqrt(variance + run.call->regularization));
}

// |r_ij| of all items i with the target, and 0 for itself, items without interactions and those below the least.
PALATE_INLINE void correlate(const NearRun& run, std::uint32_t target, const double* sums, float* strengths) {
  const double share = run.totals[target] / run.users.count;
  const float scale = run.scales[target];
  const float least = static_cast<float>(run.call->min_correlation);
  for (std::uint32_t i = 0; i < run.items.count; ++i) {
    const float covariance = static_cast<float>(sums[i] - share * run.totals[i]);
    const float strength = fabsf(covariance * scale * run.scales[i]);
    // An item that tells nothing of the target is the last to be taken, but it is one.
    const float counted = strength > FLT_MIN ? strength : FLT_MIN;
    strengths[i] = run.scales[i] > 0 && strength >= least ? counted : 0;
  }
  strengths[target] = 0;
}

// Room for a row of G, within the limit.
PALATE_INLINE char* take_packed(NearRun& run, NearWorker& worker, std::size_t bytes) {
  const std::uint64_t before = run.packed.fetch_add(bytes, std::memory_order_relaxed);
  if (static_cast<double>(before + bytes) > run.call->memory_limit) return nullptr;
  return static_cast<char*>(reserve(worker.packed, bytes));
}

// One row of G: the target's neighbourhood, and the elements left of the diagonal.
Status form_row(NearRun& run, NearWorker& worker, std::uint32_t target) {
  if (run.items.offsets[target] == run.items.offsets[target + 1]) return Status::ok;
  add_product_row(run.items, run.users, target, worker.sums);
  std::uint32_t filled = 0;
  for (std::uint32_t i = 0; i < target; ++i) filled += worker.sums[i] != 0;
  char* memory = take_packed(run, worker, packed_bytes(target, filled));
  if (memory == nullptr && target != 0) return Status::out_of_memory;
  run.rows[target] = pack_row(worker.sums, target, memory);
  correlate(run, target, worker.sums, worker.strengths);
  std::memset(worker.sums, 0, run.items.count * sizeof(double));
  WeightsCall nearest = run.call->weights;
  nearest.most = run.neighborhood;
  nearest.lists = run.near;
  worker.best.most = run.neighborhood;
  return keep_strongest(nearest, target, worker.strengths, worker.best, worker.near);
}

// Weights of a target from its neighbourhood.
Status solve_target(NearRun& run, NearWorker& worker, std::uint32_t target, Chunk*& chunk) {
  const WeightList& near = run.near[target];
  if (near.size == 0) return Status::ok;
  const std::size_t stride = solve_stride(near.size);
  std::memset(worker.matrix, 0, (near.size + kSolveRows) * stride * sizeof(double));
  std::memset(worker.solution, 0, stride * sizeof(double));
  for (std::uint32_t c = 0; c < near.size; ++c) {
    const std::uint32_t item = near.sources[c];
    const PackedRow row = run.rows[item];
    for (std::uint32_t r = 0; r < c; ++r)
      worker.matrix[r * stride + c] = static_cast<double>(element_of(row, near.sources[r]));
    worker.matrix[c * stride + c] = run.diagonal[item] + run.call->regularization;
    worker.solution[c] =
        static_cast<double>(item < target ? element_of(run.rows[target], item) : element_of(row, target));
  }
  if (!solve_positive(worker.matrix, near.size, worker.solution)) return Status::diverged;
  std::memset(worker.strengths, 0, run.items.count * sizeof(float));
  for (std::uint32_t c = 0; c < near.size; ++c)
    worker.strengths[near.sources[c]] = static_cast<float>(worker.solution[c]);
  worker.best.most = run.call->weights.most;
  return keep_strongest(run.call->weights, target, worker.strengths, worker.best, chunk);
}

template <bool solve>
void near_worker(void* context, std::uint32_t index) {
  NearRun& run = *static_cast<NearRun*>(context);
  NearWorker& worker = run.workers[index];
  for (;;) {
    const std::uint32_t first = run.claims.first();
    if (first >= run.claims.count) return;
    if (is_raised(run.call->weights)) worker.status = Status::cancelled;
    for (std::uint32_t j = first; j < run.claims.end_of(first) && worker.status == Status::ok; ++j) {
      worker.status = solve ? solve_target(run, worker, j, run.call->weights.chunks[index]) : form_row(run, worker, j);
    }
    if (worker.status != Status::ok) return;
  }
}

// Sets the pointers into `base`; returns the bytes needed.
std::size_t lay_out_near(NearRun& run, char* base, std::uint32_t threads) {
  const std::size_t num_items = run.items.count;
  const std::size_t stride = solve_stride(run.neighborhood);
  const std::uint32_t kept = run.call->weights.most;
  const std::size_t most = kept > run.neighborhood ? kept : run.neighborhood;
  Cutter cutter = {base, 0};
  run.rows = static_cast<PackedRow*>(cutter.take(num_items * sizeof(PackedRow)));
  run.diagonal = static_cast<double*>(cutter.take(num_items * sizeof(double)));
  run.totals = static_cast<double*>(cutter.take(num_items * sizeof(double)));
  run.scales = static_cast<float*>(cutter.take(num_items * sizeof(float)));
  run.near = static_cast<WeightList*>(cutter.take(num_items * sizeof(WeightList)));
  run.workers = static_cast<NearWorker*>(cutter.take(threads * sizeof(NearWorker)));
  for (std::uint32_t t = 0; t < threads; ++t) {
    NearWorker worker = {};
    worker.sums = static_cast<double*>(cutter.take(num_items * sizeof(double)));
    worker.strengths = static_cast<float*>(cutter.take(num_items * sizeof(float)));
    worker.matrix = static_cast<double*>(cutter.take((run.neighborhood + kSolveRows) * stride * sizeof(double)));
    worker.solution = static_cast<double*>(cutter.take(stride * sizeof(double)));
    worker.best.keys = static_cast<float*>(cutter.take(most * sizeof(float)));
    worker.best.indices = static_cast<std::uint32_t*>(cutter.take(most * sizeof(std::uint32_t)));
    if (base != nullptr) run.workers[t] = worker;
  }
  return cutter.used;
}

template <bool solve>
Status run_near(NearRun& run, Pool& pool) {
  run.claims.next.store(0, std::memory_order_relaxed);
  pool.run(pool.threads(), near_worker<solve>, &run);
  Status status = Status::ok;
  for (std::uint32_t t = 0; t < pool.threads(); ++t)
    if (run.workers[t].status != Status::ok) status = run.workers[t].status;
  return status;
}

Status fit_neighborhoods(const EaseCall& call, Pool& pool) {
  NearRun run = {};
  run.call = &call;
  run.users = rows_of_users(call.weights.data);
  run.items = rows_of_items(call.weights.data);
  run.claims.count = run.items.count;
  run.neighborhood = call.neighborhood < run.items.count ? call.neighborhood : run.items.count;
  const std::size_t bytes = lay_out_near(run, nullptr, pool.threads());
  char* memory = static_cast<char*>(allocate_zeroed(bytes));
  if (memory == nullptr) return Status::out_of_memory;
  lay_out_near(run, memory, pool.threads());
  pool.run(run.items.count, sum_column, &run);
  Status status = run_near<false>(run, pool);
  if (status == Status::ok) status = run_near<true>(run, pool);
  for (std::uint32_t t = 0; t < pool.threads(); ++t) {
    release_chunks(run.workers[t].packed);
    release_chunks(run.workers[t].near);
  }
  release(memory, bytes);
  return status;
}

}  // namespace
}  // namespace palate::KERNEL_NS
