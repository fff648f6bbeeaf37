// Large shapes, apart from softmax_step_test.cc as they take a while under the sanitizers.
#define KERNEL_NS k_base
#include "softmax_twins.h"

namespace palate::test {
namespace {

TEST(step_is_the_processors_for_odd_widths) {
  for (const std::uint32_t dim : {1u, 31u, 33u, 64u, 65u, 129u}) {
    SoftmaxShape shape = everything(33, dim, 5);
    compare(shape);
    shape.hidden = dim == 33 ? 129 : 1;
    shape.tied = true;
    compare(shape);
  }
}

TEST(step_takes_large_batches_in_groups) {
  for (const bool tied : {false, true}) {
    SoftmaxShape shape = everything(5, 1, 1025);
    shape.hidden = 1;
    shape.tied = tied;
    compare(shape, 2);
  }
}

TEST(step_shares_panels_between_few_blocks) {
  // More panels of 64 items than a pass of scores has blocks, 1,024, and one of gradients, 264.
  SoftmaxShape shape;
  shape.items = 64 * 1025 + 1;
  shape.dim = 1;
  shape.batch = 1;
  shape.biases = true;
  compare(shape, 1);
}

}  // namespace
}  // namespace palate::test
