// Fitting item-item weights, and ranking by them.
#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>

#include "binding/args.h"
#include "binding/bind.h"
#include "binding/checks.h"
#include "binding/session.h"
#include "binding/shared_pool.h"
#include "binding/task.h"
#include "core/item_weights.h"

namespace palate {
namespace {

// Larger lists than 32 bits of them cannot be read.
constexpr std::uint64_t kMostWeights = 0xffffffff;

enum class Method : std::uint8_t { neighbors, ease, slim };

struct WeightsSetup {
  Method method = Method::neighbors;
  NeighborsCall neighbors;
  EaseCall ease;
  SlimCall slim;

  WeightsCall& weights() {
    return method == Method::neighbors ? neighbors.weights : method == Method::ease ? ease.weights : slim.weights;
  }
  Status run(Pool& pool) const {
    if (method == Method::neighbors) return cpu_backend().fit_neighbors(neighbors, pool);
    if (method == Method::ease) return cpu_backend().fit_ease(ease, pool);
    return cpu_backend().fit_slim(slim, pool);
  }
  const char* no_memory() const {
    return method == Method::ease && ease.neighborhood != 0 ? "Not enough memory for the products of all pairs of "
                                                              "items; leave out rare items or users with the most "
                                                              "likes"
                                                            : "Not enough memory to fit the weights of items";
  }
};

WeightedInteractions read_interactions(Napi::Env env, const Fields& fields) {
  const View<const std::uint32_t> user_offsets = constant(fields.array<std::uint32_t>("offsets"));
  const View<const std::uint32_t> items = constant(fields.array<std::uint32_t>("items"));
  const View<const std::uint32_t> item_offsets = constant(fields.array<std::uint32_t>("itemOffsets"));
  const View<const std::uint32_t> users = constant(fields.array<std::uint32_t>("users", items.size));
  expect_offsets(env, user_offsets, items.size, "offsets");
  expect_offsets(env, item_offsets, items.size, "itemOffsets");
  WeightedInteractions data;
  data.num_users = static_cast<std::uint32_t>(user_offsets.size - 1);
  data.num_items = static_cast<std::uint32_t>(item_offsets.size - 1);
  expect_below(env, items, data.num_items, "items");
  expect_below(env, users, data.num_users, "users");
  data.user_offsets = user_offsets.data;
  data.items = items.data;
  data.user_values = fields.array<float>("values", items.size).data;
  data.item_offsets = item_offsets.data;
  data.users = users.data;
  data.item_values = fields.array<float>("itemValues", items.size).data;
  return data;
}

WeightsSetup read_setup(Napi::Env env, const Fields& fields) {
  WeightsSetup setup;
  setup.method = word<Method>(fields, "method",
                              {{"neighbors", Method::neighbors}, {"ease", Method::ease}, {"slim", Method::slim}}, env);
  WeightsCall& weights = setup.weights();
  weights.data = read_interactions(env, fields);
  weights.most = fields.u32("neighbors");
  if (weights.most > weights.data.num_items) weights.most = weights.data.num_items;
  if (setup.method == Method::neighbors) {
    NeighborsCall& call = setup.neighbors;
    call.source_norms = fields.array<float>("sourceNorms", weights.data.num_items).data;
    call.target_norms = fields.array<float>("targetNorms", weights.data.num_items).data;
    call.shrink = fields.f32("shrink");
    call.tanimoto = fields.boolean("tanimoto");
  } else if (setup.method == Method::ease) {
    setup.ease.regularization = fields.number("regularization");
    setup.ease.neighborhood = fields.u32("neighborhood");
    setup.ease.min_correlation = fields.number("minCorrelation");
    setup.ease.memory_limit = fields.number("memoryLimit");
  } else {
    setup.slim.l1 = fields.number("l1");
    setup.slim.regularization = fields.number("regularization");
    setup.slim.tolerance = fields.number("tolerance");
    setup.slim.epochs = fields.u32("epochs");
  }
  return setup;
}

struct FitResult {
  Status status = Status::ok;
  double seconds = 0;
};

class ItemWeightsObject : public Napi::ObjectWrap<ItemWeightsObject> {
 public:
  static Napi::Function define(Napi::Env env) {
    return DefineClass(
        env, "ItemWeights",
        {InstanceMethod("fit", &ItemWeightsObject::fit), InstanceMethod("read", &ItemWeightsObject::read),
         InstanceMethod("dispose", &ItemWeightsObject::dispose)});
  }

