#include "core/memory.h"

#include <cstdlib>
#include <cstring>
#include <new>

#if defined(__linux__)
#include <sys/mman.h>
#endif

namespace palate {
namespace {

constexpr std::size_t kAlignment = 64;
constexpr std::size_t kHugePage = std::size_t{2} << 20;

#if defined(__linux__)
std::size_t mapped_size(std::size_t bytes) { return (bytes + kHugePage - 1) & ~(kHugePage - 1); }

// Huge pages need 2 MiB alignment, which mmap does not promise: map one page more and cut the ends.
void* map_huge(std::size_t bytes) {
  const std::size_t size = mapped_size(bytes);
  if (size + kHugePage < bytes) return nullptr;
  void* raw = mmap(nullptr, size + kHugePage, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (raw == MAP_FAILED) return nullptr;
  char* base = static_cast<char*>(raw);
  const std::size_t misfit = reinterpret_cast<std::size_t>(base) & (kHugePage - 1);
  const std::size_t head = misfit == 0 ? 0 : kHugePage - misfit;
  if (head != 0) munmap(base, head);
  if (head != kHugePage) munmap(base + head + size, kHugePage - head);
  madvise(base + head, size, MADV_HUGEPAGE);
  return base + head;
}
#endif

}  // namespace

void* allocate_zeroed(std::size_t bytes) {
  if (bytes == 0) return nullptr;
#if defined(__linux__)
  if (bytes >= kHugePage) return map_huge(bytes);
#endif
  void* pointer = ::operator new (bytes, std::align_val_t{kAlignment}, std::nothrow);
  if (pointer != nullptr) std::memset(pointer, 0, bytes);
  return pointer;
}

void release(void* pointer, std::size_t bytes) {
  if (pointer == nullptr) return;
#if defined(__linux__)
  if (bytes >= kHugePage) {
    munmap(pointer, mapped_size(bytes));
    return;
  }
#endif
  ::operator delete (pointer, std::align_val_t{kAlignment});
}

}  // namespace palate
