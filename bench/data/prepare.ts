// Makes an input file in a process of its own, so that the memory it takes is gone before anything is measured:
// `prepare.ts INPUT` with an Input (inputs.ts) as JSON.
import { existsSync, mkdirSync } from 'node:fs';
import path from 'node:path';
import { Dataset, readRatings, splitRandom } from '../../src/index.js';
import { withPlaces, writeColumns } from './columns-file.js';
import { makeFactors } from './factors-file.js';
import type { Input } from './inputs.js';
import { makeRatings, type RatingsShape } from './make-ratings.js';

const { kind, file, parameters, csv, given } = JSON.parse(process.argv[2] as string) as Input;
mkdirSync(path.dirname(file), { recursive: true });

if (csv !== undefined && !given && !existsSync(csv)) {
  let shown = 0;
  makeRatings(csv, parameters as unknown as RatingsShape, (share) => {
    if (share < shown + 0.1) return;
    shown = share;
    process.stderr.write(`making ${csv}: ${Math.round(share * 100)} %\n`);
  });
}
if (kind === 'columns' || kind === 'histories') {
  const columns = kind === 'columns' ? ({ time: false } as const) : {};
  const data = Dataset.fromTable(await readRatings(csv as string, { columns }));
  const trainShare = parameters.trainShare as number;
  const parts = splitRandom(data, { fractions: { train: trainShare, test: 1 - trainShare }, seed: 42 });
  const known = parts.train.interactions;
  writeColumns(file, kind === 'columns' ? known : withPlaces(known), parts.test.interactions);
}
if (kind === 'factors') {
  const { queries, items, dim } = parameters as { queries: number; items: number; dim: number };
  makeFactors(file, queries, items, dim);
}
