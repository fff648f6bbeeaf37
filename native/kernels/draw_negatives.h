// Draws from the noise distribution of a group of items. Part of train_item_pairs.cc and train_bpr.cc.
#pragma once

#include "kernels/sorted.h"
#include "kernels/train_item_pairs.h"
#include "math/lanes.h"
#include "math/random.h"

namespace palate::KERNEL_NS {
namespace {

struct Noise {
  const AliasSlot* slots;
  std::uint32_t count;
};

// The upper half of a random word chooses the slot (with a bias of at most count / 2^32), the lower one between its
// two items: by index, as no branch predictor guesses it.
PALATE_INLINE std::uint32_t draw(const Noise& noise, std::uint64_t bits) {
  const AliasSlot& slot = noise.slots[(bits >> 32) * noise.count >> 32];
  return slot.items[static_cast<std::uint32_t>(bits) >= slot.threshold];
}

// The random numbers of a cell's pairs, by their place.
struct Draws {
  std::uint64_t sequence;  // seed of the cell
  std::uint64_t size;      // negatives of the whole cell
};

// A negative that is not in the history of the pair, or its output, which marks it void.
PALATE_INLINE std::uint32_t draw_unseen(const ItemPairsCall& call, const Noise& noise, std::size_t pair,
                                        const Draws& draws, std::uint64_t number) {
  for (std::uint32_t n = 0; n < kMostDraws; ++n) {
    const std::uint32_t item = draw(noise, bits_at(draws.sequence, number + n * draws.size));
    if (!contains(call.seen_offsets, call.seen_items, call.histories[pair], item)) return item;
  }
  return call.pairs[pair].output;
}

// The outputs of a pair: its own first, then its negatives, whose numbers begin with `number`.
PALATE_INLINE void draw_targets(const ItemPairsCall& call, const Noise& noise, std::size_t pair, const Draws& draws,
                                std::uint64_t number, std::uint32_t* PALATE_RESTRICT targets) {
  const std::uint32_t negatives = call.negatives;
  *targets++ = call.pairs[pair].output;
  if (call.reject_seen) {
    for (std::uint32_t r = 0; r < negatives; ++r) targets[r] = draw_unseen(call, noise, pair, draws, number + r);
  } else {
    for (std::uint32_t r = 0; r < negatives; ++r) targets[r] = draw(noise, bits_at(draws.sequence, number + r));
  }
}

}  // namespace
}  // namespace palate::KERNEL_NS
