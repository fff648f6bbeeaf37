// Seeded random numbers, the same on every platform and for every thread count.
#pragma once

#include <cstddef>
#include <cstdint>

namespace palate {

// SplitMix64 (Steele, Lea, Flood 2014). Any (seed, stream) pair gives an independent sequence.
class Rng {
 public:
  explicit Rng(std::uint64_t seed, std::uint64_t stream = 0)
      : state_(mix(seed) ^ mix(stream * 0x9e3779b97f4a7c15u + 0x632be59bd9b4e019u)) {}

  std::uint64_t next() {
    state_ += 0x9e3779b97f4a7c15u;
    return mix(state_);
  }

  // Uniform in [0, bound); bound > 0. Lemire 2019, with rejection, so without bias.
  std::uint32_t below(std::uint32_t bound) {
    std::uint64_t product = (next() >> 32) * bound;
    std::uint32_t low = static_cast<std::uint32_t>(product);
    if (low < bound) {
      const std::uint32_t threshold = (0u - bound) % bound;
      while (low < threshold) {
        product = (next() >> 32) * bound;
        low = static_cast<std::uint32_t>(product);
      }
    }
    return static_cast<std::uint32_t>(product >> 32);
  }

  // Fisher-Yates from the back, in place.
  template <typename T>
  void shuffle(T* values, std::size_t count) {
    for (std::size_t n = count; n > 1; --n) {
      const std::size_t other = below(static_cast<std::uint32_t>(n));
      const T last = values[n - 1];
      values[n - 1] = values[other];
      values[other] = last;
    }
  }

  // Standard normal to within what an initialiser needs: the sum of twelve uniforms less six
  // (Irwin-Hall). Needs no libm, whose last digits differ between systems.
  float normal() {
    std::int64_t sum = 0;
    for (int word = 0; word < 3; ++word) {
      const std::uint64_t bits = next();
      sum += static_cast<std::int64_t>(bits & 0xffff) + static_cast<std::int64_t>(bits >> 16 & 0xffff) +
             static_cast<std::int64_t>(bits >> 32 & 0xffff) + static_cast<std::int64_t>(bits >> 48);
    }
    return static_cast<float>(sum - 6 * 65535) * (1.0f / 65536.0f);
  }

 private:
  static std::uint64_t mix(std::uint64_t z) {
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
  }

  std::uint64_t state_;
};

}  // namespace palate
