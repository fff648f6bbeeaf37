// Exact top-k of query rows against item rows.
//
//   score(q, i) = <query_q, item_i> * s_q * t_i + bias_i
//
// with s = t = 1 (dot), or the inverse lengths of the rows (cosine; a zero row scores 0, and so does one
// shorter than FLT_MIN; lengths whose square leaves float32 are taken in float64). For each query
// the k best allowed items, best first, equal scores by lower item index. Items that the query excludes
// and items that are no candidates are left out before selection, so exactly min(k, allowed) results
// come back; the rest of the row is filled with kNoItem and -infinity. NaN scores are never selected.
//
// Accumulator: float32, sixteen lanes, fused multiply-add where the level has it. Deterministic: the
// same bits for any number of threads. A call that was cancelled leaves its results undefined.
//
// On CUDA: one chain of fused multiply-adds over the components of a row, and rows scaled to length 1 before it for
// cosine; the same bits on every GPU and for any number of queries. Roofline of an H100 (67 TFLOP/s fp32, 3.35 TB/s;
// arithmetic, not measured): 2 num_queries num_items dim flops, which for 1M x 54,000 x 120 are .19 s. Items are read
// and packed once (8 bytes a component, 16 us there), and a block of 64 queries takes 1 byte from L2 for 21 flops, 3.1
// TB/s at full speed. Scores never leave the registers, but for the k best and few more.
#pragma once

#include <atomic>
#include <cstdint>

#include "core/parallel.h"
#include "core/status.h"
#include "device.h"

namespace palate {

inline constexpr std::uint32_t kNoItem = 0xffffffffu;

struct TopkCall {
  std::uint32_t* indices;                // (num_queries, k) out
  float* scores;                         // (num_queries, k) out
  const float* queries;                  // (num_queries, dim)
  const float* items;                    // (num_items, dim)
  const float* item_biases;              // (num_items) or nullptr
  const std::uint32_t* exclude_offsets;  // (num_queries + 1) or nullptr
  const std::uint32_t* exclude_items;    // ascending within each query
  const std::uint8_t* candidates;        // (num_items), 0 = not allowed, or nullptr
  std::uint32_t num_queries;
  std::uint32_t num_items;
  std::uint32_t dim;
  std::uint32_t k;
  bool cosine;
  const std::atomic<std::int32_t>* cancel = nullptr;    // non-zero: stop; nullptr: never
  const std::atomic<std::int32_t>* teardown = nullptr;  // non-zero: stop, the environment goes away
  DeviceMemory* device = nullptr;                       // where the arrays are on a device; nullptr: the processor
};

}  // namespace palate
