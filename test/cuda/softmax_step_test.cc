#define KERNEL_NS k_base
#include <cmath>

#include "softmax_oracle.h"
#include "softmax_twins.h"

namespace palate::test {
namespace {

TEST(step_is_the_processors_for_odd_numbers_of_items) {
  for (const std::uint32_t items : {1u, 31u, 33u, 63u, 64u, 65u, 129u}) compare(everything(items, 5, 5));
}

// Tiles of 32, 64 and 128 rows, and two of the last.
TEST(step_is_the_processors_for_odd_batches) {
  for (const std::uint32_t batch : {1u, 31u, 33u, 65u, 129u}) {
    SoftmaxShape shape;
    shape.items = 70;
    shape.dim = 3;
    shape.batch = batch;
    shape.biases = true;
    compare(shape, 2);
  }
}

TEST(step_learns_from_single_pairs_whose_inputs_repeat) {
  for (const bool tied : {false, true}) {
    SoftmaxShape shape = everything(40, 6, 37);
    shape.single_pairs = true;
    shape.tied = tied;
    compare(shape);
    shape.hidden = 0;
    compare(shape);
    shape.layer_norm = false;
    compare(shape);
  }
}

TEST(step_clips_the_whole_gradient) {
  for (const bool tied : {false, true}) {
    for (const float norm : {1e-3f, 0.05f, 100.0f}) {
      SoftmaxShape shape = everything(33, 7, 33);
      shape.tied = tied;
      shape.single_pairs = !tied;
      shape.clip_norm = norm;
      compare(shape, 2);
    }
  }
}

TEST(loss_has_no_dropout_and_changes_nothing) {
  const SoftmaxShape shape = everything(65, 6, 33);
  Twins twins(shape);
  Random random(1);
  const auto rows = make_rows(shape, random);
  const SoftmaxBatch batch = batch_of(*rows, 0);
  EXPECT(k_cuda::softmax_loss(twins.gpu.state, batch, twins.gpu.scratch, twins.pool) == 0);
  EXPECT(close(twins.settle(), oracle_loss(twins.processor.state, *rows, batch.key, false), 1e-5));
  EXPECT(twins.settle() == 0);
  twins.fetch();
  EXPECT(twins.gpu.collect(&SoftmaxArray::values) == twins.processor.collect(&SoftmaxArray::values));
}

TEST(smaller_batches_follow_larger_ones) {
  for (const bool tied : {false, true}) {
    SoftmaxShape shape = everything(20, 3, 40);
    shape.tied = tied;
    Twins twins(shape, 40);
    Random random(2);
    double expected = 0;
    std::vector<std::unique_ptr<SoftmaxRows>> all;
    for (const std::uint32_t size : {3u, 40u, 1u}) {
      shape.batch = size;
      all.push_back(make_rows(shape, random));
      const SoftmaxBatch batch = batch_of(*all.back(), size);
      expected += k_base::softmax_step(twins.processor.state, batch, twins.processor.scratch, twins.pool);
      k_cuda::softmax_step(twins.gpu.state, batch, twins.gpu.scratch, twins.pool);
    }
    EXPECT(close(twins.settle(), expected, 1e-5));
    twins.fetch();
    EXPECT_CLOSE(twins.gpu.collect(&SoftmaxArray::values), twins.processor.collect(&SoftmaxArray::values), 2e-5);
  }
}

TEST(gradient_is_that_of_the_formulas) {
  for (const bool tied : {false, true}) {
    for (const bool network : {false, true}) {
      SoftmaxShape shape = everything(7, 3, 5);
      if (!network) {
        shape.hidden = 0;
        shape.layer_norm = false;
      }
      shape.tied = tied;
      Twins twins(shape);
      Random random(3);
      const auto rows = make_rows(shape, random);
      const SoftmaxBatch batch = batch_of(*rows, 0);
      const std::vector<float> expected = oracle_gradient(twins.processor, *rows, batch.key);
      k_cuda::softmax_step(twins.gpu.state, batch, twins.gpu.scratch, twins.pool);
      EXPECT(close(twins.settle(), oracle_loss(twins.processor.state, *rows, batch.key, true), 1e-5));
      twins.fetch();
      // From moments at zero the first one is (1 - beta1) times the gradient.
      std::vector<float> gradient = twins.gpu.collect(&SoftmaxArray::first);
      for (float& value : gradient) value /= 1.0f - batch.beta1;
      EXPECT_CLOSE(gradient, expected, 1e-5);
    }
  }
}

TEST(large_logits_do_not_overflow) {
  SoftmaxShape shape;
  shape.items = 100;
  shape.dim = 2;
  shape.batch = 3;
  Twins twins(shape);
  for (SoftmaxModel* model : {&twins.processor, &twins.gpu}) {
    for (std::size_t n = 0; n < model->state.outputs.size; ++n) model->state.outputs.values[n] *= 1000;
  }
  Random random(4);
  const auto rows = make_rows(shape, random);
  const SoftmaxBatch batch = batch_of(*rows, 0);
  k_cuda::softmax_loss(twins.gpu.state, batch, twins.gpu.scratch, twins.pool);
  EXPECT(close(twins.settle(), oracle_loss(twins.processor.state, *rows, batch.key, false), 1e-5));
}

TEST(values_that_are_no_numbers_show_in_the_loss) {
  SoftmaxShape shape;
  shape.items = 70;
  shape.dim = 2;
  shape.batch = 3;
  Twins twins(shape);
  twins.gpu.state.outputs.values[69 * twins.gpu.state.stride] = NAN;
  Random random(5);
  const auto rows = make_rows(shape, random);
  k_cuda::softmax_step(twins.gpu.state, batch_of(*rows, 0), twins.gpu.scratch, twins.pool);
  EXPECT(std::isnan(twins.settle()));
}

TEST(the_same_steps_give_the_same_bits) {
  const SoftmaxShape shape = everything(129, 33, 65);
  std::vector<float> first;
  for (int run = 0; run < 2; ++run) {
    Twins twins(shape);
    Random random(6);
    std::vector<std::unique_ptr<SoftmaxRows>> all;
    for (std::uint32_t step = 0; step < 2; ++step) {
      all.push_back(make_rows(shape, random));
      k_cuda::softmax_step(twins.gpu.state, batch_of(*all.back(), step), twins.gpu.scratch, twins.pool);
      twins.settle();
    }
    twins.fetch();
    if (run == 0) first = twins.gpu.collect(&SoftmaxArray::values);
    EXPECT(twins.gpu.collect(&SoftmaxArray::values) == first);
  }
}

}  // namespace
}  // namespace palate::test
