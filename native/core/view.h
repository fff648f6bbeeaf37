// A borrowed array: pointer and length.
#pragma once

#include <cstddef>

namespace palate {

template <typename T>
struct View {
  T* data = nullptr;
  std::size_t size = 0;

  T& operator[](std::size_t i) const { return data[i]; }
  bool empty() const { return size == 0; }
};

}  // namespace palate
