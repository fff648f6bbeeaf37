import type { Dataset } from '../dataset/dataset.js';
import type { ItemKnnOptions } from '../models/item-knn.js';
import { fitItemWeights, likesToFit, trainedWeights, withValues } from './fit-item-weights.js';
import type { RunOptions } from './resolve-options.js';
import type { Trained } from './trained.js';
import { weighLikes } from './weigh-likes.js';

/** Similarities of items as weights; see native/kernels/fit_neighbors.h. */
export async function trainItemKnn(data: Dataset, options: ItemKnnOptions, run: RunOptions): Promise<Trained> {
  const likes = likesToFit(data, options);
  const weighted = withValues(likes, weighLikes(likes, likes.values, options.weighting));
  const squares = new Float64Array(data.numItems);
  for (const [n, item] of weighted.items.entries()) {
    squares[item] = (squares[item] as number) + (weighted.values[n] as number) ** 2;
  }
  const tanimoto = options.similarity === 'jaccard';
  const asymmetry = options.asymmetry ?? 0.5; // of 'jaccard' nothing looks at it
  const norms = (exponent: number): Float32Array =>
    Float32Array.from(squares, (square) => (tanimoto || square === 0 ? square : square ** exponent));
  const weights = await fitItemWeights(
    weighted,
    options,
    {
      method: 'neighbors',
      sourceNorms: norms(asymmetry),
      targetNorms: norms(1 - asymmetry),
      shrink: options.shrink,
      tanimoto,
    },
    run,
  );
  if (options.normalize) normalizeRows(weights);
  return trainedWeights(data, options, weights);
}

/** Scales the weights of each item of a history to a sum of 1. */
function normalizeRows({ offsets, weights }: { offsets: Uint32Array; weights: Float32Array }): void {
  for (let item = 0; item + 1 < offsets.length; item++) {
    const row = weights.subarray(offsets[item], offsets[item + 1]);
    const sum = row.reduce((total, weight) => total + weight, 0);
    for (let n = 0; n < row.length; n++) row[n] = (row[n] as number) / sum;
  }
}
