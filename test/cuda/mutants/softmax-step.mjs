import { mutantsOf } from './mutants-of.mjs';

const source = 'native/kernels/softmax_step.cu';
const tile = 'native/kernels/softmax_tile.cuh';
const scores = 'native/kernels/softmax_scores.cuh';
const gradients = 'native/kernels/softmax_gradients.cuh';
const network = 'native/kernels/softmax_network.cuh';
const adam = 'native/kernels/softmax_adam.cuh';
const of = mutantsOf('softmax_step');
const ofShapes = mutantsOf('softmax_shapes');

const barrier = '__syncthreads();';

export const softmaxStepMutants = [
  // Tiles
  of('strip-used-before-it-is-there', {
    file: tile,
    source,
    find: `item_strip.store(memory.items);\n    ${barrier}`,
    replace: 'item_strip.store(memory.items);',
    by: 'tsan',
  }),
  of('slab-used-before-it-is-there', {
    file: tile,
    source,
    find: `${barrier}\n    if (row + kTileDepth < count)`,
    replace: 'if (row + kTileDepth < count)',
    by: 'tsan',
  }),
  of('slab-overwritten-while-it-is-used', {
    file: tile,
    source,
    find: `add_scaled(sums[i], factors.y, second);\n      }\n    }\n    ${barrier}`,
    replace: 'add_scaled(sums[i], factors.y, second);\n      }\n    }',
    by: 'tsan',
  }),
  of('items-past-the-end', {
    file: scores,
    source,
    find: 'return {a.outputs.values + std::size_t{item} * a.stride, a.num_items - item, a.stride};',
    replace: 'return {a.outputs.values + std::size_t{item} * a.stride, kTileItems, a.stride};',
    by: 'asan',
  }),
  of('rows-past-the-end', {
    file: scores,
    source,
    find: 'group_size(a) - row, a.stride};',
    replace: 'group_size(a) + kTileItems, a.stride};',
    by: 'asan',
  }),
  // Scores
  ofShapes('sum-not-rescaled', {
    file: scores,
    source,
    find: 'own[i].sum *= expf(own[i].origin - largest);\n',
    replace: '',
    by: 'plain',
  }),
  of('merge-forgets-the-other-origin', {
    file: scores,
    source,
    find: 'other_sum * expf(other_origin - largest)',
    replace: 'other_sum',
    by: 'plain',
  }),
  of('merge-of-half-a-warp', {
    file: scores,
    source,
    find: 'std::uint32_t lanes = kTileSide / 2; lanes != 0; lanes /= 2',
    replace: 'std::uint32_t lanes = kTileSide / 2; lanes > 1; lanes /= 2',
    by: 'plain',
  }),
  of('tail-counts-as-logits', {
    file: scores,
    source,
    find: 'if (first_item + x * kThreadItems + j < a.num_items) own[i].sum += expf(sums[i][j] - largest);',
    replace: 'own[i].sum += expf(sums[i][j] - largest);',
    by: 'plain',
  }),
  of('targets-read-before-they-are-there', {
    file: scores,
    source,
    find: `${barrier}\n    each_target`,
    replace: 'each_target',
    by: 'tsan',
  }),
  of('own-item-is-a-candidate', {
    file: scores,
    source,
    find: '        if (item == masked) sums[i][j] = kMasked;\n',
    replace: '        if (item == masked && item >= a.num_items) sums[i][j] = kMasked;\n',
    by: 'plain',
  }),
  // Gradients
  of('targets-taken-out-too-early', {
    file: gradients,
    source,
    find: `  ${barrier}\n  subtract_targets`,
    replace: '  subtract_targets',
    by: 'tsan',
  }),
  of('tile-used-with-its-targets', {
    file: gradients,
    source,
    find: `panel, memory);\n  ${barrier}\n}`,
    replace: 'panel, memory);\n}',
    by: 'tsan',
  }),
  of('second-entry-of-a-target-taken-twice', {
    file: gradients,
    source,
    find: 'if (entry != begin && place_of(entry[-1]) == place) return;',
    replace: 'if (entry < begin) return;',
    by: 'plain',
  }),
  of('first-tile-of-a-step-added', {
    file: gradients,
    source,
    find: 'const bool add = a.first_row + first_row != 0;',
    replace: 'const bool add = true;',
    by: 'plain',
  }),
  of('bias-sums-read-too-early', {
    file: gradients,
    source,
    find: `= sum;\n    ${barrier}`,
    replace: '= sum;',
    by: 'tsan',
  }),
  // The network
  of('units-read-too-early', {
    file: network,
    source,
    find: `  ${barrier}\n  for (std::uint32_t k = threadIdx.x / kWarpSize; k < a.dim; k += kNetworkWarps) {\n    const float* row = weights + a.layout.second_weights`,
    replace:
      '  for (std::uint32_t k = threadIdx.x / kWarpSize; k < a.dim; k += kNetworkWarps) {\n    const float* row = weights + a.layout.second_weights',
    by: 'tsan',
  }),
  of('unit-gradients-read-too-early', {
    file: network,
    source,
    find: `  });\n  ${barrier}\n  each_value`,
    replace: '  });\n  each_value',
    by: 'tsan',
  }),
  of('dropout-not-scaled-back', {
    file: network,
    source,
    find: 'sum * a.dropout_scale : 0.0f',
    replace: 'sum : 0.0f',
    by: 'plain',
  }),
  of('deviation-without-the-mean', {
    file: network,
    source,
    find: '(gradient - mean - a.normal[base + k] * along) * inverse',
    replace: '(gradient - 0 * mean - a.normal[base + k] * along) * inverse',
    by: 'plain',
  }),
  of('weight-sums-read-too-early', {
    file: network,
    source,
    find: `sums[part][lane] = sum;\n  ${barrier}`,
    replace: 'sums[part][lane] = sum;',
    by: 'tsan',
  }),
  of('weight-sums-of-seven-parts', {
    file: network,
    source,
    find: 'for (std::uint32_t p = 0; p < kRowParts; ++p)',
    replace: 'for (std::uint32_t p = 0; p < kRowParts - 1; ++p)',
    by: 'plain',
  }),
  // AdamW
  of('inputs-that-repeat-count-once', {
    file: adam,
    source,
    find: 'next != 0; next = a.rows[next - 1].next',
    replace: 'next > a.batch; next = a.rows[next - 1].next',
    by: 'plain',
  }),
  of('row-forgotten-while-it-is-read', {
    file: adam,
    source,
    find: '    __syncwarp();\n',
    replace: '',
    by: 'tsan',
  }),
  of('row-never-forgotten', {
    file: adam,
    source,
    find: '    if (lane == 0 && first != 0) a.first_rows[item] = 0;\n',
    replace: '',
    by: 'plain',
  }),
  of('norm-of-the-outputs-alone', {
    file: adam,
    source,
    find: '!a.tied && row < a.batch',
    replace: 'false && row < a.batch',
    by: 'plain',
  }),
  of('gradient-of-the-network-not-cleared', {
    file: source,
    find: 'device.resident(array.gradient, array.size), array.size};',
    replace: 'device.scratch<float>(array.gradient, array.size), array.size};',
    by: 'plain',
  }),
];
