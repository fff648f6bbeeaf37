// Fold-in of rows that a trained model lacks.
#include <algorithm>

#include "backend.h"
#include "binding/args.h"
#include "binding/bind.h"
#include "binding/checks.h"
#include "binding/shared_pool.h"
#include "core/float_mode.h"
#include "core/memory.h"

namespace palate {
namespace {

struct Folding {
  FoldCall call;
  Buffer<float> scratch;

  static void run(void* context, Pool& pool) {
    Folding& folding = *static_cast<Folding*>(context);
    folding.scratch = Buffer<float>(pool.threads() * fold_floats(folding.call.dim));
    if (folding.scratch.failed()) return;
    const FlushDenormals flush;
    folding.call.scratch = folding.scratch.data();
    cpu_backend().fold_rows(folding.call, pool);
  }
};

const float* optional_floats(const Fields& fields, const char* name, std::size_t size) {
  return fields.has(name) ? fields.array<float>(name, size).data : nullptr;
}

FoldCall read_call(Napi::Env env, const Fields& fields) {
  FoldCall call;
  call.dim = at_most(fields, "dim", kMostDim, env);
  const View<const std::uint32_t> offsets = constant(fields.array<std::uint32_t>("offsets"));
  const View<const std::uint32_t> others = constant(fields.array<std::uint32_t>("others"));
  expect_offsets(env, offsets, others.size, "offsets");
  const std::uint32_t fixed_rows = fields.u32("numFixed");
  expect_below(env, others, fixed_rows, "others");
  call.num_rows = static_cast<std::uint32_t>(offsets.size - 1);
  const std::size_t rows = call.num_rows;
  const std::size_t dim = call.dim;
  call.offsets = offsets.data;
  call.others = others.data;
  call.factors = fields.array<float>("factors", rows * dim).data;
  if (fields.has("biases")) {
    call.biases = fields.array<float>("biases", rows).data;
    call.bias_penalties = fields.array<float>("biasPenalties", rows).data;
  }
  call.fixed = fields.array<float>("fixed", fixed_rows * dim).data;
  call.bases = optional_floats(fields, "bases", others.size);
  call.targets = optional_floats(fields, "targets", others.size);
  call.weights = optional_floats(fields, "weights", others.size);
  call.shifts = optional_floats(fields, "shifts", rows * dim);
  call.gram = optional_floats(fields, "gram", dim * dim);
  call.factor_penalties = fields.array<float>("factorPenalties", rows).data;
  call.objective =
      word<Objective>(fields, "objective", {{"squared", Objective::squared}, {"logistic", Objective::logistic}}, env);
  call.link = word<Link>(fields, "link", {{"identity", Link::identity}, {"sigmoid", Link::sigmoid}}, env);
  call.range_min = fields.f32("rangeMin");
  call.range_max = fields.f32("rangeMax");
  return call;
}

Napi::Value fold_rows(const Napi::CallbackInfo& info) {
  const Fields fields(info[0]);
  Folding folding;
  folding.call = read_call(info.Env(), fields);
  const std::uint32_t threads = at_most(fields, "threads", kMostThreads, info.Env());
  if (threads > 1 && folding.call.num_rows > 1) {
    with_shared_pool(threads, Folding::run, &folding);
  } else {
    Pool self(1);
    Folding::run(&folding, self);
  }
  if (folding.scratch.failed()) throw Napi::Error::New(info.Env(), "Not enough memory to fit rows");
  return info.Env().Undefined();
}

// The products of all pairs of columns of a table, by a copy with whole vectors.
struct Gram {
  const float* rows;
  float* target;
  std::uint32_t num_rows;
  std::uint32_t dim;
  bool failed = false;

  static void run(void* context, Pool& pool) {
    Gram& gram = *static_cast<Gram*>(context);
    GramCall call;
    call.num_rows = gram.num_rows;
    call.stride = (gram.dim + 15) / 16 * 16;
    const std::size_t stride = call.stride;
    Buffer<float> rows(gram.num_rows * stride), found(stride * stride), shares(kGramShares * stride * stride);
    gram.failed = rows.failed() || found.failed() || shares.failed();
    if (gram.failed) return;
    for (std::size_t r = 0; r < gram.num_rows; ++r)
      std::copy_n(gram.rows + r * gram.dim, gram.dim, rows.data() + r * stride);
    call.rows = rows.data();
    call.gram = found.data();
    call.shares = shares.data();
    cpu_backend().form_gram(call, pool);
    for (std::size_t k = 0; k < gram.dim; ++k)
      std::copy_n(found.data() + k * stride, gram.dim, gram.target + k * gram.dim);
  }
};

Napi::Value form_gram(const Napi::CallbackInfo& info) {
  const Fields fields(info[0]);
  const std::uint32_t dim = at_most(fields, "dim", kMostDim, info.Env());
  const View<float> target = fields.array<float>("gram", std::size_t{dim} * dim);
  const std::uint32_t num_rows = fields.u32("numRows");
  const View<float> rows = fields.array<float>("rows", std::size_t{num_rows} * dim);
  Gram gram{rows.data, target.data, num_rows, dim};
  with_shared_pool(at_most(fields, "threads", kMostThreads, info.Env()), Gram::run, &gram);
  if (gram.failed) throw Napi::Error::New(info.Env(), "Not enough memory for the products of columns");
  return info.Env().Undefined();
}

}  // namespace

void bind_fold(Napi::Env env, Napi::Object exports) {
  exports.Set("foldRows", Napi::Function::New(env, fold_rows, "foldRows"));
  exports.Set("formGram", Napi::Function::New(env, form_gram, "formGram"));
}

}  // namespace palate
