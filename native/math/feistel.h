// A seeded permutation of [0, size): an unbalanced Feistel network over the next power of two (Luby, Rackoff 1988),
// applied again until it falls inside (cycle walking: Black, Rogaway 2002). Gives the rank of each element in a random
// order, and the element of each rank, without a list.
#pragma once

#include <cstdint>

#include "core/permutation.h"
#include "math/lanes.h"

namespace palate::KERNEL_NS {

PALATE_INLINE std::uint32_t feistel_mix(std::uint32_t half, std::uint32_t key) {
  std::uint32_t x = (half ^ key) * 0x9e3779b1u;
  x = (x ^ (x >> 15)) * 0x85ebca77u;
  x = (x ^ (x >> 13)) * 0xc2b2ae3du;
  return x ^ (x >> 16);
}

// One pass over the power of two: element -> image, which may be size or more.
PALATE_INLINE std::uint64_t feistel_forward(const Permutation& p, std::uint64_t element) {
  std::uint32_t high = static_cast<std::uint32_t>(element >> p.low_bits);
  std::uint32_t low = static_cast<std::uint32_t>(element) & p.low_mask;
  for (std::uint32_t round = 0; round < kFeistelRounds; round += 2) {
    high ^= feistel_mix(low, p.keys[round]) & p.high_mask;
    low ^= feistel_mix(high, p.keys[round + 1]) & p.low_mask;
  }
  return static_cast<std::uint64_t>(high) << p.low_bits | low;
}

PALATE_INLINE std::uint64_t feistel_backward(const Permutation& p, std::uint64_t image) {
  std::uint32_t high = static_cast<std::uint32_t>(image >> p.low_bits);
  std::uint32_t low = static_cast<std::uint32_t>(image) & p.low_mask;
  for (std::uint32_t round = kFeistelRounds; round > 0; round -= 2) {
    low ^= feistel_mix(high, p.keys[round - 1]) & p.low_mask;
    high ^= feistel_mix(low, p.keys[round - 2]) & p.high_mask;
  }
  return static_cast<std::uint64_t>(high) << p.low_bits | low;
}

}  // namespace palate::KERNEL_NS
