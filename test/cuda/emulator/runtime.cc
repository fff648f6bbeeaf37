// Devices, device memory and streams. Work on a stream waits until somebody waits for it, and streams then take turns
// in any order: what is not ordered by the program is not ordered here. Host memory counts as pageable, so uploads read
// it at once and downloads wait, as with the real runtime.
#include <cstdlib>
#include <cstring>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "block.h"
#include "grid.h"
#include "sanitizers.h"
#include "settings.h"

struct EmulatedStream {
  std::deque<std::function<void()>> work;
};

namespace emulator {
namespace {

constexpr int kMultiprocessors = 4;

struct Device {
  std::recursive_mutex mutex;  // one thing at a time runs on the device, whichever thread asked for it
  std::map<void*, std::size_t> arrays;
  std::size_t used = 0;
  std::vector<EmulatedStream*> streams;
  cudaError_t last_error = cudaSuccess;
};

Device& device() {
  static Device* const only = new Device();
  return *only;
}

using Lock = std::lock_guard<std::recursive_mutex>;

cudaError_t report(cudaError_t error) {
  if (error != cudaSuccess) device().last_error = error;
  return error;
}

void run_next(EmulatedStream& stream) {
  const std::function<void()> work = std::move(stream.work.front());
  stream.work.pop_front();
  work();
}

// Runs all of the stream, and, in a random order, as much of the others as comes between.
void drain(EmulatedStream& stream) {
  while (!stream.work.empty()) {
    EmulatedStream* next = &stream;
    if (settings().order == Order::random) {
      EmulatedStream* other = device().streams[draw() % device().streams.size()];
      if (!other->work.empty()) next = other;
    }
    run_next(*next);
  }
}

void drain_all() {
  for (EmulatedStream* stream : device().streams) drain(*stream);
}

cudaError_t submit(cudaStream_t stream, std::function<void()> work) {
  if (stream == nullptr) fail({"stream", 0}, "work for the default stream, which would order all others");
  stream->work.push_back(std::move(work));
  if (!settings().lazy) drain(*stream);
  return cudaSuccess;
}

// The array that holds these bytes, as copies must not leave it.
void expect_inside(const void* pointer, std::size_t bytes, const char* what) {
  const char* begin = static_cast<const char*>(pointer);
  auto next = device().arrays.upper_bound(const_cast<void*>(pointer));
  if (next != device().arrays.begin()) {
    --next;
    if (begin + bytes <= static_cast<const char*>(next->first) + next->second) return;
  }
  fail({what, 0}, "%zu bytes are not inside an array of the device", bytes);
}

void copy(void* target, const void* source, std::size_t bytes) {
  allow_device_memory(true);
  std::memcpy(target, source, bytes);
  allow_device_memory(false);
}

cudaError_t missing_device() {
  if (settings().driver_version < 13000) return cudaErrorInsufficientDriver;
  return settings().devices == 0 ? cudaErrorNoDevice : cudaSuccess;
}

}  // namespace

void allow_device_memory(bool allowed) {
  for (const auto& [memory, bytes] : device().arrays) {
    if (allowed) {
      sanitizers::allow(memory, bytes);
    } else {
      sanitizers::forbid(memory, bytes);
    }
  }
}

cudaError_t launch(Launch launch, cudaStream_t stream) {
  const Lock lock(device().mutex);
  const cudaError_t error = check_launch(launch);
  if (error != cudaSuccess) return report(error);
  return submit(stream, [launch = std::move(launch)] { run_grid(launch); });
}

}  // namespace emulator

using namespace emulator;

const char* cudaGetErrorName(cudaError_t error) {
  switch (error) {
    case cudaSuccess:
      return "cudaSuccess";
    case cudaErrorInvalidValue:
      return "cudaErrorInvalidValue";
    case cudaErrorMemoryAllocation:
      return "cudaErrorMemoryAllocation";
    case cudaErrorInvalidConfiguration:
      return "cudaErrorInvalidConfiguration";
    case cudaErrorInsufficientDriver:
      return "cudaErrorInsufficientDriver";
    case cudaErrorNoDevice:
      return "cudaErrorNoDevice";
    case cudaErrorInvalidDevice:
      return "cudaErrorInvalidDevice";
  }
  return "unknown error";
}

const char* cudaGetErrorString(cudaError_t) { return "an error of the emulator"; }

cudaError_t cudaGetLastError() {
  const Lock lock(device().mutex);
  return std::exchange(device().last_error, cudaSuccess);
}

cudaError_t cudaDriverGetVersion(int* version) {
  *version = settings().driver_version;
  return cudaSuccess;
}

