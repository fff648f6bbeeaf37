// The same softmax steps on the processor and on a device. Include it behind the definition of KERNEL_NS.
#pragma once

#include <algorithm>

#include "core/parallel.h"
#include "kernels/level.h"
#include "softmax_problem.h"

namespace palate::test {

// The same steps on the processor and on the device.
struct Twins {
  explicit Twins(const SoftmaxShape& shape, std::uint32_t capacity = 0)
      : device(0),
        pool(1),
        processor(shape, std::max(shape.batch, capacity), nullptr),
        gpu(shape, std::max(shape.batch, capacity), &device) {}

  DeviceMemory device;
  Pool pool;
  SoftmaxModel processor, gpu;

  double settle() {
    double losses = 0;
    EXPECT(k_cuda::softmax_settle(gpu.state, gpu.scratch, losses) == Status::ok);
    return losses;
  }

  void fetch() { EXPECT(device.fetch(nullptr) == Status::ok); }
};

inline void compare(const SoftmaxShape& shape, std::uint32_t steps = 3) {
  Twins twins(shape);
  Random random(shape.batch);
  double expected = 0;
  std::vector<std::unique_ptr<SoftmaxRows>> all;
  for (std::uint32_t step = 0; step < steps; ++step) {
    all.push_back(make_rows(shape, random));
    const SoftmaxBatch batch = batch_of(*all.back(), step);
    expected += k_base::softmax_step(twins.processor.state, batch, twins.processor.scratch, twins.pool);
    EXPECT(k_cuda::softmax_step(twins.gpu.state, batch, twins.gpu.scratch, twins.pool) == 0);
  }
  EXPECT(close(twins.settle(), expected, 1e-5));
  twins.fetch();
  EXPECT_CLOSE(twins.gpu.collect(&SoftmaxArray::values), twins.processor.collect(&SoftmaxArray::values), 2e-5);
  EXPECT_CLOSE(twins.gpu.collect(&SoftmaxArray::first), twins.processor.collect(&SoftmaxArray::first), 2e-5);
  EXPECT_CLOSE(twins.gpu.collect(&SoftmaxArray::second), twins.processor.collect(&SoftmaxArray::second), 2e-5);
}

// A model with all parts, two tables, and counts of pairs.
inline SoftmaxShape everything(std::uint32_t items, std::uint32_t dim, std::uint32_t batch) {
  SoftmaxShape shape;
  shape.items = items;
  shape.dim = dim;
  shape.batch = batch;
  shape.hidden = 9;
  shape.layer_norm = shape.biases = shape.self_mask = true;
  shape.dropout = 0.3f;
  return shape;
}

}  // namespace palate::test
