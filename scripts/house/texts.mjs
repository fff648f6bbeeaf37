// Texts that never belong in a commit: places of one machine, and hosts of package registries.

/** Built from parts, so that this file does not trip over itself. */
const PLACES = [
  ['/wo', 'rk(?![\\w-])'],
  ['/ro', 'ot/'],
  ['/ho', 'me/\\w'],
  ['/Us', 'ers/\\w'],
].map((parts) => new RegExp(`(?<![\\w.~)-])${parts.join('')}`));

const REGISTRIES = [
  ['registry', '[\\w-]+', '(?:org|com|io|net)'],
  ['npm', 'mirror', 'com'],
  ['deb', 'debian', 'org'],
  ['files', 'pythonhosted', 'org'],
  ['proxy', 'golang', 'org'],
].map((parts) => new RegExp(`\\b${parts.join('\\.')}\\b`));

/** @param {import('./tree.mjs').File[]} tree @returns {string[]} */
export function textProblems(tree) {
  // The registry in use here may be a mirror; `npm run` tells its address.
  const host =
    URL.canParse(process.env.npm_config_registry ?? '') && new URL(process.env.npm_config_registry ?? '').host;
  const hosts = host ? [...REGISTRIES, new RegExp(host.replaceAll('.', '\\.'))] : REGISTRIES;
  return tree.flatMap(({ name, lines }) =>
    lines.flatMap((line, index) => [
      ...(PLACES.some((place) => place.test(line)) ? [`${name}:${index + 1}: a path of one machine`] : []),
      ...(hosts.some((pattern) => pattern.test(line)) ? [`${name}:${index + 1}: the host of a package registry`] : []),
    ]),
  );
}

/** @param {import('./tree.mjs').File[]} tree @returns {string[]} */
export function lockfileProblems(tree) {
  const lock = tree.find(({ name }) => name === 'package-lock.json');
  if (lock === undefined) return ['package-lock.json:1: missing; `npm ci` needs it'];
  const line = lock.lines.findIndex((text) => /"resolved"\s*:/.test(text)) + 1;
  if (line === 0) return [];
  return [`package-lock.json:${line}: "resolved" ties installs to one registry; npm leaves it out with our .npmrc`];
}
