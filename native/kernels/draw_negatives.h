// Draws from the noise distribution of a group of items. Part of train_item_pairs.cc and train_bpr.cc.
#pragma once

#include "kernels/sorted.h"
#include "kernels/train_item_pairs.h"
#include "math/lanes.h"

namespace palate::KERNEL_NS {
namespace {

// The generator of core/rng.h, word for word, for code that is compiled once a level.
PALATE_INLINE std::uint64_t next_random(std::uint64_t& state) {
  state += 0x9e3779b97f4a7c15u;
  std::uint64_t z = state;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
  return z ^ (z >> 31);
}

struct Noise {
  const AliasSlot* slots;
  std::uint32_t count;
};

// The upper half of a random word chooses the slot (with a bias of at most count / 2^32), the lower one between its
// two items: by index, as no branch predictor guesses it.
PALATE_INLINE std::uint32_t draw(const Noise& noise, std::uint64_t& state) {
  const std::uint64_t bits = next_random(state);
  const AliasSlot& slot = noise.slots[(bits >> 32) * noise.count >> 32];
  return slot.items[static_cast<std::uint32_t>(bits) >= slot.threshold];
}

// A negative that is not in the history of the pair, or its output, which marks it void.
PALATE_INLINE std::uint32_t draw_unseen(const ItemPairsCall& call, const Noise& noise, std::size_t pair,
                                        std::uint64_t& state) {
  for (std::uint32_t n = 0; n < kMostDraws; ++n) {
    const std::uint32_t item = draw(noise, state);
    if (!contains(call.seen_offsets, call.seen_items, call.histories[pair], item)) return item;
  }
  return call.pairs[pair].output;
}

// The outputs of a pair: its own first, then its negatives.
PALATE_INLINE void draw_targets(const ItemPairsCall& call, const Noise& noise, std::size_t pair, std::uint64_t& state,
                                std::uint32_t* PALATE_RESTRICT targets) {
  const std::uint32_t negatives = call.negatives;
  *targets++ = call.pairs[pair].output;
  if (call.reject_seen) {
    for (std::uint32_t r = 0; r < negatives; ++r) targets[r] = draw_unseen(call, noise, pair, state);
  } else {
    for (std::uint32_t r = 0; r < negatives; ++r) targets[r] = draw(noise, state);
  }
}

}  // namespace
}  // namespace palate::KERNEL_NS
