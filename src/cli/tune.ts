import { readFile } from 'node:fs/promises';
import type { Command } from 'commander';
import { DataError, type ModelName, type SearchSpace, type TuneOptions, type TuneResult, tune } from '../index.js';
import { models } from '../models/index.js';
import { resolveModel } from '../train/resolve-options.js';
import { fraction, integer, oneOf } from './arguments.js';
import { checkWritable } from './files.js';
import { counted, duration, heading, measure, wrap } from './output.js';
import { statusLine } from './progress.js';
import { type Io, type Reply, runCommand, usageError } from './run.js';
import { addDataFlags, type DataFlags, readParts } from './train-data.js';
import { addTrainFlags, trainFlags, trainOptions } from './train-flags.js';
import { statusText, testTable, trialTable, valueFlags } from './tune-text.js';

interface Flags extends DataFlags {
  model?: ModelName;
  space?: string;
  trials?: number;
  strategy?: (typeof STRATEGIES)[number];
  metric?: string;
  test?: number;
  parallel?: number;
  minEpochs?: number;
  halvingFactor?: number;
  journal?: string;
  out?: string;
}

const MODELS = Object.keys(models) as ModelName[];
const STRATEGIES = ['random', 'grid', 'halving'] as const;

/** palate tune */
export function addTune(program: Command): void {
  const command = program
    .command('tune')
    .description('search for good options of a model; flags of train fix an option for all trials')
    .argument('<ratings>', 'CSV, TSV or Parquet file (.gz too), or a MovieLens folder or .zip')
    .option('--model <name>', `model: ${MODELS.join(', ')}`, oneOf('--model', MODELS))
    .option('--space <file>', 'JSON: {"dim": [16, 32], "learningRate": {"min": 0.001, "max": 0.1, "scale": "log"}, …}')
    .option('--trials <n>', 'points of the space to draw (default 20)', integer('--trials', { min: 1 }))
    .option('--strategy <name>', `${STRATEGIES.join(', ')} (default random)`, oneOf('--strategy', STRATEGIES))
    .option('--metric <name>', 'what decides: loss (default), rmse, ndcg@10, …')
    .option('--valid <fraction>', 'share of the ratings to compare on (default 0.1)', fraction('--valid'))
    .option('--test <fraction>', 'share to hold back, scored once by the best model', fraction('--test'))
    .option('--parallel <n>', 'trials at once, which share the threads', integer('--parallel', { min: 1 }))
    .option('--min-epochs <n>', 'halving: epochs before trials are first compared', integer('--min-epochs', { min: 1 }))
    .option('--halving-factor <n>', 'halving: one in n goes on (default 3)', integer('--halving-factor', { min: 2 }))
    .option('--journal <file>', 'file that keeps finished trials, to go on from after an interruption')
    .option('--out <file>', 'model file to write: the best model, trained without the parts held back');
  const options = trainFlags(Object.values(models));
  addDataFlags(addTrainFlags(command, options)).action((ratings: string, flags: Flags) =>
    runCommand(command, (io) => tuneModel(ratings, flags, trainOptions(command, options), io)),
  );
}

async function readSpaceFile(file: string): Promise<SearchSpace> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (cause) {
    throw new DataError(
      `--space ${file}: ${(cause as NodeJS.ErrnoException).code === 'ENOENT' ? 'no such file' : cause}`,
      {
        file,
        cause,
      },
    );
  }
  try {
    return JSON.parse(text) as SearchSpace;
  } catch (cause) {
    throw new DataError(`--space ${file} is not JSON: ${(cause as Error).message}`, { file, cause });
  }
}

async function checkFiles(source: string, { out, journal, space, items, users }: Flags): Promise<void> {
  const inputs = [source, space, items, users];
  if (out !== undefined) await checkWritable(out, '--out', [...inputs, journal]);
  if (journal !== undefined) await checkWritable(journal, '--journal', inputs);
}

async function tuneModel(source: string, flags: Flags, given: ReturnType<typeof trainOptions>, io: Io): Promise<Reply> {
  const { model, metric, journal, out, strategy, trials, parallel } = flags;
  // Not commander's required options: a misspelt flag would be reported as the missing one.
  if (model === undefined) throw usageError(`tune needs --model NAME: ${MODELS.join(', ')}`);
  if (flags.space === undefined && trials === undefined) {
    throw usageError('tune needs --space FILE, what to vary, or --trials N of what the model itself proposes');
  }
  const { seed, threads, ...options } = given;
  const spec = resolveModel({ ...options, model });
  await checkFiles(source, flags);
  const space = flags.space === undefined ? undefined : await readSpaceFile(flags.space);
  // A factorisation machine scores what nobody has rated by its metadata.
  const wanted = { includeUnrated: spec.usesFeatures, seed: seed ?? 42 };
  const parts = await readParts(source, { ...flags, valid: flags.test }, wanted, io);

  if (journal !== undefined)
    io.leaves(`${journal} keeps the trials that had ended; the same command goes on from there`);
  const progress = trialProgress(`tuning ${model}`);
  const start = performance.now();
  try {
    const result = await tune(parts.train, {
      model,
      space,
      strategy,
      trials,
      metric,
      validation: flags.valid,
      test: parts.valid,
      options,
      seed,
      threads,
      parallel,
      halving: { minEpochs: flags.minEpochs, factor: flags.halvingFactor },
      journal,
      signal: io.signal,
      onTrial: progress.onTrial,
      onEpoch: progress.onEpoch,
    });
    progress.stop();
    const seconds = (performance.now() - start) / 1000;
    if (result.model !== undefined && out !== undefined) await result.model.save(out);
    return replyOf(result, { model, seconds, out, journal });
  } finally {
    progress.stop();
  }
}

/** A line on stderr for each trial as it ends, or one that a terminal rewrites. */
function trialProgress(label: string): Required<Pick<TuneOptions, 'onTrial' | 'onEpoch'>> & { stop: () => void } {
  const status = statusLine();
  return {
    onEpoch: ({ epoch, valid }, { index }, { done, total }) => {
      const loss = valid === undefined ? '' : `  valid ${measure(valid.loss)}`;
      status.show(`${label}: ${done}/${total} done, trial ${index + 1}, epoch ${epoch}${loss}`, false);
    },
    onTrial: ({ index, status: end, seconds }, { done, total }) =>
      status.show(`${label}: ${done}/${total} done, trial ${index + 1} ${end} in ${duration(seconds)}`, true),
    stop: status.clear,
  };
}

interface Run {
  model: ModelName;
  seconds: number;
  out: string | undefined;
  journal: string | undefined;
}

function replyOf(result: TuneResult, { model, seconds, out, journal }: Run): Reply {
  const { trials, best, metric, test } = result;
  const json = { model, metric, seconds, trials, best, test, out: best && out, journal };
  const head = heading(`${model} by ${metric}: ${statusText(trials)}, in ${duration(seconds)}`);
  const text = `${head}\n${trialTable(result)}`;
  if (best === undefined) {
    const error = trials.find((trial) => trial.error !== undefined)?.error ?? 'each was stopped';
    return { json, text, failure: `No trial trained to its end: ${error}` };
  }
  const flags = valueFlags(best.values);
  const chosen = flags === undefined ? '' : wrap(`Best: ${flags}`);
  const measured = test === undefined ? '' : `\n${testTable(test)}`;
  const ratings = counted(result.model?.seen.size ?? 0, 'rating');
  const written = out === undefined ? '' : `\nWrote ${out}, trained on ${ratings}\n`;
  return { json, text: `${text}${chosen}${measured}${written}` };
}
