/** The tick format of losses up to `most`. */
export const lossFormat = (most: number): string => (most < 1e4 ? '~r' : most < 1e6 ? '~s' : '.0e');

/** Ticks of a logarithmic axis: powers of ten, with 2 and 5 times them where there are fewer than three. */
export function logTicks(least: number, most: number): number[] {
  const decades: number[] = [];
  for (let n = Math.floor(Math.log10(least)); 10 ** n <= most; n++) decades.push(n);
  const within = (factors: readonly number[]): number[] =>
    decades
      .flatMap((n) => factors.map((factor) => Number((factor * 10 ** n).toPrecision(3))))
      .filter((tick) => tick >= least && tick <= most);
  const powers = within([1]);
  return powers.length >= 3 ? powers : within([1, 2, 5]);
}
