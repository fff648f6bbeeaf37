#include "cuda/memory.h"

#include <algorithm>
#include <cstring>
#include <new>
#include <string>

namespace palate {

DeviceMemory::DeviceMemory(std::uint32_t ordinal) : ordinal_(static_cast<int>(ordinal)) {
  if (!enter()) return;
  int multiprocessors = 0;
  check(cudaDeviceGetAttribute(&multiprocessors, cudaDevAttrMultiProcessorCount, ordinal_), "query of the device");
  multiprocessors_ = static_cast<std::uint32_t>(multiprocessors);
  check(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking), "creation of a stream");
}

// Errors are dropped here: whoever needed the results has seen them, and a broken context frees its memory itself.
DeviceMemory::~DeviceMemory() {
  (void)cudaSetDevice(ordinal_);
  if (stream_ != nullptr) (void)cudaStreamSynchronize(stream_);
  for (auto& [host, array] : arrays_) (void)cudaFree(array.data);
  if (stream_ != nullptr) (void)cudaStreamDestroy(stream_);
  (void)cudaGetLastError();
}

// The current device belongs to the thread, and each call may come from another one.
bool DeviceMemory::enter() { return status_ == Status::ok && check(cudaSetDevice(ordinal_), "choice of the device"); }

bool DeviceMemory::check(cudaError_t error, const char* what) {
  if (error == cudaSuccess) return true;
  (void)cudaGetLastError();  // or the next call would report it once more
  if (status_ == Status::ok) {
    status_ = Status::device_failed;
    const std::string text = std::string(what) + ": " + cudaGetErrorName(error) + ", " + cudaGetErrorString(error);
    std::strncpy(failure_, text.c_str(), sizeof(failure_) - 1);
  }
  return false;
}

void DeviceMemory::fail_allocation(std::size_t bytes) {
  std::size_t free = 0;
  std::size_t total = 0;
  const bool known = cudaMemGetInfo(&free, &total) == cudaSuccess;
  (void)cudaGetLastError();
  status_ = Status::out_of_memory;
  std::string text = "Not enough memory on the device: " + std::to_string(bytes) + " bytes more are needed";
  if (known) text += ", " + std::to_string(free) + " of " + std::to_string(total) + " are free";
  std::strncpy(failure_, text.c_str(), sizeof(failure_) - 1);
}

// An array that grows starts anew from the host, which must not lack anything then.
bool DeviceMemory::reserve(Array& array, std::size_t bytes) {
  if (array.bytes >= bytes) return true;
  if (array.newer && !check(cudaErrorInvalidValue, "growth of an array that was not fetched")) return false;
  if (array.capacity >= bytes) {
    array.bytes = bytes;
    array.current = false;
    return true;
  }
  if (array.data != nullptr && !check(cudaFree(array.data), "release of an array")) return false;
  array = {};
  const cudaError_t error = cudaMalloc(&array.data, bytes);
  if (error == cudaErrorMemoryAllocation) {
    fail_allocation(bytes);
    return false;
  }
  if (!check(error, "allocation of an array")) return false;
  array.bytes = array.capacity = bytes;
  return true;
}

void* DeviceMemory::place(const void* host, std::size_t bytes, Upload upload, bool written) {
  if (host == nullptr || bytes == 0 || !enter()) return nullptr;
  Array* array = nullptr;
  try {
    array = &arrays_[host];
  } catch (const std::bad_alloc&) {
    fail_allocation(0);
    return nullptr;
  }
  if (!reserve(*array, bytes)) return nullptr;
  if (upload == Upload::always || (upload == Upload::once && !array->current)) {
    this->upload(array->data, host, bytes);
    if (status_ != Status::ok) return nullptr;
  }
  array->current = true;
  array->newer = array->newer || written;
  return array->data;
}

const void* DeviceMemory::find_bytes(const void* host) const {
  const auto found = arrays_.find(host);
  return found != arrays_.end() && found->second.current ? found->second.data : nullptr;
}

void DeviceMemory::zero(void* array, std::size_t bytes) {
  if (array == nullptr || bytes == 0 || !enter()) return;
  check(cudaMemsetAsync(array, 0, bytes, stream_), "filling of an array");
}

void DeviceMemory::upload(void* array, const void* source, std::size_t bytes) {
  if (array == nullptr || bytes == 0 || !enter()) return;
  check(cudaMemcpyAsync(array, source, bytes, cudaMemcpyHostToDevice, stream_), "upload");
}

void DeviceMemory::download(void* target, const void* array, std::size_t bytes) {
  if (array == nullptr || bytes == 0 || !enter()) return;
  check(cudaMemcpyAsync(target, array, bytes, cudaMemcpyDeviceToHost, stream_), "download");
}

bool DeviceMemory::can_launch(const void* kernel, dim3 grid, std::size_t shared_bytes) {
  if (grid.x == 0 || grid.y == 0 || grid.z == 0 || !enter()) return false;
  if (shared_bytes <= kPlainShared) return true;
  return check(
      cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, static_cast<int>(shared_bytes)),
      "reservation of shared memory");
}

Status DeviceMemory::finish() {
  if (enter()) check(cudaStreamSynchronize(stream_), "kernel");
  return status_;
}

Status DeviceMemory::fetch(const void* host) {
  if (!enter()) return status_;
  for (auto& [address, array] : arrays_) {
    if (!array.newer || (host != nullptr && host != address)) continue;
    download(const_cast<void*>(address), array.data, array.bytes);
    array.newer = false;
  }
  return finish();
}

void DeviceMemory::forget(const void* host) {
  const auto found = arrays_.find(host);
  if (found == arrays_.end()) return;
  found->second.current = false;
  found->second.newer = false;
}

}  // namespace palate
