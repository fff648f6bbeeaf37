#include <algorithm>
#include <atomic>
#include <memory>
#include <string>

#include "binding/args.h"
#include "binding/bind.h"
#include "binding/checks.h"
#include "binding/device.h"
#include "binding/session.h"
#include "binding/task.h"
#include "core/trainer.h"

namespace palate {
namespace {

constexpr SessionWords kWords = {"the trainer", "an epoch"};

class TrainerObject : public Napi::ObjectWrap<TrainerObject> {
 public:
  static Napi::Function define(Napi::Env env) {
    return DefineClass(
        env, "Trainer",
        {InstanceMethod("runEpoch", &TrainerObject::run_epoch), InstanceMethod("read", &TrainerObject::read),
         InstanceMethod("write", &TrainerObject::write), InstanceMethod("dispose", &TrainerObject::dispose)});
  }

  explicit TrainerObject(const Napi::CallbackInfo& info) : Napi::ObjectWrap<TrainerObject>(info) {
    const Napi::Env env = info.Env();
    const Fields fields(info[0]);
    TrainerSetup setup;
    read_sizes(env, fields, setup);
    read_options(env, fields, setup);
    shared_ = std::make_shared<Shared<Trainer>>(setup);
    expect_open(env, shared_->state.device());
    if (shared_->state.failed()) {
      shared_.reset();
      throw Napi::Error::New(env, "Not enough memory for " + std::to_string(setup.num_users) + " users, " +
                                      std::to_string(setup.num_items) + " items and dim " + std::to_string(setup.dim));
    }
    config_ = Napi::Persistent(fields.copy());
  }

 private:
  static FeatureLists feature_lists(Napi::Env env, const Fields& fields, const char* offsets_name,
                                    const char* features_name, const char* weights_name, std::uint32_t rows,
                                    std::uint32_t num_features) {
    FeatureLists lists;
    const View<const std::uint32_t> offsets = constant(fields.array<std::uint32_t>(offsets_name));
    if (offsets.empty()) return lists;
    const View<const std::uint32_t> features = constant(fields.array<std::uint32_t>(features_name));
    const View<const float> weights = constant(fields.array<float>(weights_name, features.size));
    if (offsets.size != std::size_t{rows} + 1)
      throw Napi::RangeError::New(env, "native: feature offsets of the wrong length");
    expect_offsets(env, offsets, features.size, offsets_name);
    expect_below(env, features, num_features, features_name);
    lists.offsets = offsets.data;
    lists.features = features.data;
    lists.weights = weights.data;
    return lists;
  }

  static void read_sizes(Napi::Env env, const Fields& fields, TrainerSetup& setup) {
    setup.num_users = fields.u32("numUsers");
    setup.num_items = fields.u32("numItems");
    setup.num_features = fields.u32("numFeatures");
    setup.dim = at_most(fields, "dim", kMostDim, env);
    setup.offsets = constant(fields.array<std::uint32_t>("offsets", std::size_t{setup.num_users} + 1));
    setup.items = constant(fields.array<std::uint32_t>("items"));
    setup.values = constant(fields.array<float>("values", setup.items.size));
    expect_offsets(env, setup.offsets, setup.items.size, "offsets");
    expect_below(env, setup.items, setup.num_items, "items");
    setup.valid_users = constant(fields.array<std::uint32_t>("validUsers"));
    setup.valid_items = constant(fields.array<std::uint32_t>("validItems", setup.valid_users.size));
    setup.valid_values = constant(fields.array<float>("validValues", setup.valid_users.size));
    expect_below(env, setup.valid_users, setup.num_users, "validUsers");
    expect_below(env, setup.valid_items, setup.num_items, "validItems");
    setup.user_features = feature_lists(env, fields, "userFeatureOffsets", "userFeatures", "userFeatureWeights",
                                        setup.num_users, setup.num_features);
    setup.item_features = feature_lists(env, fields, "itemFeatureOffsets", "itemFeatures", "itemFeatureWeights",
                                        setup.num_items, setup.num_features);
  }

