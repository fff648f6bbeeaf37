// Co-occurrence counts and training on them.
#include <algorithm>
#include <chrono>
#include <memory>
#include <stdexcept>
#include <string>

#include "binding/args.h"
#include "binding/bind.h"
#include "binding/checks.h"
#include "binding/device.h"
#include "binding/session.h"
#include "binding/task.h"
#include "core/count_trainer.h"

namespace palate {
namespace {

struct LikesArrays {
  View<const std::uint32_t> offsets;
  View<const std::uint32_t> items;
  std::uint32_t num_items;
};

LikesArrays read_likes(Napi::Env env, const Fields& fields) {
  LikesArrays likes;
  likes.num_items = fields.u32("numItems");
  likes.offsets = constant(fields.array<std::uint32_t>("offsets"));
  likes.items = constant(fields.array<std::uint32_t>("items"));
  expect_offsets(env, likes.offsets, likes.items.size, "offsets");
  expect_below(env, likes.items, likes.num_items, "items");
  return likes;
}

struct CountResult {
  Status status = Status::ok;
  double seconds = 0;
};

class CooccurrenceObject : public Napi::ObjectWrap<CooccurrenceObject> {
 public:
  static Napi::Function define(Napi::Env env) {
    return DefineClass(
        env, "Cooccurrence",
        {InstanceMethod("count", &CooccurrenceObject::count), InstanceMethod("read", &CooccurrenceObject::read),
         InstanceMethod("dispose", &CooccurrenceObject::dispose)});
  }

  explicit CooccurrenceObject(const Napi::CallbackInfo& info) : Napi::ObjectWrap<CooccurrenceObject>(info) {
    const Fields fields(info[0]);
    const LikesArrays likes = read_likes(info.Env(), fields);
    threads_ = at_most(fields, "threads", kMostThreads, info.Env());
    shared_ = std::make_shared<Shared<Cooccurrence>>(likes.offsets, likes.items, likes.num_items);
    if (shared_->state.failed()) {
      shared_.reset();
      throw Napi::Error::New(info.Env(), "Not enough memory to count " + std::to_string(likes.items.size) + " likes");
    }
    arrays_ = Napi::Persistent(fields.copy());
  }

 private:
  Napi::Value count(const Napi::CallbackInfo& info) {
    const Napi::Env env = info.Env();
    expect_idle(env, shared_);
    if (shared_->state.counted()) throw Napi::Error::New(env, "native: counted already");
    const std::atomic<std::int32_t>* flag = cancel_flag(info[0]);
    auto call = std::make_shared<Call<Cooccurrence, CountResult>>(shared_, info.This(), info[0]);
    return run_task(
        env, "palate.countCooccurrence",
        [call, flag, threads = threads_](const std::atomic<std::int32_t>& teardown) {
          Pool pool(threads);
          const auto start = std::chrono::steady_clock::now();
          call->result.status = call->shared->state.count(true, Device(), pool, flag, &teardown);
          call->result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
          if (call->result.status == Status::out_of_memory)
            throw std::runtime_error("Not enough memory for the counts");
        },
        [call](Napi::Env e) {
          const CountTotals& totals = call->shared->state.totals();
          Napi::Object object = Napi::Object::New(e);
          object.Set("status", word_of(call->result.status));
          object.Set("seconds", call->result.seconds);
          object.Set("nonzeros", static_cast<double>(totals.nonzeros));
          object.Set("sum", static_cast<double>(totals.sum));
          object.Set("sumSquares", static_cast<double>(totals.sum_squares));
          object.Set("largest", totals.largest);
          return object;
        });
  }

  Napi::Value read(const Napi::CallbackInfo& info) {
    expect_idle(info.Env(), shared_);
    const Cooccurrence& counts = shared_->state;
    if (!counts.counted()) throw Napi::Error::New(info.Env(), "native: nothing was counted");
    const std::uint32_t num_items = counts.likes().num_items;
    const std::size_t nonzeros = counts.totals().nonzeros;
    const Fields fields(info[0]);
    const View<std::uint32_t> offsets = fields.array<std::uint32_t>("offsets", std::size_t{num_items} + 1);
    std::uint32_t* items = fields.array<std::uint32_t>("items", nonzeros).data;
    std::uint32_t* values = fields.array<std::uint32_t>("counts", nonzeros).data;
    std::uint32_t filled = 0;
    offsets[0] = 0;
    for (std::uint32_t item = 0; item < num_items; ++item) {
      const CountRow& row = counts.rows()[item];
      std::copy_n(row.items, row.size, items + filled);
      std::copy_n(row.counts, row.size, values + filled);
      filled += row.size;
      offsets[item + 1] = filled;
    }
    return info.Env().Undefined();
  }

  Napi::Value dispose(const Napi::CallbackInfo& info) {
    if (shared_ != nullptr) expect_idle(info.Env(), shared_);
    shared_.reset();
    arrays_.Reset();
    return info.Env().Undefined();
  }

