#include <atomic>
#include <memory>
#include <string>
#include <utility>

#include "binding/args.h"
#include "binding/bind.h"
#include "binding/device.h"
#include "binding/session.h"
#include "binding/task.h"
#include "core/softmax_trainer.h"

namespace palate {
namespace {

constexpr std::uint32_t kMostWidth = 1u << 20;
constexpr std::uint32_t kMostThreads = 1u << 16;

std::uint32_t at_most(const Fields& fields, const char* name, std::uint32_t most, Napi::Env env) {
  const std::uint32_t value = fields.u32(name);
  if (value > most) throw Napi::RangeError::New(env, std::string("native: `") + name + "` is too large");
  return value;
}

// Items are read in loops without bounds checks, so they are checked once here.
UserItems user_items(Napi::Env env, const Fields& fields, const char* offsets_name, const char* items_name,
                     std::uint32_t num_items) {
  const View<std::uint32_t> offsets = fields.array<std::uint32_t>(offsets_name);
  const View<std::uint32_t> items = fields.array<std::uint32_t>(items_name);
  bool good = offsets.empty() ? items.empty() : offsets[0] == 0 && offsets[offsets.size - 1] == items.size;
  for (std::size_t n = 1; good && n < offsets.size; ++n) good = offsets[n - 1] <= offsets[n];
  for (std::size_t n = 0; good && n < items.size; ++n) good = items[n] < num_items;
  if (!good) throw Napi::RangeError::New(env, std::string("native: `") + items_name + "` are not lists of items");
  return {{offsets.data, offsets.size}, {items.data, items.size}};
}

SoftmaxSetup read_setup(Napi::Env env, const Fields& fields) {
  SoftmaxSetup setup;
  setup.num_items = at_most(fields, "numItems", 1u << 30, env);
  setup.seen = user_items(env, fields, "offsets", "items", setup.num_items);
  setup.valid = user_items(env, fields, "validOffsets", "validItems", setup.num_items);
  if (setup.seen.offsets.empty() ||
      (!setup.valid.offsets.empty() && setup.valid.offsets.size != setup.seen.offsets.size))
    throw Napi::RangeError::New(env, "native: offsets of the wrong length");
  const View<double> fractions = fields.array<double>("fractions", kPairParts);
  for (std::uint32_t part = 0; part < kPairParts; ++part) setup.fractions[part] = fractions[part];
  setup.dim = at_most(fields, "dim", kMostWidth, env);
  setup.hidden = at_most(fields, "hidden", kMostWidth, env);
  setup.tables = fields.u32("tables");
  setup.dropout = fields.f32("dropout");
  setup.layer_norm = fields.boolean("layerNorm");
  setup.item_biases = fields.boolean("itemBiases");
  setup.self_mask = fields.boolean("selfMask");
  setup.single_pairs = fields.boolean("singlePairs");
  setup.batch_size = fields.u32("batchSize");
  setup.regularization = fields.f32("regularization");
  setup.beta1 = fields.f32("beta1");
  setup.beta2 = fields.f32("beta2");
  setup.epsilon = fields.f32("epsilon");
  setup.clip_norm = fields.f32("clipNorm");
  setup.seed = static_cast<std::uint64_t>(fields.number("seed"));
  setup.threads = at_most(fields, "threads", kMostThreads, env);
  setup.device = device_of(env, fields, &Backend::softmax_step, &Backend::softmax_loss, &Backend::softmax_settle);
  if (setup.dim == 0 || setup.batch_size == 0)
    throw Napi::RangeError::New(env, "native: `dim` and `batchSize` must be above 0");
  return setup;
}

constexpr SessionWords kWords = {"the trainer", "an epoch"};

class SoftmaxTrainerObject : public Napi::ObjectWrap<SoftmaxTrainerObject> {
 public:
  static Napi::Function define(Napi::Env env) {
    return DefineClass(
        env, "SoftmaxTrainer",
        {InstanceMethod("runEpoch", &SoftmaxTrainerObject::run_epoch),
         InstanceMethod("scoreTest", &SoftmaxTrainerObject::score_test),
         InstanceMethod("pairs", &SoftmaxTrainerObject::pairs), InstanceMethod("read", &SoftmaxTrainerObject::read),
         InstanceMethod("write", &SoftmaxTrainerObject::write),
         InstanceMethod("dispose", &SoftmaxTrainerObject::dispose)});
  }

  explicit SoftmaxTrainerObject(const Napi::CallbackInfo& info) : Napi::ObjectWrap<SoftmaxTrainerObject>(info) {
    const Napi::Env env = info.Env();
    const Fields fields(info[0]);
    const SoftmaxSetup setup = read_setup(env, fields);
    shared_ = std::make_shared<Shared<SoftmaxTrainer>>(setup);
    expect_open(env, shared_->state.device());
    if (shared_->state.failed()) {
      shared_.reset();
      throw Napi::Error::New(env, "Not enough memory for " + std::to_string(setup.num_items) + " items, dim " +
                                      std::to_string(setup.dim) + " and batches of " +
                                      std::to_string(setup.batch_size));
    }
    config_ = Napi::Persistent(fields.copy());
  }

