// Search in ascending lists. No branch of it depends on the data, which no predictor would guess.
#pragma once

#include <cstdint>

#include "math/lanes.h"

namespace palate::KERNEL_NS {
namespace {

// The first place whose value is not below `least`; `count` where there is none.
PALATE_INLINE std::uint32_t lower_bound(const std::uint32_t* values, std::uint32_t count, std::uint32_t least) {
  const std::uint32_t* first = values;
  while (count > 1) {
    const std::uint32_t half = count / 2;
    first += first[half - 1] < least ? half : 0;
    count -= half;
  }
  return static_cast<std::uint32_t>(first - values) + (count == 1 && *first < least ? 1 : 0);
}

// Whether list `row` of a CSR has the value.
PALATE_INLINE bool contains(const std::uint32_t* offsets, const std::uint32_t* values, std::uint32_t row,
                            std::uint32_t value) {
  const std::uint32_t* list = values + offsets[row];
  const std::uint32_t count = offsets[row + 1] - offsets[row];
  const std::uint32_t at = lower_bound(list, count, value);
  return at < count && list[at] == value;
}

}  // namespace
}  // namespace palate::KERNEL_NS
