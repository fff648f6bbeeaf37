#include "kernels/solve_als.h"

#include "core/flags.h"
#include "kernels/als_blocks.h"
#include "kernels/als_conjugate.h"
#include "kernels/level.h"

namespace palate::KERNEL_NS {
namespace {

static_assert(kAlsBatch == kLanes);  // als_floats() counts on it

struct Fit {
  const AlsCall* call;
  std::uint32_t num_batches;
  std::atomic<std::uint32_t> next{0};
};

double penalty_of(const AlsCall& call, const AlsRow& row) {
  return static_cast<double>(row.penalty) * static_cast<double>(dot(row.factors, row.factors, call.stride));
}

// The rows of a batch that have pairs.
std::uint32_t rows_of(const AlsCall& call, std::uint32_t batch, AlsRow* rows) {
  std::uint32_t count = 0;
  for (std::uint32_t r = batch * kAlsBatch; r < call.num_rows && r < (batch + 1) * kAlsBatch; ++r) {
    const std::uint32_t begin = call.offsets[r];
    const std::uint32_t pairs = call.offsets[r + 1] - begin;
    if (pairs == 0) continue;
    rows[count++] = {call.rows + std::size_t{r} * call.stride,
                     call.others + begin,
                     call.roots == nullptr ? nullptr : call.roots + begin,
                     pairs,
                     call.offsets[call.num_rows] - begin,
                     call.penalties[r]};
  }
  return count;
}

void fit_batch(const AlsCall& call, std::uint32_t batch, float* scratch, AlsSums& sums) {
  AlsRow rows[kAlsBatch];
  const std::uint32_t count = rows_of(call, batch, rows);
  for (std::uint32_t r = 0; r < count; ++r) sums.penalty += penalty_of(call, rows[r]);
  if (call.solver == AlsSolver::cg) {
    for (std::uint32_t r = 0; r < count; ++r) fit_by_gradients(call, rows[r], conjugate_scratch(call, scratch), sums);
  } else {
    for (std::uint32_t begin = 0, end = 0; begin < count; begin = end) {
      std::uint32_t pairs = 0;
      do pairs += rows[end++].count;
      while (end < count && pairs + rows[end].count <= kAlsTogether);
      fit_by_blocks(call, rows + begin, end - begin, block_scratch(call, scratch), sums);
    }
  }
  for (std::uint32_t r = 0; r < count; ++r) sums.fitted += penalty_of(call, rows[r]);
}

// Works on batches of rows until none is left.
void fit_worker(void* context, std::uint32_t worker) {
  Fit& fit = *static_cast<Fit*>(context);
  const AlsCall& call = *fit.call;
  const std::uint32_t block = call.solver == AlsSolver::cg ? 0 : call.block;
  float* scratch = call.scratch + worker * als_floats(call.stride, block, call.longest);
  for (;;) {
    const std::uint32_t batch = fit.next.fetch_add(1, std::memory_order_relaxed);
    if (batch >= fit.num_batches || is_raised(call)) return;
    call.partial[batch] = {};
    fit_batch(call, batch, scratch, call.partial[batch]);
  }
}

void sum_share(void* context, std::uint32_t share) {
  const GramCall& call = *static_cast<const GramCall*>(context);
  const std::size_t floats = std::size_t{call.stride} * call.stride;
  float* sums = call.shares + share * floats;
  for (std::size_t k = 0; k < floats; ++k) sums[k] = 0;
  const std::uint64_t rows = call.num_rows;
  const std::uint32_t end = static_cast<std::uint32_t>(rows * (share + 1) / kGramShares);
  for (std::uint32_t row = static_cast<std::uint32_t>(rows * share / kGramShares); row < end; row += kAlsDepth) {
    add_products<false>(sums, call.stride, call.rows + std::size_t{row} * call.stride, call.stride, call.stride,
                        end - row < kAlsDepth ? end - row : kAlsDepth);
  }
}

// One row of the whole matrix, from the shares' upper triangles.
void merge_shares(void* context, std::uint32_t i) {
  const GramCall& call = *static_cast<const GramCall*>(context);
  const std::size_t stride = call.stride;
  for (std::uint32_t j = 0; j < call.stride; ++j) {
    const std::size_t at = i <= j ? i * stride + j : j * stride + i;
    double total = 0;
    for (std::uint32_t s = 0; s < kGramShares; ++s) total += static_cast<double>(call.shares[s * stride * stride + at]);
    call.gram[i * stride + j] = static_cast<float>(total);
  }
}

void sum_losses(void* context, std::uint32_t chunk) {
  const AlsPairsCall& call = *static_cast<const AlsPairsCall*>(context);
  const std::size_t begin = std::size_t{chunk} * kAlsPairs;
  const std::size_t end = call.size - begin < kAlsPairs ? call.size : begin + kAlsPairs;
  double total = 0;
  for (std::size_t n = begin; n < end; ++n) {
    const float score = dot(call.users + std::size_t{call.pair_users[n]} * call.stride,
                            call.items + std::size_t{call.pair_items[n]} * call.stride, call.stride);
    const float error = call.roots == nullptr ? score - 1 : call.roots[n] * (score - 1);
    total += static_cast<double>(error) * static_cast<double>(error);
  }
  call.partial[chunk] = total;
}

}  // namespace

Status solve_als(const AlsCall& call, Pool& pool, AlsSums& sums) {
  Fit fit{&call, (call.num_rows + kAlsBatch - 1) / kAlsBatch};
  const std::uint32_t threads = pool.threads();
  pool.run(threads < fit.num_batches ? threads : fit.num_batches, fit_worker, &fit);
  if (is_raised(call)) return Status::cancelled;
  sums = {};
  for (std::uint32_t b = 0; b < fit.num_batches; ++b) {
    sums.observed += call.partial[b].observed;
    sums.penalty += call.partial[b].penalty;
    sums.fitted += call.partial[b].fitted;
    sums.gain += call.partial[b].gain;
  }
  return Status::ok;
}

void form_gram(const GramCall& call, Pool& pool) {
  GramCall own = call;
  pool.run(kGramShares, sum_share, &own);
  pool.run(call.stride, merge_shares, &own);
}

double sum_pair_losses(const AlsPairsCall& call, Pool& pool) {
  AlsPairsCall own = call;
  const std::uint32_t chunks = static_cast<std::uint32_t>((call.size + kAlsPairs - 1) / kAlsPairs);
  pool.run(chunks, sum_losses, &own);
  double total = 0;
  for (std::uint32_t c = 0; c < chunks; ++c) total += call.partial[c];
  return total;
}

}  // namespace palate::KERNEL_NS
