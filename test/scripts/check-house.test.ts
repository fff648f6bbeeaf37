import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { checkHouse } from '../../scripts/check-house.mjs';

const BASE = {
  '.gitignore': 'build/\nbuild-*/\n*.tgz\n',
  'package.json': JSON.stringify({
    dependencies: { 'apache-arrow': '1', commander: '1' },
    optionalDependencies: { yauzl: '1' },
  }),
  'package-lock.json': '{}\n',
  'src/errors.ts': 'export class DataError extends Error {}\n',
  'src/types.ts': "import type { Dataset } from './dataset/dataset.js';\nexport type Data = Dataset;\n",
  'src/load/sample.ts': "import { Table } from 'apache-arrow';\nimport { DataError } from '../errors.js';\n",
  'src/dataset/dataset.ts': "import type { Data } from '../types.js';\nimport { a } from '../load/sample.js';\n",
  'src/index.ts': "export { Dataset } from './dataset/dataset.js';\n",
  'src/cli/main.ts': "import { Command } from 'commander';\nimport { Dataset } from '../index.js';\n",
  'native/addon.cc': '#include <napi.h>\n',
  'native/binding/args.h': '#include <napi.h>\n',
  'native/core/status.h':
    '// printf() and exit(0) are for others\nvoid f(Pool& pool) { pool.abort(); snprintf(0, 0, ""); }\n',
};

/** Checks the healthy tree above with some files added or replaced. */
function check(files: Record<string, string> = {}) {
  const root = mkdtempSync(path.join(tmpdir(), 'palate-house-'));
  try {
    for (const [name, text] of Object.entries({ ...BASE, ...files })) {
      mkdirSync(path.join(root, path.dirname(name)), { recursive: true });
      writeFileSync(path.join(root, name), text);
    }
    return checkHouse(root);
  } finally {
    rmSync(root, { recursive: true });
  }
}

test('a healthy tree has no problems', () => assert.equal(check().problems, []));

