import { mutantsOf } from './mutants-of.mjs';

const source = 'native/kernels/select_topk.cu';
const keys = 'native/cuda/score_keys.h';
const panels = 'native/cuda/panels.h';
const product = 'native/cuda/panel_product.h';
const of = mutantsOf('select_topk');

export const selectTopkMutants = [
  // Products
  of('slab-used-before-it-is-there', {
    file: product,
    source,
    find: '      __pipeline_wait_prior(0);\n',
    replace: '',
    by: 'plain',
  }),
  of('slab-barrier', {
    file: product,
    source,
    find: '      __syncthreads();  // all have copied this half, and are done with the other\n',
    replace: '',
    by: 'tsan',
  }),
  of('one-slab-too-few', {
    file: product,
    source,
    find: 'const std::uint32_t num_slabs = depth / kSlab;',
    replace: 'const std::uint32_t num_slabs = (depth - 1) / kSlab;',
    by: 'plain',
  }),
  of('next-panel-not-copied', {
    file: product,
    source,
    find: '(last ? panel + 1 : panel)',
    replace: '(panel)',
    by: 'plain',
  }),
  of('tile-not-cleared', {
    file: product,
    source,
    find: '    clear(tile);',
    replace: '    if (panel == begin) clear(tile);',
    by: 'plain',
  }),
  // Panels
  of('pack-barrier-before-turning', {
    file: panels,
    source,
    find: '      tile[row][lane] = value;\n    }\n    __syncthreads();',
    replace: '      tile[row][lane] = value;\n    }',
    by: 'tsan',
  }),
  of('pack-barrier-after-turning', {
    file: panels,
    source,
    find: 'tile[n % kPanel][n / kPanel];\n    }\n    __syncthreads();',
    replace: 'tile[n % kPanel][n / kPanel];\n    }',
    by: 'tsan',
  }),
  of('pack-barrier-behind-scales', {
    file: panels,
    source,
    find: '  __syncthreads();\n  for (std::uint32_t begin = 0;',
    replace: '  for (std::uint32_t begin = 0;',
    by: 'tsan',
  }),
  of('pack-reads-rows-that-are-not-there', {
    file: panels,
    source,
    find: 'if (first + row < num_rows && begin + lane < dim)',
    replace: 'if (begin + lane < dim)',
    by: 'asan',
  }),
  of('pack-reads-past-a-row', {
    file: panels,
    source,
    find: 'if (first + row < num_rows && begin + lane < dim)',
    replace: 'if (first + row < num_rows)',
    by: 'plain',
  }),
  of('lengths-in-float-alone', {
    file: panels,
    source,
    find: 'if (squared > kShortest && squared < kLongest) return',
    replace: 'if (squared > kShortest || squared < kLongest) return',
    by: 'plain',
  }),
  // Lists
  of('padding-selected', {
    file: source,
    find: '  if (position >= search.num_positions) return 0;\n',
    replace: '',
    by: 'plain',
  }),
  of('excluded-lists-from-zero', {
    file: source,
    find: 'search.exclude_offsets[query] - search.exclude_begin;',
    replace: 'search.exclude_offsets[query];',
    by: 'plain',
  }),
  of('last-excluded-forgotten', {
    file: source,
    find: 'return begin < size && search',
    replace: 'return begin + 1 < size && search',
    by: 'plain',
  }),
  of('append-without-atomic', {
    file: source,
    find: 'atomicAdd(&lists.counts[row], 1u)',
    replace: 'lists.counts[row]++',
    by: 'tsan',
  }),
  of('list-overflows', {
    file: source,
    find: 'search.capacity - kItemPanel;  //',
    replace: 'search.capacity + 1;  //',
    by: 'plain',
  }),
  of('keeps-one-too-few', {
    file: source,
    find: 'const std::uint32_t kept = count < search.k ? count : search.k;',
    replace: 'const std::uint32_t kept = count < search.k ? count : search.k - 1;',
    by: 'plain',
  }),
  of('staged-keys-reused-too-soon', {
    file: source,
    find: '  Group::wait();  // before',
    replace: '  // before',
    by: 'tsan',
  }),
  of('lists-read-before-they-are-cut', {
    file: source,
    find: 'staged : nullptr);\n    }\n  }\n  __syncthreads();',
    replace: 'staged : nullptr);\n    }\n  }',
    by: 'tsan',
  }),
  of('cut-by-some-threads', {
    file: source,
    find: 'if (__syncthreads_or(full) != 0) cut_lists',
    replace: 'if (full) cut_lists',
    by: 'plain',
    says: /emulator:/,
  }),
  of('next-work-begins-too-soon', {
    file: source,
    find: ' : 0;\n    }\n    __syncthreads();\n  }',
    replace: ' : 0;\n    }\n  }',
    by: 'tsan',
  }),
  of('counts-not-initialised', { file: source, find: '      counts[threadIdx.x] = 0;\n', replace: '', by: 'plain' }),
  of('bar-excludes-equals', { file: source, find: 'if (score >= bar) {', replace: 'if (score > bar) {', by: 'plain' }),
  // Keys
  of('later-item-wins', { file: keys, source, find: '<< 32 | ~item;', replace: '<< 32 | item;', by: 'plain' }),
  of('negative-scores-reversed', {
    file: keys,
    source,
    find: '(bits & kSign) != 0 ? ~bits : bits | kSign;',
    replace: 'bits | kSign;',
    by: 'plain',
  }),
  of('sort-begins-too-soon', {
    file: keys,
    source,
    find: '  Group::wait();\n  for (std::uint32_t run',
    replace: '  for (std::uint32_t run',
    by: 'tsan',
  }),
  of('sort-without-waiting', {
    file: keys,
    source,
    find: '      }\n      Group::wait();',
    replace: '      }',
    by: 'tsan',
  }),
  // Merging
  of('ranges-not-merged', {
    file: source,
    find: 'if (other != range) place +=',
    replace: 'if (other > range) place +=',
    by: 'plain',
  }),
  of('rest-not-filled', {
    file: source,
    find: 'for (std::uint32_t place = total + lane; place < k;',
    replace: 'for (std::uint32_t place = total + lane + 1; place < k;',
    by: 'plain',
  }),
  of('chunks-share-exclusions', {
    file: source,
    find: 'if (search.exclude_offsets != nullptr) search.exclude_offsets += first;',
    replace: '',
    by: 'plain',
  }),
];
