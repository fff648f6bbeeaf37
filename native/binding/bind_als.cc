// Training by alternating least squares.
#include <memory>
#include <string>

#include "binding/args.h"
#include "binding/bind.h"
#include "binding/checks.h"
#include "binding/device.h"
#include "binding/session.h"
#include "binding/task.h"
#include "core/als_trainer.h"

namespace palate {
namespace {

View<const float> weights_of(const Fields& fields, const char* name, std::size_t size) {
  return fields.has(name) ? constant(fields.array<float>(name, size)) : View<const float>{};
}

AlsTrainerSetup read_setup(Napi::Env env, const Fields& fields) {
  AlsTrainerSetup setup;
  setup.num_items = fields.u32("numItems");
  setup.offsets = constant(fields.array<std::uint32_t>("offsets"));
  setup.items = constant(fields.array<std::uint32_t>("items"));
  setup.weights = weights_of(fields, "weights", setup.items.size);
  expect_offsets(env, setup.offsets, setup.items.size, "offsets");
  expect_below(env, setup.items, setup.num_items, "items");
  setup.valid_users = constant(fields.array<std::uint32_t>("validUsers"));
  setup.valid_items = constant(fields.array<std::uint32_t>("validItems", setup.valid_users.size));
  setup.valid_weights = weights_of(fields, "validWeights", setup.valid_users.size);
  expect_below(env, setup.valid_users, static_cast<std::uint32_t>(setup.offsets.size - 1), "validUsers");
  expect_below(env, setup.valid_items, setup.num_items, "validItems");
  setup.dim = at_most(fields, "dim", kMostDim, env);
  setup.solver = word<AlsSolver>(fields, "solver", {{"blocks", AlsSolver::blocks}, {"cg", AlsSolver::cg}}, env);
  setup.block = at_most(fields, "blockSize", kMostDim, env);
  setup.cg_steps = fields.u32("cgSteps");
  setup.unobserved_weight = fields.f32("unobservedWeight");
  setup.regularization = fields.f32("regularization");
  setup.regularization_power = fields.f32("regularizationPower");
  setup.init_std = fields.f32("initStd");
  setup.seed = static_cast<std::uint64_t>(fields.number("seed"));
  setup.threads = at_most(fields, "threads", kMostThreads, env);
  setup.device = device_of(env, fields, &Backend::solve_als, &Backend::form_gram, &Backend::sum_pair_losses);
  const std::uint32_t block = setup.block == 0 || setup.block > setup.dim ? setup.dim : setup.block;
  if (setup.device.backend != nullptr && setup.solver == AlsSolver::blocks && block > kMostAlsColumns) {
    throw device_error(env, "blocks of " + std::to_string(block) +
                                " columns are solved on the processor alone: set `blockSize` to " +
                                std::to_string(kMostAlsColumns) + " at most, or `solver` to 'cg'");
  }
  return setup;
}

class AlsTrainerObject : public Napi::ObjectWrap<AlsTrainerObject> {
 public:
  static Napi::Function define(Napi::Env env) {
    return DefineClass(
        env, "AlsTrainer",
        {InstanceMethod("runEpoch", &AlsTrainerObject::run_epoch), InstanceMethod("read", &AlsTrainerObject::read),
         InstanceMethod("write", &AlsTrainerObject::write), InstanceMethod("dispose", &AlsTrainerObject::dispose)});
  }

  explicit AlsTrainerObject(const Napi::CallbackInfo& info) : Napi::ObjectWrap<AlsTrainerObject>(info) {
    const Fields fields(info[0]);
    const AlsTrainerSetup setup = read_setup(info.Env(), fields);
    shared_ = std::make_shared<Shared<AlsTrainer>>(setup);
    expect_open(info.Env(), shared_->state.device());
    if (shared_->state.failed()) {
      shared_.reset();
      throw Napi::Error::New(info.Env(), "Not enough memory for " + std::to_string(setup.offsets.size - 1) +
                                             " users, " + std::to_string(setup.num_items) + " items and dim " +
                                             std::to_string(setup.dim));
    }
    arrays_ = Napi::Persistent(fields.copy());
  }

 private:
  Napi::Value run_epoch(const Napi::CallbackInfo& info) {
    const Napi::Env env = info.Env();
    expect_idle(env, shared_);
    const std::atomic<std::int32_t>* flag = cancel_flag(info[0]);
    auto call = std::make_shared<Call<AlsTrainer, AlsEpochResult>>(shared_, info.This(), info[0]);
    return run_task(
        env, "palate.runAlsEpoch",
        [call, flag](const std::atomic<std::int32_t>& teardown) {
          call->result = call->shared->state.run_epoch(*flag, teardown);
          expect_device(call->shared->state.device());
        },
        [call](Napi::Env e) {
          Napi::Object object = Napi::Object::New(e);
          object.Set("status", word_of(call->result.status));
          object.Set("seconds", call->result.seconds);
          object.Set("trainLoss", call->result.train_loss);
          object.Set("validLoss", call->result.valid_loss);
          return object;
        });
  }

  Napi::Value read(const Napi::CallbackInfo& info) {
    expect_idle(info.Env(), shared_);
    AlsTrainer& trainer = shared_->state;
    expect_fetched(info.Env(), trainer.fetch(), trainer.device());
    const Fields fields(info[0]);
    const std::size_t dim = trainer.dim();
    trainer.read_users(fields.array<float>("userFactors", trainer.num_users() * dim).data);
    trainer.read_items(fields.array<float>("itemFactors", trainer.num_items() * dim).data);
    return info.Env().Undefined();
  }

  Napi::Value write(const Napi::CallbackInfo& info) {
    expect_idle(info.Env(), shared_);
    AlsTrainer& trainer = shared_->state;
    const Fields fields(info[0]);
    const std::size_t dim = trainer.dim();
    trainer.write_users(fields.array<float>("userFactors", trainer.num_users() * dim).data);
    trainer.write_items(fields.array<float>("itemFactors", trainer.num_items() * dim).data);
    return info.Env().Undefined();
  }

  Napi::Value dispose(const Napi::CallbackInfo& info) {
    if (shared_ != nullptr) expect_idle(info.Env(), shared_);
    shared_.reset();
    arrays_.Reset();
    return info.Env().Undefined();
  }

  std::shared_ptr<Shared<AlsTrainer>> shared_;
  Napi::ObjectReference arrays_;
};

}  // namespace

void bind_als(Napi::Env env, Napi::Object exports) { exports.Set("AlsTrainer", AlsTrainerObject::define(env)); }

}  // namespace palate
