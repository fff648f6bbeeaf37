// Rules of native/: JavaScript is known to binding/ and addon.cc alone, and the code behind them computes in silence.
import { lineAt, withoutComments } from './tree.mjs';

const FORBIDDEN = [
  { pattern: /#\s*include\s*<(?:napi|node_api|js_native_api)\.h>/g, why: 'only binding/ and addon.cc know JavaScript' },
  { pattern: /#\s*include\s*"(?:\.\.\/)*binding\//g, why: 'binding/ calls the kernels, never the other way round' },
  {
    pattern: /#\s*include\s*<(?:cstdio|stdio\.h|iostream|fstream|print)>/g,
    why: 'native code does no input or output',
  },
  {
    // Not members (pool.abort()), nor longer names (snprintf, on_exit).
    pattern: /(?<![\w.]|->)(?:v?f?printf|f?puts|putchar|perror)\s*\(|\bstd::c(?:out|err|log)\b/g,
    why: 'native code prints nothing; return a Status, and TypeScript words it',
  },
  {
    pattern: /(?<![\w.]|->)(?:exit|_exit|_Exit|quick_exit|abort|terminate)\s*\(/g,
    why: 'native code never ends the process; return a Status',
  },
  {
    pattern: /(?<![\w.]|->)(?:getenv|secure_getenv)\s*\(/g,
    why: 'native code does not read the environment; TypeScript passes options',
  },
];

/** @param {import('./tree.mjs').File[]} tree @returns {string[]} */
export function nativeProblems(tree) {
  return tree
    .filter(({ name }) => /^native\/.*\.(h|cc|cu|cuh)$/.test(name))
    .filter(({ name }) => name !== 'native/addon.cc' && !name.startsWith('native/binding/'))
    .flatMap(({ name, text }) => {
      const code = withoutComments(text);
      return FORBIDDEN.flatMap(({ pattern, why }) =>
        [...code.matchAll(pattern)].map((m) => `${name}:${lineAt(code, m.index)}: ${m[0].trim()}: ${why}`),
      );
    });
}
