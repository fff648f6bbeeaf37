// The spellings of CUDA that kernels use, so that one .cu compiles with nvcc and, with g++, for the emulator of
// test/cuda/emulator. Its <cuda_runtime.h>, which comes first in the include path there, defines the same names.
//
// Not to be used: bare __shared__, <<<>>>, inline PTX outside this file, wgmma, clusters, barriers over the grid.
#pragma once

#include <cuda_runtime.h>

#include <cstddef>
#include <cstdint>

#if defined(__CUDACC__)

#include <cuda_pipeline.h>

#include <tuple>
#include <type_traits>

// A function for rare cases, kept out of the registers of those that call it.
#define NOINLINE __noinline__

// Static shared memory: SHARED(tile, float[16][65]).
#define SHARED(name, ...) __shared__ typename std::type_identity<__VA_ARGS__>::type name

// All dynamic shared memory of the block, 16-byte aligned: DYN_SHARED(float, rows) makes a float*.
#define DYN_SHARED(element, name)                                        \
  extern __shared__ __align__(16) unsigned char palate_dynamic_shared[]; \
  element* const name = reinterpret_cast<element*>(palate_dynamic_shared)

// Queues a kernel; the error is that of the launch.
template <typename... Parameters, typename... Arguments>
cudaError_t gpu_launch(void (*kernel)(Parameters...), dim3 grid, dim3 block, std::size_t shared_bytes,
                       cudaStream_t stream, Arguments... arguments) {
  std::tuple<std::remove_const_t<Parameters>...> values(static_cast<Parameters>(arguments)...);
  return std::apply(
      [&](auto&... value) {
        void* pointers[] = {static_cast<void*>(&value)..., nullptr};
        return cudaLaunchKernel(reinterpret_cast<const void*>(kernel), grid, block, pointers, shared_bytes, stream);
      },
      values);
}

// Loads and stores that other threads may race with: each is whole, and nothing is ordered by it.
__device__ __forceinline__ float load_relaxed(const float* address) {
  float value;
  asm volatile("ld.relaxed.gpu.global.f32 %0, [%1];" : "=f"(value) : "l"(address) : "memory");
  return value;
}
__device__ __forceinline__ std::uint32_t load_relaxed(const std::uint32_t* address) {
  std::uint32_t value;
  asm volatile("ld.relaxed.gpu.global.u32 %0, [%1];" : "=r"(value) : "l"(address) : "memory");
  return value;
}
__device__ __forceinline__ void store_relaxed(float* address, float value) {
  asm volatile("st.relaxed.gpu.global.f32 [%0], %1;" ::"l"(address), "f"(value) : "memory");
}
__device__ __forceinline__ void store_relaxed(std::uint32_t* address, std::uint32_t value) {
  asm volatile("st.relaxed.gpu.global.u32 [%0], %1;" ::"l"(address), "r"(value) : "memory");
}

#endif

// The lanes of a warp.
inline constexpr unsigned kWarpSize = 32;
inline constexpr unsigned kAllLanes = 0xffffffffu;

// Dynamic shared memory that a kernel may ask for on every supported device; above kPlainShared it has to be allowed.
inline constexpr std::size_t kPlainShared = std::size_t{48} << 10;
inline constexpr std::size_t kMostShared = std::size_t{64} << 10;
