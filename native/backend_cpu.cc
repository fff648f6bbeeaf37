#include <atomic>
#include <cstring>

#include "backend.h"

namespace palate {

// Defined by kernels/table.cc, compiled once a level.
namespace k_base {
extern const Backend backend;
}
#if defined(HAVE_X86_LEVELS)
namespace k_avx2 {
extern const Backend backend;
}
namespace k_avx512 {
extern const Backend backend;
}
#endif

namespace {

struct Levels {
  const Backend* rows[4];
  int count = 0;

  Levels() {
    rows[count++] = &k_base::backend;
#if defined(HAVE_X86_LEVELS)
    // Single features, as the kernels are compiled with exactly these; GCC 10 knows no level names.
    __builtin_cpu_init();
    const bool avx2 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
                      __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2");
    if (!avx2) return;
    rows[count++] = &k_avx2::backend;
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512cd") &&
        __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl")) {
      rows[count++] = &k_avx512::backend;
    }
#endif
  }
};

const Levels& levels() {
  static const Levels found;
  return found;
}

std::atomic<const Backend*> forced{nullptr};

}  // namespace

const Backend& cpu_backend() {
  const Backend* row = forced.load(std::memory_order_acquire);
  return row != nullptr ? *row : *levels().rows[levels().count - 1];
}

int cpu_levels(const char* names[4]) {
  const Levels& found = levels();
  for (int i = 0; i < found.count; ++i) names[i] = found.rows[i]->level;
  return found.count;
}

bool force_cpu_level(const char* name) {
  if (std::strcmp(name, "auto") == 0) {
    forced.store(nullptr, std::memory_order_release);
    return true;
  }
  const Levels& found = levels();
  for (int i = 0; i < found.count; ++i) {
    if (std::strcmp(name, found.rows[i]->level) != 0) continue;
    forced.store(found.rows[i], std::memory_order_release);
    return true;
  }
  return false;
}

}  // namespace palate
