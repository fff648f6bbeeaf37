import { mutantsOf } from './mutants-of.mjs';

const source = 'native/kernels/solve_als.cu';
const call = 'native/kernels/als_call.cuh';
const conjugate = 'native/kernels/als_conjugate.cuh';
const blocks = 'native/kernels/als_blocks.cuh';
const of = mutantsOf('solve_als');

export const alsMutants = [
  of('roots-for-weights', {
    file: call,
    source,
    find: 'roots[pair] * roots[pair]',
    replace: 'roots[pair]',
    by: 'plain',
  }),
  of('rows-without-pairs-move', {
    file: conjugate,
    source,
    find: '    state.squares[row] = 0;\n',
    replace: '    state.squares[row] = 1;\n',
    by: 'plain',
  }),
  of('batches-share-penalties', {
    file: source,
    find: '    batch.penalties += first;\n',
    replace: '',
    by: 'plain',
  }),
  of('old-score-overwritten', {
    file: blocks,
    source,
    find: '    __syncwarp();  // all lanes have read the old score\n',
    replace: '',
    by: 'tsan',
    only: 'als_by_blocks',
  }),
  of('scores-not-kept', { file: blocks, source, find: '      scores[pair] = score;\n', replace: '', by: 'plain' }),
  of('gradient-parts-barrier', {
    file: blocks,
    source,
    find: 'm.parts[threadIdx.x] = sum;\n  __syncthreads();',
    replace: 'm.parts[threadIdx.x] = sum;',
    by: 'tsan',
    only: 'als_by_blocks',
  }),
  of('staged-barrier', {
    file: blocks,
    source,
    find: '    }\n  }\n  __syncthreads();\n}\n\n// Adds what',
    replace: '    }\n  }\n}\n\n// Adds what',
    by: 'tsan',
    only: 'als_by_blocks',
  }),
  of('staged-overwritten', {
    file: blocks,
    source,
    find: '    __syncthreads();  // before the next pairs\n',
    replace: '',
    by: 'tsan',
    only: 'als_by_blocks',
  }),
  of('staged-tail-not-cleared', { file: blocks, source, find: 'm.staged[n][k] = 0;', replace: ';', by: 'plain' }),
  of('staged-past-the-columns', {
    file: blocks,
    source,
    find: 'k < c.width ? root * row[c.first + k] : 0',
    replace: 'root * row[c.first + k]',
    by: 'asan',
  }),
  of('solved-before-it-is-there', {
    file: blocks,
    source,
    find: '+= slope;\n  __syncthreads();',
    replace: '+= slope;',
    by: 'tsan',
    only: 'als_by_blocks',
  }),
  of('pivot-overwritten', {
    file: blocks,
    source,
    find: '    __syncthreads();  // all have read the pivot\n',
    replace: '',
    by: 'tsan',
    only: 'als_by_blocks',
  }),
  of('row-used-before-it-is-scaled', {
    file: blocks,
    source,
    find: '*= inverse;\n    }\n    __syncthreads();',
    replace: '*= inverse;\n    }',
    by: 'tsan',
    only: 'als_by_blocks',
  }),
  of('next-pivot-too-soon', {
    file: blocks,
    source,
    find: 'below[k]);\n      }\n    }\n    __syncthreads();',
    replace: 'below[k]);\n      }\n    }',
    by: 'tsan',
    only: 'als_by_blocks',
  }),
  of('solution-used-too-soon', {
    file: blocks,
    source,
    find: '+ j];\n    __syncthreads();',
    replace: '+ j];',
    by: 'tsan',
    only: 'als_by_blocks',
  }),
  of('next-unknown-too-soon', {
    file: blocks,
    source,
    find: 'm.side[threadIdx.x]);\n    }\n    __syncthreads();',
    replace: 'm.side[threadIdx.x]);\n    }',
    by: 'tsan',
    only: 'als_by_blocks',
  }),
  of('next-block-too-soon', {
    file: blocks,
    source,
    find: 'm.step[threadIdx.x] = step;\n    }\n    __syncthreads();',
    replace: 'm.step[threadIdx.x] = step;\n    }',
    by: 'tsan',
    only: 'als_by_blocks',
  }),
  of('gain-of-the-last-block-alone', {
    file: blocks,
    source,
    find: 'm.gains[threadIdx.x] +=',
    replace: 'm.gains[threadIdx.x] =',
    by: 'plain',
  }),
];
