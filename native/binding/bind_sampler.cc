#include <algorithm>
#include <atomic>
#include <memory>
#include <string>

#include "binding/args.h"
#include "binding/bind.h"
#include "binding/checks.h"
#include "binding/session.h"
#include "binding/task.h"
#include "core/fm_sampler.h"

namespace palate {
namespace {

constexpr std::uint32_t kMostColumns = 1u << 16;
constexpr std::uint32_t kColumnsUnit = 16;

SamplerFeatures read_features(Napi::Env env, const Fields& fields, const std::string& side, std::uint32_t rows) {
  SamplerFeatures lists;
  const std::string offsets = side + "FeatureOffsets";
  const std::string features = side + "Features";
  lists.sizes = constant(fields.array<std::uint32_t>((side + "FieldSizes").c_str()));
  lists.offsets = constant(fields.array<std::uint32_t>(offsets.c_str(), std::size_t{rows} + 1));
  lists.features = constant(fields.array<std::uint32_t>(features.c_str()));
  lists.weights = constant(fields.array<float>((side + "FeatureWeights").c_str(), lists.features.size));
  expect_offsets(env, lists.offsets, lists.features.size, offsets.c_str());
  expect_below(env, lists.features, lists.count(), features.c_str());
  return lists;
}

// Levels are laid out as SampleLevel has them: each level's labels cover all ratings of each user, in order.
void read_levels(Napi::Env env, const Fields& fields, SamplerSetup& setup) {
  setup.level_sizes = constant(fields.array<std::uint32_t>("levelSizes"));
  const std::size_t levels = setup.level_sizes.size;
  if (levels > kMostLevels) throw Napi::RangeError::New(env, "native: too many levels of moments");
  const std::size_t labels = setup.num_labels();
  const std::size_t users = std::size_t{setup.num_users} + 1;
  setup.level_users = constant(fields.array<std::uint32_t>("levelUsers", levels * users));
  setup.level_offsets = constant(fields.array<std::uint32_t>("levelOffsets", labels + levels));
  setup.level_parents = constant(fields.array<std::uint32_t>("levelParents", labels));
  std::uint32_t before = 0;  // rows of the query table that a level's parents may be
  std::uint32_t rows = setup.num_users;
  const std::uint32_t* offsets = setup.level_offsets.data;
  const std::uint32_t* parents = setup.level_parents.data;
  for (std::size_t l = 0; l < levels; ++l) {
    const std::uint32_t size = setup.level_sizes[l];
    const View<const std::uint32_t> of_users{setup.level_users.data + l * users, users};
    expect_offsets(env, of_users, size, "levelUsers");
    expect_offsets(env, {offsets, std::size_t{size} + 1}, setup.items.size, "levelOffsets");
    for (std::size_t u = 0; u < users; ++u) {
      if (offsets[of_users[u]] == setup.offsets[u]) continue;
      throw Napi::RangeError::New(env, "native: `levelOffsets` do not fit the users");
    }
    const bool good = std::all_of(parents, parents + size, [&](std::uint32_t p) { return p >= before && p < rows; });
    if (!good) throw Napi::RangeError::New(env, "native: `levelParents` holds an index out of range");
    before = rows;
    rows += size;
    offsets += size + 1;
    parents += size;
  }
}

// Each category must have a rating: without one nothing keeps its cutpoints apart.
void read_categories(Napi::Env env, const Fields& fields, SamplerSetup& setup) {
  setup.category_values = constant(fields.array<double>("categoryValues"));
  const std::size_t count = setup.category_values.size;
  setup.categories = constant(fields.array<std::uint8_t>("categories", count == 0 ? 0 : setup.items.size));
  if (count == 0) return;
  bool used[kMostCategories] = {};
  bool good = count >= 2 && count <= kMostCategories;
  for (std::size_t t = 0; good && t < setup.categories.size; ++t) {
    good = setup.categories[t] < count;
    if (good) used[setup.categories[t]] = true;
  }
  if (!good || !std::all_of(used, used + count, [](bool one) { return one; })) {
    throw Napi::RangeError::New(env, "native: `categories` are not all of those in `categoryValues`");
  }
}

SamplerSetup read_setup(Napi::Env env, const Fields& fields) {
  SamplerSetup setup;
  setup.num_users = fields.u32("numUsers");
  setup.num_items = fields.u32("numItems");
  setup.dim = at_most(fields, "dim", kMostDim, env);
  setup.offsets = constant(fields.array<std::uint32_t>("offsets", std::size_t{setup.num_users} + 1));
  setup.items = constant(fields.array<std::uint32_t>("items"));
  setup.ratings = constant(fields.array<float>("values", setup.items.size));
  setup.query_rows = constant(fields.array<std::uint32_t>("queryRows", setup.items.size));
  expect_offsets(env, setup.offsets, setup.items.size, "offsets");
  expect_below(env, setup.items, setup.num_items, "items");
  read_categories(env, fields, setup);
  setup.user_features = read_features(env, fields, "user", setup.num_users);
  setup.item_features = read_features(env, fields, "item", setup.num_items);
  read_levels(env, fields, setup);
  const std::uint32_t queries = setup.num_users + setup.num_labels();
  expect_below(env, setup.query_rows, queries, "queryRows");
  setup.valid_queries = constant(fields.array<std::uint32_t>("validQueries"));
  setup.valid_items = constant(fields.array<std::uint32_t>("validItems", setup.valid_queries.size));
  setup.valid_ratings = constant(fields.array<float>("validValues", setup.valid_queries.size));
  expect_below(env, setup.valid_queries, queries, "validQueries");
  expect_below(env, setup.valid_items, setup.num_items, "validItems");
  setup.range_min = fields.f32("rangeMin");
  setup.range_max = fields.f32("rangeMax");
  setup.global_bias = fields.f32("globalBias");
  setup.init_std = fields.f32("initStd");
  setup.range = at_most(fields, "range", kMostColumns, env);
  setup.corange = at_most(fields, "corange", kMostColumns, env);
  if (setup.range % kColumnsUnit != 0 || setup.corange % kColumnsUnit != 0) {
    throw Napi::RangeError::New(env, "native: `range` and `corange` are multiples of 16");
  }
  setup.seed = static_cast<std::uint64_t>(fields.number("seed"));
  setup.threads = at_most(fields, "threads", kMostThreads, env);
  return setup;
}

constexpr SessionWords kWords = {"the sampler", "a sweep"};

class SamplerObject : public Napi::ObjectWrap<SamplerObject> {
 public:
  static Napi::Function define(Napi::Env env) {
    return DefineClass(
        env, "Sampler",
        {InstanceMethod("runSweep", &SamplerObject::run_sweep), InstanceMethod("read", &SamplerObject::read),
         InstanceMethod("readSample", &SamplerObject::read_sample),
         InstanceMethod("dispose", &SamplerObject::dispose)});
  }

