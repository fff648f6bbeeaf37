// Scores with their items as 64-bit keys, ordered as results are: the better score is the larger key, and of equal
// scores the lower item. Key 0 is no result; NaN has no key.
#pragma once

#include "cuda/dialect.h"

namespace palate::k_cuda {

using ScoreKey = unsigned long long;

__device__ __forceinline__ ScoreKey make_key(float score, std::uint32_t item) {
  constexpr std::uint32_t kSign = 0x80000000u;
  const std::uint32_t bits = __float_as_uint(score);
  const std::uint32_t ordered = (bits & kSign) != 0 ? ~bits : bits | kSign;
  return static_cast<ScoreKey>(ordered) << 32 | ~item;
}

__device__ __forceinline__ float score_of(ScoreKey key) {
  constexpr std::uint32_t kSign = 0x80000000u;
  const std::uint32_t ordered = static_cast<std::uint32_t>(key >> 32);
  return __uint_as_float((ordered & kSign) != 0 ? ordered & ~kSign : ~ordered);
}

__device__ __forceinline__ std::uint32_t item_of(ScoreKey key) { return ~static_cast<std::uint32_t>(key); }

// Threads that sort together: the lanes of a warp, or all of a block.
struct WarpGroup {
  __device__ static std::uint32_t rank() { return threadIdx.x % kWarpSize; }
  __device__ static std::uint32_t size() { return kWarpSize; }
  __device__ static void wait() { __syncwarp(); }
};
struct BlockGroup {
  __device__ static std::uint32_t rank() { return threadIdx.x; }
  __device__ static std::uint32_t size() { return blockDim.x; }
  __device__ static void wait() { __syncthreads(); }
};

// Sorts `count` keys, a power of two, in descending order (Batcher's bitonic sort). All of the group call it; what they
// wrote before it may be read in it, and its result behind it.
template <typename Group>
__device__ void sort_keys(ScoreKey* keys, std::uint32_t count) {
  Group::wait();
  for (std::uint32_t run = 2; run <= count; run *= 2) {
    for (std::uint32_t step = run / 2; step != 0; step /= 2) {
      for (std::uint32_t pair = Group::rank(); pair < count / 2; pair += Group::size()) {
        const std::uint32_t low = pair / step * 2 * step + pair % step;
        const bool descending = (low & run) == 0;
        const ScoreKey a = keys[low];
        const ScoreKey b = keys[low + step];
        if ((a < b) != descending) continue;
        keys[low] = b;
        keys[low + step] = a;
      }
      Group::wait();
    }
  }
}

}  // namespace palate::k_cuda
