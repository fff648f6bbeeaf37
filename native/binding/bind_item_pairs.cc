#include <atomic>
#include <memory>
#include <string>

#include "binding/args.h"
#include "binding/bind.h"
#include "binding/checks.h"
#include "binding/device.h"
#include "binding/session.h"
#include "binding/task.h"
#include "core/item_pair_trainer.h"

namespace palate {
namespace {

// Scratch of a batch of pairs is sized by it, in 32 bits.
constexpr std::uint32_t kMostNegatives = 1u << 20;

constexpr SessionWords kWords = {"the trainer", "an epoch"};

Histories histories_of(Napi::Env env, const Fields& fields, const char* offsets_name, const char* items_name) {
  Histories histories;
  histories.offsets = constant(fields.array<std::uint32_t>(offsets_name));
  histories.items = constant(fields.array<std::uint32_t>(items_name));
  if (histories.offsets.empty() && histories.items.empty()) return histories;
  expect_offsets(env, histories.offsets, histories.items.size, offsets_name);
  return histories;
}

// Items of histories belong to a group, which those without noise do not.
void expect_noise(Napi::Env env, View<const std::uint32_t> items, View<const double> noise, const char* name) {
  expect_below(env, items, static_cast<std::uint32_t>(noise.size), name);
  for (std::size_t n = 0; n < items.size; ++n) {
    if (noise[items[n]] > 0) continue;
    throw Napi::RangeError::New(env, std::string("native: `") + name + "` holds an item without noise");
  }
}

// One float an item, or none.
View<const float> floats_of_items(Napi::Env env, const Fields& fields, const char* name, std::uint32_t num_items) {
  const View<float> values = fields.array<float>(name);
  if (!values.empty() && values.size != num_items) {
    throw Napi::RangeError::New(env, std::string("native: `") + name + "` has the wrong length");
  }
  return constant(values);
}

ItemPairSetup read_setup(Napi::Env env, const Fields& fields) {
  ItemPairSetup setup;
  setup.num_items = fields.u32("numItems");
  setup.dim = at_most(fields, "dim", kMostDim, env);
  setup.histories = histories_of(env, fields, "offsets", "items");
  setup.valid = histories_of(env, fields, "validOffsets", "validItems");
  setup.noise = constant(fields.array<double>("noise", setup.num_items));
  setup.log_noise = floats_of_items(env, fields, "logNoise", setup.num_items);
  setup.chances = floats_of_items(env, fields, "chances", setup.num_items);
  expect_noise(env, setup.histories.items, setup.noise, "items");
  expect_noise(env, setup.valid.items, setup.noise, "validItems");
  setup.objective = word<PairObjective>(
      fields, "objective",
      {{"negativeSampling", PairObjective::negative_sampling}, {"sampledSoftmax", PairObjective::sampled_softmax}},
      env);
  setup.reject_seen = fields.boolean("rejectSeen");
  setup.seen_items =
      constant(fields.array<std::uint32_t>("seenItems", setup.reject_seen ? setup.histories.items.size : 0));
  setup.plan.window = at_most(fields, "window", 1u << 30, env);
  setup.plan.pairs_per_item = fields.number("pairsPerItem");
  setup.plan.pairs_per_chunk = at_most(fields, "pairsPerChunk", 1u << 30, env);
  setup.plan.pairs_per_round = at_most(fields, "pairsPerRound", 1u << 30, env);
  setup.negatives = at_most(fields, "negatives", kMostNegatives, env);
  setup.init_std = fields.f32("initStd");
  setup.seed = static_cast<std::uint64_t>(fields.number("seed"));
  setup.threads = at_most(fields, "threads", kMostThreads, env);
  setup.device = device_of(env, fields, &Backend::train_item_pairs);
  return setup;
}

class ItemPairTrainerObject : public Napi::ObjectWrap<ItemPairTrainerObject> {
 public:
  static Napi::Function define(Napi::Env env) {
    return DefineClass(
        env, "ItemPairTrainer",
        {InstanceMethod("runEpoch", &ItemPairTrainerObject::run_epoch),
         InstanceMethod("read", &ItemPairTrainerObject::read), InstanceMethod("write", &ItemPairTrainerObject::write),
         InstanceMethod("dispose", &ItemPairTrainerObject::dispose)});
  }

