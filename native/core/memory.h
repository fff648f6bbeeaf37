// Large zeroed buffers, 64-byte aligned, on huge pages where the system has them: the first touch of
// fresh 4K pages costs five times what huge pages cost, and random row access misses the TLB less.
#pragma once

#include <cstddef>

namespace palate {

// Returns nullptr when the memory is not there. `bytes` may be 0.
void* allocate_zeroed(std::size_t bytes);
void release(void* pointer, std::size_t bytes);

// Owning array of trivially copyable T, zeroed. Empty with failed() set when memory ran out.
template <typename T>
class Buffer {
 public:
  Buffer() = default;
  explicit Buffer(std::size_t count) : data_(static_cast<T*>(allocate_zeroed(count * sizeof(T)))), count_(count) {}
  Buffer(Buffer&& other) noexcept : data_(other.data_), count_(other.count_) {
    other.data_ = nullptr;
    other.count_ = 0;
  }
  Buffer& operator=(Buffer&& other) noexcept {
    if (this != &other) {
      release(data_, count_ * sizeof(T));
      data_ = other.data_;
      count_ = other.count_;
      other.data_ = nullptr;
      other.count_ = 0;
    }
    return *this;
  }
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;
  ~Buffer() { release(data_, count_ * sizeof(T)); }

  T* data() { return data_; }
  const T* data() const { return data_; }
  std::size_t size() const { return count_; }
  bool failed() const { return data_ == nullptr && count_ != 0; }
  T& operator[](std::size_t i) { return data_[i]; }
  const T& operator[](std::size_t i) const { return data_[i]; }

 private:
  T* data_ = nullptr;
  std::size_t count_ = 0;
};

}  // namespace palate