  explicit ItemWeightsObject(const Napi::CallbackInfo& info) : Napi::ObjectWrap<ItemWeightsObject>(info) {
    const Napi::Env env = info.Env();
    const Fields fields(info[0]);
    setup_ = read_setup(env, fields);
    threads_ = at_most(fields, "threads", kMostThreads, env);
    shared_ = std::make_shared<Shared<ItemWeights>>(setup_.weights().data.num_items);
    if (shared_->state.failed()) {
      shared_.reset();
      throw Napi::Error::New(env, "Not enough memory for the weights of items");
    }
    arrays_ = Napi::Persistent(fields.copy());
  }

 private:
  Napi::Value fit(const Napi::CallbackInfo& info) {
    const Napi::Env env = info.Env();
    expect_idle(env, shared_);
    if (fitted_) throw Napi::Error::New(env, "native: fitted already");
    fitted_ = true;
    setup_.weights().cancel = cancel_flag(info[0]);
    auto call = std::make_shared<Call<ItemWeights, FitResult>>(shared_, info.This(), info[0]);
    return run_task(
        env, "palate.fitItemWeights",
        [call, setup = setup_, threads = threads_](const std::atomic<std::int32_t>& teardown) mutable {
          Pool pool(threads);
          setup.weights().teardown = &teardown;
          call->shared->state.prepare(setup.weights(), pool);
          const auto start = std::chrono::steady_clock::now();
          call->result.status = setup.run(pool);
          call->result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
          if (call->result.status == Status::out_of_memory) throw std::runtime_error(setup.no_memory());
          if (call->shared->state.count() > kMostWeights) {
            throw std::runtime_error("There are more weights than 4,294,967,295; lower `neighbors`");
          }
        },
        [call](Napi::Env e) {
          Napi::Object object = Napi::Object::New(e);
          object.Set("status", word_of(call->result.status));
          object.Set("seconds", call->result.seconds);
          object.Set("count", static_cast<double>(call->shared->state.count()));
          return object;
        });
  }

  Napi::Value read(const Napi::CallbackInfo& info) {
    expect_idle(info.Env(), shared_);
    const ItemWeights& weights = shared_->state;
    const std::size_t count = weights.count();
    const Fields fields(info[0]);
    weights.read(fields.array<std::uint32_t>("offsets", std::size_t{weights.num_items()} + 1).data,
                 fields.array<std::uint32_t>("indices", count).data, fields.array<float>("weights", count).data);
    return info.Env().Undefined();
  }

  Napi::Value dispose(const Napi::CallbackInfo& info) {
    if (shared_ != nullptr) expect_idle(info.Env(), shared_);
    shared_.reset();
    arrays_.Reset();
    return info.Env().Undefined();
  }

