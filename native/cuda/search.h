// Search in ascending lists.
#pragma once

#include "cuda/dialect.h"

namespace palate::k_cuda {

// Place of the first of `size` ascending values that is not below `bound`; `size` where there is none.
template <typename Size>
__device__ inline Size first_from(const std::uint32_t* values, Size size, std::uint32_t bound) {
  Size begin = 0;
  while (size > 0) {
    const Size half = size / 2;
    if (values[begin + half] < bound) {
      begin += half + 1;
      size -= half + 1;
    } else {
      size = half;
    }
  }
  return begin;
}

}  // namespace palate::k_cuda
