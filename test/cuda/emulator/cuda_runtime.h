// CUDA for kernels that run on the processor: one fiber for each CUDA thread, blocks one after another. A tool for
// tests, which checks what a GPU leaves undefined; see block.cc. This folder stands before the toolkit's in the include
// path.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <tuple>
#include <type_traits>

#define __global__
#define __device__
#define __host__
#define __constant__
#define __grid_constant__
#define __forceinline__ inline
#define __launch_bounds__(...)

struct dim3 {
  unsigned x, y, z;
  constexpr dim3(unsigned columns = 1, unsigned rows = 1, unsigned layers = 1) : x(columns), y(rows), z(layers) {}
};
struct uint3 {
  unsigned x, y, z;
};
struct alignas(8) float2 {
  float x, y;
};
struct alignas(16) float4 {
  float x, y, z, w;
};
struct alignas(8) uint2 {
  unsigned x, y;
};
struct alignas(16) uint4 {
  unsigned x, y, z, w;
};
constexpr float2 make_float2(float x, float y) { return {x, y}; }
constexpr float4 make_float4(float x, float y, float z, float w) { return {x, y, z, w}; }
constexpr uint2 make_uint2(unsigned x, unsigned y) { return {x, y}; }
constexpr uint4 make_uint4(unsigned x, unsigned y, unsigned z, unsigned w) { return {x, y, z, w}; }

// Of the thread that runs; set at each change of threads.
extern uint3 threadIdx, blockIdx;
extern dim3 blockDim, gridDim;
inline constexpr int warpSize = 32;

#include "runtime_api.h"
#include "thread_functions.h"

namespace emulator {

// Where a block's array of this name lies; `site` tells arrays apart.
void* static_shared(const void* site, std::size_t bytes, std::size_t alignment);
void* dynamic_shared();

struct Launch {
  const void* kernel;
  dim3 grid, block;
  std::size_t shared_bytes;
  std::function<void()> thread;  // what each thread runs
};
cudaError_t launch(Launch launch, cudaStream_t stream);

}  // namespace emulator

// The names of native/cuda/dialect.h.
#define NOINLINE __attribute__((noinline))
#define SHARED(name, ...)                                                                  \
  static const char name##_site = 0;                                                       \
  auto& name = *static_cast<std::type_identity_t<__VA_ARGS__>*>(::emulator::static_shared( \
      &name##_site, sizeof(std::type_identity_t<__VA_ARGS__>), alignof(std::type_identity_t<__VA_ARGS__>)))
#define DYN_SHARED(element, name) element* const name = static_cast<element*>(::emulator::dynamic_shared())

template <typename... Parameters, typename... Arguments>
cudaError_t gpu_launch(void (*kernel)(Parameters...), dim3 grid, dim3 block, std::size_t shared_bytes,
                       cudaStream_t stream, Arguments... arguments) {
  std::tuple<std::remove_const_t<Parameters>...> values(static_cast<Parameters>(arguments)...);
  return emulator::launch({reinterpret_cast<const void*>(kernel), grid, block, shared_bytes,
                           [kernel, values] { std::apply(kernel, values); }},
                          stream);
}

inline float load_relaxed(const float* address) {
  float value;
  emulator::reschedule();
  emulator::touch_atomic(const_cast<void*>(static_cast<const void*>(address)));
  __atomic_load(address, &value, __ATOMIC_RELAXED);
  return value;
}
inline std::uint32_t load_relaxed(const std::uint32_t* address) {
  emulator::reschedule();
  emulator::touch_atomic(const_cast<void*>(static_cast<const void*>(address)));
  return __atomic_load_n(address, __ATOMIC_RELAXED);
}
inline void store_relaxed(float* address, float value) {
  emulator::reschedule();
  emulator::touch_atomic(const_cast<void*>(static_cast<const void*>(address)));
  __atomic_store(address, &value, __ATOMIC_RELAXED);
}
inline void store_relaxed(std::uint32_t* address, std::uint32_t value) {
  emulator::reschedule();
  emulator::touch_atomic(const_cast<void*>(static_cast<const void*>(address)));
  __atomic_store_n(address, value, __ATOMIC_RELAXED);
}