cudaError_t cudaRuntimeGetVersion(int* version) {
  *version = 13000;
  return cudaSuccess;
}

cudaError_t cudaGetDeviceCount(int* count) {
  const cudaError_t error = missing_device();
  if (error == cudaSuccess) *count = settings().devices;
  return report(error);
}

cudaError_t cudaSetDevice(int ordinal) {
  if (missing_device() != cudaSuccess) return report(missing_device());
  return report(ordinal >= 0 && ordinal < settings().devices ? cudaSuccess : cudaErrorInvalidDevice);
}

cudaError_t cudaGetDeviceProperties(cudaDeviceProp* properties, int ordinal) {
  const cudaError_t error = cudaSetDevice(ordinal);
  if (error != cudaSuccess) return error;
  *properties = {};
  std::strcpy(properties->name, "emulator");
  properties->totalGlobalMem = settings().memory;
  properties->multiProcessorCount = kMultiprocessors;
  properties->major = settings().capability_major;
  properties->minor = settings().capability_minor;
  return cudaSuccess;
}

cudaError_t cudaDeviceGetAttribute(int* value, cudaDeviceAttr attribute, int ordinal) {
  if (attribute != cudaDevAttrMultiProcessorCount) return report(cudaErrorInvalidValue);
  const cudaError_t error = cudaSetDevice(ordinal);
  if (error == cudaSuccess) *value = kMultiprocessors;
  return error;
}

cudaError_t cudaStreamCreateWithFlags(cudaStream_t* stream, unsigned) {
  const Lock lock(device().mutex);
  *stream = new EmulatedStream();
  device().streams.push_back(*stream);
  return cudaSuccess;
}

cudaError_t cudaStreamDestroy(cudaStream_t stream) {
  const Lock lock(device().mutex);
  drain(*stream);
  std::erase(device().streams, stream);
  delete stream;
  return cudaSuccess;
}

cudaError_t cudaStreamSynchronize(cudaStream_t stream) {
  const Lock lock(device().mutex);
  drain(*stream);
  return cudaSuccess;
}

cudaError_t cudaMalloc(void** pointer, std::size_t bytes) {
  const Lock lock(device().mutex);
  Device& d = device();
  if (bytes > settings().memory - d.used) return report(cudaErrorMemoryAllocation);
  *pointer = std::malloc(bytes);
  if (*pointer == nullptr) return report(cudaErrorMemoryAllocation);
  fill_undefined(*pointer, bytes);
  sanitizers::forbid(*pointer, bytes);
  d.arrays[*pointer] = bytes;
  d.used += bytes;
  return cudaSuccess;
}

cudaError_t cudaFree(void* pointer) {
  const Lock lock(device().mutex);
  if (pointer == nullptr) return cudaSuccess;
  Device& d = device();
  drain_all();
  const auto found = d.arrays.find(pointer);
  if (found == d.arrays.end()) fail({"cudaFree", 0}, "the pointer is not from cudaMalloc");
  sanitizers::allow(pointer, found->second);
  d.used -= found->second;
  d.arrays.erase(found);
  std::free(pointer);
  return cudaSuccess;
}

cudaError_t cudaMemGetInfo(std::size_t* free, std::size_t* total) {
  const Lock lock(device().mutex);
  *total = settings().memory;
  *free = *total - device().used;
  return cudaSuccess;
}

cudaError_t cudaMemcpyAsync(void* target, const void* source, std::size_t bytes, cudaMemcpyKind kind,
                            cudaStream_t stream) {
  const Lock lock(device().mutex);
  if (kind != cudaMemcpyHostToDevice) expect_inside(source, bytes, "download");
  if (kind != cudaMemcpyDeviceToHost) expect_inside(target, bytes, "upload");
  if (kind == cudaMemcpyHostToDevice) {
    const char* begin = static_cast<const char*>(source);
    auto staged = std::make_shared<std::vector<char>>(begin, begin + bytes);
    return submit(stream, [target, staged] { copy(target, staged->data(), staged->size()); });
  }
  submit(stream, [target, source, bytes] { copy(target, source, bytes); });
  if (kind == cudaMemcpyDeviceToHost) drain(*stream);
  return cudaSuccess;
}

cudaError_t cudaMemsetAsync(void* target, int value, std::size_t bytes, cudaStream_t stream) {
  const Lock lock(device().mutex);
  expect_inside(target, bytes, "memset");
  return submit(stream, [target, value, bytes] {
    allow_device_memory(true);
    std::memset(target, value, bytes);
    allow_device_memory(false);
  });
}