  explicit ItemPairTrainerObject(const Napi::CallbackInfo& info) : Napi::ObjectWrap<ItemPairTrainerObject>(info) {
    const Napi::Env env = info.Env();
    const Fields fields(info[0]);
    const ItemPairSetup setup = read_setup(env, fields);
    shared_ = std::make_shared<Shared<ItemPairTrainer>>(setup);
    expect_open(env, shared_->state.device());
    if (shared_->state.failed()) {
      shared_.reset();
      throw Napi::Error::New(env, "Not enough memory for " + std::to_string(setup.num_items) + " items and dim " +
                                      std::to_string(setup.dim));
    }
    config_ = Napi::Persistent(fields.copy());
  }

 private:
  Napi::Value run_epoch(const Napi::CallbackInfo& info) {
    const Napi::Env env = info.Env();
    expect_idle(env, shared_, kWords);
    const std::uint32_t epoch = info[0].ToNumber().Uint32Value();
    const float rate = info[1].ToNumber().FloatValue();
    const float last_rate = info[2].ToNumber().FloatValue();
    const std::atomic<std::int32_t>* flag = cancel_flag(info[3]);
    auto call = std::make_shared<Call<ItemPairTrainer, ItemPairEpoch>>(shared_, info.This(), info[3]);
    return run_task(
        env, "palate.runItemPairs",
        [call, flag, epoch, rate, last_rate](const std::atomic<std::int32_t>& teardown) {
          call->result = call->shared->state.run_epoch(epoch, rate, last_rate, *flag, teardown);
          expect_device(call->shared->state.device());
        },
        [call](Napi::Env e) { return to_object(e, call->result); });
  }

  static Napi::Value to_object(Napi::Env env, const ItemPairEpoch& result) {
    if (result.status == Status::out_of_memory)
      throw Napi::Error::New(env, "Not enough memory for the pairs of a chunk");
    Napi::Object object = Napi::Object::New(env);
    object.Set("status", word_of(result.status));
    object.Set("seconds", result.seconds);
    object.Set("pairs", result.pairs);
    object.Set("trainLoss", result.train_loss);
    object.Set("validLoss", result.valid_loss);
    return object;
  }

  Napi::Value read(const Napi::CallbackInfo& info) {
    expect_idle(info.Env(), shared_, kWords);
    const Fields fields(info[0]);
    ItemPairTrainer& trainer = shared_->state;
    expect_fetched(info.Env(), trainer.fetch(), trainer.device());
    const std::size_t floats = std::size_t{trainer.num_items()} * trainer.dim();
    trainer.read(fields.array<float>("inputs", floats).data, fields.array<float>("outputs", floats).data);
    return info.Env().Undefined();
  }

  Napi::Value write(const Napi::CallbackInfo& info) {
    expect_idle(info.Env(), shared_, kWords);
    const Fields fields(info[0]);
    ItemPairTrainer& trainer = shared_->state;
    const std::size_t floats = std::size_t{trainer.num_items()} * trainer.dim();
    trainer.write(fields.array<float>("inputs", floats).data, fields.array<float>("outputs", floats).data);
    return info.Env().Undefined();
  }

  Napi::Value dispose(const Napi::CallbackInfo& info) {
    if (shared_ != nullptr) expect_idle(info.Env(), shared_, kWords);
    shared_.reset();
    config_.Reset();
    return info.Env().Undefined();
  }

  std::shared_ptr<Shared<ItemPairTrainer>> shared_;
  Napi::ObjectReference config_;
};

}  // namespace

void bind_item_pairs(Napi::Env env, Napi::Object exports) {
  exports.Set("ItemPairTrainer", ItemPairTrainerObject::define(env));
}

}  // namespace palate
