import type { Command } from 'commander';
import { Dataset, type DatasetOptions, splitRandom } from '../index.js';
import { integer, number, oneOf } from './arguments.js';
import { collectGarbage } from './collect-garbage.js';
import { addReadingFlags, type ReadingFlags, readInput } from './reading.js';
import type { Io } from './run.js';

const DUPLICATES = ['last', 'mean', 'error'] as const;

/** The flags of every command that trains on ratings. */
export function addDataFlags(command: Command): Command {
  command
    .option('--items <file>', 'titles, genres and further columns of the items')
    .option('--users <file>', 'columns about the users, e.g. age')
    .option('--min-user-ratings <n>', 'leave out users with fewer ratings', integer('--min-user-ratings', { min: 0 }))
    .option('--min-item-ratings <n>', 'leave out items with fewer ratings', integer('--min-item-ratings', { min: 0 }))
    .option('--positive-threshold <x>', 'keep ratings of at least this, as likes', number('--positive-threshold'))
    .option(
      '--duplicates <rule>',
      `several ratings of one pair: ${DUPLICATES.join(', ')}`,
      oneOf('--duplicates', DUPLICATES),
    );
  return addReadingFlags(command);
}

/** What is read and what of it is kept, as flags give it. */
export interface DataFlags extends ReadingFlags {
  items?: string;
  users?: string;
  minUserRatings?: number;
  minItemRatings?: number;
  positiveThreshold?: number;
  duplicates?: DatasetOptions['duplicates'];
  valid?: number;
}

/** The parts to train and to validate on; no `valid` without the flag. */
export interface TrainParts {
  train: Dataset;
  valid: Dataset | undefined;
}

/** What the model and the run ask of the data. */
interface DataNeeds {
  includeUnrated: boolean;
  seed: number;
}

/**
 * Reads the ratings and splits them. Nothing but the parts stays in memory: the table and the dataset they came from were
 * local to functions that have returned, and are collected.
 */
export async function readParts(source: string, flags: DataFlags, needs: DataNeeds, io: Io): Promise<TrainParts> {
  const parts = await readAndSplit(source, flags, needs, io);
  await collectGarbage();
  return parts;
}

async function readAndSplit(source: string, flags: DataFlags, needs: DataNeeds, io: Io): Promise<TrainParts> {
  const data = await readDataset(source, flags, needs.includeUnrated, io);
  if (flags.valid === undefined) return { train: data, valid: undefined };
  // Here, too: the parts take as much as the dataset, so that the table beside them would make the peak.
  await collectGarbage();
  return splitRandom(data, { fractions: { train: 1 - flags.valid, valid: flags.valid }, seed: needs.seed });
}

async function readDataset(source: string, flags: DataFlags, includeUnrated: boolean, io: Io): Promise<Dataset> {
  const { ratings, items, users } = await readInput(source, flags, flags, io);
  const { minUserRatings, minItemRatings, positiveThreshold, duplicates } = flags;
  return Dataset.fromTable(ratings, {
    items,
    users,
    minUserRatings,
    minItemRatings,
    positiveThreshold,
    duplicates,
    includeUnrated,
  });
}