  std::shared_ptr<Shared<ItemWeights>> shared_;
  WeightsSetup setup_;
  Napi::ObjectReference arrays_;
  std::uint32_t threads_ = 1;
  bool fitted_ = false;
};

// Lists of items by user: offsets that end within `items`, items below the bound.
void check_lists(Napi::Env env, View<std::uint32_t> offsets, View<std::uint32_t> items, std::uint32_t bound,
                 const char* name) {
  bool good = offsets[offsets.size - 1] <= items.size;
  for (std::size_t n = 1; good && n < offsets.size; ++n) good = offsets[n - 1] <= offsets[n];
  if (!good) throw Napi::RangeError::New(env, std::string("native: `") + name + "` are not offsets");
  const std::size_t begin = offsets[0];
  expect_below(env, {items.data + begin, offsets[offsets.size - 1] - begin}, bound, name);
}

ScoreCall read_score_call(Napi::Env env, const Fields& fields) {
  ScoreCall call;
  call.num_users = fields.u32("numUsers");
  call.num_items = fields.u32("numItems");
  call.k = fields.u32("k");
  const std::size_t users = call.num_users;
  call.indices = fields.array<std::uint32_t>("indices", users * call.k).data;
  call.scores = fields.array<float>("scores", users * call.k).data;
  const View<std::uint32_t> offsets = fields.array<std::uint32_t>("historyOffsets", users + 1);
  const View<std::uint32_t> items = fields.array<std::uint32_t>("historyItems");
  check_lists(env, offsets, items, call.num_items, "historyOffsets");
  call.history_offsets = offsets.data;
  call.history_items = items.data;
  call.history_values = fields.array<float>("historyValues", items.size).data;
  const View<std::uint32_t> weight_offsets =
      fields.array<std::uint32_t>("weightOffsets", std::size_t{call.num_items} + 1);
  // A model's weights are checked when it starts to serve; looking at each again would take as long as a search.
  const View<std::uint32_t> weight_items = fields.array<std::uint32_t>("weightItems");
  expect_offsets(env, constant(weight_offsets), weight_items.size, "weightOffsets");
  call.weight_offsets = weight_offsets.data;
  call.weight_items = weight_items.data;
  call.weights = fields.array<float>("weights", weight_items.size).data;
  if (fields.has("candidates")) call.candidates = fields.array<std::uint8_t>("candidates", call.num_items).data;
  if (fields.has("excludeOffsets")) {
    const View<std::uint32_t> exclude = fields.array<std::uint32_t>("excludeOffsets", users + 1);
    const View<std::uint32_t> excluded = fields.array<std::uint32_t>("excludeItems");
    check_lists(env, exclude, excluded, call.num_items, "excludeOffsets");
    call.exclude_offsets = exclude.data;
    call.exclude_items = excluded.data;
  }
  return call;
}

struct Scoring {
  ScoreCall call;
  Status status = Status::ok;

  static void run(void* context, Pool& pool) {
    Scoring& scoring = *static_cast<Scoring*>(context);
    scoring.status = cpu_backend().score_weights(scoring.call, pool);
  }
};

constexpr const char* kNoMemory = "Not enough memory to rank by the weights of items";

Napi::Value score_weights(const Napi::CallbackInfo& info) {
  const Fields fields(info[0]);
  Scoring scoring;
  scoring.call = read_score_call(info.Env(), fields);
  const std::uint32_t threads = fields.u32("threads");
  if (threads > 1 && scoring.call.num_users > 1) {
    with_shared_pool(threads, Scoring::run, &scoring);
  } else {
    Pool self(1);
    Scoring::run(&scoring, self);
  }
  if (scoring.status == Status::out_of_memory) throw Napi::Error::New(info.Env(), kNoMemory);
  return info.Env().Undefined();
}

// Off the event loop, in a pool of its own: a long search in the shared one would keep other environments from ending.
Napi::Value start_score_weights(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const Fields fields(info[0]);
  struct LongScoring : Scoring {
    Napi::ObjectReference arrays, flag;  // not collected while the thread runs
  };
  auto scoring = std::make_shared<LongScoring>();
  scoring->call = read_score_call(env, fields);
  scoring->call.cancel = cancel_flag(info[1]);
  scoring->arrays = Napi::Persistent(fields.copy());
  scoring->flag = Napi::Persistent(info[1].As<Napi::Object>());
  const std::uint32_t threads = fields.u32("threads");
  return run_task(
      env, "palate.startScoreWeights",
      [scoring, threads](const std::atomic<std::int32_t>& teardown) {
        scoring->call.teardown = &teardown;
        Pool pool(threads);
        Scoring::run(scoring.get(), pool);
        if (scoring->status == Status::out_of_memory) throw std::runtime_error(kNoMemory);
      },
      [scoring](Napi::Env e) { return Napi::String::New(e, word_of(scoring->status)); });
}

}  // namespace

void bind_weights(Napi::Env env, Napi::Object exports) {
  exports.Set("ItemWeights", ItemWeightsObject::define(env));
  exports.Set("scoreWeights", Napi::Function::New(env, score_weights, "scoreWeights"));
  exports.Set("startScoreWeights", Napi::Function::New(env, start_score_weights, "startScoreWeights"));
}

}  // namespace palate
