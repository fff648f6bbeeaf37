// <cstdlib> first: it defines __GLIBC__, without which this file would be silently empty.
#include <cstdlib>

// libstdc++ reads this flag to skip atomic reference counts in single-threaded programs. The symbol
// exists from GLIBC 2.32 on; an own hidden copy that always says "threaded" lets the binary load on
// 2.28 systems.
#if defined(__linux__) && defined(__GLIBC__)
extern "C" {
__attribute__((visibility("hidden"))) char __libc_single_threaded = 0;
}
#endif
