import { Dataset } from '../dataset/dataset.js';
import { Interactions } from '../dataset/interactions.js';
import type { Random } from '../dataset/random.js';
import { selectLabelled } from '../dataset/select-labelled.js';
import { expectNumber, rangeError, typeError } from '../options.js';

/** Share of each named part, e.g. { train: .9, valid: .1 }: each above 0, sum 1. */
export type Fractions = Readonly<Record<string, number>>;

/** A dataset for each of the named parts. */
export type Parts<F extends Fractions> = { [K in keyof F]: Dataset };

/** Names and shares of `fractions`, checked; they may miss a sum of 1 by 1e-9. */
export function expectFractions(fractions: unknown): { names: string[]; shares: number[] } {
  const expected = 'an object of numbers that sum to 1, as in { train: 0.9, valid: 0.1 }';
  if (typeof fractions !== 'object' || fractions === null || Array.isArray(fractions)) {
    throw typeError('fractions', expected, fractions);
  }
  const names = Object.keys(fractions);
  if (names.length === 0 || names.length > 255) throw rangeError('fractions', '1 to 255 named parts', fractions);
  const shares = Object.entries(fractions).map(([name, share]) =>
    expectNumber(`fractions.${name}`, share, { min: 0, max: 1, exclusiveMin: true }),
  );
  const sum = shares.reduce((total, share) => total + share, 0);
  if (Math.abs(sum - 1) > 1e-9) throw rangeError('fractions', 'numbers that sum to 1', sum);
  return { names, shares: shares.map((share) => share / sum) };
}

/**
 * Integers that sum to `total`, as near to the shares as can be: largest remainder, ties to the earlier part. In whole
 * millionths of a row, so that rounding in a share like .1 does not decide a tie.
 */
export function partSizes(total: number, shares: readonly number[]): number[] {
  const millionths = shares.map((share) => Math.round(share * total * 1e6));
  const sizes = millionths.map((amount) => Math.floor(amount / 1e6));
  const remainders = millionths.map((amount) => amount % 1e6);
  const left = total - sizes.reduce((sum, size) => sum + size, 0);
  const order = Array.from(shares.keys()).sort(
    (a, b) => (remainders[b] as number) - (remainders[a] as number) || a - b,
  );
  for (const part of order.slice(0, left)) sizes[part] = (sizes[part] as number) + 1;
  return sizes;
}

/**
 * Deals parts to labels[begin … end - 1], sizes[p] times part p: every arrangement is equally likely. One pass in order,
 * without a permutation in memory.
 */
export function drawParts(
  labels: Uint8Array | Uint16Array,
  begin: number,
  end: number,
  sizes: readonly number[],
  random: Random,
): void {
  const left = Float64Array.from(sizes);
  for (let i = begin; i < end; i++) {
    let draw = random.below(end - i);
    let part = 0;
    while (draw >= (left[part] as number)) draw -= left[part++] as number;
    left[part] = (left[part] as number) - 1;
    labels[i] = part;
  }
}

/** The interactions of one part, or with `equal` false those of all others; same vocabularies and metadata. */
export function partOf(data: Dataset, labels: Uint8Array | Uint16Array, part: number, equal = true): Dataset {
  return new Dataset({
    ...data,
    interactions: new Interactions(selectLabelled(data.interactions, labels, part, equal)),
  });
}

/** The dataset of each part, by name. */
export function collectParts<F extends Fractions>(
  data: Dataset,
  labels: Uint8Array,
  names: readonly string[],
): Parts<F> {
  return Object.fromEntries(names.map((name, part) => [name, partOf(data, labels, part)])) as Parts<F>;
}
