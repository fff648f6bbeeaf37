/** A decimal number, also with a sign or an exponent; not hexadecimal, not `NaN`, not `inf`. */
const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;

/** The number that a field says, NaN when it says none. Spaces around it are no part of it. */
export function parseNumber(text: string): number {
  const trimmed = text.trim();
  return NUMBER.test(trimmed) ? Number(trimmed) : Number.NaN;
}
