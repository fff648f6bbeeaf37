// Where a training computes: on the processor, or on a device that keeps what it needs from call to call.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>

#include "backend.h"
#include "core/parallel.h"

namespace palate {

struct DeviceChoice {
  const Backend* backend = nullptr;  // nullptr: the processor, at the level in use at each call
  std::uint32_t ordinal = 0;         // of the device among those of the backend
};

class Device {
 public:
  explicit Device(const DeviceChoice& choice = {});
  ~Device();
  Device(const Device&) = delete;
  Device& operator=(const Device&) = delete;

  // The device could not be opened; it must not be used.
  bool failed() const { return backend_ != nullptr && memory_ == nullptr; }

  const Backend& backend() const { return backend_ != nullptr ? *backend_ : cpu_backend(); }
  // What calls take along; nullptr on the processor.
  DeviceMemory* memory() const { return memory_; }

  // Arrays of the host become what kernels made of them; nothing to do on the processor.
  Status fetch(std::initializer_list<const void*> arrays);
  // The host changed these.
  void forget(std::initializer_list<const void*> arrays);

  // ok, diverged where a value is NaN or infinite, or what went wrong on the device.
  Status check_finite(const float* values, std::size_t count, Pool& pool);

  // Of calls that return none themselves.
  Status status() const;
  // Why one is device_failed or out_of_memory; empty on the processor.
  std::string failure() const;

 private:
  const Backend* backend_;
  DeviceMemory* memory_ = nullptr;
};

}  // namespace palate
