// Powers without libm, whose pow differs between systems.
#pragma once

#include <cstdint>

namespace palate {
namespace {

// base^n
double power(double base, std::uint64_t n) {
  double result = 1;
  for (; n != 0; n >>= 1, base *= base) {
    if (n & 1) result *= base;
  }
  return result;
}

}  // namespace
}  // namespace palate
