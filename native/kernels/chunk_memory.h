// Taking memory from a list of chunks. Part of the kernels that include it.
#pragma once

#include <cstddef>

#include "core/memory.h"
#include "kernels/chunks.h"
#include "math/lanes.h"

namespace palate::KERNEL_NS {

inline constexpr std::size_t kChunkBytes = std::size_t{8} << 20;

// `bytes`, a multiple of 4; nullptr when memory ran out.
PALATE_INLINE void* reserve(Chunk*& chunk, std::size_t bytes) {
  if (chunk == nullptr || chunk->bytes - chunk->used < bytes) {
    const std::size_t size = sizeof(Chunk) + bytes < kChunkBytes ? kChunkBytes : sizeof(Chunk) + bytes;
    Chunk* fresh = static_cast<Chunk*>(allocate_zeroed(size));
    if (fresh == nullptr) return nullptr;
    *fresh = {chunk, size, sizeof(Chunk)};
    chunk = fresh;
  }
  char* memory = reinterpret_cast<char*>(chunk) + chunk->used;
  chunk->used += bytes;
  return memory;
}

PALATE_INLINE void release_chunks(Chunk* chunk) {
  while (chunk != nullptr) {
    Chunk* next = chunk->next;
    release(chunk, chunk->bytes);
    chunk = next;
  }
}

}  // namespace palate::KERNEL_NS
