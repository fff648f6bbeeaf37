// The keys of a seeded permutation; its formulas are in math/feistel.h.
#pragma once

#include <cstdint>

namespace palate {

inline constexpr std::uint32_t kFeistelRounds = 6;

// Elements and ranks are below `size`, at most 2^62.
struct Permutation {
  std::uint64_t size = 0;
  std::uint32_t low_bits = 0;  // of the lower half; the upper one has as many or one more
  std::uint32_t low_mask = 0;
  std::uint32_t high_mask = 0;
  std::uint32_t keys[kFeistelRounds] = {};
};

Permutation make_permutation(std::uint64_t size, std::uint64_t seed, std::uint64_t stream);

// The rank of an element in the random order, and the element of a rank: each the other's inverse.
std::uint64_t rank_of(const Permutation& permutation, std::uint64_t element);
std::uint64_t element_at(const Permutation& permutation, std::uint64_t rank);

}  // namespace palate
