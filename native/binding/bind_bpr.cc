#include <atomic>
#include <memory>
#include <string>

#include "binding/args.h"
#include "binding/bind.h"
#include "binding/checks.h"
#include "binding/session.h"
#include "binding/task.h"
#include "core/bpr_trainer.h"

namespace palate {
namespace {

constexpr SessionWords kWords = {"the trainer", "an epoch"};

// Draws look up what a user has by bisection, and items belong to a group, which those without noise do not.
void expect_positives(Napi::Env env, const Positives& positives, View<const double> noise, const char* name) {
  expect_below(env, positives.items, static_cast<std::uint32_t>(noise.size), name);
  for (std::size_t n = 0; n < positives.items.size; ++n) {
    if (noise[positives.items[n]] > 0) continue;
    throw Napi::RangeError::New(env, std::string("native: `") + name + "` holds an item without noise");
  }
}

Positives positives_of(Napi::Env env, const Fields& fields, const char* offsets_name, const char* items_name,
                       std::uint32_t num_users) {
  Positives positives;
  positives.offsets = constant(fields.array<std::uint32_t>(offsets_name, std::size_t{num_users} + 1));
  positives.items = constant(fields.array<std::uint32_t>(items_name));
  expect_offsets(env, positives.offsets, positives.items.size, offsets_name);
  return positives;
}

BprSetup read_setup(Napi::Env env, const Fields& fields) {
  BprSetup setup;
  setup.num_users = fields.u32("numUsers");
  setup.num_items = fields.u32("numItems");
  setup.dim = at_most(fields, "dim", kMostDim, env);
  setup.positives = positives_of(env, fields, "offsets", "items", setup.num_users);
  setup.valid = positives_of(env, fields, "validOffsets", "validItems", setup.num_users);
  setup.noise = constant(fields.array<double>("noise", setup.num_items));
  expect_positives(env, setup.positives, setup.noise, "items");
  expect_positives(env, setup.valid, setup.noise, "validItems");
  setup.optimizer =
      word<Optimizer>(fields, "optimizer", {{"sgd", Optimizer::sgd}, {"adagrad", Optimizer::adagrad}}, env);
  setup.biases = fields.boolean("biases");
  setup.bias_learning_rate = fields.f32("biasLearningRate");
  setup.regularization_user = fields.f32("regularizationUser");
  setup.regularization_item = fields.f32("regularizationItem");
  setup.regularization_bias = fields.f32("regularizationBias");
  setup.epsilon = fields.f32("epsilon");
  setup.negatives = fields.u32("negatives");
  setup.reject_seen = fields.boolean("rejectSeen");
  setup.pairs_per_chunk = at_most(fields, "pairsPerChunk", 1u << 30, env);
  setup.init_std = fields.f32("initStd");
  setup.seed = static_cast<std::uint64_t>(fields.number("seed"));
  setup.threads = at_most(fields, "threads", kMostThreads, env);
  return setup;
}

class BprTrainerObject : public Napi::ObjectWrap<BprTrainerObject> {
 public:
  static Napi::Function define(Napi::Env env) {
    return DefineClass(
        env, "BprTrainer",
        {InstanceMethod("runEpoch", &BprTrainerObject::run_epoch), InstanceMethod("read", &BprTrainerObject::read),
         InstanceMethod("dispose", &BprTrainerObject::dispose)});
  }

  explicit BprTrainerObject(const Napi::CallbackInfo& info) : Napi::ObjectWrap<BprTrainerObject>(info) {
    const Napi::Env env = info.Env();
    const Fields fields(info[0]);
    const BprSetup setup = read_setup(env, fields);
    shared_ = std::make_shared<Shared<BprTrainer>>(setup);
    if (shared_->state.failed()) {
      shared_.reset();
      throw Napi::Error::New(env, "Not enough memory for " + std::to_string(setup.num_users) + " users, " +
                                      std::to_string(setup.num_items) + " items and dim " + std::to_string(setup.dim));
    }
    config_ = Napi::Persistent(fields.copy());
  }

 private:
  Napi::Value run_epoch(const Napi::CallbackInfo& info) {
    const Napi::Env env = info.Env();
    expect_idle(env, shared_, kWords);
    const std::uint32_t epoch = info[0].ToNumber().Uint32Value();
    const float learning_rate = info[1].ToNumber().FloatValue();
    const std::atomic<std::int32_t>* flag = cancel_flag(info[2]);
    auto call = std::make_shared<Call<BprTrainer, BprEpoch>>(shared_, info.This(), info[2]);
    return run_task(
        env, "palate.runBpr",
        [call, flag, epoch, learning_rate](const std::atomic<std::int32_t>& teardown) {
          call->result = call->shared->state.run_epoch(epoch, learning_rate, *flag, teardown);
        },
        [call](Napi::Env e) { return to_object(e, call->result); });
  }

  static Napi::Value to_object(Napi::Env env, const BprEpoch& result) {
    if (result.status == Status::out_of_memory)
      throw Napi::Error::New(env, "Not enough memory for the pairs of a chunk");
    Napi::Object object = Napi::Object::New(env);
    object.Set("status", word_of(result.status));
    object.Set("seconds", result.seconds);
    object.Set("triples", result.triples);
    object.Set("trainLoss", result.train_loss);
    object.Set("validLoss", result.valid_loss);
    return object;
  }

  Napi::Value read(const Napi::CallbackInfo& info) {
    expect_idle(info.Env(), shared_, kWords);
    const Fields fields(info[0]);
    const BprSetup& setup = shared_->state.setup();
    const std::size_t dim = setup.dim;
    shared_->state.read(fields.array<float>("userFactors", setup.num_users * dim).data,
                        fields.array<float>("itemFactors", setup.num_items * dim).data,
                        fields.array<float>("itemBiases", setup.num_items).data);
    return info.Env().Undefined();
  }

  Napi::Value dispose(const Napi::CallbackInfo& info) {
    if (shared_ != nullptr) expect_idle(info.Env(), shared_, kWords);
    shared_.reset();
    config_.Reset();
    return info.Env().Undefined();
  }

  std::shared_ptr<Shared<BprTrainer>> shared_;
  Napi::ObjectReference config_;
};

}  // namespace

void bind_bpr(Napi::Env env, Napi::Object exports) { exports.Set("BprTrainer", BprTrainerObject::define(env)); }

}  // namespace palate
