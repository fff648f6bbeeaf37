// What a device keeps for JavaScript from one call to the next, such as the items of a model that is searched.
#pragma once

#include <napi.h>

#include <memory>
#include <mutex>

#include "core/device.h"

namespace palate {

struct KeptMemory {
  explicit KeptMemory(const DeviceChoice& choice) : device(choice) {}

  Device device;
  std::mutex mutex;  // one call at a time uses the memory
};

// The memory behind a DeviceMemory object. Throws for anything else, and for one that was disposed.
std::shared_ptr<KeptMemory> kept_memory_of(const Napi::Value& value);

}  // namespace palate
