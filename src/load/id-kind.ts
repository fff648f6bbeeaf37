/** How the ids of a column are kept: the first of these that holds them all. */
export type IdKind = 'int32' | 'int64' | 'utf8';

const CANONICAL = /^(0|-?[1-9]\d{0,18})$/;
/** The smallest value of each width is left out: it marks "not an integer" while a column is read. */
const MIN_INT64 = -(2n ** 63n);
const MAX_INT64 = 2n ** 63n - 1n;

/**
 * The kind that one id (spaces and tabs around it removed) needs. Only integers written the one usual way are integers:
 * `007`, `+7`, `7.0` are text, so that two different ids never become one.
 */
export function idKindOf(text: string): IdKind {
  if (!CANONICAL.test(text)) return 'utf8';
  if (text.length <= 9) return 'int32';
  const value = BigInt(text);
  if (value > -(2n ** 31n) && value < 2n ** 31n) return 'int32';
  return value > MIN_INT64 && value <= MAX_INT64 ? 'int64' : 'utf8';
}

/** The kind that holds both. */
export function widerIdKind(a: IdKind, b: IdKind): IdKind {
  if (a === 'utf8' || b === 'utf8') return 'utf8';
  return a === 'int64' || b === 'int64' ? 'int64' : 'int32';
}

/** An id without the spaces and tabs around it. */
export function trimId(text: string): string {
  return text.replace(/^[ \t]+|[ \t]+$/g, '');
}
