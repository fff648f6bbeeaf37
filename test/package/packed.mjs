// npm run test:package: packs the package as npm would publish it and uses it as strangers do, on machines with no
// compiler, make or Python. Three installs: with a prebuilt binary; the same without install scripts and optional
// packages; with neither binary nor compiler. The last line is "N passed, N failed".
import { strict as assert } from 'node:assert';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { copyFiles, npm, packedFiles } from '../../scripts/packed-files.mjs';
import { barePath, Consumer } from './consumer.mjs';
import { readExample } from './readme-example.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
const platform = `${process.platform}-${process.arch}`;
const NATIVE_CALL = `
  import { topK } from 'palate';
  const items = Float32Array.of(1, 0, 0, 1, 0.6, 0.8);
  console.log([...topK(Float32Array.of(0, 1), items, { dim: 2, k: 2, metric: 'dot' }).indices].join());`;

/** All that belongs into the package. */
const BELONGS =
  /^(dist\/.+\.(js|d\.ts)|native\/.+\.(h|cc|cu|cuh|cmake|gypi)|prebuilds\/.+|binding\.gyp|CMakeLists\.txt|scripts\/install-hint\.cjs|package\.json|(README|CHANGELOG)\.md|LICENSE)$/;

let passed = 0;
let failed = 0;

/** @param {string} name @param {() => void} check */
function test(name, check) {
  const start = performance.now();
  try {
    check();
    passed += 1;
    console.log(`ok    ${name} (${((performance.now() - start) / 1000).toFixed(1)} s)`);
  } catch (error) {
    failed += 1;
    console.log(`FAIL  ${name}\n${error instanceof Error ? error.stack : error}`);
  }
}

/** @param {{ status: number | null, output: string }} result */
const succeeds = ({ status, output }) => assert.equal(status, 0, output);

/** @param {string} folder @param {string} target @returns {string} path of the tarball */
function pack(folder, target) {
  const [command, args] = npm(['pack', '--ignore-scripts', '--loglevel=error', '--pack-destination', target]);
  return path.join(target, execFileSync(command, args, { cwd: folder, encoding: 'utf8' }).trim());
}