 private:
  using Work = SoftmaxResult (*)(SoftmaxTrainer& trainer, std::uint32_t epoch, float learning_rate,
                                 const std::atomic<std::int32_t>& cancel, const std::atomic<std::int32_t>& teardown);

  SoftmaxTrainer& idle_trainer(Napi::Env env) const {
    expect_idle(env, shared_, kWords);
    return shared_->state;
  }

  Napi::Value start(const Napi::CallbackInfo& info, const Napi::Value& cancel, std::uint32_t epoch, float learning_rate,
                    Work work) {
    const Napi::Env env = info.Env();
    idle_trainer(env);
    const std::atomic<std::int32_t>* flag = cancel_flag(cancel);
    auto call = std::make_shared<Call<SoftmaxTrainer, SoftmaxResult>>(shared_, info.This(), cancel);
    return run_task(
        env, "palate.softmax",
        [call, flag, epoch, learning_rate, work](const std::atomic<std::int32_t>& teardown) {
          call->result = work(call->shared->state, epoch, learning_rate, *flag, teardown);
          expect_device(call->shared->state.device());
        },
        [call](Napi::Env e) { return to_object(e, call->result); });
  }

  Napi::Value run_epoch(const Napi::CallbackInfo& info) {
    return start(info, info[2], info[0].ToNumber().Uint32Value(), info[1].ToNumber().FloatValue(),
                 [](SoftmaxTrainer& trainer, std::uint32_t epoch, float rate, const auto& cancel,
                    const auto& teardown) { return trainer.run_epoch(epoch, rate, cancel, teardown); });
  }

  Napi::Value score_test(const Napi::CallbackInfo& info) {
    return start(info, info[0], 0, 0.0f,
                 [](SoftmaxTrainer& trainer, std::uint32_t, float, const auto& cancel, const auto& teardown) {
                   return trainer.score_test(cancel, teardown);
                 });
  }

  static Napi::Value to_object(Napi::Env env, const SoftmaxResult& result) {
    if (result.status == Status::out_of_memory) throw Napi::Error::New(env, "Not enough memory to count the pairs");
    Napi::Object object = Napi::Object::New(env);
    object.Set("status", word_of(result.status));
    object.Set("seconds", result.seconds);
    object.Set("trainLoss", result.train_loss);
    object.Set("validLoss", result.valid_loss);
    return object;
  }

  Napi::Value pairs(const Napi::CallbackInfo& info) {
    const SoftmaxTrainer& trainer = idle_trainer(info.Env());
    Napi::Array sizes = Napi::Array::New(info.Env(), kPairParts);
    for (std::uint32_t part = 0; part < kPairParts; ++part) sizes.Set(part, static_cast<double>(trainer.pairs(part)));
    return sizes;
  }

  static SoftmaxParameters parameters_of(const SoftmaxTrainer& trainer, const Fields& fields) {
    const SoftmaxState& s = trainer.state();
    const std::size_t table = std::size_t{s.num_items} * s.dim;
    return {fields.array<float>("inputs", table).data, fields.array<float>("outputs", table).data,
            fields.array<float>("biases", s.biases.size).data,
            fields.array<float>("weights", trainer.num_weights()).data};
  }

  Napi::Value read(const Napi::CallbackInfo& info) {
    SoftmaxTrainer& trainer = idle_trainer(info.Env());
    expect_fetched(info.Env(), trainer.fetch(), trainer.device());
    trainer.read(parameters_of(trainer, Fields(info[0])));
    return info.Env().Undefined();
  }

  Napi::Value write(const Napi::CallbackInfo& info) {
    SoftmaxTrainer& trainer = idle_trainer(info.Env());
    expect_fetched(info.Env(), trainer.fetch(), trainer.device());  // or `write` would lose what it leaves alone
    trainer.write(parameters_of(trainer, Fields(info[0])));
    return info.Env().Undefined();
  }

  Napi::Value dispose(const Napi::CallbackInfo& info) {
    if (shared_ != nullptr) expect_idle(info.Env(), shared_, kWords);
    shared_.reset();
    config_.Reset();
    return info.Env().Undefined();
  }

  std::shared_ptr<Shared<SoftmaxTrainer>> shared_;
  Napi::ObjectReference config_;
};

}  // namespace

void bind_softmax(Napi::Env env, Napi::Object exports) {
  exports.Set("SoftmaxTrainer", SoftmaxTrainerObject::define(env));
}

}  // namespace palate
