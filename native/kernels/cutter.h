// Several arrays in one allocation. Part of the kernels that include it.
#pragma once

#include <cstddef>

namespace palate::KERNEL_NS {
namespace {

// Cuts aligned arrays from one allocation; with a null base it only counts bytes.
struct Cutter {
  char* base;
  std::size_t used;

  void* take(std::size_t bytes) {
    void* start = base == nullptr ? nullptr : base + used;
    used += (bytes + 63) & ~std::size_t{63};
    return start;
  }
};

}  // namespace
}  // namespace palate::KERNEL_NS
