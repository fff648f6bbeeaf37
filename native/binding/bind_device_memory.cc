#include <utility>

#include "binding/bind.h"
#include "binding/device.h"
#include "binding/device_memory.h"

namespace palate {
namespace {

constexpr napi_type_tag kTag = {0x70616c6174652d64, 0x65766963656d656d};

class DeviceMemoryObject : public Napi::ObjectWrap<DeviceMemoryObject> {
 public:
  static Napi::Function define(Napi::Env env) {
    return DefineClass(env, "DeviceMemory", {InstanceMethod("dispose", &DeviceMemoryObject::dispose)});
  }

  explicit DeviceMemoryObject(const Napi::CallbackInfo& info) : Napi::ObjectWrap<DeviceMemoryObject>(info) {
    const Fields fields(info[0]);
    memory_ = std::make_shared<KeptMemory>(device_of(info.Env(), fields, &Backend::select_topk));
    expect_open(info.Env(), memory_->device);
    info.This().As<Napi::Object>().TypeTag(&kTag);
  }

  std::shared_ptr<KeptMemory> memory() const { return memory_; }

 private:
  // A call that runs has a share of the memory, which goes with the last one.
  Napi::Value dispose(const Napi::CallbackInfo& info) {
    memory_.reset();
    return info.Env().Undefined();
  }

  std::shared_ptr<KeptMemory> memory_;
};

}  // namespace

std::shared_ptr<KeptMemory> kept_memory_of(const Napi::Value& value) {
  std::shared_ptr<KeptMemory> memory;
  if (value.IsObject() && value.As<Napi::Object>().CheckTypeTag(&kTag)) {
    memory = DeviceMemoryObject::Unwrap(value.As<Napi::Object>())->memory();
  }
  if (memory == nullptr) throw Napi::TypeError::New(value.Env(), "native: `memory` is no open DeviceMemory");
  return memory;
}

void bind_device_memory(Napi::Env env, Napi::Object exports) {
  exports.Set("DeviceMemory", DeviceMemoryObject::define(env));
}

}  // namespace palate
