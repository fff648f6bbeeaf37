#include "kernels/fit_neighbors.h"

#include <cfloat>
#include "core/flags.h"
#include "core/memory.h"

#include "kernels/cutter.h"
#include "kernels/level.h"
#include "kernels/weight_rows.h"

namespace palate::KERNEL_NS {
namespace {

struct NeighborsWorker {
  float* sums;  // (num_items), zero between targets
  Best best;
  Status status;
};

struct NeighborsRun {
  const NeighborsCall* call;
  NeighborsWorker* workers;
  Rows items, users;
  Claims claims;
};

// Turns products with the target into similarities.
void divide(const NeighborsCall& call, float target_norm, float* sums, std::uint32_t num_items) {
  const float* norms = call.source_norms;
  const float shrink = call.shrink;
  // The denominator is zero for an item without interactions alone, whose product is zero, too.
  if (call.tanimoto) {
    for (std::uint32_t i = 0; i < num_items; ++i) {
      const float below = norms[i] + target_norm - sums[i] + shrink;
      const float similarity = sums[i] / (below > FLT_MIN ? below : FLT_MIN);
      sums[i] = similarity > 0 ? similarity : 0;
    }
  } else {
    for (std::uint32_t i = 0; i < num_items; ++i) {
      const float below = norms[i] * target_norm + shrink;
      const float similarity = sums[i] / (below > FLT_MIN ? below : FLT_MIN);
      sums[i] = similarity > 0 ? similarity : 0;
    }
  }
}

Status fit_target(const NeighborsRun& run, NeighborsWorker& worker, std::uint32_t target, Chunk*& chunk) {
  const NeighborsCall& call = *run.call;
  const std::uint32_t num_items = run.items.count;
  if (run.items.offsets[target] == run.items.offsets[target + 1]) return Status::ok;
  add_product_row(run.items, run.users, target, worker.sums);
  worker.sums[target] = 0;
  divide(call, call.target_norms[target], worker.sums, num_items);
  const Status status = keep_strongest(call.weights, target, worker.sums, worker.best, chunk);
  std::memset(worker.sums, 0, num_items * sizeof(float));
  return status;
}

void fit_targets(void* context, std::uint32_t index) {
  NeighborsRun& run = *static_cast<NeighborsRun*>(context);
  NeighborsWorker& worker = run.workers[index];
  for (;;) {
    const std::uint32_t first = run.claims.first();
    if (first >= run.claims.count) return;
    if (is_raised(run.call->weights)) worker.status = Status::cancelled;
    for (std::uint32_t j = first; j < run.claims.end_of(first) && worker.status == Status::ok; ++j)
      worker.status = fit_target(run, worker, j, run.call->weights.chunks[index]);
    if (worker.status != Status::ok) return;
  }
}

// Sets the pointers of the workers into `base`; returns the bytes needed.
std::size_t lay_out(NeighborsRun& run, char* base, std::uint32_t threads) {
  const std::uint32_t most = run.call->weights.most;
  Cutter cutter = {base, 0};
  run.workers = static_cast<NeighborsWorker*>(cutter.take(threads * sizeof(NeighborsWorker)));
  for (std::uint32_t t = 0; t < threads; ++t) {
    NeighborsWorker worker = {};
    worker.sums = static_cast<float*>(cutter.take(run.items.count * sizeof(float)));
    worker.best.keys = static_cast<float*>(cutter.take(most * sizeof(float)));
    worker.best.indices = static_cast<std::uint32_t*>(cutter.take(most * sizeof(std::uint32_t)));
    worker.best.most = most;
    if (base != nullptr) run.workers[t] = worker;
  }
  return cutter.used;
}

}  // namespace

Status fit_neighbors(const NeighborsCall& call, Pool& pool) {
  const std::uint32_t threads = pool.threads();
  NeighborsRun run;
  run.call = &call;
  run.items = rows_of_items(call.weights.data);
  run.users = rows_of_users(call.weights.data);
  run.claims.count = run.items.count;
  const std::size_t bytes = lay_out(run, nullptr, threads);
  char* memory = static_cast<char*>(allocate_zeroed(bytes));
  if (memory == nullptr) return Status::out_of_memory;
  lay_out(run, memory, threads);
  pool.run(threads, fit_targets, &run);
  Status status = Status::ok;
  for (std::uint32_t t = 0; t < threads; ++t)
    if (run.workers[t].status != Status::ok) status = run.workers[t].status;
  release(memory, bytes);
  return status;
}

}  // namespace palate::KERNEL_NS
