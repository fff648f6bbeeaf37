import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import type { Command } from 'commander';
import { type Dataset, holdOutUsers, kFold, leaveLastOut, splitByTime, splitByUser, splitRandom } from '../index.js';
import { fraction, integer, oneOf } from './arguments.js';
import { checkWritable } from './files.js';
import { count, counted, formatTable } from './output.js';
import { type Io, type Reply, runCommand, usageError } from './run.js';
import { addDataFlags, type DataFlags, readParts } from './train-data.js';
import { writeRatings } from './write-ratings.js';

/** Parts by the names of their files, without `.csv`. */
type Parts = Record<string, Dataset>;

interface Flags extends DataFlags {
  by?: keyof typeof WAYS;
  test?: number;
  last?: number;
  folds?: number;
  heldOut?: number;
  history?: number;
  seed?: number;
  out?: string;
}

/** A way to split: what it does, and the flags that it takes besides `--seed`. */
interface Way {
  about: string;
  takes: readonly (keyof Flags)[];
  split(data: Dataset, flags: Flags): Parts;
}

const sharesOf = ({ test = 0.2 }: Flags): { train: number; test: number } => ({ train: 1 - test, test });

const WAYS = {
  random: {
    about: 'a share of all ratings',
    takes: ['test'],
    split: (data, flags) => splitRandom(data, { fractions: sharesOf(flags), seed: flags.seed }),
  },
  user: {
    about: "a share of each user's ratings",
    takes: ['test'],
    split: (data, flags) => splitByUser(data, { fractions: sharesOf(flags), seed: flags.seed }),
  },
  time: {
    about: 'the latest share of all ratings',
    takes: ['test'],
    split: (data, flags) => splitByTime(data, { fractions: sharesOf(flags) }),
  },
  last: {
    about: "each user's last ratings",
    takes: ['last'],
    split: (data, { last }) => leaveLastOut(data, { n: last }),
  },
  folds: {
    about: 'cross-validation, train-1.csv beside test-1.csv and so on',
    takes: ['folds'],
    split: (data, { folds, seed }) =>
      Object.fromEntries(
        kFold(data, { folds, seed }).flatMap(({ train, test }, n) => [
          [`train-${n + 1}`, train],
          [`test-${n + 1}`, test],
        ]),
      ),
  },
  users: {
    about: 'whole users, whose ratings become history.csv and test.csv',
    takes: ['heldOut', 'history'],
    split(data, { heldOut, history, seed }) {
      const { train, histories, test } = holdOutUsers(data, { users: heldOut, history, seed });
      return { train, history: histories, test };
    },
  },
} satisfies Record<string, Way>;

const NAMES = Object.keys(WAYS) as (keyof typeof WAYS)[];
const ways = NAMES.map((name) => `${name} (${WAYS[name].about})`).join(', ');

/** palate split */
export function addSplit(program: Command): void {
  const command = program
    .command('split')
    .description('split ratings into files to train on and to test with')
    .argument('<ratings>', 'CSV, TSV or Parquet file (.gz too), or a MovieLens folder or .zip')
    .option('--by <way>', `what the test is: ${ways}`, oneOf('--by', NAMES))
    .option('--out <folder>', 'folder for train.csv and test.csv')
    .option('--test <fraction>', 'random, user, time: share of the test (default: 0.2)', fraction('--test'))
    .option('--last <n>', 'last: ratings of each user (default: 1)', integer('--last', { min: 1 }))
    .option('--folds <n>', 'folds: how many (default: 5)', integer('--folds', { min: 2 }))
    .option('--held-out <n>', 'users: how many (default: a tenth)', integer('--held-out', { min: 1 }))
    .option('--history <fraction>', 'users: share that is known of them (default: 0.8)', fraction('--history'))
    .option('--seed <n>', 'seed of what is random (default: 42)', integer('--seed', { min: 0 }));
  addDataFlags(command).action((ratings: string, flags: Flags) =>
    runCommand(command, (io) => splitRatings(ratings, flags, io)),
  );
}

async function splitRatings(source: string, flags: Flags, io: Io): Promise<Reply> {
  const { by, out } = flags;
  if (by === undefined) throw usageError(`split needs --by WAY: ${NAMES.join(', ')}`);
  if (out === undefined) throw usageError('split needs --out FOLDER');
  const way: Way = WAYS[by];
  for (const flag of NAMES.flatMap((name): readonly (keyof Flags)[] => WAYS[name].takes)) {
    if (flags[flag] === undefined || way.takes.includes(flag)) continue;
    throw usageError(`--${flag === 'heldOut' ? 'held-out' : flag} does not go with --by ${by}`);
  }
  const { train: data } = await readParts(source, flags, { includeUnrated: false, seed: flags.seed ?? 42 }, io);
  const parts = way.split(data, flags);
  await mkdir(out, { recursive: true });
  const files = Object.entries(parts).map(([name, part]) => ({
    file: path.join(out, `${name}.csv`),
    part,
    users: part.interactions.userCounts().filter((count) => count > 0).length,
    items: part.interactions.itemCounts().filter((count) => count > 0).length,
    interactions: part.numInteractions,
  }));
  for (const { file } of files) await checkWritable(file, '--out', [source]);
  for (const { file, part } of files) await writeRatings(file, part, io.signal);
  const rows = files.map(({ file, users, items, interactions }) => ({ file, users, items, interactions }));
  return {
    json: { by, out, files: rows },
    text: `${formatTable(
      [
        { head: 'file', flexible: true },
        ...['users', 'items', 'ratings'].map((head) => ({ head, align: 'right' as const })),
      ],
      rows.map(({ file, users, items, interactions }) => [file, ...[users, items, interactions].map(count)]),
    )}${counted(data.numInteractions, 'rating')} in all\n`,
  };
}
