#include <atomic>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>

#include "backend.h"
#include "binding/args.h"
#include "binding/bind.h"
#include "binding/device.h"
#include "binding/device_memory.h"
#include "binding/session.h"
#include "binding/shared_pool.h"
#include "binding/task.h"

namespace palate {
namespace {

// Work on one thread takes at least this long (in ns) before a second one is worth waking.
constexpr double kWorthThreads = 40'000;

// Rough time on one thread: reading the items, or multiplying.
double estimate_ns(const TopkCall& call) {
  const double elements = static_cast<double>(call.num_items) * (call.dim + 1);
  const double reading = elements * sizeof(float) / 32;
  const double multiplying = elements * call.num_queries / 64;
  return reading > multiplying ? reading : multiplying;
}

bool is_worth_threads(const TopkCall& call, std::uint32_t threads) {
  return threads > 1 && estimate_ns(call) >= kWorthThreads;
}

std::string out_of_memory(const TopkCall& call) {
  return "Not enough memory for a search over " + std::to_string(call.num_queries) + " queries and " +
         std::to_string(call.num_items) + " items";
}

// Exclusion lists must lie inside `items`; what they name is only compared.
void check_offsets(Napi::Env env, View<std::uint32_t> offsets, std::size_t size) {
  for (std::size_t q = 0; q + 1 < offsets.size; ++q) {
    if (offsets[q] > offsets[q + 1]) throw Napi::RangeError::New(env, "native: `excludeOffsets` descends");
  }
  if (offsets[offsets.size - 1] > size) throw Napi::RangeError::New(env, "native: `excludeOffsets` exceeds its items");
}

TopkCall read_call(Napi::Env env, const Fields& fields) {
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
    check_offsets(env, offsets, excluded.size);
    call.exclude_offsets = offsets.data;
    call.exclude_items = excluded.data;
  }
  return call;
}

struct Search {
  TopkCall call = {};
  const Backend* backend = &cpu_backend();  // the one of the moment of the call
  std::shared_ptr<KeptMemory> memory;       // of the device; none: on the processor
  Status status = Status::ok;

  static void run(void* context, Pool& pool) {
    Search& search = *static_cast<Search*>(context);
    search.status = search.backend->select_topk(search.call, pool);
  }
  void run_on_device() {
    const std::lock_guard<std::mutex> lock(memory->mutex);
    Pool pool(1);
    call.device = memory->device.memory();
    status = memory->device.backend().select_topk(call, pool);
    expect_device(memory->device);
  }
};

Napi::Value select_topk(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const Fields fields(info[0]);
  Search search;
  search.call = read_call(env, fields);
  if (fields.has("memory")) search.memory = kept_memory_of(fields.value("memory"));
  const std::uint32_t threads = fields.u32("threads");
  if (search.memory != nullptr) {
    try {
      search.run_on_device();
    } catch (const DeviceFailure& failure) {
      throw device_error(env, failure.what());
    }
  } else if (is_worth_threads(search.call, threads)) {
    with_shared_pool(threads, Search::run, &search);
  } else {
    Pool self(1);
    Search::run(&search, self);
  }
  if (search.status == Status::out_of_memory) throw Napi::Error::New(env, out_of_memory(search.call));
  return env.Undefined();
}

// A search off the event loop. It takes a pool of its own: a long search in the shared one would keep other
// environments from ending.
Napi::Value start_topk(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const Fields fields(info[0]);
  const std::atomic<std::int32_t>* cancel = cancel_flag(info[1]);
  struct LongSearch : Search {
    Napi::ObjectReference arrays, flag;  // not collected while the thread runs
  };
  auto search = std::make_shared<LongSearch>();
  search->call = read_call(env, fields);
  search->call.cancel = cancel;
  if (fields.has("memory")) search->memory = kept_memory_of(fields.value("memory"));
  search->arrays = Napi::Persistent(fields.copy());
  search->flag = Napi::Persistent(info[1].As<Napi::Object>());
  const std::uint32_t threads = fields.u32("threads");
  return run_task(
      env, "palate.startTopk",
      [search, threads](const std::atomic<std::int32_t>& teardown) {
        search->call.teardown = &teardown;
        if (search->memory != nullptr) {
          search->run_on_device();
        } else {
          Pool pool(is_worth_threads(search->call, threads) ? threads : 1);
          Search::run(search.get(), pool);
        }
        if (search->status == Status::out_of_memory) throw std::runtime_error(out_of_memory(search->call));
      },
      [search](Napi::Env e) { return Napi::String::New(e, search->status == Status::ok ? "ok" : "cancelled"); });
}

}  // namespace

void bind_topk(Napi::Env env, Napi::Object exports) {
  join_shared_pool();
  napi_add_env_cleanup_hook(
      env, [](void*) { leave_shared_pool(); }, nullptr);
  exports.Set("selectTopk", Napi::Function::New(env, select_topk, "selectTopk"));
  exports.Set("startTopk", Napi::Function::New(env, start_topk, "startTopk"));
}

}  // namespace palate
