// What AddressSanitizer and ThreadSanitizer are told: which stack runs, which memory is in use, and what is ordered.
// EMULATOR_ASAN and EMULATOR_TSAN say what the kernels are compiled with; the emulator itself is compiled without.
#pragma once

#include <cstddef>
#include <cstdint>

extern "C" {
#if defined(EMULATOR_TSAN)
void* __tsan_get_current_fiber(void);
void* __tsan_create_fiber(unsigned flags);
void __tsan_switch_to_fiber(void* fiber, unsigned flags);
void __tsan_acquire(void* address);
void __tsan_release(void* address);
void __tsan_java_init(std::uintptr_t heap, std::uintptr_t bytes);
void __tsan_java_alloc(std::uintptr_t address, std::uintptr_t bytes);
#endif
#if defined(EMULATOR_ASAN)
void __sanitizer_start_switch_fiber(void** fake_stack, const void* stack, std::size_t bytes);
void __sanitizer_finish_switch_fiber(void* fake_stack, const void** stack, std::size_t* bytes);
void __asan_poison_memory_region(const volatile void* address, std::size_t bytes);
void __asan_unpoison_memory_region(const volatile void* address, std::size_t bytes);
#endif
}

namespace emulator::sanitizers {

inline void* current_fiber() {
#if defined(EMULATOR_TSAN)
  return __tsan_get_current_fiber();
#else
  return nullptr;
#endif
}

inline void* create_fiber() {
#if defined(EMULATOR_TSAN)
  return __tsan_create_fiber(0);
#else
  return nullptr;
#endif
}

inline void start_switch([[maybe_unused]] void** fake_stack, [[maybe_unused]] const void* stack,
                         [[maybe_unused]] std::size_t bytes, [[maybe_unused]] void* fiber) {
#if defined(EMULATOR_ASAN)
  __sanitizer_start_switch_fiber(fake_stack, stack, bytes);
#endif
#if defined(EMULATOR_TSAN)
  constexpr unsigned kOrdersNothing = 1;  // or the schedule itself would hide every race
  __tsan_switch_to_fiber(fiber, kOrdersNothing);
#endif
}

inline void finish_switch([[maybe_unused]] void* fake_stack) {
#if defined(EMULATOR_ASAN)
  __sanitizer_finish_switch_fiber(fake_stack, nullptr, nullptr);
#endif
}

// All before a release comes before all behind an acquire of the same address that follows it.
inline void release([[maybe_unused]] void* address) {
#if defined(EMULATOR_TSAN)
  __tsan_release(address);
#endif
}
inline void acquire([[maybe_unused]] void* address) {
#if defined(EMULATOR_TSAN)
  __tsan_acquire(address);
#endif
}

// Forgets who used the memory before; always the same range.
inline void forget_accesses([[maybe_unused]] void* address, [[maybe_unused]] std::size_t bytes) {
#if defined(EMULATOR_TSAN)
  static const bool first = (__tsan_java_init(reinterpret_cast<std::uintptr_t>(address), bytes), true);
  (void)first;
  __tsan_java_alloc(reinterpret_cast<std::uintptr_t>(address), bytes);
#endif
}

inline void forbid([[maybe_unused]] const void* address, [[maybe_unused]] std::size_t bytes) {
#if defined(EMULATOR_ASAN)
  __asan_poison_memory_region(address, bytes);
#endif
}
inline void allow([[maybe_unused]] const void* address, [[maybe_unused]] std::size_t bytes) {
#if defined(EMULATOR_ASAN)
  __asan_unpoison_memory_region(address, bytes);
#endif
}

#if defined(EMULATOR_TSAN)
// Blocks take turns on two sets of fibers: nothing orders the accesses of two that follow each other, so races between
// blocks show as well.
inline constexpr unsigned kFiberSets = 2;
#else
inline constexpr unsigned kFiberSets = 1;
#endif

}  // namespace emulator::sanitizers
