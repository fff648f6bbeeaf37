#include "kernels/factorize_counts.h"

#include "kernels/factorize_glove.h"
#include "kernels/level.h"

namespace palate::KERNEL_NS {

static_assert(multiply_scratch_floats(129, 1, 3) >= multiply_floats(129, 1, 3));
static_assert(multiply_scratch_floats(3000, 1, 3) >= multiply_floats(3000, 1, 3));
static_assert(strassen_scratch_floats(129, 129, 3) >= strassen_floats(129, 129, 3));
static_assert(strassen_scratch_floats(9000, 9000, 3) >= strassen_floats(9000, 9000, 3));

Status factorize_counts(FactorizeState& state, const FactorizeCall& call, Pool& pool, double& cost) {
  cost = 0;
  if (state.num_items == 0) return Status::ok;
  Status status = Status::ok;
  if (state.options.loss == CountLoss::glove) {
    step_glove(state, call, pool);
  } else if (call.residuals != nullptr) {
    status = step_residuals(state, call, pool);
  } else {
    status = step_all_pairs(state, call, pool, cost);
  }
  if (status != Status::ok) return status;
  double size = 0;
  for (std::uint32_t b = 0; b < blocks_of(state.num_items); ++b) {
    cost += call.partial[2 * std::size_t{b}];
    size += call.partial[2 * std::size_t{b} + 1];
  }
  constexpr double kLargest = 1.7e308;
  const bool finite = cost <= kLargest && cost >= -kLargest && size <= kLargest;  // false for NaN
  return finite ? Status::ok : Status::diverged;
}

}  // namespace palate::KERNEL_NS
