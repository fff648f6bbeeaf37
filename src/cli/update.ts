import { stat } from 'node:fs/promises';
import type { Command } from 'commander';
import { Dataset, type EpochReport, loadModel, Model, type UpdateOptions } from '../index.js';
import { models } from '../models/index.js';
import { prepareUpdate } from '../train/update/update-model.js';
import { integer, number, schedule } from './arguments.js';
import { checkWritable } from './files.js';
import { count, counted, duration } from './output.js';
import { epochProgress } from './progress.js';
import { addReadingFlags, type ReadingFlags, readInput } from './reading.js';
import { type Io, type Reply, runCommand, usageError } from './run.js';
import { epochTable } from './text.js';

interface Flags extends ReadingFlags, Pick<UpdateOptions, 'epochs' | 'learningRate' | 'schedule' | 'seed' | 'threads'> {
  out?: string;
  items?: string;
  users?: string;
  positiveThreshold?: number;
}

/** palate update */
export function addUpdate(program: Command): void {
  const command = program
    .command('update')
    .description('take more ratings into a model, of known and new users and items')
    .argument('<model>', 'model file')
    .argument('<ratings>', 'the new ratings, in any form that train reads')
    .option('--out <file>', 'model file to write; may be that of the model')
    .option(
      '--epochs <n>',
      'passes over all ratings; by default a part of those of the training',
      integer('--epochs', { min: 1 }),
    )
    .option('--learning-rate <x>', 'step size', number('--learning-rate', { min: 0, exclusiveMin: true }))
    .option('--schedule <text>', 'learning rate over the epochs, as of train', schedule('--schedule'))
    .option('--items <file>', 'titles, genres and further columns of new items')
    .option('--users <file>', 'columns about new users')
    .option('--positive-threshold <x>', 'keep ratings of at least this, as likes', number('--positive-threshold'))
    .option('--seed <n>', 'seed of everything random', integer('--seed', { min: 0 }))
    .option('--threads <n>', 'native threads', integer('--threads', { min: 1 }));
  addReadingFlags(command).action((file: string, ratings: string, flags: Flags) =>
    runCommand(command, (io) => updateModelFile(file, ratings, flags, io)),
  );
}

/** The new ratings. A model that learns from metadata scores new items that nobody has rated, too. */
async function readAdded(source: string, flags: Flags, includeUnrated: boolean, io: Io): Promise<Dataset> {
  const { ratings, items, users } = await readInput(source, flags, flags, io);
  return Dataset.fromTable(ratings, { items, users, positiveThreshold: flags.positiveThreshold, includeUnrated });
}

async function updateModelFile(file: string, source: string, flags: Flags, io: Io): Promise<Reply> {
  const { out, epochs, learningRate, schedule: rates, seed, threads } = flags;
  if (out === undefined) throw usageError('update needs --out FILE, the model file to write');
  await checkWritable(out, '--out', [source, flags.items, flags.users]);
  const old = await loadModel(file);
  const added = await readAdded(source, flags, models[old.name].usesFeatures, io);
  const reports: EpochReport[] = [];
  let progress: ReturnType<typeof epochProgress> | undefined;
  const start = performance.now();
  const update = prepareUpdate(old.data, added, {
    epochs,
    learningRate,
    schedule: rates,
    seed,
    threads,
    signal: io.signal,
    onEpoch: (report) => {
      reports.push(report);
      progress?.update(report);
    },
  });
  const { epochs: planned } = update.options;
  progress = epochProgress(`updating ${old.name}`, typeof planned === 'number' ? planned : undefined);
  try {
    const model = new Model(await update.start());
    const seconds = (performance.now() - start) / 1000;
    progress.stop();
    await model.save(out);
    const sizes = {
      users: model.users.size,
      items: model.items.size,
      interactions: model.seen.size,
      newUsers: model.users.size - old.users.size,
      newItems: model.items.size - old.items.size,
      newInteractions: model.seen.size - old.seen.size,
    };
    return {
      json: { model: model.name, ...sizes, seconds, epochs: reports, out },
      text: describe(model.name, sizes, reports, seconds, `Wrote ${out} (${await megabytes(out)})`),
    };
  } finally {
    progress.stop();
  }
}

const megabytes = async (file: string): Promise<string> => `${((await stat(file)).size / 2 ** 20).toFixed(1)} MiB`;

interface Sizes {
  users: number;
  items: number;
  interactions: number;
  newUsers: number;
  newItems: number;
  newInteractions: number;
}

function describe(name: string, s: Sizes, reports: readonly EpochReport[], seconds: number, wrote: string): string {
  const news = (fresh: number): string => (fresh === 0 ? '' : ` (${count(fresh)} new)`);
  const parts = [
    `${counted(s.users, 'user')}${news(s.newUsers)}`,
    `${counted(s.items, 'item')}${news(s.newItems)}`,
    `${counted(s.interactions, 'rating')}${news(s.newInteractions)}`,
  ];
  const table = reports.length === 0 ? '' : `\n${epochTable(reports)}\n`;
  return `${name}: ${parts.join(', ')}\n${table}Updated in ${duration(seconds)}. ${wrote}\n`;
}
