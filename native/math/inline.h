// The namespace of the level being compiled, and what functions carry that kernels of every level and device call.
#pragma once

#if !defined(KERNEL_NS)
#define KERNEL_NS k_base
#endif

#if defined(__CUDACC__)
#define PALATE_HOST_DEVICE __host__ __device__
#define PALATE_INLINE PALATE_HOST_DEVICE __forceinline__
#define PALATE_RESTRICT __restrict__
#elif defined(__GNUC__)
#define PALATE_HOST_DEVICE
#define PALATE_INLINE inline __attribute__((always_inline))
#define PALATE_RESTRICT __restrict__
#else
#define PALATE_HOST_DEVICE
#define PALATE_INLINE __forceinline
#define PALATE_RESTRICT __restrict
#endif
