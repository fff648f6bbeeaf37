// Mini-batch and full-batch training on a device: the phases of train_batch.cc, each a launch with a warp for every
// segment, slot or row.
//
// The host groups a batch by user, item and feature while the device works on the one before; a batch is one copy of 30
// bytes a rating and more, the full batch is copied once. Sums are those of one warp in the order of the entries, and
// where several add up, in the order of their segments: the same bits in every run, on every device.
//
// Bytes a rating: each row read twice, 16 dim, mostly from L2; a dense step reads and writes each parameter and its
// state, 24 bytes a parameter for Adam: 0.14 G parameters a millisecond on an H100. Five to eight launches a step take
// 15 to 20 us, so below some 20,000 ratings a batch the launches are what an epoch waits for.
#include "cuda/kernels.h"
#include "cuda/memory.h"
#include "kernels/adam_device.h"
#include "kernels/batch_gradients.cuh"
#include "kernels/batch_step.cuh"

namespace palate::k_cuda {
namespace {

constexpr std::uint32_t kStepsAhead = 64;  // queued between looks at the device

// Keys of scratch; those of a side come in one array.
const char kGlobals = 0;
const char kErrors = 0;
const char kLosses = 0;
const char kFeatures[5] = {};
const char kUsers[8] = {};
const char kItems[8] = {};

__global__ void start_globals_kernel(BatchGlobals* globals, BatchGlobals start) { *globals = start; }

// Where an array of the batch lies on the device, from where it lies in the words.
struct Words {
  const std::uint32_t* host;
  const std::uint32_t* device;

  template <typename T>
  const T* at(const T* array) const {
    return reinterpret_cast<const T*>(device + (reinterpret_cast<const std::uint32_t*>(array) - host));
  }
  SegmentLists at(const SegmentLists& lists) const {
    return {lists.count, at(lists.starts), at(lists.slots), at(lists.slot_segments)};
  }
};

void place_side(SideRun& side, const char (&keys)[8], bool featured, std::uint32_t stride, DeviceMemory& device) {
  const std::size_t slots = side.slots;
  const std::size_t segments = side.segments.count;
  if (featured) {
    side.combined = device.scratch<float>(&keys[0], slots * stride);
    side.combined_bias = device.scratch<float>(&keys[1], slots);
  }
  side.partial = device.scratch<float>(&keys[2], segments * stride);
  side.partial_bias = device.scratch<float>(&keys[3], segments);
  side.gradient = device.scratch<float>(&keys[4], slots * stride);
  side.gradient_bias = device.scratch<float>(&keys[5], slots);
  side.norm = device.scratch<double>(&keys[6], slots);
}

// What stays for the whole epoch.
BatchRun start_run(const TrainState& state, const EpochCall& call, DeviceMemory& device) {
  BatchRun run = {};
  run.s = place_state(state, device);
  run.users.lists = run.s.user_features;
  run.items.lists = run.s.item_features;
  if (call.adam.steps != 0) {
    run.adam = place_adam(call.adam, device);
    start_steps(run.s.users, state.users, device);
    start_steps(run.s.items, state.items, device);
    run.users.kind = run.adam.users;
    run.items.kind = run.adam.items;
  }
  run.users.table = run.s.users;
  run.items.table = run.s.items;
  run.dense = steps_all_rows(state, call.adam.steps != 0);
  run.users.slot_of_row = device.scratch<std::uint32_t>(&kUsers[7], state.users.rows);
  run.items.slot_of_row = device.scratch<std::uint32_t>(&kItems[7], state.items.rows);
  device.fill_zero(run.users.slot_of_row, state.users.rows);
  device.fill_zero(run.items.slot_of_row, state.items.rows);
  run.globals = device.scratch<BatchGlobals>(&kGlobals, 1);
  const BatchGlobals start = {state.global_bias, state.global_first, state.global_second, 1.0f, 0, 0};
  device.launch(start_globals_kernel, 1, 1, 0, run.globals, start);
  return run;
}

void place_batch(BatchRun& run, const SegmentedBatch& batch, DeviceMemory& device) {
  const std::uint32_t* words =
      batch.kept ? device.constant(batch.words, batch.num_words) : device.fresh(batch.words, batch.num_words);
  const Words place = {batch.words, words};
  run.view = batch.view;
  run.view.rating_vectors = place.at(batch.view.rating_vectors);
  run.view.values = place.at(batch.view.values);
  run.view.entry_ratings = place.at(batch.view.entry_ratings);
  run.view.entry_vectors = place.at(batch.view.entry_vectors);
  run.users.rows = place.at(batch.view.user_rows);
  run.items.rows = place.at(batch.view.item_rows);
  run.users.slots = batch.view.num_users;
  run.items.slots = batch.view.num_items;
  run.users.segments = place.at(batch.users);
  run.items.segments = place.at(batch.items);
  const std::uint32_t features = run.s.features.rows;
  place_side(run.users, kUsers, features != 0, run.s.stride, device);
  place_side(run.items, kItems, features != 0, run.s.stride, device);
  run.errors = device.scratch<float>(&kErrors, batch.view.size);
  run.losses = device.scratch<double>(&kLosses, 2 * std::size_t{batch.users.count});
  if (features == 0) return;
  run.features = place.at(batch.features);
  run.feature_slots = place.at(batch.feature_slots);
  run.feature_weights = place.at(batch.feature_weights);
  run.feature_partial = device.scratch<float>(&kFeatures[0], std::size_t{batch.features.count} * run.s.stride);
  run.feature_partial_bias = device.scratch<float>(&kFeatures[1], batch.features.count);
  run.feature_gradient = device.scratch<float>(&kFeatures[2], std::size_t{features} * run.s.stride);
  run.feature_gradient_bias = device.scratch<float>(&kFeatures[3], features);
  run.feature_norm = device.scratch<double>(&kFeatures[4], features);
}

using Kernel = void (*)(BatchRun);

// One step, its launches in order.
template <int width>
class Launches {
 public:
  Launches(const BatchRun& run, DeviceMemory& device) : run_(run), device_(device) {}

