import * as assert from 'uvu/assert';

export interface Tolerance {
  relative: number;
  absolute: number;
}

/** Largest error in units of its tolerance, with its place. */
export function worstError(actual: ArrayLike<number>, expected: ArrayLike<number>, { relative, absolute }: Tolerance) {
  let worst = { at: -1, ratio: 0 };
  for (let at = 0; at < expected.length; at++) {
    const error = Math.abs(actual[at] - expected[at]);
    const ratio = Number.isNaN(error)
      ? Number.POSITIVE_INFINITY
      : error / (absolute + relative * Math.abs(expected[at]));
    if (ratio > worst.ratio) worst = { at, ratio };
  }
  return worst;
}

/** Every |actual - expected| <= absolute + relative |expected|; NaN is never close. */
export function assertClose(
  actual: ArrayLike<number> | number,
  expected: ArrayLike<number> | number,
  tolerance: Tolerance,
  what: string,
): void {
  const a = typeof actual === 'number' ? [actual] : actual;
  const e = typeof expected === 'number' ? [expected] : expected;
  assert.is(a.length, e.length, `${what}: length`);
  const { at, ratio } = worstError(a, e, tolerance);
  const shown = `${what}[${at}]: ${a[at]} is not ${e[at]}, ${ratio.toPrecision(3)} tolerances off`;
  if (process.env.SHOW_ERRORS) console.log(what, ratio.toPrecision(3));
  assert.ok(ratio <= 1, shown);
}
