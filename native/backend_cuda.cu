// The CUDA row of the backend table: what has a kernel. The rest is nullptr, and a model that needs it trains on the
// CPU.
#include <new>

#include "cuda/kernels.h"
#include "cuda/memory.h"

namespace palate::k_cuda {
namespace {

DeviceMemory* open_memory(std::uint32_t ordinal) {
  DeviceMemory* memory = new (std::nothrow) DeviceMemory(ordinal);
  if (memory == nullptr || memory->status() == Status::ok) return memory;
  delete memory;
  return nullptr;
}

void close_memory(DeviceMemory* memory) { delete memory; }
Status fetch(DeviceMemory& memory, const void* host) { return memory.fetch(host); }
void forget(DeviceMemory& memory, const void* host) { memory.forget(host); }
Status status(const DeviceMemory& memory) { return memory.status(); }
const char* failure(const DeviceMemory& memory) { return memory.failure(); }

constexpr DeviceOperations kOperations = {open_memory, close_memory, fetch, forget, all_finite, status, failure};

Backend make_row() {
  Backend row = {};
  row.level = "cuda";
  row.select_topk = select_topk;
  row.count_cooccurrence = count_cooccurrence;
  row.factorize_counts = factorize_counts;
  row.solve_als = solve_als;
  row.form_gram = form_gram;
  row.sum_pair_losses = sum_pair_losses;
  row.device = &kOperations;
  row.train_epoch = train_epoch;
  row.train_adam = train_adam;
  row.train_batch = train_batch;
  row.evaluate_pairs = evaluate_pairs;
  row.softmax_step = softmax_step;
  row.softmax_loss = softmax_loss;
  row.softmax_settle = softmax_settle;
  row.train_item_pairs = train_item_pairs;
  return row;
}

}  // namespace

const Backend backend = make_row();

}  // namespace palate::k_cuda
