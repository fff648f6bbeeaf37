#include "kernels/score_weights.h"

#include <math.h>

#include <cstring>

#include "core/flags.h"
#include "core/memory.h"
#include "kernels/best_entries.h"
#include "kernels/cutter.h"
#include "kernels/level.h"

namespace palate::KERNEL_NS {
namespace {

// Scores that are compared with the worst of a full list at once.
constexpr std::uint32_t kCompared = 32;
constexpr std::uint32_t kUsersAtOnce = 4;

struct ScoreWorker {
  float* sums;  // (num_items to whole groups)
  Best best;    // (k)
};

struct ScoreRun {
  const ScoreCall* call;
  ScoreWorker* workers;
  std::uint32_t padded;  // num_items to whole groups
  std::atomic<std::uint32_t> next{0};
};

void add_history(const ScoreCall& call, std::uint32_t user, float* sums) {
  for (std::uint32_t e = call.history_offsets[user]; e < call.history_offsets[user + 1]; ++e) {
    const std::uint32_t item = call.history_items[e];
    const float value = call.history_values[e];
    const std::uint32_t end = call.weight_offsets[item + 1];
    for (std::uint32_t n = call.weight_offsets[item]; n < end; ++n)
      sums[call.weight_items[n]] += value * call.weights[n];
  }
}

// Selects from the sums; those of items that are not allowed are -infinity, and so is the padding.
void select(const ScoreRun& run, const float* sums, Best& best) {
  best.size = 0;
  for (std::uint32_t first = 0; first < run.padded; first += kCompared) {
    if (best.full()) {
      const float worst = best.keys[0];
      std::uint32_t above = 0;
      for (std::uint32_t n = 0; n < kCompared; ++n) above += sums[first + n] > worst;
      if (above == 0) continue;  // equal ones have a higher index
    }
    for (std::uint32_t i = first; i < first + kCompared; ++i)
      if (sums[i] > -INFINITY && best.takes(sums[i], i)) insert(best, sums[i], i);
  }
  sort_best(best);
}

// The rank of the first target among the sums.
std::uint32_t rank_target(const ScoreRun& run, const float* sums, std::uint32_t user) {
  const ScoreCall& call = *run.call;
  float best = -INFINITY;
  std::uint32_t item = 0xffffffff;
  for (std::uint32_t e = call.target_offsets[user]; e < call.target_offsets[user + 1]; ++e) {
    const std::uint32_t target = call.target_items[e];
    if (sums[target] > best || (sums[target] == best && target < item)) {
      best = sums[target];
      item = target;
    }
  }
  if (!(best > -INFINITY)) return 0;
  std::uint32_t before = 0;
  for (std::uint32_t i = 0; i < run.padded; ++i) before += sums[i] > best;
  for (std::uint32_t i = 0; i < item; ++i) before += sums[i] == best;
  return before + 1;
}

void rank_user(const ScoreRun& run, ScoreWorker& worker, std::uint32_t user) {
  const ScoreCall& call = *run.call;
  float* sums = worker.sums;
  std::memset(sums, 0, call.num_items * sizeof(float));
  add_history(call, user, sums);
  if (call.candidates != nullptr) {
    for (std::uint32_t i = 0; i < call.num_items; ++i) sums[i] = call.candidates[i] != 0 ? sums[i] : -INFINITY;
  }
  if (call.exclude_offsets != nullptr) {
    for (std::uint32_t e = call.exclude_offsets[user]; e < call.exclude_offsets[user + 1]; ++e)
      sums[call.exclude_items[e]] = -INFINITY;
  }
  if (call.ranks != nullptr) call.ranks[user] = rank_target(run, sums, user);
  if (call.k == 0) return;
  Best& best = worker.best;
  select(run, sums, best);
  std::uint32_t* indices = call.indices + std::size_t{user} * call.k;
  float* scores = call.scores + std::size_t{user} * call.k;
  for (std::uint32_t c = 0; c < call.k; ++c) {
    indices[c] = c < best.size ? best.indices[c] : 0xffffffff;
    scores[c] = c < best.size ? best.keys[c] : -INFINITY;
  }
}

void rank_users(void* context, std::uint32_t index) {
  ScoreRun& run = *static_cast<ScoreRun*>(context);
  const std::uint32_t num_users = run.call->num_users;
  for (;;) {
    const std::uint32_t first = run.next.fetch_add(kUsersAtOnce, std::memory_order_relaxed);
    if (first >= num_users || is_raised(*run.call)) return;
    const std::uint32_t end = num_users - first < kUsersAtOnce ? num_users : first + kUsersAtOnce;
    for (std::uint32_t user = first; user < end; ++user) rank_user(run, run.workers[index], user);
  }
}

// Sets the pointers of the workers into `base`; returns the bytes needed.
std::size_t lay_out(ScoreRun& run, char* base, std::uint32_t threads) {
  const std::uint32_t k = run.call->k;
  Cutter cutter = {base, 0};
  run.workers = static_cast<ScoreWorker*>(cutter.take(threads * sizeof(ScoreWorker)));
  for (std::uint32_t t = 0; t < threads; ++t) {
    ScoreWorker worker = {};
    worker.sums = static_cast<float*>(cutter.take(run.padded * sizeof(float)));
    worker.best.keys = static_cast<float*>(cutter.take(k * sizeof(float)));
    worker.best.indices = static_cast<std::uint32_t*>(cutter.take(k * sizeof(std::uint32_t)));
    worker.best.most = k;
    if (base == nullptr) continue;
    for (std::uint32_t i = run.call->num_items; i < run.padded; ++i) worker.sums[i] = -INFINITY;
    run.workers[t] = worker;
  }
  return cutter.used;
}

}  // namespace

Status score_weights(const ScoreCall& call, Pool& pool) {
  if (call.num_users == 0 || (call.k == 0 && call.ranks == nullptr)) return Status::ok;
  const std::uint32_t threads = pool.threads();
  ScoreRun run;
  run.call = &call;
  run.padded = (call.num_items + kCompared - 1) / kCompared * kCompared;
  const std::size_t bytes = lay_out(run, nullptr, threads);
  char* memory = static_cast<char*>(allocate_zeroed(bytes));
  if (memory == nullptr) return Status::out_of_memory;
  lay_out(run, memory, threads);
  pool.run(threads, rank_users, &run);
  release(memory, bytes);
  return is_raised(call) ? Status::cancelled : Status::ok;
}

}  // namespace palate::KERNEL_NS
