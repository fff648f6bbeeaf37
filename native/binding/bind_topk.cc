#include "backend.h"
#include "binding/args.h"
#include "binding/bind.h"

namespace palate {
namespace {

template <typename T>
T* optional_array(const Fields& fields, const char* name, std::size_t size) {
  return fields.has(name) ? fields.array<T>(name, size).data : nullptr;
}

Napi::Value select(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const Fields fields(info[0]);
  TopkCall call{};
  call.num_queries = fields.u32("numQueries");
  call.num_items = fields.u32("numItems");
  call.dim = fields.u32("dim");
  call.k = fields.u32("k");
  call.cosine = fields.boolean("cosine");
  const std::size_t results = static_cast<std::size_t>(call.num_queries) * call.k;
  call.indices = fields.array<std::uint32_t>("indices", results).data;
  call.scores = fields.array<float>("scores", results).data;
  call.queries = fields.array<float>("queries", static_cast<std::size_t>(call.num_queries) * call.dim).data;
  call.items = fields.array<float>("items", static_cast<std::size_t>(call.num_items) * call.dim).data;
  call.item_biases = optional_array<float>(fields, "itemBiases", call.num_items);
  call.candidates = optional_array<std::uint8_t>(fields, "candidates", call.num_items);
  if (fields.has("excludeOffsets")) {
    const auto offsets = fields.array<std::uint32_t>("excludeOffsets", std::size_t{call.num_queries} + 1);
    const auto items = fields.array<std::uint32_t>("excludeItems");
    for (std::size_t q = 0; q < call.num_queries; ++q) {
      if (offsets[q] > offsets[q + 1] || offsets[q + 1] > items.size) {
        throw Napi::RangeError::New(env, "native: `excludeOffsets` are not offsets of `excludeItems`");
      }
    }
    call.exclude_offsets = offsets.data;
    call.exclude_items = items.data;
  }
  Pool pool(fields.u32("threads"));
  if (cpu_backend().select_topk(call, pool) == Status::out_of_memory) {
    throw Napi::Error::New(env, "Not enough memory for the top-k of " + std::to_string(call.num_queries) +
                                    " queries over " + std::to_string(call.num_items) + " items");
  }
  return env.Undefined();
}

}  // namespace

void bind_topk(Napi::Env env, Napi::Object exports) {
  exports.Set("selectTopk", Napi::Function::New(env, select, "selectTopk"));
}

}  // namespace palate
