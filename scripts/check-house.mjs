// The rules of the house that neither tsc nor biome know: who may import whom, what native code may touch, how long
// a file may get, and which texts never belong in a commit. Prints "file:line: message" for each violation.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { importProblems } from './house/imports.mjs';
import { nativeProblems } from './house/native.mjs';
import { lockfileProblems, textProblems } from './house/texts.mjs';
import { readTree } from './house/tree.mjs';

/**
 * src/ from left to right, as the data flows. An import, type-only ones too, points to its own layer or to one above
 * it in this table; there are no cycles between files even within a layer. Two places differ from the drawing in the
 * design: `model` stands behind `recommend`, whose functions its methods call, and beside `train`, which makes models and
 * updates them.
 * src/types.ts and src/train-options.ts are outside of the order: every file may import them, and they may import types
 * from everywhere.
 */
const LAYERS = [
  ['errors.ts', 'options.ts'],
  ['native/'],
  ['load/'],
  ['dataset/'],
  ['split/'],
  ['models/'],
  ['recommend/'],
  ['model-file.ts', 'model-file/'],
  ['model.ts', 'train/'],
  ['evaluate/'],
  ['tune/'],
  ['report/'],
  ['serve/'],
  ['index.ts'],
  ['recipes/'],
  ['cli/'],
];

/**
 * Layers that see palate as its users do, with all that they may import besides themselves. The cli is none of them: it
 * checks options and writes files by the same code as the library.
 */
const ON_PUBLIC_API = {
  'recipes/': ['index.ts'],
};

/** Packages that `import 'palate'` may load at once; all others wait for their first use, except in cli/. */
const EAGER_PACKAGES = ['apache-arrow', 'node-gyp-build'];

const MAX_LINES = 400;
const COUNTED = /^(src|native|test|bench|scripts)\//;

/** @param {string} root */
export function checkHouse(root) {
  const tree = readTree(root);
  const manifest = JSON.parse(readFileSync(`${root}/package.json`, 'utf8'));
  const problems = [
    ...importProblems(tree, { layers: LAYERS, onPublicApi: ON_PUBLIC_API, eager: EAGER_PACKAGES, manifest }),
    ...nativeProblems(tree),
    ...textProblems(tree),
    ...lockfileProblems(tree),
  ];
  for (const file of tree.filter(({ name }) => COUNTED.test(name))) {
    if (file.lines.length > MAX_LINES) {
      problems.push(`${file.name}:${MAX_LINES + 1}: ${file.lines.length} lines; no file has more than ${MAX_LINES}`);
    }
  }
  return { problems, statistics: statistics(tree.filter(({ name }) => /^(src|native)\//.test(name))) };
}

/** @param {import('./house/tree.mjs').File[]} files */
function statistics(files) {
  const sizes = files.map(({ lines }) => lines.length).sort((a, b) => a - b);
  const at = (/** @type {number} */ share) => sizes[Math.ceil(share * sizes.length) - 1] ?? 0;
  return `${sizes.length} files in src and native: median ${at(0.5)} lines, p90 ${at(0.9)}, longest ${at(1)}`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { problems, statistics } = checkHouse(fileURLToPath(new URL('..', import.meta.url)));
  console.log(statistics);
  for (const problem of problems) console.error(problem);
  process.exitCode = problems.length > 0 ? 1 : 0;
}
