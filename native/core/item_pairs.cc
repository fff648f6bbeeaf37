#include "core/item_pairs.h"

#include <algorithm>

#include "core/rng.h"

namespace palate {
namespace {

constexpr double kDraws = 4294967296.0;  // values of 32 random bits

// Shares that a chunk is made of: whole rounds.
std::uint32_t chunk_shares(const PairPlan& plan) {
  return kRoundPlaces * std::max(1u, plan.pairs_per_chunk / std::max(1u, plan.pairs_per_round));
}

}  // namespace

struct ItemPairs::Pass {
  ItemPairs* self;
  std::uint32_t first_share;
  std::uint64_t seed;
  const std::uint8_t* group_of;
  std::uint32_t groups;

  std::uint32_t cell(std::uint32_t input, std::uint32_t output) const {
    return group_of[input] * groups + group_of[output];
  }
  std::uint32_t* counts(std::uint32_t index) const {
    return self->counts_.data() + std::size_t{index} * groups * groups;
  }
  const Share& share(std::uint32_t index) const { return self->shares_[first_share + index]; }
};

ItemPairs::ItemPairs(const Histories& histories, const PairPlan& plan, View<const float> chances, bool keep_histories)
    : all_(histories),
      chances_(chances),
      offsets_(chances.empty() ? 0 : histories.offsets.size),
      items_(chances.empty() ? 0 : histories.items.size),
      histories_(histories),
      plan_(plan),
      keep_histories_(keep_histories),
      chunk_shares_(chunk_shares(plan)) {
  if (!failed()) lay_out();
}

void ItemPairs::subsample(std::uint64_t seed) {
  if (chances_.empty()) return;
  const View<const std::uint32_t> offsets = all_.offsets;
  std::uint32_t kept = 0;
  for (std::size_t h = 1; h < offsets.size; ++h) {
    for (std::uint32_t n = offsets[h - 1]; n < offsets[h]; ++n) {
      const std::uint32_t item = all_.items[n];
      items_[kept] = item;
      kept += static_cast<double>(Rng(seed, n).next() >> 32) < chances_[item] * kDraws;
    }
    offsets_[h] = kept;
  }
  histories_ = {{offsets_.data(), offsets_.size()}, {items_.data(), kept}};
  lay_out();
}

// Rates and shares of the histories.
void ItemPairs::lay_out() {
  const View<const std::uint32_t> offsets = histories_.offsets;
  if (plan_.window == 0) {
    double pairs = 0;
    for (std::size_t h = 1; h < offsets.size; ++h) {
      const double length = offsets[h] - offsets[h - 1];
      pairs += length * (length - 1);
    }
    rate_ = pairs == 0 ? 0 : plan_.pairs_per_item * static_cast<double>(histories_.items.size) / pairs;
  }
  const double share_pairs = static_cast<double>(plan_.pairs_per_chunk) / chunk_shares_;
  double drawn = share_pairs;
  shares_.clear();
  for (std::uint32_t h = 0; h + 1 < offsets.size; ++h) {
    const double each = expected(offsets[h + 1] - offsets[h]);
    for (std::uint32_t position = offsets[h]; position < offsets[h + 1]; ++position) {
      if (drawn >= share_pairs) {
        shares_.push_back({position, h});
        drawn = 0;
      }
      drawn += each;
    }
  }
  shares_.push_back({static_cast<std::uint32_t>(histories_.items.size), 0});
}

// Pairs that an item of a history is the input of; with a window at most, as its ends cut it.
double ItemPairs::expected(std::uint32_t length) const {
  if (length < 2) return 0;
  return plan_.window == 0 ? rate_ * (length - 1) : std::min(plan_.window + 1.0, length - 1.0);
}

std::uint32_t ItemPairs::chunks() const {
  return static_cast<std::uint32_t>((shares_.size() - 1 + chunk_shares_ - 1) / chunk_shares_);
}

template <typename Visit>
void ItemPairs::each_pair(const Share& share, std::uint32_t end, std::uint64_t seed, Visit visit) const {
  const std::uint32_t* offsets = histories_.offsets.data;
  const std::uint32_t* items = histories_.items.data;
  std::uint32_t history = share.history;
  for (std::uint32_t position = share.begin; position < end; ++position) {
    while (offsets[history + 1] <= position) ++history;
    const std::uint32_t first = offsets[history];
    const std::uint32_t length = offsets[history + 1] - first;
    if (length < 2) continue;
    Rng rng(seed, position);
    const std::uint32_t place = position - first;
    if (plan_.window != 0) {
      const std::uint32_t reach = 1 + rng.below(plan_.window);
      const std::uint32_t low = place > reach ? place - reach : 0;
      const std::uint32_t high = length - 1 - place > reach ? place + reach : length - 1;
      for (std::uint32_t other = low; other <= high; ++other) {
        if (other != place) visit(items[position], items[first + other], history);
      }
    } else {
      const double mean = rate_ * (length - 1);
      const double whole = static_cast<double>(static_cast<std::uint64_t>(mean));
      const double chance = (mean - whole) * kDraws;
      const std::uint64_t count = static_cast<std::uint64_t>(whole) + (static_cast<double>(rng.next() >> 32) < chance);
      for (std::uint64_t n = 0; n < count; ++n) {
        const std::uint32_t drawn = rng.below(length - 1);
        visit(items[position], items[first + drawn + (drawn >= place)], history);
      }
    }
  }
}

void ItemPairs::count_share(void* context, std::uint32_t index) {
  const Pass& pass = *static_cast<const Pass*>(context);
  std::uint32_t* counts = pass.counts(index);
  const auto count = [&pass, counts](std::uint32_t input, std::uint32_t output, std::uint32_t) {
    ++counts[pass.cell(input, output)];
  };
  pass.self->each_pair(pass.share(index), pass.share(index + 1).begin, pass.seed, count);
}

void ItemPairs::place_share(void* context, std::uint32_t index) {
  const Pass& pass = *static_cast<const Pass*>(context);
  std::uint32_t* next = pass.counts(index);
  ItemPair* pairs = pass.self->pairs_.data();
  std::uint32_t* histories = pass.self->keep_histories_ ? pass.self->pair_histories_.data() : nullptr;
  const auto place = [&pass, next, pairs, histories](std::uint32_t input, std::uint32_t output, std::uint32_t history) {
    const std::uint32_t at = next[pass.cell(input, output)]++;
    pairs[at] = {input, output};
    if (histories != nullptr) histories[at] = history;
  };
  pass.self->each_pair(pass.share(index), pass.share(index + 1).begin, pass.seed, place);
}

bool ItemPairs::draw(std::uint32_t chunk, std::uint64_t seed, const ItemGroups& groups, Pool& pool) {
  const std::uint32_t first = chunk * chunk_shares_;
  const std::uint32_t shares = std::min(chunk_shares_, static_cast<std::uint32_t>(shares_.size()) - 1 - first);
  const std::uint32_t cells = groups.count() * groups.count();
  counts_.assign(std::size_t{shares} * cells, 0);
  // Place p of the chunk is the shares [p * rounds, (p + 1) * rounds), one a round.
  rounds_ = (shares + kRoundPlaces - 1) / kRoundPlaces;
  cells_of_round_ = cells;
  cells_.resize(std::size_t{rounds_} * cells + 1);
  Pass pass = {this, first, seed, groups.group_of(), groups.count()};
  pool.run(shares, count_share, &pass);
  std::size_t placed = 0;
  for (std::uint32_t round = 0; round < rounds_; ++round) {
    for (std::uint32_t cell = 0; cell < cells; ++cell) {
      cells_[std::size_t{round} * cells + cell] = placed;
      for (std::uint32_t share = round; share < shares; share += rounds_) {
        std::uint32_t& count = counts_[std::size_t{share} * cells + cell];
        const std::uint32_t begin = static_cast<std::uint32_t>(placed);
        placed += count;
        count = begin;
      }
    }
  }
  cells_.back() = placed;
  if (pairs_.size() < placed) {
    const std::size_t room = placed + placed / 16;  // for chunks that come out a little larger
    pairs_ = Buffer<ItemPair>(room);
    if (keep_histories_) pair_histories_ = Buffer<std::uint32_t>(room);
    if (pairs_.failed() || pair_histories_.failed()) return false;
  }
  pool.run(shares, place_share, &pass);
  return true;
}

}  // namespace palate
