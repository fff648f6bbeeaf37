/**
 * Checks of public options. One message shape everywhere:
 * "Expected `dim` to be an integer >= 1, received "64" (string)".
 * Wrong type: TypeError. Right type, wrong value: RangeError. Both carry `code` ERR_PALATE_OPTION.
 */

const show = (value: unknown): string => {
  if (value === undefined) return 'undefined';
  if (value === null) return 'null';
  if (typeof value === 'string') return `${JSON.stringify(value)} (string)`;
  if (typeof value === 'number') return `${value}`;
  if (typeof value === 'bigint') return `${value}n`;
  if (typeof value === 'boolean') return `${value}`;
  if (Array.isArray(value)) return `an array of ${value.length}`;
  if (typeof value === 'function') return 'a function';
  return `an object (${(value as object).constructor?.name ?? 'null prototype'})`;
};

const withCode = <E extends Error>(error: E): E => Object.assign(error, { code: 'ERR_PALATE_OPTION' });

/** TypeError in the common shape. */
export function typeError(name: string, expected: string, received: unknown): TypeError {
  return withCode(new TypeError(`Expected \`${name}\` to be ${expected}, received ${show(received)}`));
}

/** RangeError in the common shape. */
export function rangeError(name: string, expected: string, received: unknown): RangeError {
  return withCode(new RangeError(`Expected \`${name}\` to be ${expected}, received ${show(received)}`));
}

export interface Bounds {
  min?: number;
  max?: number;
  /** The minimum itself is not allowed. */
  exclusiveMin?: boolean;
}

const describe = (noun: string, { min, max, exclusiveMin }: Bounds): string => {
  const low = min === undefined ? '' : ` ${exclusiveMin ? '>' : '>='} ${min}`;
  const high = max === undefined ? '' : `${min === undefined ? '' : ' and'} <= ${max}`;
  return `${noun}${low}${high}`;
};

const outside = (value: number, { min, max, exclusiveMin }: Bounds): boolean =>
  (min !== undefined && (exclusiveMin ? value <= min : value < min)) || (max !== undefined && value > max);

/** A safe integer within bounds. */
export function expectInt(name: string, value: unknown, bounds: Bounds = {}): number {
  const expected = describe('an integer', bounds);
  if (typeof value !== 'number') throw typeError(name, expected, value);
  if (!Number.isSafeInteger(value) || outside(value, bounds)) throw rangeError(name, expected, value);
  return value;
}

/** A finite number within bounds. */
export function expectNumber(name: string, value: unknown, bounds: Bounds = {}): number {
  const expected = describe('a number', bounds);
  if (typeof value !== 'number') throw typeError(name, expected, value);
  if (!Number.isFinite(value) || outside(value, bounds)) throw rangeError(name, expected, value);
  return value;
}

/** A number within bounds, an integer where `isInt`, or one of some words that stand for a number: 'full'. */
export function expectNumberOrWord(
  name: string,
  value: unknown,
  { isInt, words, ...bounds }: Bounds & { isInt: boolean; words: readonly string[] },
): number | string {
  if (typeof value === 'string' && words.includes(value)) return value;
  const expected = `${describe(isInt ? 'an integer' : 'a number', bounds)} or ${listed(words)}`;
  if (typeof value !== 'number') throw withHint(typeError(name, expected, value), value, words);
  const fits = isInt ? Number.isSafeInteger(value) : Number.isFinite(value);
  if (!fits || outside(value, bounds)) throw rangeError(name, expected, value);
  return value;
}

export function expectBoolean(name: string, value: unknown): boolean {
  if (typeof value !== 'boolean') throw typeError(name, 'true or false', value);
  return value;
}

export function expectString(name: string, value: unknown): string {
  if (typeof value !== 'string') throw typeError(name, 'a string', value);
  return value;
}

export function expectFunction<F>(name: string, value: F): F {
  if (typeof value !== 'function') throw typeError(name, 'a function', value);
  return value;
}

/** An AbortSignal, or nothing. */
export function expectSignal(value: unknown): AbortSignal | undefined {
  if (value !== undefined && !(value instanceof AbortSignal)) throw typeError('signal', 'an AbortSignal', value);
  return value;
}

const listed = (words: readonly string[]): string => words.map((word) => `'${word}'`).join(', ');

/** Adds the word that was meant, if `value` is nearly one of them. */
function withHint<E extends Error>(error: E, value: unknown, words: readonly string[]): E {
  const near = typeof value === 'string' ? nearest(value, words) : undefined;
  if (near !== undefined) error.message += `; did you mean '${near}'?`;
  return error;
}

/** One of a list of words; a near miss is named. */
export function expectOneOf<T extends string>(name: string, value: unknown, words: readonly T[]): T {
  const expected = `one of ${listed(words)}`;
  if (typeof value !== 'string') throw typeError(name, expected, value);
  if (!(words as readonly string[]).includes(value)) throw withHint(rangeError(name, expected, value), value, words);
  return value as T;
}

/** Rejects keys that are not in `known`, naming the nearest one. `what` says whose options they are. */
export function expectKnownKeys(what: string, options: unknown, known: readonly string[]): void {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    throw typeError(what, 'an options object', options);
  }
  for (const key of Object.keys(options)) {
    if (known.includes(key)) continue;
    const near = nearest(key, known);
    const hint = near === undefined ? `known: ${known.join(', ')}` : `did you mean \`${near}\`?`;
    throw withCode(new TypeError(`Unknown option \`${key}\` in ${what}; ${hint}`));
  }
}

/** The word of `words` with the smallest edit distance to `word`, if it is near enough to be a misspelling. */
export function nearest<T extends string>(word: string, words: readonly T[]): T | undefined {
  let best: T | undefined;
  let bestDistance = Math.max(2, Math.floor(word.length / 3)) + 1;
  for (const candidate of words) {
    const distance = editDistance(word.toLowerCase(), candidate.toLowerCase());
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

/** Levenshtein distance, two rows. */
export function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const current = [i];
    for (let j = 1; j <= b.length; j++) {
      const substitution = (previous[j - 1] as number) + (a[i - 1] === b[j - 1] ? 0 : 1);
      current.push(Math.min(substitution, (previous[j] as number) + 1, (current[j - 1] as number) + 1));
    }
    previous = current;
  }
  return previous[b.length] as number;
}
