// Rows of pair counts: see count_pairs.h. The ranks of a user's pairs with one input are computed a chunk at a time, as
// a loop without branches that the compiler turns into vectors; the few images outside of the order are walked on
// alone.
#include "kernels/count_pairs.h"

#include "kernels/level.h"
#include "math/feistel.h"

namespace palate::KERNEL_NS {
namespace {

constexpr std::uint32_t kRankChunk = 256;

void rank_chunk(const Permutation& order, std::uint64_t first, std::uint32_t size, std::uint64_t* ranks) {
  const Permutation p = order;  // a copy, so that nothing can alias the keys
  for (std::uint32_t n = 0; n < size; ++n) ranks[n] = feistel_forward(p, first + n);
  for (std::uint32_t n = 0; n < size; ++n) {
    if (ranks[n] >= p.size) ranks[n] = rank_of(order, ranks[n]);
  }
}

// Pairs of one input with `size` targets, numbered from `first` on.
void count_run(const PairSource& source, std::uint64_t first, const std::uint32_t* targets, std::uint32_t size,
               std::uint32_t* counts) {
  const std::size_t part = source.num_items;
  if (!source.split) {
    for (std::uint32_t n = 0; n < size; ++n) ++counts[targets[n]];
    return;
  }
  std::uint64_t ranks[kRankChunk];
  for (std::uint32_t begin = 0; begin < size; begin += kRankChunk) {
    const std::uint32_t chunk = size - begin < kRankChunk ? size - begin : kRankChunk;
    rank_chunk(source.order, first + begin, chunk, ranks);
    for (std::uint32_t n = 0; n < chunk; ++n) {
      const std::size_t behind = std::size_t{ranks[n] >= source.bounds[0]} + std::size_t{ranks[n] >= source.bounds[1]};
      ++counts[behind * part + targets[begin + n]];
    }
  }
}

}  // namespace

void count_pairs(const PairSource& source, std::uint32_t item, std::uint32_t* counts) {
  for (std::uint32_t e = source.input_offsets[item]; e < source.input_offsets[item + 1]; ++e) {
    const std::uint32_t user = source.input_users[e];
    const std::uint32_t place = source.input_places[e];
    const std::uint32_t* targets = source.targets + source.target_offsets[user];
    const std::uint32_t size = source.target_offsets[user + 1] - source.target_offsets[user];
    const std::uint64_t base = source.bases[user];
    if (!source.same) {
      count_run(source, base + std::uint64_t{place} * size, targets, size, counts);
      continue;
    }
    const std::uint64_t first = base + std::uint64_t{place} * (size - 1);
    count_run(source, first, targets, place, counts);
    count_run(source, first + place, targets + place + 1, size - 1 - place, counts);
  }
}

}  // namespace palate::KERNEL_NS
