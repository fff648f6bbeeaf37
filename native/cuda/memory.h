// Arrays on a device, known by the addresses they have on the host, and the stream that kernels on them run in.
//
// Host code of a kernel asks for each array it uses by one of
//   constant   uploaded at first use; the host never writes to it again while the memory is open
//   fresh      uploaded at every call
//   resident   uploaded at first use; kernels write to it, and it stays until someone fetches it
//   result     written by kernels alone, fetched likewise
//   scratch    known to the device alone; its content is undefined
// and launches its kernels. What follows a failure is skipped, so errors are looked at once, by finish(). Everything is
// queued in one stream, in order.
//
//   Status scale(const ScaleCall& call, Pool&) {
//     DeviceMemory& device = *call.device;
//     const float* factors = device.constant(call.factors, call.size);
//     float* values = device.resident(call.values, call.size);
//     device.launch(scale_kernel, blocks_of(call.size, 256), 256, 0, values, factors, call.size);
//     return device.finish();
//   }
//
// Copies are from pageable memory: the driver stages them in chunks of its own, and arrays are uploaded once. An array
// is one range of host memory that always starts at the same address; nullptr and empty arrays are nullptr here too.
#pragma once

#include <cstddef>
#include <cstdint>
#include <unordered_map>

#include "core/status.h"
#include "cuda/dialect.h"
#include "device.h"

namespace palate {

// How many blocks of `block` threads give each of `size` elements a thread.
constexpr std::uint32_t blocks_of(std::uint64_t size, std::uint32_t block) {
  return static_cast<std::uint32_t>((size + block - 1) / block);
}

class DeviceMemory {
 public:
  explicit DeviceMemory(std::uint32_t ordinal);
  ~DeviceMemory();
  DeviceMemory(const DeviceMemory&) = delete;
  DeviceMemory& operator=(const DeviceMemory&) = delete;

  template <typename T>
  const T* constant(const T* host, std::size_t count) {
    return static_cast<const T*>(place(host, count * sizeof(T), Upload::once, false));
  }
  template <typename T>
  const T* fresh(const T* host, std::size_t count) {
    return static_cast<const T*>(place(host, count * sizeof(T), Upload::always, false));
  }
  template <typename T>
  T* resident(T* host, std::size_t count) {
    return static_cast<T*>(place(host, count * sizeof(T), Upload::once, true));
  }
  template <typename T>
  T* result(T* host, std::size_t count) {
    return static_cast<T*>(place(host, count * sizeof(T), Upload::never, true));
  }
  // `key` is any address that nothing else here has: that of a host array, or of a static variable beside the kernel.
  template <typename T>
  T* scratch(const void* key, std::size_t count) {
    return static_cast<T*>(place(key, count * sizeof(T), Upload::never, false));
  }

  // Scratch with these values: what belongs to one call alone, as the next may have others at the same address.
  template <typename T>
  T* copy(const void* key, const T* values, std::size_t count) {
    T* array = scratch<T>(key, count);
    write(array, values, count);
    return array;
  }

  // An array that is here already, without a copy; nullptr where it is not.
  template <typename T>
  const T* find(const T* host) const {
    return static_cast<const T*>(find_bytes(host));
  }

  template <typename T>
  void fill_zero(T* array, std::size_t count) {
    zero(array, count * sizeof(T));
  }
  // Copies from host memory, which may change as soon as this returns.
  template <typename T>
  void write(T* array, const T* source, std::size_t count) {
    upload(array, source, count * sizeof(T));
  }
  // Copies to host memory once the stream gets there; `target` holds it after finish().
  template <typename T>
  void read(T* target, const T* array, std::size_t count) {
    download(target, array, count * sizeof(T));
  }

  // Queues a kernel; does nothing for an empty grid.
  template <typename... Parameters, typename... Arguments>
  void launch(void (*kernel)(Parameters...), dim3 grid, dim3 block, std::size_t shared_bytes, Arguments... arguments) {
    if (!can_launch(reinterpret_cast<const void*>(kernel), grid, shared_bytes)) return;
    check(gpu_launch(kernel, grid, block, shared_bytes, stream_, arguments...), "launch of a kernel");
  }

  // Waits for all that was queued.
  Status finish();
  // Of what is known so far, without waiting.
  Status status() const { return status_; }
  const char* failure() const { return failure_; }

  Status fetch(const void* host);
  void forget(const void* host);

  cudaStream_t stream() const { return stream_; }
  std::uint32_t multiprocessors() const { return multiprocessors_; }

 private:
  enum class Upload { never, once, always };
  struct Array {
    void* data = nullptr;
    std::size_t capacity = 0;
    std::size_t bytes = 0;  // of the largest use
    bool current = false;   // holds what the host held when it was uploaded, or newer
    bool newer = false;     // kernels wrote to it since the last fetch
  };

  void* place(const void* host, std::size_t bytes, Upload upload, bool written);
  bool reserve(Array& array, std::size_t bytes);
  const void* find_bytes(const void* host) const;
  void zero(void* array, std::size_t bytes);
  void upload(void* array, const void* source, std::size_t bytes);
  void download(void* target, const void* array, std::size_t bytes);
  bool can_launch(const void* kernel, dim3 grid, std::size_t shared_bytes);
  bool enter();
  bool check(cudaError_t error, const char* what);
  void fail_allocation(std::size_t bytes);

  int ordinal_;
  cudaStream_t stream_ = nullptr;
  std::uint32_t multiprocessors_ = 0;
  std::unordered_map<const void*, Array> arrays_;
  Status status_ = Status::ok;
  char failure_[256] = "";
};

}  // namespace palate
