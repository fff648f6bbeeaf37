#include "kernels/count_cooccurrence.h"

#include <cstring>

#include "core/flags.h"
#include "core/memory.h"
#include "kernels/level.h"

namespace palate::KERNEL_NS {
namespace {

// Rows that a worker claims at once: few, as popular items often stand side by side.
constexpr std::uint32_t kRowsAtOnce = 8;
constexpr std::uint32_t kGroup = 16;  // counters looked at together

// What one worker writes to.
struct CountWorker {
  std::uint32_t* counters;  // (liked items to whole groups), zero between rows
  std::uint32_t* items;     // the row at work, with a group of room behind it
  std::uint32_t* counts;
  CountTotals totals;
  Status status;
};

// Only items that somebody likes have counters, so that a row is scanned in less time: item ids[r] has counter r.
struct CountRun {
  const CountCall* call;
  CountWorker* workers;
  std::uint32_t* ids;    // (liked items to whole groups), ascending
  std::uint32_t* ranks;  // (likes by user) the counters of their items
  std::uint32_t liked;
  std::uint32_t padded;  // to whole groups
  std::atomic<std::uint32_t> next{0};
};

// Moves the counters that are not zero, with their items, to the row; zeroes them; returns how many.
PALATE_INLINE std::uint32_t gather(std::uint32_t* counters, const std::uint32_t* ids, std::uint32_t padded,
                                   std::uint32_t* items, std::uint32_t* counts) {
  std::uint32_t size = 0;
#if defined(__AVX512F__)
  for (std::uint32_t j = 0; j < padded; j += kGroup) {
    const __m512i group = _mm512_load_si512(counters + j);
    const __mmask16 found = _mm512_test_epi32_mask(group, group);
    if (found == 0) continue;
    _mm512_storeu_si512(items + size, _mm512_maskz_compress_epi32(found, _mm512_load_si512(ids + j)));
    _mm512_storeu_si512(counts + size, _mm512_maskz_compress_epi32(found, group));
    _mm512_store_si512(counters + j, _mm512_setzero_si512());
    size += static_cast<std::uint32_t>(__builtin_popcount(found));
  }
#else
  for (std::uint32_t j = 0; j < padded; j += kGroup) {
    std::uint32_t any = 0;
    for (std::uint32_t n = 0; n < kGroup; ++n) any |= counters[j + n];
    if (any == 0) continue;
    for (std::uint32_t n = 0; n < kGroup; ++n) {
      const std::uint32_t count = counters[j + n];
      items[size] = ids[j + n];
      counts[size] = count;
      size += count != 0;
      counters[j + n] = 0;
    }
  }
#endif
  return size;
}

void add_up(CountTotals& totals, const std::uint32_t* counts, std::uint32_t size) {
  std::uint64_t sum = 0;
  std::uint64_t squares = 0;
  std::uint32_t largest = 0;
  for (std::uint32_t n = 0; n < size; ++n) {
    sum += counts[n];
    squares += std::uint64_t{counts[n]} * counts[n];
    largest = counts[n] > largest ? counts[n] : largest;
  }
  totals.nonzeros += size;
  totals.sum += sum;
  totals.sum_squares += squares;
  totals.largest = largest > totals.largest ? largest : totals.largest;
}

Status count_row(const CountRun& run, CountWorker& worker, Chunk** chunks, std::uint32_t rank) {
  const Likes& likes = run.call->likes;
  const std::uint32_t item = run.ids[rank];
  std::uint32_t* counters = worker.counters;
  for (std::uint32_t e = likes.item_offsets[item]; e < likes.item_offsets[item + 1]; ++e) {
    const std::uint32_t user = likes.users[e];
    const std::uint32_t last = likes.user_offsets[user + 1];
    for (std::uint32_t n = likes.user_offsets[user]; n < last; ++n) ++counters[run.ranks[n]];
  }
  counters[rank] = 0;
  const std::uint32_t size = gather(counters, run.ids, run.padded, worker.items, worker.counts);
  add_up(worker.totals, worker.counts, size);
  if (run.call->rows == nullptr || size == 0) return Status::ok;
  const std::size_t bytes = size * sizeof(std::uint32_t);
  std::uint32_t* memory = static_cast<std::uint32_t*>(reserve(*chunks, 2 * bytes));
  if (memory == nullptr) return Status::out_of_memory;
  std::memcpy(memory, worker.items, bytes);
  std::memcpy(memory + size, worker.counts, bytes);
  run.call->rows[item] = {memory, memory + size, size};
  return Status::ok;
}

void count_rows(void* context, std::uint32_t index) {
  CountRun& run = *static_cast<CountRun*>(context);
  const CountCall& call = *run.call;
  CountWorker& worker = run.workers[index];
  Chunk** chunks = call.chunks == nullptr ? nullptr : call.chunks + index;
  for (;;) {
    const std::uint32_t first = run.next.fetch_add(kRowsAtOnce, std::memory_order_relaxed);
    if (first >= run.liked) return;
    if (is_raised(call)) {
      worker.status = Status::cancelled;
      return;
    }
    const std::uint32_t last = run.liked - first < kRowsAtOnce ? run.liked : first + kRowsAtOnce;
    for (std::uint32_t rank = first; rank < last; ++rank) {
      worker.status = count_row(run, worker, chunks, rank);
      if (worker.status != Status::ok) return;
    }
  }
}

}  // namespace

Status count_cooccurrence(const CountCall& call, Pool& pool, CountTotals& totals) {
  const Likes& likes = call.likes;
  const std::uint32_t threads = pool.threads();
  const std::uint32_t num_likes = likes.user_offsets[likes.num_users];
  CountRun run;
  run.call = &call;
  run.liked = 0;
  for (std::uint32_t item = 0; item < likes.num_items; ++item) {
    run.liked += likes.item_offsets[item] != likes.item_offsets[item + 1];
  }
  run.padded = (run.liked + kGroup - 1) / kGroup * kGroup;
  const std::size_t width = std::size_t{run.padded} + kGroup;
  const std::size_t words = (1 + 3 * std::size_t{threads}) * width + num_likes + likes.num_items;
  const std::size_t bytes = threads * sizeof(CountWorker) + words * sizeof(std::uint32_t);
  char* memory = static_cast<char*>(allocate_zeroed(bytes));
  if (memory == nullptr) return Status::out_of_memory;
  // What vectors read comes first, in whole groups.
  run.ids = reinterpret_cast<std::uint32_t*>(memory);
  std::uint32_t* rows = run.ids + width;
  run.workers = reinterpret_cast<CountWorker*>(rows + 3 * threads * width);
  run.ranks = reinterpret_cast<std::uint32_t*>(run.workers + threads);
  std::uint32_t* rank_of = run.ranks + num_likes;
  for (std::uint32_t item = 0, rank = 0; item < likes.num_items; ++item) {
    if (likes.item_offsets[item] == likes.item_offsets[item + 1]) continue;
    run.ids[rank] = item;
    rank_of[item] = rank++;
  }
  for (std::uint32_t n = 0; n < num_likes; ++n) run.ranks[n] = rank_of[likes.items[n]];
  for (std::uint32_t t = 0; t < threads; ++t, rows += 3 * width) {
    run.workers[t] = {rows, rows + width, rows + 2 * width, {}, Status::ok};
  }
  pool.run(threads, count_rows, &run);
  Status status = Status::ok;
  totals = {};
  for (std::uint32_t t = 0; t < threads; ++t) {
    const CountWorker& worker = run.workers[t];
    if (worker.status != Status::ok) status = worker.status;
    totals.nonzeros += worker.totals.nonzeros;
    totals.sum += worker.totals.sum;
    totals.sum_squares += worker.totals.sum_squares;
    totals.largest = worker.totals.largest > totals.largest ? worker.totals.largest : totals.largest;
  }
  release(memory, bytes);
  return status;
}

}  // namespace palate::KERNEL_NS
