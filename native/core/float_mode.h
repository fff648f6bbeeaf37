// How a thread treats denormal floats, those below 1.2e-38. Arithmetic on them takes x86 processors some hundred
// cycles, and Adam makes them by the million: the first moment of a row without gradients decays by beta1 a step.
//
// Not for kernels: inline functions of kernel files live in KERNEL_NS.
#pragma once

#include <cstdint>

#if defined(__x86_64__) || defined(_M_X64)
#include <immintrin.h>
#endif

namespace palate {

// The calling thread's control word of floating-point arithmetic; 0 where we know none.
inline std::uint64_t float_mode() {
#if defined(__x86_64__) || defined(_M_X64)
  return _mm_getcsr();
#elif defined(__aarch64__) && defined(__GNUC__)
  std::uint64_t mode;
  asm volatile("mrs %0, fpcr" : "=r"(mode));
  return mode;
#else
  return 0;
#endif
}

inline void set_float_mode([[maybe_unused]] std::uint64_t mode) {
#if defined(__x86_64__) || defined(_M_X64)
  _mm_setcsr(static_cast<unsigned>(mode));
#elif defined(__aarch64__) && defined(__GNUC__)
  asm volatile("msr fpcr, %0" : : "r"(mode));
#endif
}

// While it lives, the calling thread takes denormals for zero, and so do the loops that it runs on a Pool.
class FlushDenormals {
 public:
  FlushDenormals() : before_(float_mode()) { set_float_mode(before_ | kFlush); }
  ~FlushDenormals() { set_float_mode(before_); }
  FlushDenormals(const FlushDenormals&) = delete;
  FlushDenormals& operator=(const FlushDenormals&) = delete;

 private:
#if defined(__aarch64__)
  static constexpr std::uint64_t kFlush = std::uint64_t{1} << 24;  // FZ
#else
  static constexpr std::uint64_t kFlush = 0x8040;  // FTZ, results; DAZ, operands
#endif
  std::uint64_t before_;
};

}  // namespace palate
