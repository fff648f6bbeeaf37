// The targets of a block's rows, as a sweep over the items meets them. Those of all rows in a chunk lie together: a
// loop over each row's own few would end where no processor can foresee it.
#pragma once

#include <cstdint>

#include "kernels/softmax.h"
#include "math/scalar.h"

namespace palate::KERNEL_NS {
namespace {

constexpr std::uint32_t kPlaceMask = (1u << kSoftmaxPlaceBits) - 1;
static_assert(kSoftmaxChunk * kSoftmaxRows == kPlaceMask + 1);

struct TargetRange {
  const std::uint32_t* begin;
  const std::uint32_t* end;
};

PALATE_INLINE TargetRange targets_of_chunk(const SoftmaxTargets& targets, std::uint32_t chunk) {
  return {targets.entries + (chunk == 0 ? 0 : targets.ends[chunk - 1]), targets.entries + targets.ends[chunk]};
}

PALATE_INLINE float count_of(std::uint32_t entry) {
  return static_cast<float>(static_cast<std::int32_t>(entry >> kSoftmaxPlaceBits));  // AVX2 converts signed ones alone
}

// sum C_ij s_ij over the targets of a chunk, whose logits start at `logits`. Four chains of sums hide each other's
// latency.
float sum_target_logits(const TargetRange& targets, const float* logits) {
  float sums[4] = {};
  const std::uint32_t* next = targets.begin;
  for (; targets.end - next >= 4; next += 4) {
    for (std::uint32_t n = 0; n < 4; ++n) sums[n] = fma(count_of(next[n]), logits[next[n] & kPlaceMask], sums[n]);
  }
  for (; next != targets.end; ++next) sums[0] = fma(count_of(*next), logits[*next & kPlaceMask], sums[0]);
  return (sums[0] + sums[1]) + (sums[2] + sums[3]);
}

// Adds the counts, times the scale of their row.
void add_targets(const TargetRange& targets, const float* scales, float* logits) {
  for (const std::uint32_t* next = targets.begin; next != targets.end; ++next) {
    float& logit = logits[*next & kPlaceMask];
    logit = fma(count_of(*next), scales[*next % kSoftmaxRows], logit);
  }
}

}  // namespace
}  // namespace palate::KERNEL_NS
