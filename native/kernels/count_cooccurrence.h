// How many users like both of two items: X = L^T L without its diagonal, L the 0/1 matrix of likes.
//
// X is symmetric and sparse; a row lists the items that share a user with its item, ascending, with counts >= 1.
// Work: the sum over users of (likes)^2 additions, and for each liked item a scan of as many counters as there are
// liked items.
//
// All sums are integers, so the results do not depend on the number of threads.
//
// CUDA: the same rows. A block of threads counts a row in shared memory, by atomic additions to integers, for 11,264
// items at a time; a warp walks a user. On an H100 an addition reads 4 bytes from L2 (5.5 TB/s) and takes an eighth of
// a cycle of a multiprocessor (1.9e12 additions/s): MovieLens latest (2e10 additions) takes 15 ms, and its counts 8
// bytes each to come to the host.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "core/chunks.h"
#include "core/parallel.h"
#include "core/status.h"
#include "device.h"

namespace palate {

// Who likes what, both ways round; each pair once. Items ascend within a user, users within an item.
struct Likes {
  const std::uint32_t* user_offsets = nullptr;  // (num_users + 1)
  const std::uint32_t* items = nullptr;         // by user
  const std::uint32_t* item_offsets = nullptr;  // (num_items + 1)
  const std::uint32_t* users = nullptr;         // by item
  std::uint32_t num_users = 0;
  std::uint32_t num_items = 0;
};

// One row of X.
struct CountRow {
  const std::uint32_t* items = nullptr;   // (size), ascending
  const std::uint32_t* counts = nullptr;  // (size)
  std::uint32_t size = 0;
};

// Over all elements of X, so each unordered pair counts twice.
struct CountTotals {
  std::uint64_t nonzeros = 0;
  std::uint64_t sum = 0;
  std::uint64_t sum_squares = 0;
  std::uint32_t largest = 0;
};

struct CountCall {
  Likes likes;
  CountRow* rows = nullptr;  // (num_items) out; nullptr: only totals
  Chunk** chunks = nullptr;  // (threads of the pool) out, nullptr at first; the caller releases them
  void* (*reserve)(Chunk*&, std::size_t) = nullptr;     // of core/chunks.h: a device has no memory of the host's
  const std::atomic<std::int32_t>* cancel = nullptr;    // non-zero: stop; nullptr: never
  const std::atomic<std::int32_t>* teardown = nullptr;  // non-zero: stop, the environment goes away
  DeviceMemory* device = nullptr;                       // where the arrays are on a device; nullptr: the processor
};

}  // namespace palate
