import type { DriverName } from './drivers/index.js';
import type { Parameters, Trial } from './types.js';

/** Ratings of which those of at least 4 are likes: ml-latest-small where PALATE_DATA names it, else that shape. */
const latestSmall = { rows: 100_836, users: 610, items: 9742, movielens: true, trainShare: 0.9 };
const tiny = { rows: 20_000, users: 200, items: 1000, movielens: false, trainShare: 0.9 };
/** As many users as items fill one matrix, whichever way round it is solved. */
const square = { rows: 1_000_000, users: 8000, items: 6000, movielens: false, trainShare: 0.9 };

const ours: readonly DriverName[] = ['palate', 'palate-1-thread', 'palate-avx2', 'palate-base'];

const fit = (
  name: string,
  drivers: readonly DriverName[],
  parameters: Record<'small' | 'full', Parameters>,
  caption: string,
): Trial => ({
  name,
  task: 'item-weights',
  input: 'columns',
  drivers,
  once: ['palate-1-thread', 'palate-avx2', 'palate-base'],
  parameters,
  caption,
  quality: 'weightSum',
});

/** Fitting item-item weights from the likes to the weights that are kept. */
export const itemWeightTrials: readonly Trial[] = [
  fit(
    'item-knn',
    [...ours, 'scipy'],
    {
      small: { ...tiny, model: 'itemKnn', neighbors: 100, repetitions: 5 },
      full: { ...latestSmall, model: 'itemKnn', neighbors: 100, repetitions: 15 },
    },
    'itemKnn, the 100 items of greatest cosine for each, shrunk by 10; shape of ml-latest-small',
  ),
  fit(
    'ease',
    [...ours, 'scipy'],
    {
      small: { ...tiny, model: 'ease', neighbors: 500, repetitions: 5 },
      full: { ...latestSmall, model: 'ease', neighbors: 500, repetitions: 10 },
    },
    'ease, the 500 strongest weights for each item; shape of ml-latest-small',
  ),
  fit(
    'ease-square',
    [...ours, 'scipy'],
    {
      small: { ...square, rows: 50_000, users: 1200, items: 1000, model: 'ease', neighbors: 500, repetitions: 3 },
      full: { ...square, model: 'ease', neighbors: 500, repetitions: 3 },
    },
    'ease where the matrix to invert is large, 6,000 items of 8,000 users',
  ),
  fit(
    'slim',
    ours,
    {
      small: { ...tiny, model: 'slim', neighbors: 1024, repetitions: 5 },
      full: { ...latestSmall, model: 'slim', neighbors: 1024, repetitions: 3 },
    },
    'slim, the weights of all items by coordinate descent; shape of ml-latest-small',
  ),
];
