import { setImmediate } from 'node:timers/promises';
import { Random } from '../dataset/random.js';
import { searchTopK } from '../recommend/select-top-k.js';
import { loadUmap } from './packages.js';
import { principalPlane } from './principal-plane.js';

/** Nearest items that a map keeps together; UMAP's own default. */
const NEIGHBORS = 15;
/** Loose enough to tell single points from each other, and to fill the plane. */
const LAYOUT = { minDist: 0.4, spread: 1.5, nEpochs: 200 } as const;
/** Standard deviation of the first layout; UMAP's own stands in a square of 20. */
const FIRST_SPREAD = 5;
/** Longest that the event loop waits for a step of the layout, in milliseconds. */
const SLICE_MS = 30;

/** Fewest points that a map is made of. */
export const LEAST_POINTS = 5;

/**
 * Places rows in the plane so that those with a high cosine stay neighbours: UMAP (McInnes, Healy and Melville, 2018) on
 * their exact nearest neighbours. Distances between groups, and axes, mean little. Equal seeds give equal maps.
 *
 * @param vectors (rows, dim), none of them zero, `LEAST_POINTS` or more
 * @returns (rows, 2)
 * @throws MissingPackageError without umap-js; the signal's reason when aborted
 */
export async function projectItems(
  vectors: Float32Array,
  dim: number,
  { seed, signal }: { seed: number; signal?: AbortSignal | undefined },
): Promise<Float64Array> {
  const { UMAP } = await loadUmap();
  const numItems = vectors.length / dim;
  const k = Math.min(NEIGHBORS, numItems - 1);
  const nearest = await searchTopK(
    { queries: vectors, items: vectors, numQueries: numItems, numItems, dim, k, metric: 'cosine' },
    signal,
  );
  const rows = <T>(value: (at: number) => T): T[][] =>
    Array.from({ length: numItems }, (_, row) => Array.from({ length: k }, (_, n) => value(row * k + n)));
  const random = new Random(seed);
  const umap = new UMAP({ ...LAYOUT, nNeighbors: k, random: () => random.float() });
  umap.setPrecomputedKNN(
    rows((at) => nearest.indices[at] as number),
    rows((at) => Math.max(0, 1 - (nearest.scores[at] as number))),
  );
  // With neighbours given, only the number of rows is asked of the points.
  const epochs = umap.initializeFit(Array.from({ length: numItems }, () => []));
  const plane = principalPlane(vectors, dim, seed);
  for (const [row, place] of umap.getEmbedding().entries()) {
    place[0] = FIRST_SPREAD * (plane[2 * row] as number);
    place[1] = FIRST_SPREAD * (plane[2 * row + 1] as number);
  }
  let sliceEnd = performance.now() + SLICE_MS;
  for (let epoch = 0; epoch < epochs; epoch++) {
    umap.step();
    if (performance.now() < sliceEnd) continue;
    await setImmediate();
    signal?.throwIfAborted();
    sliceEnd = performance.now() + SLICE_MS;
  }
  return Float64Array.from(umap.getEmbedding().flat());
}
