import { createHash } from 'node:crypto';
import { existsSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { InputKind, Parameters } from '../types.js';
import { type ColumnsHeader, readHeader } from './columns-file.js';
import type { FactorsHeader } from './factors-file.js';

/** An input file in the temporary folder, and what it is made of. */
export interface Input {
  kind: InputKind;
  file: string;
  parameters: Parameters;
  /** The ratings that it is made of; undefined for factors. */
  csv: string | undefined;
  /** Whether `csv` is a file of the user, which nothing makes or removes. */
  given: boolean;
}

const folder = (): string => path.join(tmpdir(), 'palate-bench');

/** The ratings of a trial: those given, MovieLens where the trial wants it and PALATE_DATA names it, else synthetic ones. */
function ratingsOf(parameters: Parameters, given: string | undefined): { csv: string; given: boolean } {
  if (given !== undefined) return { csv: path.resolve(given), given: true };
  const movielens = parameters.movielens === true && process.env.PALATE_DATA;
  if (movielens) return { csv: path.join(movielens, 'ratings.csv'), given: true };
  const { rows, users, items } = parameters;
  const shape = users === undefined ? rows : `${rows}-${users}x${items}`;
  return { csv: path.join(folder(), `ratings-${shape}.csv`), given: false };
}

/** A file of the user is known by its path, size and date. */
function stamp(file: string): string {
  const { size, mtimeMs } = statSync(file);
  return createHash('sha256').update(`${file} ${size} ${mtimeMs}`).digest('hex').slice(0, 12);
}

/** @param ratings a ratings file that stands for the synthetic ones; not for tasks whose shape is fixed */
export function inputOf(kind: InputKind, parameters: Parameters, ratings: string | undefined): Input {
  if (kind === 'factors') {
    const { queries, items, dim } = parameters;
    const file = path.join(folder(), `factors-${queries}x${items}x${dim}.bin`);
    return { kind, file, parameters, csv: undefined, given: false };
  }
  const { csv, given } = ratingsOf(parameters, parameters.users === undefined ? ratings : undefined);
  if (given && !existsSync(csv)) throw new Error(`No such ratings file: ${csv}`);
  if (kind === 'csv') return { kind, file: csv, parameters, csv, given };
  const name = given ? stamp(csv) : path.basename(csv, '.csv');
  const file = path.join(folder(), `${name}-train${parameters.trainShare}.${kind}`);
  return { kind, file, parameters, csv, given };
}

/** Sizes of an input for the results; a file of the user by its name alone, as its folder says nothing to others. */
export function describeInput({ kind, file, csv, given }: Input): Record<string, number | string> {
  const source = { ratings: given ? path.basename(csv as string) : 'synthetic' };
  if (kind === 'csv') return { ...source, bytes: statSync(file).size };
  if (kind === 'columns' || kind === 'histories') return { ...source, ...readHeader<ColumnsHeader>(file) };
  const { queries, items, dim } = readHeader<FactorsHeader>(file);
  return { queries, items, dim };
}
