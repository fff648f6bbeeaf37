// Stacks that take turns on one operating system thread. The sanitizers are told of every change.
#pragma once

#include <cstddef>

#if !defined(__x86_64__) && !defined(__aarch64__)
#include <ucontext.h>
#endif

namespace emulator {

class Fiber {
 public:
  // The caller's own stack.
  Fiber();
  // A new stack, on which `entry` runs at the first switch to it; it must not return. Stacks are kept for ever.
  explicit Fiber(void (*entry)());
  Fiber(const Fiber&) = delete;
  Fiber& operator=(const Fiber&) = delete;

  // Goes on in `target`; returns when somebody switches back to this one, which is the running one.
  void switch_to(Fiber& target);

  // To be called first in `entry`.
  static void started();

 private:
  void* stack_ = nullptr;  // lowest address; the guard page lies below
  std::size_t size_ = 0;
  void* race_detector_ = nullptr;  // ThreadSanitizer's fiber
#if defined(__x86_64__) || defined(__aarch64__)
  void* saved_ = nullptr;  // stack pointer, all else that must be kept lies on the stack
#else
  ucontext_t context_;
#endif
};

}  // namespace emulator
