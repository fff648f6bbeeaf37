// Texts that never belong in a commit: places of one machine, hosts of package registries, a lock that does not hold.

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
  return [
    ...(line === 0 ? [] : [`package-lock.json:${line}: "resolved" ties installs to one registry; see .npmrc`]),
    ...absentPackages(lock.text).map(
      (name) => `package-lock.json:1: has no entry for ${name}, so \`npm ci\` refuses it`,
    ),
  ];
}

/** npm writes a lock without the optional packages that a registry lacked, and then calls it out of step. @param {string} lock */
function absentPackages(lock) {
  /** @type {Record<string, { optionalDependencies?: Record<string, string> }>} */
  const packages = JSON.parse(lock).packages ?? {};
  const present = new Set(Object.keys(packages).map((folder) => folder.replace(/^.*node_modules\//, '')));
  const named = Object.values(packages).flatMap((entry) => Object.keys(entry.optionalDependencies ?? {}));
  return named.filter((name) => !present.has(name));
}