/** @param {string} temporary */
function testPackage(temporary) {
  const stage = path.join(temporary, 'package');
  const bare = barePath(path.join(temporary, 'bin'));
  const node = (/** @type {string[]} */ ...args) =>
    execFileSync(process.execPath, args, { cwd: root, stdio: 'inherit' });
  node('scripts/prepare.mjs');
  const files = packedFiles(root).filter((file) => !file.startsWith('prebuilds/'));
  copyFiles(root, stage, files);
  const withoutBinary = pack(stage, mkdtempSync(path.join(temporary, 'plain-')));
  node('scripts/prebuild.mjs', stage);
  const withBinary = pack(stage, temporary);

  test('the package holds all that it needs and nothing else', () => {
    const packed = packedFiles(stage);
    assert.deepEqual(
      packed.filter((file) => !BELONGS.test(file)),
      [],
    );
    const { variables } = JSON.parse(readFileSync(path.join(root, 'native/sources.gypi'), 'utf8'));
    const needed = [
      ...['dist/index.js', 'dist/index.d.ts', 'dist/cli/main.js', `prebuilds/${platform}/palate.node`],
      ...['LICENSE', 'README.md', 'CMakeLists.txt', 'binding.gyp', 'native/flags.gypi', 'scripts/install-hint.cjs'],
      ...Object.values(variables).flat(),
    ];
    assert.deepEqual(
      needed.filter((file) => !packed.includes(file)),
      [],
    );
  });

  const user = new Consumer(temporary, bare);
  const installed = path.join(user.folder, 'node_modules/palate');
  test('with a prebuilt binary: installs without compiler, make and Python', () => {
    assert.notEqual(user.run('g++', ['--version']).status, 0);
    succeeds(user.install(withBinary));
    assert.equal(existsSync(path.join(installed, 'build')), false, 'nothing was compiled');
  });
  test('with a prebuilt binary: import and a native call', () => {
    const result = user.evaluate(NATIVE_CALL);
    succeeds(result);
    assert.equal(result.stdout, '1,2\n');
  });
  test('with a prebuilt binary: require', () => {
    succeeds(user.evaluate("require('node:assert').equal(typeof require('palate').train, 'function')", 'commonjs'));
  });
  test('with a prebuilt binary: the command', () => {
    const { version } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'));
    const result = user.run(process.execPath, ['node_modules/.bin/palate', '--version']);
    succeeds(result);
    assert.equal(result.stdout.trim(), version);
  });
  test('with a prebuilt binary: the types', () => {
    user.write(
      'user.ts',
      "import { type Model, topK, train } from 'palate';\nexport const all: [typeof topK, typeof train, Model?] = [topK, train];\n",
    );
    const tsc = path.join(root, 'node_modules/typescript/bin/tsc');
    const flags = [
      '--noEmit',
      '--strict',
      '--skipLibCheck',
      '--module',
      'nodenext',
      '--target',
      'es2022',
      '--types',
      '',
    ];
    succeeds(user.run(process.execPath, [tsc, ...flags, 'user.ts']));
  });
  test('with a prebuilt binary: the example of the README', () => {
    const example = readExample(readFileSync(path.join(root, 'README.md'), 'utf8'));
    assert.ok(example, 'README.md marks no js or ts block with <!-- example: packed -->');
    const data = process.env.PALATE_DATA; // files that the example names lie beside it
    if (data) for (const file of readdirSync(data)) symlinkSync(path.resolve(data, file), path.join(user.folder, file));
    user.write(`example.${example.extension}`, example.code);
    const loader = pathToFileURL(path.join(root, 'node_modules/tsx/dist/loader.mjs')).href;
    const flags = example.extension === 'ts' ? ['--import', loader] : [];
    const result = user.run(process.execPath, [...flags, `example.${example.extension}`]);
    succeeds(result);
    assert.notEqual(result.stdout.trim(), '', 'the example shows something');
  });

  test('without install scripts and optional packages: import and a native call', () => {
    const sparse = new Consumer(temporary, bare);
    succeeds(sparse.install(withBinary, '--ignore-scripts', '--omit=optional'));
    assert.equal(existsSync(path.join(sparse.folder, 'node_modules/@duckdb')), false);
    const result = sparse.evaluate(NATIVE_CALL);
    succeeds(result);
    assert.equal(result.stdout, '1,2\n');
  });

  const poor = new Consumer(temporary, bare);
  test('neither binary nor compiler: the install succeeds and says what to install', () => {
    const result = poor.install(withoutBinary, '--omit=optional');
    succeeds(result);
    assert.match(result.output, /palate: no usable native binary for .*\n.*Install .*\n/);
  });
  test('neither binary nor compiler: palate can be imported', () => succeeds(poor.evaluate("import 'palate'")));
  test('neither binary nor compiler: the first native call names what to install', () => {
    const caught = `try {${NATIVE_CALL.replace(/import (.*) from (.*);/, 'const $1 = await import($2);')}}
      catch (error) { console.log(error.name, error.code, error.message); }`;
    const result = poor.evaluate(caught);
    succeeds(result);
    assert.match(result.stdout, /^NativeLoadError ERR_PALATE_NATIVE palate has no native binary .*compiler.*Python/);
    assert.equal(result.stdout.trim().split('\n').length, 1, 'one line');
  });
}

const temporary = mkdtempSync(path.join(tmpdir(), 'palate-package-'));
try {
  testPackage(temporary);
} catch (error) {
  failed += 1;
  console.error(error instanceof Error ? error.message : error);
} finally {
  rmSync(temporary, { recursive: true, force: true });
}
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed > 0 ? 1 : 0;