  static void read_options(Napi::Env env, const Fields& fields, TrainerSetup& setup) {
    TrainOptions& o = setup.options;
    o.objective =
        word<Objective>(fields, "objective", {{"squared", Objective::squared}, {"logistic", Objective::logistic}}, env);
    o.link = word<Link>(fields, "link", {{"identity", Link::identity}, {"sigmoid", Link::sigmoid}}, env);
    o.optimizer =
        word<Optimizer>(fields, "optimizer",
                        {{"sgd", Optimizer::sgd}, {"adagrad", Optimizer::adagrad}, {"adam", Optimizer::adam}}, env);
    o.range_min = fields.f32("rangeMin");
    o.range_max = fields.f32("rangeMax");
    o.within_side = fields.boolean("withinSide");
    o.train_biases = fields.boolean("biases");
    o.train_global_bias = fields.boolean("trainGlobalBias");
    o.decoupled = fields.boolean("decoupled");
    o.lazy = fields.boolean("lazy");
    o.bias_learning_rate = fields.f32("biasLearningRate");
    o.feature_learning_rate = fields.f32("featureLearningRate");
    o.regularization_bias = fields.f32("regularizationBias");
    o.beta1 = fields.f32("beta1");
    o.beta2 = fields.f32("beta2");
    o.epsilon = fields.f32("epsilon");
    o.clip_norm = fields.f32("clipNorm");
    o.batch_size = fields.u32("batchSize");
    setup.regularization_user = fields.f32("regularizationUser");
    setup.regularization_item = fields.f32("regularizationItem");
    setup.regularization_feature = fields.f32("regularizationFeature");
    setup.regularization_power = fields.f32("regularizationPower");
    setup.global_bias = fields.f32("globalBias");
    setup.init_std = fields.f32("initStd");
    setup.seed = static_cast<std::uint64_t>(fields.number("seed"));
    setup.threads = at_most(fields, "threads", kMostThreads, env);
    setup.device = device_of(env, fields, &Backend::train_epoch, &Backend::train_adam, &Backend::train_batch,
                             &Backend::evaluate_pairs);
  }

  Napi::Value run_epoch(const Napi::CallbackInfo& info) {
    const Napi::Env env = info.Env();
    expect_idle(env, shared_, kWords);
    const std::uint32_t epoch = info[0].ToNumber().Uint32Value();
    const float learning_rate = info[1].ToNumber().FloatValue();
    const std::atomic<std::int32_t>* flag = cancel_flag(info[2]);
    auto call = std::make_shared<Call<Trainer, EpochResult>>(shared_, info.This(), info[2]);
    return run_task(
        env, "palate.runEpoch",
        [call, flag, epoch, learning_rate](const std::atomic<std::int32_t>& teardown) {
          call->result = call->shared->state.run_epoch(epoch, learning_rate, *flag, teardown);
          expect_device(call->shared->state.device());
        },
        [call](Napi::Env e) { return to_object(e, call->result); });
  }

  static Napi::Value to_object(Napi::Env env, const EpochResult& result) {
    Napi::Object object = Napi::Object::New(env);
    object.Set("status", word_of(result.status));
    object.Set("seconds", result.seconds);
    object.Set("trainLoss", result.train_loss);
    object.Set("trainRmse", result.train_rmse);
    object.Set("validLoss", result.valid_loss);
    object.Set("validRmse", result.valid_rmse);
    return object;
  }

  // visit(table, factors, biases) for each table, with the arrays of that name.
  template <typename Visit>
  static void visit_tables(const TrainState& s, const Fields& fields, Visit visit) {
    const auto one = [&](const ParameterTable& table, const char* factors, const char* biases) {
      visit(table, fields.array<float>(factors, std::size_t{table.rows} * s.dim),
            fields.array<float>(biases, table.rows));
    };
    one(s.users, "userFactors", "userBiases");
    one(s.items, "itemFactors", "itemBiases");
    one(s.features, "featureFactors", "featureBiases");
  }

  Napi::Value read(const Napi::CallbackInfo& info) {
    expect_idle(info.Env(), shared_, kWords);
    expect_fetched(info.Env(), shared_->state.fetch(), shared_->state.device());
    const Trainer& trainer = shared_->state;
    visit_tables(trainer.state(), Fields(info[0]),
                 [&](const ParameterTable& table, View<float> factors, View<float> biases) {
                   trainer.read_factors(table, factors.data);
                   std::copy_n(table.biases, table.rows, biases.data);
                 });
    return Napi::Number::New(info.Env(), trainer.state().global_bias);
  }

  Napi::Value write(const Napi::CallbackInfo& info) {
    expect_idle(info.Env(), shared_, kWords);
    Trainer& trainer = shared_->state;
    visit_tables(trainer.state(), Fields(info[0]),
                 [&](const ParameterTable& table, View<float> factors, View<float> biases) {
                   trainer.write_factors(table, factors.data);
                   std::copy_n(biases.data, table.rows, table.biases);
                 });
    trainer.write_global_bias(info[1].ToNumber().FloatValue());
    return info.Env().Undefined();
  }

  Napi::Value dispose(const Napi::CallbackInfo& info) {
    if (shared_ != nullptr) expect_idle(info.Env(), shared_, kWords);
    shared_.reset();
    config_.Reset();
    return info.Env().Undefined();
  }

  std::shared_ptr<Shared<Trainer>> shared_;
  Napi::ObjectReference config_;
};

}  // namespace

void bind_trainer(Napi::Env env, Napi::Object exports) { exports.Set("Trainer", TrainerObject::define(env)); }

}  // namespace palate
