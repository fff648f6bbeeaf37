import type { Parameters, Trial } from './types.js';

/** Ratings of which those of at least 4 are likes: ml-latest-small where PALATE_DATA names it, else that shape. */
const latestSmall = { rows: 100_836, users: 610, items: 9742, movielens: true, trainShare: 0.9 };
const tiny = { rows: 20_000, users: 200, items: 1000, movielens: false, trainShare: 0.9 };

const epoch = (name: string, parameters: Record<'small' | 'full', Parameters>, caption: string): Trial => ({
  name,
  task: 'co-likes',
  input: 'columns',
  drivers: ['palate', 'palate-1-thread', 'palate-avx2', 'palate-base', 'pytorch'],
  once: ['palate-1-thread', 'palate-avx2', 'palate-base'],
  parameters,
  caption,
  quality: 'cost',
});

/** Counting likes that items have in common, and vectors made of the counts. */
export const coLikesTrials: readonly Trial[] = [
  {
    name: 'count-cooccurrence',
    task: 'count-cooccurrence',
    input: 'columns',
    drivers: ['palate', 'palate-1-thread', 'palate-avx2', 'palate-base', 'scipy'],
    once: ['palate-1-thread', 'palate-avx2', 'palate-base'],
    parameters: { small: { ...tiny, repetitions: 5 }, full: { ...latestSmall, repetitions: 30 } },
    caption: 'how many users like both of two items, for all pairs, sparse; shape of ml-latest-small',
    quality: 'nonzeros',
  },
  epoch(
    'co-likes-literal',
    {
      // Of dim 0 the vectors are as wide as there are items.
      small: { ...tiny, dim: 0, epochs: 4, learningRate: 0.5, initStd: 0.5 },
      full: { ...latestSmall, dim: 0, epochs: 4, learningRate: 0.5, initStd: 0.5 },
    },
    'coLikes at full width, an epoch (one step) of Adam over the products of all pairs; shape of ml-latest-small',
  ),
  epoch(
    'co-likes-128',
    {
      small: { ...tiny, dim: 128, epochs: 20, learningRate: 0.05, initStd: 0.1 },
      full: { ...latestSmall, dim: 128, epochs: 100, learningRate: 0.05, initStd: 0.1 },
    },
    'coLikes of dim 128, an epoch (one step) of Adam, the same cost without the products; shape of ml-latest-small',
  ),
];
