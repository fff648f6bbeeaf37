import { stat } from 'node:fs/promises';
import type { Command } from 'commander';
import { type EpochReport, type ModelName, type TrainOptions, train } from '../index.js';
import { models } from '../models/index.js';
import { resolveModel, resolveRun } from '../train/resolve-options.js';
import { checkTable } from '../train/resolve-table.js';
import { prepare } from '../train/trainers.js';
import { fraction, oneOf } from './arguments.js';
import { checkWritable } from './files.js';
import { counted, duration } from './output.js';
import { epochProgress } from './progress.js';
import { type Io, type Reply, runCommand, usageError } from './run.js';
import { epochTable } from './text.js';
import { addDataFlags, type DataFlags, readParts } from './train-data.js';
import { addTrainFlags, trainFlags, trainOptions } from './train-flags.js';

interface Flags extends DataFlags {
  model?: ModelName;
  out?: string;
}

const MODELS = Object.keys(models) as ModelName[];

/** palate train */
export function addTrain(program: Command): void {
  const command = program
    .command('train')
    .description('train a model on a ratings file, or on a MovieLens folder or zip')
    .argument('<ratings>', 'CSV, TSV or Parquet file (.gz too), or a MovieLens folder or .zip')
    .option('--model <name>', `model: ${MODELS.join(', ')}`, oneOf('--model', MODELS))
    .option('--out <file>', 'model file to write')
    .option('--valid <fraction>', 'share of the ratings to validate on', fraction('--valid'));
  const options = trainFlags(Object.values(models));
  addDataFlags(addTrainFlags(command, options)).action((ratings: string, flags: Flags) =>
    runCommand(command, (io) => trainModel(ratings, flags, trainOptions(command, options), io)),
  );
}

async function trainModel(source: string, flags: Flags, given: Partial<TrainOptions>, io: Io): Promise<Reply> {
  const { model: name, out } = flags;
  // Not commander's required options: a misspelt flag would be reported as the missing one.
  if (name === undefined) throw usageError(`train needs --model NAME: ${MODELS.join(', ')}`);
  if (out === undefined) throw usageError('train needs --out FILE, the model file to write');
  if (given.patience !== undefined && flags.valid === undefined) throw usageError('--patience needs --valid FRACTION');
  await checkWritable(out, '--out', [source, flags.items, flags.users]);
  const spec = resolveModel({ ...given, model: name });
  // What is wrong in a table is so before the data are read.
  if (spec.trainer !== 'factors') checkTable(spec, { ...given, model: name });
  // A factorisation machine scores what nobody has rated by its metadata.
  const wanted = { includeUnrated: spec.usesFeatures, seed: given.seed ?? 42 };
  const parts = await readParts(source, flags, wanted, io);

  const options: TrainOptions = { ...given, model: name, validation: parts.valid, signal: io.signal };
  const run = resolveRun(parts.train, options);
  const { epochs } = prepare(spec, parts.train, options).options;
  const reports: EpochReport[] = [];
  const progress = epochProgress(`training ${name}`, typeof epochs === 'number' ? epochs : undefined);
  const start = performance.now();
  try {
    options.onEpoch = (report) => {
      reports.push(report);
      progress.update(report);
    };
    const model = await train(parts.train, options);
    const seconds = (performance.now() - start) / 1000;
    progress.stop();
    await model.save(out);
    const { users, items, interactions } = parts.train.describe();
    const result = {
      model: name,
      users,
      items,
      interactions,
      device: run.device === undefined ? 'cpu' : 'cuda',
      threads: run.threads,
      seed: run.seed,
      seconds,
    };
    return {
      json: { ...result, validInteractions: parts.valid?.numInteractions ?? 0, epochs: reports, out },
      text: await describe({ ...result, out, reports, validInteractions: parts.valid?.numInteractions }),
    };
  } finally {
    progress.stop();
  }
}

interface Trained {
  model: string;
  device: string;
  users: number;
  items: number;
  interactions: number;
  validInteractions: number | undefined;
  threads: number;
  seed: number;
  seconds: number;
  reports: readonly EpochReport[];
  out: string;
}

async function describe(trained: Trained): Promise<string> {
  const { model, users, items, interactions, validInteractions, device, threads, seed, seconds, reports, out } =
    trained;
  const where = device === 'cuda' ? 'the GPU' : counted(threads, 'thread');
  const valid = validInteractions === undefined ? '' : `, and ${counted(validInteractions, 'rating')} to validate on`;
  const { size } = await stat(out);
  return (
    `${model}: ${counted(users, 'user')}, ${counted(items, 'item')}, ${counted(interactions, 'rating')}${valid}\n` +
    (reports.length === 0 ? '' : `\n${epochTable(reports)}\n`) +
    `Trained in ${duration(seconds)} on ${where}, seed ${seed}. ` +
    `Wrote ${out} (${(size / 2 ** 20).toFixed(1)} MiB)\n`
  );
}
