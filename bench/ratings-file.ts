import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { TrialParameters } from './types.js';

/** The ratings CSV of a trial: the one given with --ratings, else a synthetic one of so many rows. */
export function ratingsFile(parameters: TrialParameters): string {
  if (typeof parameters.ratings === 'string') {
    if (!existsSync(parameters.ratings)) throw new Error(`No such file: ${parameters.ratings}`);
    return path.resolve(parameters.ratings);
  }
  return path.join(tmpdir(), 'palate-bench', `ratings-${parameters.rows}.csv`);
}
