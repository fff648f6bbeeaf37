// <cstdlib> first: it defines __GLIBC__, without which this file would be silently empty.
#include <cstdlib>
#include <new>

// libstdc++ reads this flag to skip atomic reference counts in single-threaded programs. The symbol
// exists from GLIBC 2.32 on; an own hidden copy that always says "threaded" lets the binary load on
// 2.28 systems.
#if defined(__linux__) && defined(__GLIBC__)
extern "C" {
__attribute__((visibility("hidden"))) char __libc_single_threaded = 0;
}
#endif

// What std::allocator of GCC 11 and later calls for an absurd size; libstdc++ has it from GLIBCXX_3.4.29 on, and the
// binary must load beside older ones.
#if defined(__linux__) && defined(__GLIBCXX__)
namespace std {
__attribute__((visibility("hidden"), noreturn)) void __throw_bad_array_new_length() { throw bad_array_new_length(); }
}  // namespace std
#endif
