// Devices with memory of their own: what their row of the backend table has besides kernels.
#pragma once

#include <cstddef>
#include <cstdint>

#include "core/status.h"

namespace palate {

// Arrays of one training or one call that lie on a device, by their host addresses (cuda/memory.h). One thread at a
// time may use it.
class DeviceMemory;

struct DeviceOperations {
  // On device `ordinal`, counted from 0. nullptr when the device or memory for it is not there.
  DeviceMemory* (*open)(std::uint32_t ordinal);
  void (*close)(DeviceMemory* memory);
  // Copies what kernels wrote to the array back to its host address; nullptr: to all such arrays.
  Status (*fetch)(DeviceMemory& memory, const void* host);
  // The host wrote to the array: the next kernel that needs it uploads it again.
  void (*forget)(DeviceMemory& memory, const void* host);
  // Whether all values of the array are finite, wherever they are newest.
  Status (*all_finite)(DeviceMemory& memory, const float* host, std::size_t count, bool& finite);
  // The first failure since the memory was opened; calls behind it do nothing.
  Status (*status)(const DeviceMemory& memory);
  // Says why a call returned device_failed or out_of_memory; lives as long as the memory.
  const char* (*failure)(const DeviceMemory& memory);
};

}  // namespace palate
