#include <atomic>
#include <cstdint>
#include <memory>
#include <string>

#include "backend.h"
#include "binding/args.h"
#include "binding/bind.h"

namespace palate {
namespace {

// A lock on an atomic: std::mutex would ask for pthread_mutex_trylock of a newer glibc.
class Gate {
 public:
  bool try_enter() { return !taken_.exchange(true, std::memory_order_acquire); }
  void enter() {
    while (!try_enter()) taken_.wait(true, std::memory_order_relaxed);
  }
  void leave() {
    taken_.store(false, std::memory_order_release);
    taken_.notify_one();
  }

 private:
  std::atomic<bool> taken_{false};
};

// Leaves the gate that was entered before.
class Leave {
 public:
  explicit Leave(Gate& gate) : gate_(gate) {}
  Leave(const Leave&) = delete;
  Leave& operator=(const Leave&) = delete;
  ~Leave() { gate_.leave(); }

 private:
  Gate& gate_;
};

// Starting threads costs more than a small search, so one pool outlives the calls. It ends with the
// last environment that loaded the addon: a worker's end may unload the code its threads run.
struct SharedPool {
  Gate gate;  // entered while the pool works
  std::unique_ptr<Pool> pool;
  int environments = 0;
};

SharedPool& shared_pool() {
  // Never destroyed: at process exit its threads may outlive static objects.
  static SharedPool* const shared = new SharedPool;
  return *shared;
}

void leave_environment(void*) {
  SharedPool& shared = shared_pool();
  shared.gate.enter();
  const Leave leave(shared.gate);
  if (--shared.environments == 0) shared.pool.reset();
}

// Work on one thread takes at least this long (in ns) before a second one is worth waking.
constexpr double kWorthThreads = 40'000;

// Rough time on one thread: reading the items, or multiplying.
double estimate_ns(const TopkCall& call) {
  const double elements = static_cast<double>(call.num_items) * (call.dim + 1);
  const double reading = elements * sizeof(float) / 32;
  const double multiplying = elements * call.num_queries / 64;
  return reading > multiplying ? reading : multiplying;
}

Status run(const TopkCall& call, std::uint32_t threads) {
  if (threads <= 1 || estimate_ns(call) < kWorthThreads) {
    Pool self(1);
    return cpu_backend().select_topk(call, self);
  }
  SharedPool& shared = shared_pool();
  if (!shared.gate.try_enter()) {  // another worker's search is under way
    Pool own(threads);
    return cpu_backend().select_topk(call, own);
  }
  const Leave leave(shared.gate);
  if (shared.pool == nullptr || shared.pool->threads() != threads) {
    shared.pool.reset();
    shared.pool = std::make_unique<Pool>(threads);
  }
  return cpu_backend().select_topk(call, *shared.pool);
}

// Exclusion lists must lie inside `items`; what they name is only compared.
void check_offsets(Napi::Env env, View<std::uint32_t> offsets, std::size_t size) {
  for (std::size_t q = 0; q + 1 < offsets.size; ++q) {
    if (offsets[q] > offsets[q + 1]) throw Napi::RangeError::New(env, "native: `excludeOffsets` descends");
  }
  if (offsets[offsets.size - 1] > size) throw Napi::RangeError::New(env, "native: `excludeOffsets` exceeds its items");
}

Napi::Value select_topk(const Napi::CallbackInfo& info) {
  const Fields fields(info[0]);
  TopkCall call = {};
  call.num_queries = fields.u32("numQueries");
  call.num_items = fields.u32("numItems");
  call.dim = fields.u32("dim");
  call.k = fields.u32("k");
  call.cosine = fields.boolean("cosine");
  const std::size_t queries = call.num_queries;
  const std::size_t items = call.num_items;
  call.indices = fields.array<std::uint32_t>("indices", queries * call.k).data;
  call.scores = fields.array<float>("scores", queries * call.k).data;
  call.queries = fields.array<float>("queries", queries * call.dim).data;
  call.items = fields.array<float>("items", items * call.dim).data;
  if (fields.has("itemBiases")) call.item_biases = fields.array<float>("itemBiases", items).data;
  if (fields.has("candidates")) call.candidates = fields.array<std::uint8_t>("candidates", items).data;
  if (fields.has("excludeOffsets")) {
    const View<std::uint32_t> offsets = fields.array<std::uint32_t>("excludeOffsets", queries + 1);
    const View<std::uint32_t> excluded = fields.array<std::uint32_t>("excludeItems");
    check_offsets(info.Env(), offsets, excluded.size);
    call.exclude_offsets = offsets.data;
    call.exclude_items = excluded.data;
  }
  if (run(call, fields.u32("threads")) == Status::out_of_memory) {
    throw Napi::Error::New(info.Env(), "Not enough memory for a search over " + std::to_string(queries) +
                                           " queries and " + std::to_string(items) + " items");
  }
  return info.Env().Undefined();
}

}  // namespace

void bind_topk(Napi::Env env, Napi::Object exports) {
  SharedPool& shared = shared_pool();
  shared.gate.enter();
  ++shared.environments;
  shared.gate.leave();
  napi_add_env_cleanup_hook(env, leave_environment, nullptr);
  exports.Set("selectTopk", Napi::Function::New(env, select_topk, "selectTopk"));
}

}  // namespace palate