  void gradients() const {
    const std::uint32_t slots = run_.users.slots + run_.items.slots;
    if (run_.adam.steps != 0)
      warps(run_.adam.closed ? bring_up_slots_kernel<true, width> : bring_up_slots_kernel<false, width>, slots);
    if (run_.users.combined != nullptr) warps(combine_slots_kernel<width>, slots);
    warps(user_segments_kernel<width>, run_.users.segments.count);
    warps(item_segments_kernel<width>, run_.items.segments.count);
    warps(finish_slots_kernel<width>, slots);
    warps(feature_segments_kernel<width>, run_.features.count);
    warps(finish_features_kernel<width>, run_.s.features.rows);
  }

  template <Optimizer kind>
  void step() const {
    device_.launch(step_globals_kernel<kind>, 1, kSumThreads, 0, run_);
    if (run_.adam.steps != 0) {
      warps(run_.adam.closed ? step_slots_kernel<true, width> : step_slots_kernel<false, width>,
            run_.users.slots + run_.items.slots);
    } else {
      warps(step_rows_kernel<kind, width>,
            run_.dense ? run_.s.users.rows + run_.s.items.rows : run_.users.slots + run_.items.slots);
    }
    warps(step_features_kernel<kind, width>, run_.s.features.rows);
  }

 private:
  void warps(Kernel kernel, std::uint32_t count) const {
    device_.launch(kernel, blocks_of(count, kBatchWarps), kBatchWarps * kWarpSize, 0, run_);
  }

  const BatchRun& run_;
  DeviceMemory& device_;
};

template <int width>
void train_step(const BatchRun& run, DeviceMemory& device) {
  const Launches<width> launches(run, device);
  launches.gradients();
  switch (run.s.options.optimizer) {
    case Optimizer::sgd:
      return launches.template step<Optimizer::sgd>();
    case Optimizer::adagrad:
      return launches.template step<Optimizer::adagrad>();
    case Optimizer::adam:
      return launches.template step<Optimizer::adam>();
  }
}

}  // namespace

Status train_batch(TrainState& state, const EpochCall& call, Pool&, EpochLoss& loss) {
  DeviceMemory& device = *state.device;
  BatchSource& source = *call.batches;
  BatchRun run = start_run(state, call, device);
  const int width = width_for(state.stride);
  loss = {};
  SegmentedBatch batch;
  bool stopped = false;
  for (std::uint32_t n = 0; source.next_segmented(source.self, batch); ++n) {
    stopped = is_raised(call);
    if (stopped) break;
    ++state.step;
    run.scalars = batch_scalars(state, call.learning_rate);
    run.adam_step = n + 1;
    place_batch(run, batch, device);
    width == 1 ? train_step<1>(run, device) : width == 2 ? train_step<2>(run, device) : train_step<4>(run, device);
    loss.count += batch.view.size;
    if (n % kStepsAhead == kStepsAhead - 1 && device.finish() != Status::ok) return device.status();
  }
  if (call.adam.steps != 0 && !stopped)
    call.adam.closed ? finish_epoch<true>(run.s, run.adam, device) : finish_epoch<false>(run.s, run.adam, device);
  BatchGlobals end = {};
  device.read(&end, run.globals, 1);
  const Status status = device.finish();
  if (status != Status::ok) return status;
  loss.loss = end.loss;
  loss.squared_error = end.squared_error;
  state.global_bias = end.bias;
  state.global_first = end.first;
  state.global_second = end.second;
  return stopped ? Status::cancelled : Status::ok;
}

}  // namespace palate::k_cuda
