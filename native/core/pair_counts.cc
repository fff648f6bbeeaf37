#include "core/pair_counts.h"

#include <algorithm>
#include <new>

#include "backend.h"
#include "core/flags.h"

namespace palate {
namespace {

constexpr std::uint64_t kOrderStream = std::uint64_t{30} << 32;

// Not fewer than the bits of a place, so that a count fits beside either.
std::uint32_t item_bits_for(std::uint32_t count) {
  std::uint32_t bits = kSoftmaxPlaceBits;
  while (bits < 31 && (std::uint32_t{1} << bits) < count) ++bits;
  return bits;
}

}  // namespace

PairCounts::PairCounts(const UserItems& inputs, const UserItems& targets, std::uint32_t num_items,
                       const double (&fractions)[kPairParts], std::uint64_t seed)
    : inputs_(inputs), targets_(targets), item_bits_(item_bits_for(num_items)) {
  const std::size_t users = inputs.offsets.size - 1;
  source_.same = inputs.items.data == targets.items.data;
  source_.num_items = num_items;
  source_.target_offsets = targets.offsets.data;
  source_.targets = targets.items.data;
  input_offsets_ = Buffer<std::uint32_t>(std::size_t{num_items} + 2);
  input_users_ = Buffer<std::uint32_t>(inputs.items.size);
  input_places_ = Buffer<std::uint32_t>(inputs.items.size);
  bases_ = Buffer<std::uint64_t>(users + 1);
  failed_ = input_offsets_.failed() || input_users_.failed() || input_places_.failed() || bases_.failed();
  if (failed_) return;

  // Counting sort by item; offsets are kept one place ahead while they are filled.
  std::uint32_t* next = input_offsets_.data() + 1;
  for (std::size_t n = 0; n < inputs.items.size; ++n) ++next[inputs.items[n] + 1];
  for (std::uint32_t i = 0; i < num_items; ++i) next[i + 1] += next[i];
  for (std::size_t u = 0; u < users; ++u) {
    const std::uint32_t begin = inputs.offsets[u];
    const std::uint64_t size = inputs.offsets[u + 1] - begin;
    const std::uint64_t others = targets.offsets[u + 1] - targets.offsets[u];
    bases_[u + 1] = bases_[u] + (source_.same ? size * (size - (size != 0)) : size * others);
    for (std::uint32_t place = 0; place < size; ++place) {
      const std::uint32_t at = next[inputs.items[begin + place]]++;
      input_users_[at] = static_cast<std::uint32_t>(u);
      input_places_[at] = place;
    }
  }
  source_.input_offsets = input_offsets_.data();
  source_.input_users = input_users_.data();
  source_.input_places = input_places_.data();
  source_.bases = bases_.data();

  const std::uint64_t total = bases_[users];
  source_.order = make_permutation(total, seed, kOrderStream);
  std::uint32_t last = 0;
  for (std::uint32_t part = 0; part < kPairParts; ++part) {
    if (fractions[part] > 0) last = part;
  }
  std::uint64_t bound = 0;
  for (std::uint32_t part = 0; part < kPairParts; ++part) {
    const auto share = static_cast<std::uint64_t>(fractions[part] * static_cast<double>(total));
    bound = part >= last ? total : std::min(total, bound + share);
    source_.bounds[part] = bound;
  }
  source_.split = last != 0;
}

std::uint64_t PairCounts::size(std::uint32_t part) const {
  return source_.bounds[part] - (part == 0 ? 0 : source_.bounds[part - 1]);
}

struct PairCounts::CountRun {
  PairCounts* self;
  std::uint32_t parts;
  const std::atomic<std::int32_t>* cancel;
  const std::atomic<std::int32_t>* teardown;
  std::atomic<bool> failed{false};
};

Status PairCounts::count(std::uint32_t parts, Pool& pool, const std::atomic<std::int32_t>& cancel,
                         const std::atomic<std::int32_t>& teardown) {
  const std::uint32_t tasks = (source_.num_items + kRows - 1) / kRows;
  rows_ = std::vector<Rows>(tasks);
  CountRun run{this, parts, &cancel, &teardown, {}};
  const auto body = [](void* context, std::uint32_t task) {
    CountRun& r = *static_cast<CountRun*>(context);
    if (is_raised(r)) return;
    const std::uint32_t first = task * kRows;
    try {
      r.self->count_rows(first, std::min(first + kRows, r.self->source_.num_items), r.parts, r.self->rows_[task]);
    } catch (const std::bad_alloc&) {
      r.failed.store(true, std::memory_order_relaxed);
    }
  };
  pool.run(tasks, body, &run);
  if (run.failed.load(std::memory_order_relaxed)) return Status::out_of_memory;
  const bool stopped = cancel.load(std::memory_order_relaxed) != 0 || teardown.load(std::memory_order_relaxed) != 0;
  return stopped ? Status::cancelled : Status::ok;
}

void PairCounts::count_rows(std::uint32_t first, std::uint32_t last, std::uint32_t parts, Rows& rows) const {
  const std::size_t items = source_.num_items;
  // Items that nobody has cost nothing.
  const bool any = input_offsets_[first] != input_offsets_[last];
  std::vector<std::uint32_t> counts(any ? items * kPairParts : 0);
  std::vector<std::uint32_t> scratch(any ? items : 0);
  const Backend& backend = cpu_backend();
  for (std::uint32_t item = first; item < last; ++item) {
    if (input_offsets_[item] != input_offsets_[item + 1]) {
      backend.count_pairs(source_, item, counts.data());
      for (std::uint32_t part = 0; part < parts; ++part) append(counts.data() + part * items, part, scratch, rows);
      std::fill(counts.begin(), counts.end(), 0u);
    }
    for (std::uint32_t part = 0; part < parts; ++part) {
      rows.ends[part].push_back(rows.entries[part].size());
      rows.totals[part].resize(rows.ends[part].size());
    }
  }
  for (std::uint32_t part = 0; part < parts; ++part) rows.entries[part].shrink_to_fit();
}

void PairCounts::append(const std::uint32_t* counts, std::uint32_t part, std::vector<std::uint32_t>& scratch,
                        Rows& rows) const {
  const std::uint32_t most = ~0u >> item_bits_;
  std::vector<std::uint32_t>& entries = rows.entries[part];
  std::uint64_t total = 0;
  std::size_t found = 0;
  bool fits = true;
  // Without a branch on the count, which no processor could foresee.
  for (std::uint32_t j = 0; j < source_.num_items; ++j) {
    scratch[found] = j | counts[j] << item_bits_;
    found += counts[j] != 0;
    total += counts[j];
    fits &= counts[j] <= most;
  }
  if (fits) {
    entries.insert(entries.end(), scratch.begin(), scratch.begin() + static_cast<std::ptrdiff_t>(found));
  } else {
    for (std::uint32_t j = 0; j < source_.num_items; ++j) {
      for (std::uint32_t left = counts[j]; left != 0; left -= std::min(left, most))
        entries.push_back(j | std::min(left, most) << item_bits_);
    }
  }
  rows.totals[part].push_back(total);
}

PairCounts::Row PairCounts::row(std::uint32_t part, std::uint32_t item) const {
  const Rows& rows = rows_[item / kRows];
  const std::uint32_t at = item % kRows;
  const std::uint32_t* entries = rows.entries[part].data();
  const std::size_t begin = at == 0 ? 0 : rows.ends[part][at - 1];
  return {entries + begin, entries + rows.ends[part][at], static_cast<float>(rows.totals[part][at])};
}

void PairCounts::forget_rows(std::uint32_t part) {
  for (Rows& rows : rows_) rows.entries[part] = {};
}

ItemPair PairCounts::pair_at(std::uint64_t rank) const {
  const std::uint64_t pair = source_.split ? element_at(source_.order, rank) : rank;
  const std::uint64_t* bases = bases_.data();
  const std::uint64_t* after = std::upper_bound(bases, bases + bases_.size(), pair);
  const std::size_t user = static_cast<std::size_t>(after - bases) - 1;
  const std::uint64_t within = pair - bases[user];
  const std::uint64_t others = targets_.offsets[user + 1] - targets_.offsets[user] - (source_.same ? 1u : 0u);
  const std::uint64_t place = within / others;
  std::uint64_t other = within % others;
  if (source_.same && other >= place) ++other;
  return {inputs_.items[inputs_.offsets[user] + place], targets_.items[targets_.offsets[user] + other]};
}

}  // namespace palate
