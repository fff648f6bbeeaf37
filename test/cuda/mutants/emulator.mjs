// Bugs in the kernels of emulator_test.cc: one for each thing that the emulator must not let pass.
import { mutantsOf } from './mutants-of.mjs';

const file = 'test/cuda/emulator_test.cc';
const of = mutantsOf('emulator');

export const emulatorMutants = [
  of('barrier-left-out', {
    file,
    find: '  __syncthreads();\n  out[threadIdx.x] = values[blockDim.x - 1 - threadIdx.x];',
    replace: '  out[threadIdx.x] = values[blockDim.x - 1 - threadIdx.x];',
    by: 'tsan',
    says: /data race/,
  }),
  of('barrier-of-some-threads', {
    file,
    find: '  __syncthreads();\n  out[threadIdx.x] = values[blockDim.x - 1 - threadIdx.x];',
    replace: '  if (threadIdx.x < 64) __syncthreads();\n  out[threadIdx.x] = values[blockDim.x - 1 - threadIdx.x];',
    by: 'plain',
    says: /emulator_test\.cc:\d+: block \(0, 0, 0\).*(wait at this barrier|returned before this barrier)/,
  }),
  of('two-barriers-at-once', {
    file,
    find: '  __syncthreads();\n  out[threadIdx.x] = values[blockDim.x - 1 - threadIdx.x];',
    replace:
      '  if (threadIdx.x < 64) {\n    __syncthreads();\n  } else {\n    __syncthreads();\n  }\n  out[threadIdx.x] = values[0];',
    by: 'plain',
    says: /wait at another barrier/,
  }),
  of('full-mask-in-a-branch', {
    file,
    find: 'result = __popc(__ballot_sync(half, lane % 4 == 0));',
    replace: 'result = __popc(__ballot_sync(kAllLanes, lane % 4 == 0));',
    by: 'plain',
    says: /nobody can go on|another operation/,
  }),
  of('lane-outside-its-mask', {
    file,
    find: 'const unsigned half = lane < 16 ? 0x0000ffffu : 0xffff0000u;',
    replace: 'const unsigned half = lane < 15 ? 0x0000ffffu : 0xffff0000u;',
    by: 'plain',
    says: /lane 15 is not in its own mask/,
  }),
  of('lane-that-has-returned', {
    file,
    find: '  const int lane = static_cast<int>(threadIdx.x % 32);\n',
    replace: '  const int lane = static_cast<int>(threadIdx.x % 32);\n  if (lane == 3) return;\n',
    by: 'plain',
    says: /lane 3, which has returned|nobody can go on/,
  }),
  of('shuffle-from-outside-the-mask', {
    file,
    find: 'result = static_cast<int>(__reduce_add_sync(half, lane));',
    replace: 'result = static_cast<int>(__shfl_sync(half, lane, 2));',
    by: 'plain',
    says: /a shuffle reads lane 2/,
  }),
  of('sum-without-atomic', {
    file,
    find: 'atomicAdd(sum, 0.5f);',
    replace: '*sum += 0.5f;',
    by: 'tsan',
    says: /data race/,
  }),
  of('fence-left-out', {
    file,
    find: '    __threadfence();\n    last = ',
    replace: '    last = ',
    by: 'tsan',
    says: /data race/,
  }),
  of('plain-accesses-that-race', {
    file,
    find: 'store_relaxed(value, load_relaxed(value));',
    replace: '*value = *value + 0;',
    by: 'tsan',
    says: /data race/,
  }),
  of('dynamic-memory-exceeded', {
    file,
    find: 'for (unsigned n = threadIdx.x; n < size; n += blockDim.x) values[n]',
    replace: 'for (unsigned n = threadIdx.x; n <= size; n += blockDim.x) values[n]',
    by: 'asan',
    says: /use-after-poison/,
  }),
  of('static-array-exceeded', {
    file,
    find: 'if (threadIdx.x < 3) extra[threadIdx.x] = 1;',
    replace: 'if (threadIdx.x < 4) (&extra[0])[threadIdx.x] = 1;',
    by: 'asan',
    says: /use-after-poison/,
  }),
  of('sum-of-a-block-reused-too-soon', {
    file: 'native/cuda/warp.h',
    source: file,
    find: 'sum += parts[w];\n  __syncthreads();',
    replace: 'sum += parts[w];',
    by: 'tsan',
    says: /data race/,
  }),
  of('sum-of-a-warp-without-its-last-step', {
    file: 'native/cuda/warp.h',
    source: file,
    find: 'for (unsigned step = kWarpSize / 2; step != 0; step /= 2) value += ',
    replace: 'for (unsigned step = kWarpSize / 2; step > 1; step /= 2) value += ',
    by: 'plain',
  }),
];