const violations: { name: string; files: Record<string, string>; says: RegExp }[] = [
  {
    name: 'an import against the flow',
    files: { 'src/load/csv.ts': "\nimport { Dataset } from '../dataset/dataset.js';\n" },
    says: /^src\/load\/csv\.ts:2: load\/ may not import src\/dataset\/dataset\.ts: dataset\/ comes later/,
  },
  {
    name: 'a type-only import against the flow, over several lines',
    files: { 'src/load/csv.ts': "import type {\n  Dataset,\n} from '../dataset/dataset.js';\n" },
    says: /^src\/load\/csv\.ts:3: load\/ may not import/,
  },
  {
    name: 'a re-export against the flow',
    files: { 'src/load/csv.ts': "export * from '../dataset/dataset.js';\n" },
    says: /^src\/load\/csv\.ts:1: load\/ may not import/,
  },
  {
    name: 'a dynamic import against the flow',
    files: { 'src/load/csv.ts': "const d = await import('../dataset/dataset.js');\n" },
    says: /^src\/load\/csv\.ts:1: load\/ may not import/,
  },
  {
    name: 'a folder without a layer',
    files: { 'src/utils/misc.ts': 'export const a = 1;\n' },
    says: /^src\/utils\/misc\.ts:1: no layer holds this file/,
  },
  {
    name: 'an import from outside of src',
    files: { 'src/load/csv.ts': "import { a } from '../../test/oracle.js';\n" },
    says: /^src\/load\/csv\.ts:1: src\/ imports \.\.\/\.\.\/test\/oracle\.js, which is not in src\//,
  },
  {
    name: 'a cycle within a layer',
    files: {
      'src/load/a.ts': "import { b } from './b.js';\n",
      'src/load/b.ts': "import { c } from './c.js';\n",
      'src/load/c.ts': "import type { A } from './a.js';\n",
    },
    says: /^src\/load\/c\.ts:1: import cycle: load\/a\.ts → load\/b\.ts → load\/c\.ts → load\/a\.ts$/,
  },
  {
    name: 'a value imported by types.ts',
    files: { 'src/types.ts': "import { Dataset } from './dataset/dataset.js';\n" },
    says: /^src\/types\.ts:1: types\.ts imports types alone/,
  },
  {
    name: 'a value imported by a model',
    files: { 'src/models/mf.ts': "import { DataError } from '../errors.js';\n" },
    says: /^src\/models\/mf\.ts:1: models\/ is data alone/,
  },
  {
    name: 'a recipe past the public API',
    files: { 'src/recipes/first.ts': "import type { Data } from '../types.js';\n" },
    says: /^src\/recipes\/first\.ts:1: recipes\/ stands on the public API and imports only index\.ts, not src\/types/,
  },
  {
    name: 'a package that is not a dependency',
    files: { 'src/load/csv.ts': "import fc from 'fast-check';\n" },
    says: /^src\/load\/csv\.ts:1: fast-check is not in `dependencies`/,
  },
  {
    name: 'an optional package that loads with palate',
    files: { 'src/load/zip.ts': "import { open } from 'yauzl';\n" },
    says: /^src\/load\/zip\.ts:1: yauzl must not load with palate/,
  },
  {
    name: 'JavaScript in a kernel',
    files: { 'native/kernels/dot.cc': '#include <cstddef>\n#include <napi.h>\n' },
    says: /^native\/kernels\/dot\.cc:2: #include <napi\.h>: only binding\/ and addon\.cc know JavaScript/,
  },
  {
    name: 'a kernel that includes the binding',
    files: { 'native/kernels/dot.cc': '#include "binding/args.h"\n' },
    says: /^native\/kernels\/dot\.cc:1: .*binding\/ calls the kernels/,
  },
  {
    name: 'output of native code',
    files: { 'native/core/log.cc': '#include <cstdio>\n' },
    says: /^native\/core\/log\.cc:1: #include <cstdio>: native code does no input or output/,
  },
  {
    name: 'printing native code',
    files: { 'native/core/log.cc': 'void f() {\n  std::printf("x");\n}\n' },
    says: /^native\/core\/log\.cc:2: printf\(: native code prints nothing/,
  },
  {
    name: 'native code that ends the process',
    files: { 'native/kernels/dot.cu': 'void f() { std::abort(); }\n' },
    says: /^native\/kernels\/dot\.cu:1: abort\(: native code never ends the process/,
  },
  {
    name: 'native code that reads the environment',
    files: { 'native/core/env.h': 'auto x = getenv("X");\n' },
    says: /^native\/core\/env\.h:1: getenv\(: native code does not read the environment/,
  },
  {
    name: 'a long file',
    files: { 'bench/table.json': '1\n'.repeat(401) },
    says: /^bench\/table\.json:401: 401 lines; no file has more than 400/,
  },
  {
    name: 'a path of one machine',
    files: { 'README.md': `see\n${'/wo'}rk/main/x\n` },
    says: /^README\.md:2: a path of one machine/,
  },
  {
    name: 'a host of a registry',
    files: { 'docs/a.md': `from ${['registry', 'npmjs', 'org'].join('.')}\n` },
    says: /^docs\/a\.md:1: the host of a package registry/,
  },
  {
    name: 'addresses in the lock file',
    files: { 'package-lock.json': '{\n  "resolved": "x"\n}\n' },
    says: /^package-lock\.json:2: "resolved" ties installs to one registry/,
  },
  {
    name: 'a lock file without the packages of other platforms',
    files: {
      'package-lock.json': JSON.stringify({
        packages: {
          'node_modules/a': { optionalDependencies: { 'a-here': '1', 'a-there': '1' } },
          'node_modules/a-here': {},
        },
      }),
    },
    says: /^package-lock\.json:1: has no entry for a-there, so `npm ci` refuses it/,
  },
];

for (const { name, files, says } of violations) {
  test(`${name} is found`, () => {
    const { problems } = check(files);
    assert.is(problems.length, 1, problems.join('\n'));
    assert.match(problems[0], says);
  });
}

test('what looks alike is left alone', () => {
  assert.equal(
    check({
      'src/load/csv.ts': "// import { Dataset } from '../dataset/dataset.js';\nexport interface A {\n  b: 'ok';\n}\n",
      'src/load/zip.ts': "import type { Entry } from 'yauzl';\nconst zip = await import('yauzl');\n",
      'docs/a.md': 'src/worker, ../shared/data, a network/work-load, https://example.org/docs/work\n',
      'build-x/native/a.ts': `${'/wo'}rk\n`,
      'bench/full.json': '1\n'.repeat(400),
    }).problems,
    [],
  );
});

test('the statistics count src and native', () => {
  assert.is(check().statistics, '9 files in src and native: median 2 lines, p90 2, longest 2');
});

test.run();
