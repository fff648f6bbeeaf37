#include "kernels/fit_ease.h"

#include "core/flags.h"
#include "kernels/cutter.h"
#include "kernels/ease_neighborhoods.h"
#include "kernels/invert_symmetric.h"
#include "kernels/level.h"
#include "kernels/weight_rows.h"

namespace palate::KERNEL_NS {
namespace {

// Targets whose products with all items are taken together, by users: one vector of doubles of the widest level.
constexpr std::uint32_t kTogether = 8;

struct EaseWorker {
  double* solved;    // by users: (num_users, kTogether) K^-1 x_j
  double* products;  // by users: (num_items, kTogether) s_ij
  float* weights;    // (num_items)
  Best best;
  Status status;
};

struct EaseRun {
  const EaseCall* call;
  Rows users, items;
  bool by_users;
  double* matrix;
  std::size_t stride;
  std::uint32_t size;
  EaseWorker* workers;
  Claims claims;
};

// Fills one row of the matrix to invert.
void fill_row(void* context, std::uint32_t row) {
  const EaseRun& run = *static_cast<const EaseRun*>(context);
  double* sums = run.matrix + row * run.stride;
  if (run.by_users) {
    add_product_row(run.users, run.items, row, sums);
  } else {
    add_product_row(run.items, run.users, row, sums);
  }
  sums[row] += run.call->regularization;
}

// Copies the lower triangle to the upper.
void mirror_row(void* context, std::uint32_t row) {
  const EaseRun& run = *static_cast<const EaseRun*>(context);
  for (std::uint32_t k = row + 1; k < run.size; ++k)
    run.matrix[row * run.stride + k] = run.matrix[k * run.stride + row];
}

PALATE_INLINE bool is_empty(const Rows& rows, std::uint32_t row) { return rows.offsets[row] == rows.offsets[row + 1]; }

PALATE_INLINE Status keep(const EaseRun& run, EaseWorker& worker, std::uint32_t target, Chunk*& chunk) {
  worker.weights[target] = 0;
  return keep_strongest(run.call->weights, target, worker.weights, worker.best, chunk);
}

// The matrix holds -P.
Status weights_by_items(const EaseRun& run, EaseWorker& worker, std::uint32_t target, Chunk*& chunk) {
  if (is_empty(run.items, target)) return Status::ok;
  const double* row = run.matrix + target * run.stride;
  const double diagonal = -row[target];
  float* weights = worker.weights;
  for (std::uint32_t i = 0; i < run.items.count; ++i) weights[i] = static_cast<float>(row[i] / diagonal);
  return keep(run, worker, target, chunk);
}

// K^-1 x of up to kTogether targets, side by side. The matrix holds -K^-1.
void solve_targets(const EaseRun& run, EaseWorker& worker, std::uint32_t first, std::uint32_t count) {
  const std::uint32_t num_users = run.users.count;
  double* solved = worker.solved;
  std::memset(solved, 0, std::size_t{num_users} * kTogether * sizeof(double));
  for (std::uint32_t t = 0; t < count; ++t) {
    for (std::uint32_t e = run.items.offsets[first + t]; e < run.items.offsets[first + t + 1]; ++e) {
      const double* row = run.matrix + run.items.indices[e] * run.stride;
      const double value = -static_cast<double>(run.items.values[e]);
      for (std::uint32_t u = 0; u < num_users; ++u) solved[u * kTogether + t] += value * row[u];
    }
  }
}

// products[i][t] = x_i . solved[t]
void multiply_items(const EaseRun& run, EaseWorker& worker) {
  const double* solved = worker.solved;
  for (std::uint32_t i = 0; i < run.items.count; ++i) {
    double sums[kTogether] = {};
    const std::uint32_t end = run.items.offsets[i + 1];
    for (std::uint32_t e = run.items.offsets[i]; e < end; ++e) {
      const double value = run.items.values[e];
      const double* row = solved + std::size_t{run.items.indices[e]} * kTogether;
      for (std::uint32_t t = 0; t < kTogether; ++t) sums[t] += value * row[t];
    }
    std::memcpy(worker.products + std::size_t{i} * kTogether, sums, sizeof sums);
  }
}

Status weights_by_users(const EaseRun& run, EaseWorker& worker, std::uint32_t first, std::uint32_t end, Chunk*& chunk) {
  solve_targets(run, worker, first, end - first);
  multiply_items(run, worker);
  for (std::uint32_t target = first; target < end; ++target) {
    if (is_empty(run.items, target)) continue;
    const double* products = worker.products + (target - first);
    const double rest = 1 - products[std::size_t{target} * kTogether];
    float* weights = worker.weights;
    for (std::uint32_t i = 0; i < run.items.count; ++i)
      weights[i] = static_cast<float>(products[std::size_t{i} * kTogether] / rest);
    const Status status = keep(run, worker, target, chunk);
    if (status != Status::ok) return status;
  }
  return Status::ok;
}

void fit_targets(void* context, std::uint32_t index) {
  EaseRun& run = *static_cast<EaseRun*>(context);
  EaseWorker& worker = run.workers[index];
  Chunk*& chunk = run.call->weights.chunks[index];
  static_assert(kClaim == kTogether);
  for (;;) {
    const std::uint32_t first = run.claims.first();
    if (first >= run.claims.count) return;
    const std::uint32_t end = run.claims.end_of(first);
    if (is_raised(run.call->weights)) {
      worker.status = Status::cancelled;
    } else if (run.by_users) {
      worker.status = weights_by_users(run, worker, first, end, chunk);
    } else {
      for (std::uint32_t j = first; j < end && worker.status == Status::ok; ++j)
        worker.status = weights_by_items(run, worker, j, chunk);
    }
    if (worker.status != Status::ok) return;
  }
}

// Sets the pointers of the workers into `base`; returns the bytes needed.
std::size_t lay_out(EaseRun& run, char* base, std::uint32_t threads) {
  const std::size_t num_items = run.items.count;
  const std::uint32_t most = run.call->weights.most;
  const std::size_t together = run.by_users ? kTogether * sizeof(double) : 0;
  Cutter cutter = {base, 0};
  run.workers = static_cast<EaseWorker*>(cutter.take(threads * sizeof(EaseWorker)));
  for (std::uint32_t t = 0; t < threads; ++t) {
    EaseWorker worker = {};
    worker.solved = static_cast<double*>(cutter.take(run.users.count * together));
    worker.products = static_cast<double*>(cutter.take(num_items * together));
    worker.weights = static_cast<float*>(cutter.take(num_items * sizeof(float)));
    worker.best.keys = static_cast<float*>(cutter.take(most * sizeof(float)));
    worker.best.indices = static_cast<std::uint32_t*>(cutter.take(most * sizeof(std::uint32_t)));
    worker.best.most = most;
    if (base != nullptr) run.workers[t] = worker;
  }
  return cutter.used;
}

Status fit_all(EaseRun& run, Pool& pool) {
  const std::uint32_t threads = pool.threads();
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

}  // namespace

Status fit_ease(const EaseCall& call, Pool& pool) {
  if (call.neighborhood != 0) return fit_neighborhoods(call, pool);
  const WeightedInteractions& data = call.weights.data;
  EaseRun run;
  run.call = &call;
  run.users = rows_of_users(data);
  run.items = rows_of_items(data);
  run.by_users = data.num_users < data.num_items;
  run.size = run.by_users ? data.num_users : data.num_items;
  run.stride = sweep_stride(run.size);
  run.claims.count = data.num_items;
  const std::size_t bytes = run.stride * run.size * sizeof(double);
  run.matrix = static_cast<double*>(allocate_zeroed(bytes));
  if (run.matrix == nullptr) return Status::out_of_memory;
  pool.run(run.size, fill_row, &run);
  Status status =
      invert_symmetric({run.matrix, run.stride, run.size, call.weights.cancel, call.weights.teardown}, pool);
  if (status == Status::ok) {
    pool.run(run.size, mirror_row, &run);
    status = fit_all(run, pool);
  }
  release(run.matrix, bytes);
  return status;
}

}  // namespace palate::KERNEL_NS
