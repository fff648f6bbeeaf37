#include "core/cooccurrence.h"

namespace palate {

Cooccurrence::Cooccurrence(View<const std::uint32_t> offsets, View<const std::uint32_t> items, std::uint32_t num_items)
    : item_offsets_(std::size_t{num_items} + 2), users_(items.size) {
  failed_ = item_offsets_.failed() || users_.failed();
  if (failed_) return;
  // Counting sort. Offsets stand one place to the right while they serve as cursors.
  for (std::size_t n = 0; n < items.size; ++n) ++item_offsets_[std::size_t{items[n]} + 2];
  for (std::size_t i = 2; i < item_offsets_.size(); ++i) item_offsets_[i] += item_offsets_[i - 1];
  likes_.num_users = static_cast<std::uint32_t>(offsets.size - 1);
  for (std::uint32_t user = 0; user < likes_.num_users; ++user) {
    for (std::uint32_t n = offsets[user]; n < offsets[user + 1]; ++n) {
      users_[item_offsets_[std::size_t{items[n]} + 1]++] = user;
    }
  }
  likes_.num_items = num_items;
  likes_.user_offsets = offsets.data;
  likes_.items = items.data;
  likes_.item_offsets = item_offsets_.data();
  likes_.users = users_.data();
}

Cooccurrence::~Cooccurrence() {
  for (Chunk* chunks : chunks_) release_chunks(chunks);
}

Status Cooccurrence::count(bool rows, const Device& device, Pool& pool, const std::atomic<std::int32_t>* cancel,
                           const std::atomic<std::int32_t>* teardown) {
  CountCall call;
  call.likes = likes_;
  call.cancel = cancel;
  call.teardown = teardown;
  call.reserve = reserve;
  call.device = device.memory();
  if (rows) {
    rows_ = Buffer<CountRow>(likes_.num_items);
    if (rows_.failed()) return Status::out_of_memory;
    chunks_.resize(pool.threads());
    call.rows = rows_.data();
    call.chunks = chunks_.data();
  }
  const Status status = device.backend().count_cooccurrence(call, pool, totals_);
  counted_ = status == Status::ok;
  return status;
}

}  // namespace palate
