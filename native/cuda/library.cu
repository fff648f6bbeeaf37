#include "cuda/library.h"

#include <cstring>
#include <string>

#include "cuda/dialect.h"
#include "cuda/kernels.h"

namespace palate {
namespace {

// The oldest that the library has code for.
constexpr int kOldestMajor = 7;
constexpr int kOldestMinor = 5;

// Cut to what fits.
void say(const std::string& text, char* target, std::size_t size) {
  if (size == 0) return;
  const std::size_t length = text.size() < size ? text.size() : size - 1;
  std::memcpy(target, text.data(), length);
  target[length] = '\0';
}

// CUDA calls a missing driver too old: its version is 0 then.
std::string reason_of(cudaError_t error) {
  int driver = 0;
  int runtime = 0;
  (void)cudaDriverGetVersion(&driver);
  (void)cudaRuntimeGetVersion(&runtime);
  (void)cudaGetLastError();
  const auto dotted = [](int version) {
    return std::to_string(version / 1000) + "." + std::to_string(version % 1000 / 10);
  };
  if (driver == 0) return "no NVIDIA driver is installed";
  if (error == cudaErrorInsufficientDriver) {
    return "the NVIDIA driver supports CUDA " + dotted(driver) + ", and CUDA " + dotted(runtime) + " is needed";
  }
  if (error == cudaSuccess || error == cudaErrorNoDevice) return "the NVIDIA driver finds no GPU";
  return std::string("the NVIDIA driver reports ") + cudaGetErrorName(error) + ", " + cudaGetErrorString(error);
}

std::uint32_t count_devices(char* reason, std::size_t size) {
  int count = 0;  // left alone on errors
  const cudaError_t error = cudaGetDeviceCount(&count);
  if (error == cudaSuccess && count > 0) return static_cast<std::uint32_t>(count);
  say(reason_of(error), reason, size);
  return 0;
}

bool describe_device(std::uint32_t ordinal, DeviceDescription& device, char* reason, std::size_t size) {
  cudaDeviceProp properties = {};
  const cudaError_t error = cudaGetDeviceProperties(&properties, static_cast<int>(ordinal));
  if (error != cudaSuccess) {
    say(reason_of(error), reason, size);
    return false;
  }
  say(properties.name, device.name, sizeof(device.name));
  device.memory_bytes = properties.totalGlobalMem;
  device.multiprocessors = static_cast<std::uint32_t>(properties.multiProcessorCount);
  device.capability_major = static_cast<std::uint32_t>(properties.major);
  device.capability_minor = static_cast<std::uint32_t>(properties.minor);
  const bool old =
      properties.major < kOldestMajor || (properties.major == kOldestMajor && properties.minor < kOldestMinor);
  if (old) {
    say(std::string(properties.name) + " has compute capability " + std::to_string(properties.major) + "." +
            std::to_string(properties.minor) + ", and 7.5 or newer is needed",
        reason, size);
  }
  return !old;
}

}  // namespace
}  // namespace palate

extern "C" __attribute__((visibility("default"))) const palate::DeviceTable* palate_cuda_table() {
  static const palate::DeviceTable table = {palate::kDeviceAbi, palate::contract_fingerprint(), palate::count_devices,
                                            palate::describe_device, &palate::k_cuda::backend};
  return &table;
}
