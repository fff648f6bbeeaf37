#include "fiber.h"

#include <pthread.h>
#include <sys/mman.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>

#include "sanitizers.h"

namespace emulator {
namespace {

#if defined(EMULATOR_ASAN)
constexpr std::size_t kStackBytes = std::size_t{256} << 10;  // red zones make frames larger
#else
constexpr std::size_t kStackBytes = std::size_t{64} << 10;
#endif
constexpr std::size_t kGuardBytes = std::size_t{64} << 10;  // a page on every system

void* map_stack() {
  void* base = mmap(nullptr, kGuardBytes + kStackBytes, PROT_READ | PROT_WRITE,
                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (base == MAP_FAILED || mprotect(base, kGuardBytes, PROT_NONE) != 0) {
    std::fputs("emulator: no memory for a stack\n", stderr);
    std::_Exit(66);
  }
  return static_cast<char*>(base) + kGuardBytes;
}

}  // namespace

// Swaps stacks: keeps the registers that a call must keep, saves the stack pointer at *save, and goes on at `load`.
#if defined(__x86_64__)
extern "C" void emulator_swap_stacks(void** save, void* load);
asm(R"(
.text
.globl emulator_swap_stacks
.hidden emulator_swap_stacks
.type emulator_swap_stacks,@function
emulator_swap_stacks:
  pushq %rbp
  pushq %rbx
  pushq %r12
  pushq %r13
  pushq %r14
  pushq %r15
  movq %rsp, (%rdi)
  movq %rsi, %rsp
  popq %r15
  popq %r14
  popq %r13
  popq %r12
  popq %rbx
  popq %rbp
  ret
.size emulator_swap_stacks,.-emulator_swap_stacks
)");

namespace {
void* first_frame(void* stack, std::size_t size, void (*entry)()) {
  // As after a call: the stack pointer is 8 below a multiple of 16 when `entry` starts.
  void** top = reinterpret_cast<void**>(static_cast<char*>(stack) + size) - 2;
  *top = reinterpret_cast<void*>(entry);
  for (int r = 0; r < 6; ++r) *--top = nullptr;
  return top;
}
}  // namespace
#elif defined(__aarch64__)
extern "C" void emulator_swap_stacks(void** save, void* load);
asm(R"(
.text
.globl emulator_swap_stacks
.hidden emulator_swap_stacks
.type emulator_swap_stacks,%function
emulator_swap_stacks:
  sub sp, sp, #160
  stp x19, x20, [sp, #0]
  stp x21, x22, [sp, #16]
  stp x23, x24, [sp, #32]
  stp x25, x26, [sp, #48]
  stp x27, x28, [sp, #64]
  stp x29, x30, [sp, #80]
  stp d8, d9, [sp, #96]
  stp d10, d11, [sp, #112]
  stp d12, d13, [sp, #128]
  stp d14, d15, [sp, #144]
  mov x9, sp
  str x9, [x0]
  mov sp, x1
  ldp x19, x20, [sp, #0]
  ldp x21, x22, [sp, #16]
  ldp x23, x24, [sp, #32]
  ldp x25, x26, [sp, #48]
  ldp x27, x28, [sp, #64]
  ldp x29, x30, [sp, #80]
  ldp d8, d9, [sp, #96]
  ldp d10, d11, [sp, #112]
  ldp d12, d13, [sp, #128]
  ldp d14, d15, [sp, #144]
  add sp, sp, #160
  ret
.size emulator_swap_stacks,.-emulator_swap_stacks
)");

namespace {
void* first_frame(void* stack, std::size_t size, void (*entry)()) {
  void** frame = reinterpret_cast<void**>(static_cast<char*>(stack) + size) - 20;
  for (int r = 0; r < 20; ++r) frame[r] = nullptr;
  frame[11] = reinterpret_cast<void*>(entry);  // x30, where `ret` goes
  return frame;
}
}  // namespace
#endif

Fiber::Fiber() {
#if defined(EMULATOR_ASAN)
  pthread_attr_t attributes;
  pthread_getattr_np(pthread_self(), &attributes);
  pthread_attr_getstack(&attributes, &stack_, &size_);
  pthread_attr_destroy(&attributes);
#endif
  race_detector_ = sanitizers::current_fiber();
}

Fiber::Fiber(void (*entry)()) : stack_(map_stack()), size_(kStackBytes) {
  race_detector_ = sanitizers::create_fiber();
#if defined(__x86_64__) || defined(__aarch64__)
  saved_ = first_frame(stack_, size_, entry);
#else
  getcontext(&context_);
  context_.uc_stack.ss_sp = stack_;
  context_.uc_stack.ss_size = size_;
  context_.uc_link = nullptr;
  makecontext(&context_, entry, 0);
#endif
}

void Fiber::started() { sanitizers::finish_switch(nullptr); }

void Fiber::switch_to(Fiber& target) {
  void* fake_stack = nullptr;
  sanitizers::start_switch(&fake_stack, target.stack_, target.size_, target.race_detector_);
#if defined(__x86_64__) || defined(__aarch64__)
  emulator_swap_stacks(&saved_, target.saved_);
#else
  swapcontext(&context_, &target.context_);
#endif
  sanitizers::finish_switch(fake_stack);
}

}  // namespace emulator
