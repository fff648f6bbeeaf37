// Memory of rows whose sizes are known only once they are computed: each worker fills a list of chunks of its own.
#pragma once

#include <cstddef>

namespace palate {

// The newest stands first.
struct Chunk {
  Chunk* next;
  std::size_t bytes;  // with this header
  std::size_t used;
};

// `bytes`, a multiple of 4, from the list, which grows where they do not fit; nullptr when memory ran out.
void* reserve(Chunk*& chunks, std::size_t bytes);

void release_chunks(Chunk* chunks);

}  // namespace palate