  explicit SamplerObject(const Napi::CallbackInfo& info) : Napi::ObjectWrap<SamplerObject>(info) {
    const Napi::Env env = info.Env();
    const Fields fields(info[0]);
    const SamplerSetup setup = read_setup(env, fields);
    shared_ = std::make_shared<Shared<FmSampler>>(setup);
    if (shared_->state.failed()) {
      shared_.reset();
      throw Napi::Error::New(env, "Not enough memory for " + std::to_string(setup.num_features()) +
                                      " features and dim " + std::to_string(setup.dim));
    }
    config_ = Napi::Persistent(fields.copy());
  }

 private:
  Napi::Value run_sweep(const Napi::CallbackInfo& info) {
    const Napi::Env env = info.Env();
    expect_idle(env, shared_, kWords);
    const std::uint32_t sweep = info[0].ToNumber().Uint32Value();
    const bool keep = info[1].ToBoolean().Value();
    const std::atomic<std::int32_t>* flag = cancel_flag(info[2]);
    auto call = std::make_shared<Call<FmSampler, SweepResult>>(shared_, info.This(), info[2]);
    return run_task(
        env, "palate.runSweep",
        [call, flag, sweep, keep](const std::atomic<std::int32_t>& teardown) {
          call->result = call->shared->state.run_sweep(sweep, keep, *flag, teardown);
        },
        [call](Napi::Env e) { return to_object(e, call->result); });
  }

