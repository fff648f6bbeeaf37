#include "core/finite.h"

#include <atomic>
#include <bit>
#include <cstdint>

namespace palate {
namespace {

struct FiniteRun {
  const float* values;
  std::size_t count;
  std::atomic<bool> good{true};
};

constexpr std::size_t kFiniteChunk = std::size_t{1} << 14;

void check_chunk(void* context, std::uint32_t chunk) {
  FiniteRun& run = *static_cast<FiniteRun*>(context);
  const std::size_t begin = chunk * kFiniteChunk;
  const std::size_t end = begin + kFiniteChunk < run.count ? begin + kFiniteChunk : run.count;
  // On the bits, as compilers make vectors of integer sums. NaN and the infinities have all exponent bits set.
  constexpr std::uint32_t kExponent = 0x7f800000;
  std::uint32_t bad = 0;
  for (std::size_t n = begin; n < end; ++n) {
    bad += (std::bit_cast<std::uint32_t>(run.values[n]) & kExponent) == kExponent ? 1 : 0;
  }
  if (bad != 0) run.good.store(false, std::memory_order_relaxed);
}

}  // namespace

bool all_finite(const float* values, std::size_t count, Pool& pool) {
  FiniteRun run{values, count};
  pool.run(static_cast<std::uint32_t>((count + kFiniteChunk - 1) / kFiniteChunk), check_chunk, &run);
  return run.good.load(std::memory_order_relaxed);
}

}  // namespace palate
