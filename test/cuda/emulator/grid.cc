// Blocks one after another, and the shared memory of the one that runs.
#include "grid.h"

#include <cfenv>
#include <map>
#include <mutex>
#include <utility>
#include <vector>

#include "block.h"
#include "sanitizers.h"
#include "settings.h"

namespace emulator {
namespace {

constexpr std::size_t kRedZone = 64;  // round each array, for AddressSanitizer
constexpr unsigned kMostArrays = 64;
constexpr std::size_t kArena = kBlockShared + kMostArrays * 2 * kRedZone;
constexpr unsigned kMostRows = 65535;  // of a grid, and layers

struct StaticArray {
  const void* site;
  char* memory;
};

alignas(128) char arena[kArena];
StaticArray arrays[kMostArrays];
unsigned num_arrays = 0;
std::size_t arena_used = 0;
std::size_t static_used = 0;
std::size_t dynamic_size = 0;

// Kernels may ask for more than kStaticShared once this was called for them.
std::map<const void*, std::size_t>& allowed_shared() {
  static std::map<const void*, std::size_t> allowed;
  return allowed;
}

dim3 place_of(std::size_t block, dim3 grid) {
  return {static_cast<unsigned>(block % grid.x), static_cast<unsigned>(block / grid.x % grid.y),
          static_cast<unsigned>(block / (std::size_t{grid.x} * grid.y))};
}

}  // namespace

// Interceptors of the sanitizers would take a memset here for a kernel's.
__attribute__((optimize("no-tree-loop-distribute-patterns"))) void fill_undefined(void* memory, std::size_t bytes) {
  volatile unsigned char* target = static_cast<unsigned char*>(memory);
  const bool any = settings().order == Order::random && settings().seed % 2 == 1;
  for (std::size_t n = 0; n < bytes; ++n) target[n] = any ? static_cast<unsigned char>(draw()) : 0xff;
}

void clear_shared(std::size_t dynamic_bytes) {
  sanitizers::allow(arena, kArena);
  fill_undefined(arena, arena_used > dynamic_bytes ? arena_used : dynamic_bytes);
  sanitizers::forget_accesses(arena, kArena);
  sanitizers::forbid(arena + dynamic_bytes, kArena - dynamic_bytes);
  num_arrays = 0;
  static_used = 0;
  dynamic_size = dynamic_bytes;
  arena_used = dynamic_bytes + kRedZone;
}

void* dynamic_shared() { return arena; }

void* static_shared(const void* site, std::size_t bytes, std::size_t alignment) {
  for (unsigned n = 0; n < num_arrays; ++n) {
    if (arrays[n].site == site) return arrays[n].memory;
  }
  if (alignment < 16) alignment = 16;
  const std::size_t begin = (arena_used + alignment - 1) / alignment * alignment;
  static_used += bytes;
  if (num_arrays == kMostArrays || static_used > kStaticShared || static_used + dynamic_size > kBlockShared) {
    fail({"shared memory", 0}, "%zu static bytes in %u arrays beside %zu dynamic ones are too many", static_used,
         num_arrays + 1, dynamic_size);
  }
  arena_used = begin + bytes + kRedZone;
  sanitizers::allow(arena + begin, bytes);
  fill_undefined(arena + begin, bytes);
  arrays[num_arrays++] = {site, arena + begin};
  return arena + begin;
}

cudaError_t check_launch(const Launch& launch) {
  const dim3& block = launch.block;
  const dim3& grid = launch.grid;
  const std::size_t threads = std::size_t{block.x} * block.y * block.z;
  if (threads == 0 || threads > kMostThreads || block.z > 64) return cudaErrorInvalidConfiguration;
  if (grid.x == 0 || grid.y == 0 || grid.z == 0) return cudaErrorInvalidConfiguration;
  if (grid.x > 0x7fffffffu || grid.y > kMostRows || grid.z > kMostRows) return cudaErrorInvalidConfiguration;
  const auto allowed = allowed_shared().find(launch.kernel);
  const std::size_t most = allowed == allowed_shared().end() ? kStaticShared : allowed->second;
  return launch.shared_bytes > most ? cudaErrorInvalidValue : cudaSuccess;
}

void run_grid(const Launch& launch) {
  std::fenv_t caller;
  std::fegetenv(&caller);
  std::fesetenv(FE_DFL_ENV);  // denormals count, whatever the caller's thread does with them
  const std::size_t blocks = std::size_t{launch.grid.x} * launch.grid.y * launch.grid.z;
  const Order order = settings().order;
  std::vector<std::size_t> turns(blocks);
  for (std::size_t n = 0; n < blocks; ++n) turns[n] = order == Order::reverse ? blocks - 1 - n : n;
  for (std::size_t n = blocks; order == Order::random && n > 1; --n) std::swap(turns[n - 1], turns[draw() % n]);
  allow_device_memory(true);
  open_grid(launch.grid, launch.block);
  for (std::size_t n = 0; n < blocks; ++n) {
    const dim3 place = place_of(turns[n], launch.grid);
    blockIdx = {place.x, place.y, place.z};
    clear_shared(launch.shared_bytes);
    run_block(launch.thread, static_cast<unsigned>(n % 2));
  }
  close_grid();
  allow_device_memory(false);
  std::fesetenv(&caller);
}

}  // namespace emulator

cudaError_t cudaFuncSetAttribute(const void* kernel, cudaFuncAttribute attribute, int value) {
  const std::size_t bytes = static_cast<std::size_t>(value);
  if (attribute != cudaFuncAttributeMaxDynamicSharedMemorySize || value < 0 || bytes > emulator::kBlockShared) {
    return cudaErrorInvalidValue;
  }
  emulator::allowed_shared()[kernel] = bytes;
  return cudaSuccess;
}
