#include "kernels/fit_slim.h"

#include "core/flags.h"
#include "core/memory.h"
#include "kernels/cutter.h"
#include "kernels/level.h"
#include "kernels/weight_rows.h"

namespace palate::KERNEL_NS {
namespace {

constexpr std::uint32_t kMostActive = 1024;
// Let in at once: as many as there are, at least so many. Those let in too early cost little, another round costs a
// pass over the rows of all.
constexpr std::uint32_t kFewestLetIn = 32;
constexpr std::uint32_t kNowhere = 0xffffffff;

// A row of G without its diagonal.
struct GramRow {
  const std::uint32_t* items;
  const float* values;
  std::uint32_t size;
};

struct SlimWorker {
  float* sums;            // (num_items), zero between rows and targets
  double* left;           // (num_items) r_i without the item's own weight taken out
  std::uint32_t* place;   // (num_items) among the active, or kNowhere
  std::uint32_t* active;  // (kMostActive) items let in
  double* weights;        // (kMostActive)
  double* gradients;      // (kMostActive) r_i - G_ii w_i of the active
  double* products;       // (kMostActive, kMostActive) G among the active
  Best best;              // (kMostActive) for letting in
  Best strongest;         // (most) for keeping
  Chunk* chunks;          // rows of G
  std::uint32_t num_active;
  Status status;
};

struct SlimRun {
  const SlimCall* call;
  Rows items, users;
  GramRow* gram;    // (num_items)
  float* diagonal;  // (num_items)
  SlimWorker* workers;
  Claims claims;
};

Status make_row(const SlimRun& run, SlimWorker& worker, std::uint32_t item) {
  const std::uint32_t num_items = run.items.count;
  if (run.items.offsets[item] == run.items.offsets[item + 1]) return Status::ok;
  add_product_row(run.items, run.users, item, worker.sums);
  run.diagonal[item] = worker.sums[item];
  worker.sums[item] = 0;
  std::uint32_t size = 0;
  for (std::uint32_t i = 0; i < num_items; ++i) size += worker.sums[i] != 0;
  const std::size_t bytes = size * sizeof(float);
  char* memory = static_cast<char*>(reserve(worker.chunks, 2 * bytes));
  if (memory == nullptr) return Status::out_of_memory;
  std::uint32_t* items = reinterpret_cast<std::uint32_t*>(memory);
  float* values = reinterpret_cast<float*>(memory + bytes);
  std::uint32_t at = 0;
  for (std::uint32_t i = 0; i < num_items; ++i) {
    if (worker.sums[i] == 0) continue;
    items[at] = i;
    values[at++] = worker.sums[i];
  }
  run.gram[item] = {items, values, size};
  std::memset(worker.sums, 0, num_items * sizeof(float));
  return Status::ok;
}

// Lets in the items that violate their condition most; false when none does.
bool let_in(const SlimRun& run, SlimWorker& worker, const GramRow& target) {
  const SlimCall& call = *run.call;
  Best& best = worker.best;
  const std::uint32_t room = kMostActive - worker.num_active;
  const std::uint32_t wanted = worker.num_active < kFewestLetIn ? kFewestLetIn : worker.num_active;
  best.most = wanted < room ? wanted : room;
  best.size = 0;
  for (std::uint32_t n = 0; n < target.size; ++n) {
    const std::uint32_t item = target.items[n];
    if (worker.place[item] != kNowhere) continue;
    const double above = worker.left[item] - call.l1;
    const double below = run.diagonal[item] + call.regularization;
    if (!(above > call.tolerance * below)) continue;
    const float gain = static_cast<float>(above * above / below);  // twice what the objective would fall by
    if (best.takes(gain, item)) insert(best, gain, item);
  }
  if (best.size == 0) return false;
  sort_best(best);
  for (std::uint32_t n = 0; n < best.size; ++n) {
    const std::uint32_t item = best.indices[n];
    const std::uint32_t place = worker.num_active++;
    worker.place[item] = place;
    worker.active[place] = item;
    worker.weights[place] = 0;
    worker.gradients[place] = worker.left[item];
    double* row = worker.products + std::size_t{place} * kMostActive;
    std::memset(row, 0, kMostActive * sizeof(double));
    for (std::uint32_t a = 0; a < place; ++a) worker.products[std::size_t{a} * kMostActive + place] = 0;
    row[place] = run.diagonal[item];
    const GramRow& gram = run.gram[item];
    for (std::uint32_t e = 0; e < gram.size; ++e) {
      const std::uint32_t other = worker.place[gram.items[e]];
      if (other == kNowhere) continue;
      row[other] = gram.values[e];
      worker.products[std::size_t{other} * kMostActive + place] = gram.values[e];
    }
  }
  return true;
}

// Passes over the active weights until none moves by more than the tolerance.
void descend(const SlimCall& call, SlimWorker& worker) {
  const std::uint32_t count = worker.num_active;
  double* gradients = worker.gradients;
  for (std::uint32_t epoch = 0; epoch < call.epochs; ++epoch) {
    double largest = 0;
    for (std::uint32_t a = 0; a < count; ++a) {
      const double* row = worker.products + std::size_t{a} * kMostActive;
      const double before = worker.weights[a];
      const double above = gradients[a] + row[a] * before - call.l1;
      const double after = above > 0 ? above / (row[a] + call.regularization) : 0;
      const double step = after - before;
      if (step == 0) continue;
      worker.weights[a] = after;
      for (std::uint32_t b = 0; b < count; ++b) gradients[b] -= row[b] * step;
      const double size = step < 0 ? -step : step;
      largest = size > largest ? size : largest;
    }
    if (!(largest > call.tolerance)) return;
  }
}

// r of the items that could be let in, afresh.
void find_left(const SlimRun& run, SlimWorker& worker, const GramRow& target) {
  double* left = worker.left;
  for (std::uint32_t n = 0; n < target.size; ++n) left[target.items[n]] = target.values[n];
  for (std::uint32_t a = 0; a < worker.num_active; ++a) {
    const double weight = worker.weights[a];
    if (weight == 0) continue;
    const GramRow& row = run.gram[worker.active[a]];
    for (std::uint32_t e = 0; e < row.size; ++e) left[row.items[e]] -= weight * row.values[e];
  }
}

Status fit_target(const SlimRun& run, SlimWorker& worker, std::uint32_t target, Chunk*& chunk) {
  const GramRow& row = run.gram[target];
  worker.num_active = 0;
  for (;;) {
    find_left(run, worker, row);
    if (worker.num_active == kMostActive || !let_in(run, worker, row)) break;
    descend(*run.call, worker);
  }
  for (std::uint32_t a = 0; a < worker.num_active; ++a) {
    const std::uint32_t item = worker.active[a];
    worker.sums[item] = static_cast<float>(worker.weights[a]);
    worker.place[item] = kNowhere;
  }
  const Status status = keep_strongest(run.call->weights, target, worker.sums, worker.strongest, chunk);
  for (std::uint32_t a = 0; a < worker.num_active; ++a) worker.sums[worker.active[a]] = 0;
  return status;
}

template <bool rows>
void work(void* context, std::uint32_t index) {
  SlimRun& run = *static_cast<SlimRun*>(context);
  SlimWorker& worker = run.workers[index];
  for (;;) {
    const std::uint32_t first = run.claims.first();
    if (first >= run.claims.count || worker.status != Status::ok) return;
    if (is_raised(run.call->weights)) worker.status = Status::cancelled;
    for (std::uint32_t i = first; i < run.claims.end_of(first) && worker.status == Status::ok; ++i) {
      worker.status = rows ? make_row(run, worker, i) : fit_target(run, worker, i, run.call->weights.chunks[index]);
    }
  }
}

Status outcome(const SlimRun& run, std::uint32_t threads) {
  for (std::uint32_t t = 0; t < threads; ++t)
    if (run.workers[t].status != Status::ok) return run.workers[t].status;
  return Status::ok;
}

// Sets the pointers of the run and of its workers into `base`; returns the bytes needed.
std::size_t lay_out(SlimRun& run, char* base, std::uint32_t threads) {
  const std::size_t num_items = run.items.count;
  const std::uint32_t most = run.call->weights.most;
  Cutter cutter = {base, 0};
  run.workers = static_cast<SlimWorker*>(cutter.take(threads * sizeof(SlimWorker)));
  run.gram = static_cast<GramRow*>(cutter.take(num_items * sizeof(GramRow)));
  run.diagonal = static_cast<float*>(cutter.take(num_items * sizeof(float)));
  for (std::uint32_t t = 0; t < threads; ++t) {
    SlimWorker worker = {};
    worker.sums = static_cast<float*>(cutter.take(num_items * sizeof(float)));
    worker.left = static_cast<double*>(cutter.take(num_items * sizeof(double)));
    worker.place = static_cast<std::uint32_t*>(cutter.take(num_items * sizeof(std::uint32_t)));
    worker.active = static_cast<std::uint32_t*>(cutter.take(kMostActive * sizeof(std::uint32_t)));
    worker.weights = static_cast<double*>(cutter.take(kMostActive * sizeof(double)));
    worker.gradients = static_cast<double*>(cutter.take(kMostActive * sizeof(double)));
    worker.products = static_cast<double*>(cutter.take(std::size_t{kMostActive} * kMostActive * sizeof(double)));
    worker.best.keys = static_cast<float*>(cutter.take(kMostActive * sizeof(float)));
    worker.best.indices = static_cast<std::uint32_t*>(cutter.take(kMostActive * sizeof(std::uint32_t)));
    worker.strongest.keys = static_cast<float*>(cutter.take(most * sizeof(float)));
    worker.strongest.indices = static_cast<std::uint32_t*>(cutter.take(most * sizeof(std::uint32_t)));
    worker.strongest.most = most;
    if (base == nullptr) continue;
    std::memset(worker.place, 0xff, num_items * sizeof(std::uint32_t));
    run.workers[t] = worker;
  }
  return cutter.used;
}

}  // namespace

Status fit_slim(const SlimCall& call, Pool& pool) {
  const std::uint32_t threads = pool.threads();
  SlimRun run;
  run.call = &call;
  run.items = rows_of_items(call.weights.data);
  run.users = rows_of_users(call.weights.data);
  run.claims.count = run.items.count;
  const std::size_t bytes = lay_out(run, nullptr, threads);
  char* memory = static_cast<char*>(allocate_zeroed(bytes));
  if (memory == nullptr) return Status::out_of_memory;
  lay_out(run, memory, threads);
  pool.run(threads, work<true>, &run);
  Status status = outcome(run, threads);
  if (status == Status::ok) {
    run.claims.next.store(0, std::memory_order_relaxed);
    pool.run(threads, work<false>, &run);
    status = outcome(run, threads);
  }
  for (std::uint32_t t = 0; t < threads; ++t) release_chunks(run.workers[t].chunks);
  release(memory, bytes);
  return status;
}

}  // namespace palate::KERNEL_NS
