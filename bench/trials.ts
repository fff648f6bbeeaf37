import type { Trial } from './types.js';

/** Everything that `npm run bench` can run. */
export const trials: readonly Trial[] = [
  {
    task: 'load',
    drivers: ['palate', 'duckdb-table'],
    parameters: { small: { rows: 1_000_000 }, full: { rows: 27_753_444 } },
    caption: 'ratings CSV (userId,movieId,rating,timestamp) to a Dataset; DuckDB: CREATE TABLE of three typed columns',
  },
];