  std::shared_ptr<Shared<Cooccurrence>> shared_;
  Napi::ObjectReference arrays_;
  std::uint32_t threads_ = 1;
};

class CountTrainerObject : public Napi::ObjectWrap<CountTrainerObject> {
 public:
  static Napi::Function define(Napi::Env env) {
    return DefineClass(
        env, "CountTrainer",
        {InstanceMethod("runEpoch", &CountTrainerObject::run_epoch), InstanceMethod("read", &CountTrainerObject::read),
         InstanceMethod("write", &CountTrainerObject::write), InstanceMethod("dispose", &CountTrainerObject::dispose)});
  }

  explicit CountTrainerObject(const Napi::CallbackInfo& info) : Napi::ObjectWrap<CountTrainerObject>(info) {
    const Napi::Env env = info.Env();
    const Fields fields(info[0]);
    const LikesArrays likes = read_likes(env, fields);
    CountTrainerSetup setup;
    setup.offsets = likes.offsets;
    setup.items = likes.items;
    setup.num_items = likes.num_items;
    setup.dim = at_most(fields, "dim", kMostDim, env);
    FactorizeOptions& o = setup.options;
    o.loss = word<CountLoss>(fields, "loss", {{"allPairs", CountLoss::all_pairs}, {"glove", CountLoss::glove}}, env);
    o.optimizer = word<Optimizer>(fields, "optimizer", {{"sgd", Optimizer::sgd}, {"adam", Optimizer::adam}}, env);
    o.momentum = fields.f32("momentum");
    o.beta1 = fields.f32("beta1");
    o.beta2 = fields.f32("beta2");
    o.epsilon = fields.f32("epsilon");
    if (fields.has("leastBlock")) o.least_block = fields.u32("leastBlock");
    if (o.least_block == 0) throw Napi::RangeError::New(env, "native: `leastBlock` must be at least 1");
    setup.target = word<CountTarget>(fields, "target", {{"count", CountTarget::count}, {"log", CountTarget::log}}, env);
    setup.count_cap = fields.f32("countCap");
    setup.count_power = fields.f32("countPower");
    setup.init_std = fields.f32("initStd");
    setup.seed = static_cast<std::uint64_t>(fields.number("seed"));
    setup.threads = at_most(fields, "threads", kMostThreads, env);
    setup.device = device_of(env, fields, &Backend::count_cooccurrence, &Backend::factorize_counts);
    shared_ = std::make_shared<Shared<CountTrainer>>(setup);
    expect_open(env, shared_->state.device());
    if (shared_->state.failed()) {
      shared_.reset();
      throw Napi::Error::New(env, "Not enough memory for " + std::to_string(setup.num_items) + " items and dim " +
                                      std::to_string(setup.dim));
    }
    arrays_ = Napi::Persistent(fields.copy());
  }

 private:
  Napi::Value run_epoch(const Napi::CallbackInfo& info) {
    const Napi::Env env = info.Env();
    expect_idle(env, shared_);
    const float learning_rate = info[0].ToNumber().FloatValue();
    const std::atomic<std::int32_t>* flag = cancel_flag(info[1]);
    auto call = std::make_shared<Call<CountTrainer, CountEpochResult>>(shared_, info.This(), info[1]);
    return run_task(
        env, "palate.runCountEpoch",
        [call, flag, learning_rate](const std::atomic<std::int32_t>& teardown) {
          call->result = call->shared->state.run_epoch(learning_rate, *flag, teardown);
          expect_device(call->shared->state.device());
          if (call->result.status == Status::out_of_memory)
            throw std::runtime_error("Not enough memory for the counts");
        },
        [call](Napi::Env e) {
          Napi::Object object = Napi::Object::New(e);
          object.Set("status", word_of(call->result.status));
          object.Set("seconds", call->result.seconds);
          object.Set("cost", call->result.cost);
          return object;
        });
  }

  // The array of all vectors.
  View<float> vectors_of(const Napi::CallbackInfo& info) {
    expect_idle(info.Env(), shared_);
    const FactorizeState& s = shared_->state.state();
    const View<float> vectors = array_of<float>(info[0], "itemFactors");
    if (vectors.size != std::size_t{s.num_items} * s.dim) {
      throw Napi::RangeError::New(info.Env(), "native: `itemFactors` has the wrong length");
    }
    return vectors;
  }

  Napi::Value read(const Napi::CallbackInfo& info) {
    const View<float> target = vectors_of(info);
    expect_fetched(info.Env(), shared_->state.fetch(), shared_->state.device());
    shared_->state.read_vectors(target.data);
    return info.Env().Undefined();
  }

  Napi::Value write(const Napi::CallbackInfo& info) {
    const View<float> source = vectors_of(info);
    shared_->state.write_vectors(source.data);
    return info.Env().Undefined();
  }

  Napi::Value dispose(const Napi::CallbackInfo& info) {
    if (shared_ != nullptr && shared_->running) throw Napi::Error::New(info.Env(), "native: a call is running");
    shared_.reset();
    arrays_.Reset();
    return info.Env().Undefined();
  }

  std::shared_ptr<Shared<CountTrainer>> shared_;
  Napi::ObjectReference arrays_;
};

}  // namespace

void bind_counts(Napi::Env env, Napi::Object exports) {
  exports.Set("Cooccurrence", CooccurrenceObject::define(env));
  exports.Set("CountTrainer", CountTrainerObject::define(env));
}

}  // namespace palate
