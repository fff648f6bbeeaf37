// One block of threads and its shared memory, as grid.cc runs them.
#pragma once

#include <cstddef>
#include <functional>

#include "cuda_runtime.h"

namespace emulator {

// The largest block and the shared memory of a block: static arrays, and with what is allowed beyond.
inline constexpr unsigned kMostThreads = 1024;
inline constexpr std::size_t kStaticShared = std::size_t{48} << 10;
inline constexpr std::size_t kBlockShared = std::size_t{227} << 10;

// Runs the block at `block_index` of a grid to its end. `parity` says which set of fibers it takes.
void run_block(const std::function<void()>& thread, unsigned parity);

// Before a grid: what the threads' first accesses are ordered behind; after it: what is behind their last.
void open_grid(dim3 grid, dim3 block);
void close_grid();

// Shared memory as a block finds it: no arrays yet, nothing in it that anyone could rely on.
void clear_shared(std::size_t dynamic_bytes);

// Writes what memory holds that nobody has written: NaN, or with an odd random seed any bytes.
void fill_undefined(void* memory, std::size_t bytes);

// Ends the process with a message that names block and thread.
[[noreturn]] void fail(Site site, const char* format, ...) __attribute__((format(printf, 2, 3)));

}  // namespace emulator