  static Napi::Value to_object(Napi::Env env, const SweepResult& result) {
    Napi::Object object = Napi::Object::New(env);
    object.Set("status", word_of(result.status));
    object.Set("seconds", result.seconds);
    object.Set("trainLoss", result.train_loss);
    object.Set("validLoss", result.valid_loss);
    object.Set("validRmse", result.valid_rmse);
    return object;
  }

  Napi::Value read(const Napi::CallbackInfo& info) {
    const Napi::Env env = info.Env();
    expect_idle(env, shared_, kWords);
    const FmSampler& sampler = shared_->state;
    const SampleState& s = sampler.state();
    const SketchCall& sums = sampler.sums();
    const Fields fields(info[0]);
    const auto copy = [&fields](const auto* source, const char* name, std::size_t size) {
      std::copy_n(source, size, fields.array<std::decay_t<decltype(*source)>>(name, size).data);
    };
    const std::size_t queries = s.num_queries;
    const std::size_t items = s.items.rows;
    copy(static_cast<const float*>(sums.query_sketch), "querySketch", queries * sums.range);
    copy(static_cast<const float*>(sums.item_sketch), "itemSketch", items * sums.corange);
    copy(static_cast<const double*>(sums.query_biases), "queryBiases", queries);
    copy(static_cast<const double*>(sums.item_biases), "itemBiases", items);
    copy(sampler.cutpoint_sums().data(), "cutpoints", sampler.cutpoint_sums().size());
    cpu_backend().mix_sketch(fields.array<float>("mixed", std::size_t{sums.corange} * sums.range).data, s, sums);
    Napi::Object object = Napi::Object::New(env);
    object.Set("samples", sampler.samples());
    object.Set("globalBias", sums.global_bias);
    object.Set("noiseVariance", sampler.noise_sum());
    return object;
  }

  Napi::Value read_sample(const Napi::CallbackInfo& info) {
    const Napi::Env env = info.Env();
    expect_idle(env, shared_, kWords);
    const SampleState& s = shared_->state.state();
    const Fields fields(info[0]);
    const std::size_t features = s.num_features;
    const std::size_t priors = (std::size_t{s.dim} + 1) * s.num_fields;
    std::copy_n(s.values, (s.dim + 1) * features, fields.array<float>("values", (s.dim + 1) * features).data);
    std::copy_n(s.means, priors, fields.array<float>("means", priors).data);
    std::copy_n(s.precisions, priors, fields.array<float>("precisions", priors).data);
    const std::size_t cutpoints = s.categories.count == 0 ? 0 : s.categories.count - 1;
    std::copy_n(s.categories.bounds + 1, cutpoints, fields.array<float>("cutpoints", cutpoints).data);
    Napi::Object object = Napi::Object::New(env);
    object.Set("globalBias", s.global_bias);
    object.Set("precision", s.precision);
    return object;
  }

  Napi::Value dispose(const Napi::CallbackInfo& info) {
    if (shared_ != nullptr) expect_idle(info.Env(), shared_, kWords);
    shared_.reset();
    config_.Reset();
    return info.Env().Undefined();
  }

  std::shared_ptr<Shared<FmSampler>> shared_;
  Napi::ObjectReference config_;
};

}  // namespace

void bind_sampler(Napi::Env env, Napi::Object exports) { exports.Set("Sampler", SamplerObject::define(env)); }

}  // namespace palate
