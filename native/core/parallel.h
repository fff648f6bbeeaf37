// A pool of threads for loops over independent indices. Plain function pointers, no templates: kernels
// compiled for several instruction sets call it without leaving shared code behind.
#pragma once

#include <cstdint>

namespace palate {

class Pool {
 public:
  using Body = void (*)(void* context, std::uint32_t index);

  // `threads` >= 1 counts the calling thread, which works too.
  explicit Pool(std::uint32_t threads);
  ~Pool();
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;

  std::uint32_t threads() const;

  // Calls body(context, i) once for each i < count, in any order on any thread, with the caller's
  // treatment of denormals, and returns when all are done. Not reentrant: one run at a time, from one thread.
  void run(std::uint32_t count, Body body, void* context);

 private:
  struct State;
  State* state_;
};

}  // namespace palate
