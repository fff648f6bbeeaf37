// A pair of items that one user met: the first is to predict the second.
#pragma once

#include <cstdint>

namespace palate {

struct ItemPair {
  std::uint32_t input;
  std::uint32_t output;
};

}  // namespace palate
