import { mutantsOf } from './mutants-of.mjs';

const kernels = 'native/kernels';
const rows = mutantsOf('train_epoch');
const adam = mutantsOf('train_adam');
const batch = mutantsOf('train_batch');
const pairs = mutantsOf('evaluate_pairs');

export const trainMutants = [
  // Row by row
  rows('turn-barrier', {
    file: `${kernels}/train_epoch.cu`,
    find: '    __syncthreads();\n  }\n  const double sum',
    replace: '  }\n  const double sum',
    by: 'tsan',
  }),
  rows('warps-share-items', {
    file: `${kernels}/train_epoch.cu`,
    find: 'run.stratum, blockIdx.x, turn, warp);',
    replace: 'run.stratum, blockIdx.x, turn, warp & ~1u);',
    by: 'tsan',
  }),
  rows('row-update-lost', {
    file: `${kernels}/row_updates.cuh`,
    source: `${kernels}/train_epoch.cu`,
    find: '    next.follow(rating, lane);\n',
    replace: '',
    by: 'plain',
  }),
  rows('bias-update-lost', {
    file: `${kernels}/row_updates.cuh`,
    source: `${kernels}/train_epoch.cu`,
    find: '      if (lane == 1) bias = before.bias;\n',
    replace: '',
    by: 'plain',
  }),
  rows('row-tail', {
    file: `${kernels}/row_updates.cuh`,
    source: `${kernels}/train_epoch.cu`,
    find: '    p = p_first = q = q_first = zero_slice<width>();\n    const std::uint32_t k = lane * width;\n    if (k >= s.stride) return;\n',
    replace: '    p = p_first = q = q_first = zero_slice<width>();\n    const std::uint32_t k = lane * width;\n',
    by: 'plain',
  }),
  rows('new-user-row', {
    file: `${kernels}/row_updates.cuh`,
    source: `${kernels}/train_epoch.cu`,
    find: 'step_slice<kind>(q, q_first, user_before, g',
    replace: 'step_slice<kind>(q, q_first, p, g',
    by: 'plain',
  }),
  rows('losses-not-cleared', {
    file: `${kernels}/train_epoch.cu`,
    find: '  device.fill_zero(run.losses, 2 * blocks);\n',
    replace: '',
    by: 'plain',
  }),
  rows('loss-barrier', {
    file: `${kernels}/warp_loss.cuh`,
    source: `${kernels}/train_epoch.cu`,
    find: '  __syncthreads();\n',
    replace: '',
    by: 'tsan',
  }),
  rows('copy-used-early', {
    file: `${kernels}/row_features.cuh`,
    source: `${kernels}/train_epoch.cu`,
    find: '    copy.updates[f] = 0.0f;\n  }\n  __syncwarp();\n',
    replace: '    copy.updates[f] = 0.0f;\n  }\n',
    by: 'tsan',
  }),
  rows('feature-biases-race', {
    file: `${kernels}/row_features.cuh`,
    source: `${kernels}/train_epoch.cu`,
    find: '  __syncwarp();  // a feature',
    replace: '  // a feature',
    by: 'tsan',
  }),
  rows('copies-left-out', {
    file: `${kernels}/train_epoch.cu`,
    find: 'c < copies * (warp + 1) / kMergeWarps',
    replace: 'c < copies * warp / kMergeWarps + copies / kMergeWarps',
    by: 'plain',
  }),
  rows('merge-barrier', {
    file: `${kernels}/train_epoch.cu`,
    find: '  counts[warp][lane] = count;\n  __syncthreads();\n',
    replace: '  counts[warp][lane] = count;\n',
    by: 'tsan',
  }),
  // Adam in blocks
  adam('open-barrier', {
    file: `${kernels}/train_adam.cu`,
    find: '    share.open();\n    __syncthreads();\n',
    replace: '    share.open();\n',
    by: 'tsan',
  }),
  adam('score-barrier', {
    file: `${kernels}/train_adam.cu`,
    find: 'sizes[k]), sums);\n    __syncthreads();\n',
    replace: 'sizes[k]), sums);\n',
    by: 'tsan',
  }),
  adam('update-barrier', {
    file: `${kernels}/train_adam.cu`,
    find: '    share.update();\n    __syncthreads();\n',
    replace: '    share.update();\n',
    by: 'tsan',
  }),
  adam('repeated-item', {
    file: `${kernels}/train_adam.cu`,
    find: '(marks[head] & kSeenLater) != 0 ? count : head + 1',
    replace: 'head + 1',
    by: 'plain',
  }),
  adam('long-run-of-a-user', {
    file: `${kernels}/train_adam.cu`,
    find: 'if (__any_sync(kAllLanes, !same)) return;',
    replace: 'return;',
    by: 'plain',
  }),
  adam('last-step-race', {
    file: `${kernels}/adam_rows.cuh`,
    source: `${kernels}/train_adam.cu`,
    find: '  __syncwarp();  // every lane has read last_step\n',
    replace: '',
    by: 'tsan',
  }),
  adam('steps-not-cleared', {
    file: `${kernels}/adam_device.h`,
    source: `${kernels}/train_adam.cu`,
    find: '  device.fill_zero(placed.last_step, table.rows);\n',
    replace: '',
    by: 'plain',
  }),
  // Mini-batches
  batch('segment-tail', {
    file: `${kernels}/batch_gradients.cuh`,
    source: `${kernels}/train_batch.cu`,
    find: '  const bool inside = lane < count;\n  const std::uint32_t other = inside ? run.view.rating_vectors',
    replace: '  const bool inside = true;\n  const std::uint32_t other = inside ? run.view.rating_vectors',
    by: 'plain',
  }),
  batch('wrong-shuffle', {
    file: `${kernels}/batch_gradients.cuh`,
    source: `${kernels}/train_batch.cu`,
    find: '__shfl_sync(kAllLanes, weight, static_cast<int>(j))',
    replace: '__shfl_sync(kAllLanes, weight, static_cast<int>(j ^ 1))',
    by: 'plain',
  }),
  batch('first-segment-alone', {
    file: `${kernels}/batch_gradients.cuh`,
    source: `${kernels}/train_batch.cu`,
    find: 'for (std::uint32_t g = begin; g < end; ++g)',
    replace: 'for (std::uint32_t g = begin; g < end && g == begin; ++g)',
    by: 'plain',
  }),
  batch('slots-not-cleared', {
    file: `${kernels}/train_batch.cu`,
    find: '  device.fill_zero(run.items.slot_of_row, state.items.rows);\n',
    replace: '',
    by: 'plain',
  }),
  batch('slots-stay', {
    file: `${kernels}/batch_step.cuh`,
    source: `${kernels}/train_batch.cu`,
    find: '    if (slot != 0 && lane_of_thread() == 0) side.slot_of_row[row] = 0;\n',
    replace: '',
    by: 'plain',
  }),
  batch('slot-race', {
    file: `${kernels}/batch_step.cuh`,
    source: `${kernels}/train_batch.cu`,
    find: '    slot = side.slot_of_row[row];\n    __syncwarp();\n',
    replace: '    slot = side.slot_of_row[row];\n',
    by: 'tsan',
  }),
  batch('rows-tail', {
    file: `${kernels}/batch_step.cuh`,
    source: `${kernels}/train_batch.cu`,
    find: '  if (n >= users + items) return;\n',
    replace: '',
    by: 'asan',
  }),
  batch('batch-kept', {
    file: `${kernels}/train_batch.cu`,
    find: 'batch.kept ? device.constant',
    replace: 'true ? device.constant',
    by: 'plain',
  }),
  // Losses of pairs
  pairs('pairs-tail', {
    file: `${kernels}/evaluate_pairs.cu`,
    find: '    if (!inside) continue;\n',
    replace: '',
    by: 'asan',
  }),
  pairs('combined-rows-tail', {
    file: `${kernels}/evaluate_pairs.cu`,
    find: '  if (row >= table.rows) return;\n',
    replace: '',
    by: 'asan',
  }),
  pairs('wrong-lane', {
    file: `${kernels}/evaluate_pairs.cu`,
    find: 'if (lane == j) score = product;',
    replace: 'if (lane == (j ^ 16)) score = product;',
    by: 'plain',
  }),
];
