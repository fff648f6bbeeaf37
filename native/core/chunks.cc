#include "core/chunks.h"

#include "core/memory.h"

namespace palate {
namespace {

constexpr std::size_t kChunkBytes = std::size_t{8} << 20;

}  // namespace

void* reserve(Chunk*& chunks, std::size_t bytes) {
  if (chunks == nullptr || chunks->bytes - chunks->used < bytes) {
    const std::size_t size = sizeof(Chunk) + bytes < kChunkBytes ? kChunkBytes : sizeof(Chunk) + bytes;
    Chunk* fresh = static_cast<Chunk*>(allocate_zeroed(size));
    if (fresh == nullptr) return nullptr;
    *fresh = {chunks, size, sizeof(Chunk)};
    chunks = fresh;
  }
  char* memory = reinterpret_cast<char*>(chunks) + chunks->used;
  chunks->used += bytes;
  return memory;
}

void release_chunks(Chunk* chunks) {
  while (chunks != nullptr) {
    Chunk* next = chunks->next;
    release(chunks, chunks->bytes);
    chunks = next;
  }
}

}  // namespace palate
