// The targets of a block's rows, as a sweep over the items meets them. Those of all rows in a chunk lie together: a
// loop over each row's own few would end where no processor can foresee it.
#pragma once

#include <cstdint>

#include "kernels/softmax.h"
#include "math/lanes.h"
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

// Sixteen entries' logits.
PALATE_INLINE Lanes logits_of(const std::uint32_t* entries, const float* logits) {
#if defined(__GNUC__) && defined(__AVX512F__)
  const __m512i places = _mm512_and_si512(_mm512_loadu_si512(entries), _mm512_set1_epi32(kPlaceMask));
  Lanes found;
  found.part[0] = (Part)_mm512_i32gather_ps(places, logits, 4);
  return found;
#else
  float found[kLanes];
  for (std::uint32_t n = 0; n < kLanes; ++n) found[n] = logits[entries[n] & kPlaceMask];
  return load(found);
#endif
}

PALATE_INLINE Lanes counts_of(const std::uint32_t* entries) {
  float counts[kLanes];
  for (std::uint32_t n = 0; n < kLanes; ++n) counts[n] = count_of(entries[n]);
  return load(counts);
}

// sum C_ij s_ij over the targets of a chunk, whose logits start at `logits`: sixteen chains of sums.
float sum_target_logits(const TargetRange& targets, const float* logits) {
  if (targets.begin == targets.end) return 0;
  Lanes sums = splat(0.0f);
  const std::uint32_t* next = targets.begin;
  for (; targets.end - next >= kLanes; next += kLanes) sums = fma(counts_of(next), logits_of(next, logits), sums);
  float last[kLanes];
  store(last, sums);
  for (std::uint32_t n = 0; next != targets.end; ++next, ++n)
    last[n] = fma(count_of(*next), logits[*next & kPlaceMask], last[n]);
  return sum(load(last));
}

PALATE_INLINE void add_target(std::uint32_t entry, const float* scales, float* logits) {
  float& logit = logits[entry & kPlaceMask];
  logit = fma(count_of(entry), scales[entry % kSoftmaxRows], logit);
}

#if defined(__GNUC__) && defined(__AVX512F__)
// add_target() of sixteen entries at once; false, and nothing is done, where one place follows on itself.
PALATE_INLINE bool add_sixteen(const std::uint32_t* next, Lanes low_scales, Lanes high_scales, float* logits) {
  const __m512i entries = _mm512_loadu_si512(next);
  const __m512i places = _mm512_and_si512(entries, _mm512_set1_epi32(kPlaceMask));
  if (_mm512_cmpeq_epi32_mask(places, _mm512_alignr_epi32(places, places, 1)) != 0) return false;
  static_assert(kSoftmaxRows == 2 * kLanes);
  const __m512 scales = _mm512_permutex2var_ps((__m512)low_scales.part[0], places, (__m512)high_scales.part[0]);
  const __m512 counts = _mm512_cvtepi32_ps(_mm512_srli_epi32(entries, kSoftmaxPlaceBits));
  const __m512 sums = _mm512_fmadd_ps(counts, scales, _mm512_i32gather_ps(places, logits, 4));
  _mm512_i32scatter_ps(logits, places, sums, 4);
  return true;
}
#endif

// Adds the counts, times the scale of their row.
void add_targets(const TargetRange& targets, const float* scales, float* logits) {
  const std::uint32_t* next = targets.begin;
#if defined(__GNUC__) && defined(__AVX512F__)
  const Lanes low_scales = load(scales);
  const Lanes high_scales = load(scales + kLanes);
  for (; targets.end - next >= kLanes; next += kLanes) {
    if (add_sixteen(next, low_scales, high_scales, logits)) continue;
    for (std::uint32_t n = 0; n < kLanes; ++n) add_target(next[n], scales, logits);
  }
#endif
  for (; next != targets.end; ++next) add_target(*next, scales, logits);
}

}  // namespace
}  // namespace palate::KERNEL_NS
