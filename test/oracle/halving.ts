/** What becomes of a trial: its last epoch, and whether a rung was the end of it. */
export interface Fate {
  epochs: number;
  stopped: boolean;
}

/**
 * Asynchronous successive halving, stopping form, as a reader of the paper would play it by hand: one trial after the
 * other; at each rung all losses seen there are sorted, and who is not in the first n / factor of n leaves.
 * @param curves loss of each trial after each epoch, as many as its options ask for.
 */
export function playHalving(curves: readonly number[][], minEpochs: number, factor: number): Fate[] {
  const seen = new Map<number, { trial: number; loss: number }[]>();
  return curves.map((curve, trial) => {
    for (let epoch = minEpochs; epoch < curve.length; epoch *= factor) {
      const here = [...(seen.get(epoch) ?? []), { trial, loss: curve[epoch - 1] }];
      seen.set(epoch, here);
      const sorted = [...here].sort((a, b) => a.loss - b.loss || a.trial - b.trial);
      const places = Math.max(1, Math.floor(here.length / factor));
      if (!sorted.slice(0, places).some((entry) => entry.trial === trial)) return { epochs: epoch, stopped: true };
    }
    return { epochs: curve.length, stopped: false };
  });
}
