import { mutantsOf } from './mutants-of.mjs';

const file = 'native/kernels/train_item_pairs.cu';
const noise = 'native/kernels/draw_negatives.cuh';
const of = mutantsOf('train_item_pairs');

const barrier = '    __syncthreads();\n';

export const trainItemPairsMutants = [
  of('scores-before-the-draws', {
    file,
    find: `draw_batch(c, cell);\n${barrier}`,
    replace: 'draw_batch(c, cell);\n',
    by: 'tsan',
  }),
  of('slopes-before-the-scores', {
    file,
    find: `    score_batch(c, cell);\n${barrier}`,
    replace: '    score_batch(c, cell);\n',
    by: 'tsan',
  }),
  of('moves-before-the-slopes', {
    file,
    find: `${barrier}    if (c.update)`,
    replace: '    if (c.update)',
    by: 'tsan',
  }),
  of('draws-before-the-moves-are-over', {
    file,
    find: `${barrier}    cell.done`,
    replace: '    cell.done',
    by: 'tsan',
  }),
  of('a-row-that-stands-twice-loses-a-move', {
    file,
    find: 'if (row[m] == row[n]) value[n] = value[m];',
    replace: '',
    by: 'plain',
  }),
  of('input-moves-before-its-outputs', {
    file,
    find: 'value[n] = fmaf(step, before, value[n]);',
    replace: 'value[n] = fmaf(step, after + 0 * before, value[n]);',
    by: 'plain',
  }),
  of('void-negatives-take-part', {
    file,
    find: 'return r == 0 || targets[r] != targets[0];',
    replace: 'return r == 0 || targets[r] != targets[0] || true;',
    by: 'plain',
  }),
  of('columns-past-the-row', {
    file,
    find: 'for (std::uint32_t k = threadIdx.x; k < c.stride; k += kThreads) {',
    replace: 'for (std::uint32_t k = threadIdx.x; k < c.stride + kThreads; k += kThreads) {',
    by: 'asan',
  }),
  of('scores-of-targets-past-the-pair', {
    file,
    find: 'targets[n < rows ? first + n : 0]',
    replace: 'targets[first + n]',
    by: 'asan',
  }),
  of('one-pair-too-many-in-the-last-turns', {
    file,
    find: 'cell.count = (cell.size - cell.turn + cell.turns - 1) / cell.turns;',
    replace: 'cell.count = (cell.size + cell.turns - 1) / cell.turns;',
    by: 'plain',
  }),
  of('numbers-begin-anew-each-turn', {
    file,
    find: '    cell.done += cell.count;\n',
    replace: '',
    by: 'plain',
  }),
  of('search-misses-the-last-item', {
    file: noise,
    source: file,
    find: 'return begin < last && *begin == item;',
    replace: 'return begin + 1 < last && *begin == item;',
    by: 'plain',
  }),
];
