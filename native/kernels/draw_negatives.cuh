// Draws from the noise distribution of a group of items on a device: see draw_negatives.h, whose numbers these are.
#pragma once

#include <cstddef>
#include <cstdint>

#include "cuda/dialect.h"
#include "kernels/train_item_pairs.h"

namespace palate::k_cuda {
namespace {

// Number n of a sequence; see math/random.h.
__device__ __forceinline__ std::uint64_t bits_at(std::uint64_t sequence, std::uint64_t n) {
  std::uint64_t z = sequence + (n + 1) * 0x9e3779b97f4a7c15u;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

struct Noise {
  const AliasSlot* slots;
  std::uint32_t count;
};

__device__ __forceinline__ std::uint32_t draw(const Noise& noise, std::uint64_t bits) {
  const AliasSlot& slot = noise.slots[(bits >> 32) * noise.count >> 32];
  return static_cast<std::uint32_t>(bits) >= slot.threshold ? slot.items[1] : slot.items[0];
}

__device__ __forceinline__ bool has_seen(const std::uint32_t* begin, const std::uint32_t* end, std::uint32_t item) {
  const std::uint32_t* const last = end;
  while (begin < end) {
    const std::uint32_t* middle = begin + (end - begin) / 2;
    if (*middle < item) {
      begin = middle + 1;
    } else {
      end = middle;
    }
  }
  return begin < last && *begin == item;
}

}  // namespace
}  // namespace palate::k_cuda
