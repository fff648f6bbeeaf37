import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { instructionProblems, symbolProblems, weakProblems } from '../../scripts/check-binary.mjs';

const missing = ['g++', 'objdump', 'nm'].filter((tool) => spawnSync(tool, ['--version']).error);
const applies = process.platform === 'linux' && process.arch === 'x64';
const reason = applies ? missing.length > 0 && `not installed: ${missing.join(', ')}` : 'x86-64 Linux only';
if (reason) console.log(`check-binary tests skipped: ${reason}`);
const when = reason ? test.skip : test;

const folder = mkdtempSync(path.join(tmpdir(), 'palate-binary-'));
test.after(() => rmSync(folder, { recursive: true }));

/** Compiles C++ text to a file of that name in the temporary folder. */
function compile(name: string, code: string, ...flags: string[]): string {
  const output = path.join(folder, name);
  mkdirSync(path.dirname(output), { recursive: true });
  writeFileSync(`${output}.cc`, code);
  execFileSync('g++', ['-O2', '-fPIC', `${output}.cc`, '-o', output, ...flags]); // libraries behind what needs them
  return output;
}

const LOOP = 'void scale(float* x) { for (int i = 0; i < 1024; ++i) x[i] = x[i] * 2 + 1; }\n';
const AVX2 = ['-c', '-O3', '-mavx2', '-mfma'];
const AVX512 = ['-c', '-O3', '-mavx512f', '-mavx512vl', '-mprefer-vector-width=512'];
const WEAK =
  'template <class T> __attribute__((noinline)) T twice(T x) { return x + x; }\nfloat f() { return twice(1.f); }\n';

when('a symbol of a newer library is found', () => {
  const script = path.join(folder, 'new.map');
  writeFileSync(script, 'GLIBC_2.28 { global: in_time; };\nGLIBC_2.99 { global: from_the_future; };\n');
  const declared = 'extern "C" int in_time();\nextern "C" int from_the_future();\n';
  const defined = declared.replaceAll('();', '() { return 1; }');
  compile('libnew.so', defined, '-shared', `-Wl,--version-script=${script}`);
  const user = compile(
    'user.so',
    `${declared}int all() { return in_time() + from_the_future(); }\n`,
    '-shared',
    `-L${folder}`,
    '-lnew',
  );
  assert.equal(symbolProblems(user), ['from_the_future needs GLIBC_2.99; the limit is 2.28']);
});

when('plain code passes every check', () => {
  const object = compile('plain.o', LOOP, '-c', '-march=x86-64');
  assert.equal([...instructionProblems(object, 'base'), ...instructionProblems(object, 'avx2')], []);
  assert.equal(weakProblems(object), []);
});

when('AVX2 is found in a baseline object, and allowed in an avx2 one', () => {
  const object = compile('avx2.o', LOOP, ...AVX2);
  assert.match(instructionProblems(object, 'base').join(), /scale\(float\*\) holds `v\w+ .*`, which base processors/);
  assert.equal(instructionProblems(object, 'avx2'), []);
});

when('BMI2, which is VEX without a vector, is found in a baseline object', () => {
  const object = compile('bmi.o', 'unsigned long f(unsigned long x, int n) { return x << n; }\n', '-c', '-mbmi2');
  assert.match(instructionProblems(object, 'base').join(), /shlx/);
});

when('AVX-512 is found in an avx2 object, also on short registers', () => {
  const wide = compile('avx512.o', LOOP, ...AVX512);
  assert.match(instructionProblems(wide, 'avx2').join(), /zmm/);
  assert.equal(instructionProblems(wide, 'avx512'), []);
  const ternary = '#include <immintrin.h>\n__m256i f(__m256i a) { return _mm256_ternarylogic_epi32(a, a, a, 1); }\n';
  assert.match(instructionProblems(compile('short.o', ternary, ...AVX512), 'avx2').join(), /vpternlogd .*ymm/);
});

when('a weak symbol is found', () => {
  assert.match(weakProblems(compile('weak.o', WEAK, '-c')).join(), /twice<float>\(float\) is a weak symbol/);
});

when('the command judges an object by the folder of its target', () => {
  const script = fileURLToPath(new URL('../../scripts/check-binary.mjs', import.meta.url));
  const check = (target: string) =>
    spawnSync(process.execPath, [script, path.join(folder, target)], { encoding: 'utf8' });
  compile('kernels_avx2/good.o', LOOP, ...AVX2);
  assert.is(check('kernels_avx2').status, 0);
  compile('kernels_avx2/weak.o', WEAK, '-c');
  compile('kernels_base/wide.o', LOOP, ...AVX2);
  const [avx2, base, none] = [check('kernels_avx2'), check('kernels_base'), check('libnew.so.cc')];
  assert.is(avx2.stdout, '1 passed, 1 failed\n');
  assert.match(avx2.stderr, /kernels_avx2\/weak\.o: .*twice/);
  assert.is(base.status, 1);
  assert.is(none.stdout, '0 passed, 1 failed\n');
});

test.run();
