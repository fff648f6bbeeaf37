#include "core/permutation.h"

#include "core/rng.h"
#include "math/feistel.h"

namespace palate {
namespace {

std::uint32_t mask_of(std::uint32_t bits) { return bits == 32 ? ~0u : (1u << bits) - 1; }

}  // namespace

Permutation make_permutation(std::uint64_t size, std::uint64_t seed, std::uint64_t stream) {
  Permutation p;
  p.size = size;
  std::uint32_t bits = 2;  // a half has a bit at least
  while (bits < 62 && (std::uint64_t{1} << bits) < size) ++bits;
  p.low_bits = bits / 2;
  p.low_mask = mask_of(p.low_bits);
  p.high_mask = mask_of(bits - p.low_bits);
  Rng rng(seed, stream);
  for (std::uint32_t& key : p.keys) key = static_cast<std::uint32_t>(rng.next() >> 32);
  return p;
}

std::uint64_t rank_of(const Permutation& permutation, std::uint64_t element) {
  do element = KERNEL_NS::feistel_forward(permutation, element);
  while (element >= permutation.size);
  return element;
}

std::uint64_t element_at(const Permutation& permutation, std::uint64_t rank) {
  do rank = KERNEL_NS::feistel_backward(permutation, rank);
  while (rank >= permutation.size);
  return rank;
}

}  // namespace palate
