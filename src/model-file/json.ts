import { Fault } from './fault.js';

/** Numbers that JSON would change: they stand in a file as {"$number": "-0"}. */
const SPECIAL: ReadonlyMap<string, number> = new Map([
  ['-0', -0],
  ['NaN', Number.NaN],
  ['Infinity', Number.POSITIVE_INFINITY],
  ['-Infinity', Number.NEGATIVE_INFINITY],
]);
const KEY = '$number';

/** Options have a handful of levels; deeper ones would overflow the stack somewhere. */
const MAX_DEPTH = 64;

/** JSON with sorted keys, so that equal values give equal bytes; every number survives bit by bit. */
export function encodeJson(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(plain(value, 'header', 0)));
}

/** What `encodeJson` was given. Keys that are undefined are gone. */
export function decodeJson(bytes: Buffer): unknown {
  return JSON.parse(bytes.toString('utf8'), (_, value: unknown) => {
    if (typeof value !== 'object' || value === null || !(KEY in value)) return value;
    const special = SPECIAL.get(String(value[KEY]));
    if (special === undefined) throw new Fault(`the header holds the unknown number ${String(value[KEY])}`);
    return special;
  });
}

function plain(value: unknown, name: string, depth: number): unknown {
  if (depth > MAX_DEPTH) throw new Fault(`\`${name}\` is nested deeper than ${MAX_DEPTH} levels`);
  if (typeof value === 'number') {
    const word = Object.is(value, -0) ? '-0' : String(value);
    return SPECIAL.has(word) ? { [KEY]: word } : value;
  }
  if (typeof value === 'string' || typeof value === 'boolean' || value === null) return value;
  if (Array.isArray(value)) return value.map((element, i) => plain(element, `${name}[${i}]`, depth + 1));
  if (typeof value === 'object' && [Object.prototype, null].includes(Object.getPrototypeOf(value))) {
    const entries = Object.entries(value).filter(([, inner]) => inner !== undefined);
    entries.sort(([a], [b]) => (a < b ? -1 : 1));
    // fromEntries defines `__proto__` as a key like any other.
    return Object.fromEntries(entries.map(([key, inner]) => [key, plain(inner, `${name}.${key}`, depth + 1)]));
  }
  throw new Fault(`\`${name}\` is of a kind that a model file does not hold: ${typeof value}`);
}
