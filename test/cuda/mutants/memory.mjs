import { mutantsOf } from './mutants-of.mjs';

const file = 'native/cuda/memory.cu';
const finite = mutantsOf('finite');
const of = mutantsOf('memory');

export const memoryMutants = [
  of('uploads-again', {
    file,
    find: '(upload == Upload::once && !array->current)',
    replace: 'upload == Upload::once',
    by: 'plain',
  }),
  of('never-fetches', {
    file,
    find: 'array->newer = array->newer || written;',
    replace: 'array->newer = array->newer && written;',
    by: 'plain',
  }),
  of('keeps-what-the-host-changed', { file, find: '  found->second.current = false;\n', replace: '', by: 'plain' }),
  of('loses-what-a-kernel-wrote', {
    file,
    find: 'if (array.newer && !check(',
    replace: 'if (false && !check(',
    by: 'plain',
  }),
  of('goes-on-after-a-failure', {
    file,
    find: 'return status_ == Status::ok && check(cudaSetDevice',
    replace: 'return check(cudaSetDevice',
    by: 'plain',
  }),
  of('host-reads-the-device', {
    file: 'test/cuda/memory_test.cc',
    find: '  float* to = device.resident(values.data(), size);\n',
    replace: '  float* to = device.resident(values.data(), size);\n  if (to != nullptr) EXPECT(to[0] != 12345.0f);\n',
    by: 'asan',
    says: /use-after-poison/,
  }),
  finite('past-the-end', { file: 'native/cuda/finite.cu', find: 'n < count;', replace: 'n <= count;', by: 'asan' }),
  finite('infinities-pass', {
    file: 'native/cuda/finite.cu',
    find: '0x7f800000;',
    replace: '0x7fc00000;',
    by: 'plain',
  }),
  finite('plain-store', {
    file: 'native/cuda/finite.cu',
    find: 'store_relaxed(found, 1u)',
    replace: '*found = 1u',
    by: 'tsan',
  }),
  finite('flag-from-before', {
    file: 'native/cuda/finite.cu',
    find: '  device.fill_zero(found, 1);\n',
    replace: '',
    by: 'plain',
  }),
];
