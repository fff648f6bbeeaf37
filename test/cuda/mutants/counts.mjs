// Of products of matrices, counting, and the factorization of counts.
import { mutantsOf } from './mutants-of.mjs';

const products = 'native/cuda/products.cu';
const tiles = 'native/cuda/products.h';
const counting = 'native/kernels/count_cooccurrence.cu';
const source = 'native/kernels/factorize_counts.cu';
const pairs = 'native/cuda/pair_sums.h';
const rows = 'native/kernels/factorize_rows.cuh';
const dense = 'native/kernels/factorize_dense.cuh';
const step = 'native/kernels/factorize_step.cuh';
const ofProducts = mutantsOf('products');
const ofCounting = mutantsOf('count_cooccurrence');
const of = mutantsOf('factorize_counts');

export const countMutants = [
  ofProducts('slab-barrier', {
    file: tiles,
    source: products,
    find: '    __syncthreads();  // all have copied this half, and are done with the other\n',
    replace: '',
    by: 'tsan',
  }),
  ofProducts('slab-not-waited-for', {
    file: tiles,
    source: products,
    find: '    __pipeline_wait_prior(0);\n',
    replace: '',
    by: 'plain',
  }),
  ofProducts('reads-past-the-depth', {
    file: tiles,
    source: products,
    find: 'row < end && column < columns',
    replace: 'column < columns',
    by: 'asan',
  }),
  ofProducts('reads-past-the-columns', {
    file: tiles,
    source: products,
    find: 'row < end && column < columns',
    replace: 'row < end',
    by: 'asan',
  }),
  ofProducts('tiles-on-the-diagonal-lost', {
    file: products,
    find: 'range.column + kItemPanel <= range.row',
    replace: 'range.column <= range.row',
    by: 'plain',
  }),
  ofProducts('last-share-lost', {
    file: products,
    find: 's < num_shares; ++s',
    replace: 's + 1 < num_shares; ++s',
    by: 'plain',
  }),
  ofProducts('turn-barrier', {
    file: products,
    find: ': 0;\n  }\n  __syncthreads();',
    replace: ': 0;\n  }',
    by: 'tsan',
  }),
  ofProducts('turn-reads-past-the-rows', {
    file: products,
    find: 'first_row + y < num_rows && first_column + x < stride',
    replace: 'first_row + y <= num_rows && first_column + x < stride',
    by: 'asan',
  }),
  ofProducts('sum-reads-past-the-end', {
    file: 'native/cuda/sums.cu',
    find: 'count - begin < kOfBlock ? count : begin + kOfBlock',
    replace: 'count - begin < kOfBlock ? count + 1 : begin + kOfBlock',
    by: 'asan',
  }),
  ofCounting('additions-lost', {
    file: counting,
    find: 'atomicAdd(&counters[items[n] - first], 1u);',
    replace: '++counters[items[n] - first];',
    by: 'tsan',
  }),
  ofCounting('counts-before-zeros', {
    file: counting,
    find: '    __syncthreads();  // counters are zero\n',
    replace: '',
    by: 'tsan',
  }),
  ofCounting('read-before-counted', {
    file: counting,
    find: 'item, first);\n    __syncthreads();',
    replace: 'item, first);',
    by: 'tsan',
  }),
  ofCounting('diagonal-kept', {
    file: counting,
    find: 'if (threadIdx.x == 0 && item - first < kCounters) counters[item - first] = 0;',
    replace: '',
    by: 'plain',
  }),
  ofCounting('diagonal-barrier', {
    file: counting,
    find: 'counters[item - first] = 0;\n    __syncthreads();',
    replace: 'counters[item - first] = 0;',
    by: 'tsan',
  }),
  ofCounting('sizes-barrier', {
    file: counting,
    find: 'sizes[warp] = size;\n    __syncthreads();',
    replace: 'sizes[warp] = size;',
    by: 'tsan',
  }),
  ofCounting('tiles-overwrite-each-other', {
    file: counting,
    find: 'at = place + totals.size;',
    replace: 'at = place;',
    by: 'plain',
  }),
  ofCounting('counters-left', { file: counting, find: '        own[n] = 0;\n', replace: '', by: 'plain' }),
  ofCounting('largest-barrier', {
    file: counting,
    find: 'largest[warp] = totals.largest;\n  __syncthreads();',
    replace: 'largest[warp] = totals.largest;',
    by: 'tsan',
  }),
  ofCounting('lists-from-their-start', {
    file: counting,
    find: 'n = first_from(items, size, first) + lane;',
    replace: 'n = lane;',
    by: 'plain',
  }),
  of('weights-barrier', {
    file: pairs,
    source,
    find: '    __syncthreads();\n    if (narrow)',
    replace: '    if (narrow)',
    by: 'tsan',
    only: 'factorize_in_all_forms',
  }),
  of('next-weights-barrier', {
    file: pairs,
    source,
    find: '    __syncthreads();  // before the next weights\n',
    replace: '',
    by: 'tsan',
    only: 'factorize_wide_rows',
  }),
  of('parts-barrier', {
    file: pairs,
    source,
    find: 'sums.parts[threadIdx.x] = part;\n  __syncthreads();',
    replace: 'sums.parts[threadIdx.x] = part;',
    by: 'tsan',
    only: 'factorize_in_all_forms',
  }),
  of('likes-of-itself', {
    file: rows,
    source,
    find: 'own = -static_cast<float>(count);',
    replace: 'own = -static_cast<float>(count - 1);',
    by: 'plain',
  }),
  of('steps-while-others-read', {
    file: rows,
    source,
    find: '    if (by_rows) {\n      run.gradients',
    replace: '    if (false) {\n      run.gradients',
    by: 'tsan',
    only: 'factorize_in_all_forms',
  }),
  of('bias-of-the-other-lost', {
    file: rows,
    source,
    find: 'biases[item] + biases[items[n]]',
    replace: 'biases[item]',
    by: 'plain',
  }),
  of('momentum-forgotten', {
    file: step,
    source,
    find: 'fmaf(step.momentum, first, gradient)',
    replace: 'gradient',
    by: 'plain',
  }),
  of('second-moment-biased', {
    file: step,
    source,
    find: 'fmaf(sqrtf(second), step.denominator, step.epsilon)',
    replace: '(sqrtf(second) + step.epsilon)',
    by: 'plain',
  }),
  of('diagonal-kept', {
    file: dense,
    source,
    find: 'values[item - column] = 0;',
    replace: 'static_cast<void>(item);',
    by: 'plain',
  }),
  of('slabs-overwritten', {
    file: dense,
    source,
    find: '  __syncthreads();  // the slabs make room\n',
    replace: '',
    by: 'tsan',
    only: 'factorize_in_all_forms',
  }),
  of('targets-before-products', {
    file: dense,
    source,
    find: '= tile[i][j];\n  }\n  __syncthreads();',
    replace: '= tile[i][j];\n  }',
    by: 'tsan',
    only: 'factorize_in_all_forms',
  }),
  of('squares-before-targets', {
    file: dense,
    source,
    find: '  __syncthreads();\n  double squares = 0;',
    replace: '  double squares = 0;',
    by: 'tsan',
    only: 'factorize_in_all_forms',
  }),
  of('chunks-share-columns', {
    file: dense,
    source,
    find: 'r.product.right = turned + r.first;',
    replace: 'r.product.right = turned;',
    by: 'plain',
  }),
  of('chunks-share-gradients', {
    file: dense,
    source,
    find: 'd.gradients + std::size_t{r.first} * d.stride',
    replace: 'd.gradients',
    by: 'plain',
  }),
];
