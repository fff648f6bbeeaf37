#include <atomic>
#include <string>
#include <thread>

#include "backend.h"
#include "binding/bind.h"
#include "binding/device.h"
#include "core/cuda_library.h"

namespace palate {
namespace {

std::atomic<const DeviceTable*> cuda_table{nullptr};

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

Napi::Object describe(Napi::Env env, const DeviceTable& table, std::uint32_t ordinal) {
  DeviceDescription device;
  char reason[256] = "";
  const bool usable = table.describe(ordinal, device, reason, sizeof(reason));
  Napi::Object result = Napi::Object::New(env);
  result.Set("name", device.name);
  result.Set("memoryBytes", static_cast<double>(device.memory_bytes));
  result.Set("multiprocessors", device.multiprocessors);
  result.Set("capability", std::to_string(device.capability_major) + "." + std::to_string(device.capability_minor));
  if (!usable) result.Set("reason", reason);
  return result;
}

Napi::Value cuda_devices(const Napi::CallbackInfo& info) {
  const Napi::Env env = info.Env();
  const CudaLibrary library = open_cuda_library(info[0].ToString().Utf8Value());
  std::string reason = library.reason;
  std::uint32_t count = 0;
  if (library.table != nullptr) {
    char text[256] = "";
    count = library.table->count(text, sizeof(text));
    reason = text;
  }
  cuda_table.store(count == 0 ? nullptr : library.table, std::memory_order_release);
  Napi::Array devices = Napi::Array::New(env, count);
  for (std::uint32_t n = 0; n < count; ++n) devices.Set(n, describe(env, *library.table, n));
  Napi::Object result = Napi::Object::New(env);
  result.Set("devices", devices);
  if (count == 0) result.Set("reason", reason);
  return result;
}

}  // namespace

Napi::Error device_error(Napi::Env env, const std::string& message) {
  Napi::Error error = Napi::Error::New(env, message);
  error.Set("code", "ERR_PALATE_DEVICE");
  return error;
}

const Backend* cuda_backend() {
  const DeviceTable* table = cuda_table.load(std::memory_order_acquire);
  return table == nullptr ? nullptr : table->backend;
}

void bind_device(Napi::Env env, Napi::Object exports) {
  exports.Set("simdLevels", Napi::Function::New(env, simd_levels, "simdLevels"));
  exports.Set("setSimdLevel", Napi::Function::New(env, set_simd_level, "setSimdLevel"));
  exports.Set("hardwareThreads", Napi::Function::New(env, hardware_threads, "hardwareThreads"));
  exports.Set("cudaDevices", Napi::Function::New(env, cuda_devices, "cudaDevices"));
}

}  // namespace palate
