// Who likes what, both ways round, and how often items are liked together.
#pragma once

#include <atomic>
#include <cstdint>
#include <vector>

#include "core/device.h"
#include "core/memory.h"
#include "core/parallel.h"
#include "core/view.h"

namespace palate {

class Cooccurrence {
 public:
  // Likes by user, CSR; the arrays must outlive the object. Builds the transpose.
  Cooccurrence(View<const std::uint32_t> offsets, View<const std::uint32_t> items, std::uint32_t num_items);
  ~Cooccurrence();
  Cooccurrence(const Cooccurrence&) = delete;
  Cooccurrence& operator=(const Cooccurrence&) = delete;

  // Some buffer could not be allocated; the object must not be used.
  bool failed() const { return failed_; }

  // Counts with `rows` or, to spare their memory, totals alone. To be called again only when it was cancelled.
  Status count(bool rows, const Device& device, Pool& pool, const std::atomic<std::int32_t>* cancel,
               const std::atomic<std::int32_t>* teardown);

  bool counted() const { return counted_; }
  const Likes& likes() const { return likes_; }
  const CountTotals& totals() const { return totals_; }
  // (num_items), nullptr without rows.
  const CountRow* rows() const { return rows_.data(); }

 private:
  Likes likes_;
  CountTotals totals_;
  Buffer<std::uint32_t> item_offsets_, users_;
  Buffer<CountRow> rows_;
  std::vector<Chunk*> chunks_;
  bool failed_ = false;
  bool counted_ = false;
};

}  // namespace palate
