#include <string>
#include <thread>

#include "backend.h"
#include "binding/bind.h"

namespace palate {
namespace {

Napi::Value simd_levels(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const char* names[4];
  const int count = cpu_levels(names);
  Napi::Array available = Napi::Array::New(env);
  for (int i = 0; i < count; ++i) available.Set(static_cast<std::uint32_t>(i), names[i]);
  Napi::Object result = Napi::Object::New(env);
  result.Set("available", available);
  result.Set("active", cpu_backend().level);
  return result;
}

Napi::Value set_simd_level(const Napi::CallbackInfo& info) {
  const std::string name = info[0].ToString().Utf8Value();
  if (!force_cpu_level(name.c_str())) {
    throw Napi::RangeError::New(info.Env(), "SIMD level '" + name + "' is not available on this processor");
  }
  return info.Env().Undefined();
}

Napi::Value hardware_threads(const Napi::CallbackInfo& info) {
  const unsigned threads = std::thread::hardware_concurrency();
  return Napi::Number::New(info.Env(), threads == 0 ? 1 : threads);
}

}  // namespace

void bind_device(Napi::Env env, Napi::Object exports) {
  exports.Set("simdLevels", Napi::Function::New(env, simd_levels, "simdLevels"));
  exports.Set("setSimdLevel", Napi::Function::New(env, set_simd_level, "setSimdLevel"));
  exports.Set("hardwareThreads", Napi::Function::New(env, hardware_threads, "hardwareThreads"));
}

}  // namespace palate
