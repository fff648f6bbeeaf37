// Where the best target of each query stands among all allowed items, with scores as select_topk.h defines them.
//
//   rank(q) = 1 + #{i allowed : score(q, i) > s, or score(q, i) = s and i < t}
//
// t is the target of greatest score s, of equal ones the lowest; so the rank is that of the first target in a list of
// all allowed items. NaN scores stand in no list: a query whose targets all score NaN, and one without targets, has
// rank 0. Targets must be allowed items.
//
// Nothing is sorted, and no scores are kept: items that score better are counted while tiles of scores pass by. A tile
// adds up in another order than the definition (topk_tile.h), so what it puts within the bound of the error of s is
// scored again as defined. Deterministic: the same ranks for any number of threads, and on every level whose scores
// are the same.
#pragma once

#include <cstdint>

#include "core/parallel.h"
#include "core/status.h"
#include "kernels/select_topk.h"

namespace palate {

struct RankCall {
  std::uint32_t* ranks;                 // (num_queries) out
  TopkCall topk;                        // the scores and what is allowed; `k`, `indices` and `scores` are not used
  const std::uint32_t* target_offsets;  // (num_queries + 1)
  const std::uint32_t* target_items;
};

}  // namespace palate
