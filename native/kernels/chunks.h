// Memory of rows whose sizes are known only once they are computed: each worker fills a list of chunks of its own.
#pragma once

#include <cstddef>

namespace palate {

// The newest stands first. Whoever owns a list gives each chunk back with release(chunk, chunk->bytes).
struct Chunk {
  Chunk* next;
  std::size_t bytes;  // with this header
  std::size_t used;
};

}  // namespace palate
