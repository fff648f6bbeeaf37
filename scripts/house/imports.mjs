// Import rules of src/.
import path from 'node:path';
import { lineAt, withoutComments } from './tree.mjs';

/** @typedef {{ from: string, to: string, typeOnly: boolean, dynamic: boolean, at: string }} Import */
/**
 * @typedef {object} Rules
 * @property {string[][]} layers
 * @property {Record<string, string[]>} onPublicApi
 * @property {string[]} eager
 * @property {{ dependencies?: Record<string, string>, optionalDependencies?: Record<string, string> }} manifest
 */

/** Files of types for all layers. */
const TYPES = ['src/types.ts', 'src/train-options.ts'];
const isTypes = (/** @type {string} */ name) => TYPES.includes(name);

/** @param {import('./tree.mjs').File[]} tree @param {Rules} rules @returns {string[]} */
export function importProblems(tree, rules) {
  const sources = tree.filter(({ name }) => /^src\/.*\.ts$/.test(name));
  const names = new Set(sources.map(({ name }) => name));
  const imports = sources.flatMap(readImports);
  /** @type {Import[]} */
  const internal = [];
  /** @type {string[]} */
  const problems = sources
    .filter(({ name }) => !isTypes(name) && !name.endsWith('.d.ts') && layerOf(name, rules) === undefined)
    .map(({ name }) => `${name}:1: no layer holds this file; give it a place in LAYERS of scripts/check-house.mjs`);

  for (const found of imports) {
    if (!found.to.startsWith('.')) {
      problems.push(...packageProblems(found, rules));
      continue;
    }
    const to = path.posix.join(path.posix.dirname(found.from), found.to).replace(/\.js$/, '.ts');
    if (!to.startsWith('src/')) problems.push(`${found.at}: src/ imports ${found.to}, which is not in src/`);
    else if (names.has(to)) internal.push({ ...found, to }); // tsc reports what does not exist
  }
  for (const found of internal) problems.push(...directionProblems(found, rules));
  return [...problems, ...cycleProblems(internal)];
}

/** @param {import('./tree.mjs').File} file @returns {Import[]} */
function readImports({ name, text }) {
  const code = withoutComments(text);
  const statement =
    /^[ \t]*(?:import\s+(?:(type\s+)?[\w$*{},\s]+?\s*from\s*)?|export\s+(type\s+)?(?:\*[\w$\s]*|\{[^}]*\})\s*from\s*)(['"])([^'"\n]+)\3/gm;
  const call = /\bimport\s*\(\s*(['"])([^'"\n]+)\1/g;
  const make = (/** @type {number} */ index, /** @type {string} */ to, typeOnly = false, dynamic = false) => ({
    from: name,
    to,
    typeOnly,
    dynamic,
    at: `${name}:${lineAt(code, index)}`,
  });
  return [
    ...[...code.matchAll(statement)].map((m) => make(m.index + m[0].length, m[4], Boolean(m[1] ?? m[2]))),
    ...[...code.matchAll(call)].map((m) => make(m.index, m[2], false, true)),
  ];
}

/** @param {string} entry 'folder/' or 'file.ts' of src @param {string} name */
const isIn = (entry, name) => (entry.endsWith('/') ? name.startsWith(`src/${entry}`) : name === `src/${entry}`);

/** @param {string} name @param {Rules} rules */
function layerOf(name, { layers }) {
  const rank = layers.findIndex((layer) => layer.some((entry) => isIn(entry, name)));
  return rank === -1 ? undefined : { rank, name: layers[rank].join(', ') };
}

/** @param {Import} found @param {Rules} rules @returns {string[]} */
function directionProblems({ from, to, typeOnly, at }, rules) {
  if (isTypes(from))
    return typeOnly ? [] : [`${at}: ${path.basename(from)} imports types alone; write \`import type\``];
  const [left, right] = [layerOf(from, rules), layerOf(to, rules)];
  const allowed = left && rules.onPublicApi[left.name];
  if (left && allowed && ![left.name, ...allowed].some((entry) => isIn(entry, to))) {
    return [`${at}: ${left.name} stands on the public API and imports only ${allowed.join(', ')}, not ${to}`];
  }
  if (from.startsWith('src/models/') && !to.startsWith('src/models/') && !typeOnly) {
    return [`${at}: models/ is data alone; write \`import type\`, or move the code that needs ${to}`];
  }
  if (isTypes(to) || !left || !right || right.rank <= left.rank) return [];
  return [`${at}: ${left.name} may not import ${to}: ${right.name} comes later in the flow`];
}

/** @param {Import} found @param {Rules} rules @returns {string[]} */
function packageProblems({ from, to, typeOnly, dynamic, at }, { eager, manifest }) {
  const name = to
    .split('/')
    .slice(0, to.startsWith('@') ? 2 : 1)
    .join('/');
  if (typeOnly || to.startsWith('node:')) return [];
  const optional = name in (manifest.optionalDependencies ?? {});
  if (!optional && !(name in (manifest.dependencies ?? {}))) {
    return [`${at}: ${name} is not in \`dependencies\`, so a user's install would not have it`];
  }
  if (dynamic || eager.includes(name) || (from.startsWith('src/cli/') && !optional)) return [];
  return [`${at}: ${name} must not load with palate; use \`await import('${to}')\` where it is needed`];
}

/** One message for each group of files that import each other. @param {Import[]} imports @returns {string[]} */
function cycleProblems(imports) {
  /** @type {Map<string, Import[]>} */
  const edges = new Map();
  // Files of types are left out: their imports are types from everywhere, so they would be part of every cycle.
  for (const found of imports.filter(({ from }) => !isTypes(from))) {
    edges.set(found.from, [...(edges.get(found.from) ?? []), found]);
  }
  /** @type {string[]} */
  const problems = [];
  /** @type {Map<string, 'open' | 'done'>} */
  const state = new Map();
  /** @type {string[]} */
  const trail = [];
  const visit = (/** @type {string} */ file) => {
    state.set(file, 'open');
    trail.push(file);
    for (const { to, at } of edges.get(file) ?? []) {
      if (state.get(to) === 'open') {
        const cycle = [...trail.slice(trail.indexOf(to)), to].map((name) => name.replace(/^src\//, ''));
        problems.push(`${at}: import cycle: ${cycle.join(' → ')}`);
      } else if (state.get(to) === undefined) visit(to);
    }
    trail.pop();
    state.set(file, 'done');
  };
  for (const file of edges.keys()) if (state.get(file) === undefined) visit(file);
  return problems;
}
