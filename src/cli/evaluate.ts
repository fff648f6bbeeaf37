import type { Command } from 'commander';
import { Dataset, type Evaluation, evaluate, loadModel } from '../index.js';
import { integer, list, number } from './arguments.js';
import { count, counted, formatTable, heading, measure, wrap } from './output.js';
import { addReadingFlags, type ReadingFlags, readInput } from './reading.js';
import { type Io, type Reply, runCommand, usageError } from './run.js';

interface Flags extends ReadingFlags {
  k?: number[];
  metrics?: string[];
  history?: string;
  relevanceThreshold?: number;
  allItems?: boolean;
  sampledNegatives?: number;
  resamples?: number;
  seed?: number;
  threads?: number;
}

/** palate evaluate */
export function addEvaluate(program: Command): void {
  const command = program
    .command('evaluate')
    .description('measure a model on ratings that it was not trained on, beside what needs no model')
    .argument('<model>', 'model file')
    .argument('<test-ratings>', 'ratings, in any form that train reads')
    .option('--k <list>', 'lengths of lists, e.g. 10,20', list('--k', integer('--k', { min: 1 })))
    .option('--metrics <list>', 'e.g. rmse,ndcg@10,recall', list('--metrics'))
    .option('--history <file>', 'what the test users have, who are new to the model: they are folded in')
    .option('--relevance-threshold <x>', 'least rating of a relevant item', number('--relevance-threshold'))
    .option('--all-items', 'rank all items that the user has not seen (default)')
    .option(
      '--sampled-negatives <n>',
      'rank n random items for each user beside the relevant ones',
      integer('--sampled-negatives', { min: 1 }),
    )
    .option(
      '--resamples <n>',
      'samples of users that intervals come from, 0 for no intervals (default: 1000)',
      integer('--resamples', { min: 0 }),
    )
    .option('--seed <n>', 'seed of everything random (default: 42)', integer('--seed', { min: 0 }))
    .option('--threads <n>', 'threads at most', integer('--threads', { min: 1, max: 1024 }));
  addReadingFlags(command).action((file: string, test: string, flags: Flags) =>
    runCommand(command, (io) => evaluateModel(file, test, flags, io)),
  );
}

async function evaluateModel(file: string, source: string, flags: Flags, io: Io): Promise<Reply> {
  const { k, metrics, relevanceThreshold, allItems, sampledNegatives, resamples, seed, threads } = flags;
  if (allItems && sampledNegatives !== undefined) throw usageError('Give one of --all-items and --sampled-negatives');
  const model = await loadModel(file);
  const { ratings } = await readInput(source, flags, {}, io);
  const histories = flags.history === undefined ? undefined : (await readInput(flags.history, flags, {}, io)).ratings;
  const result = await evaluate(model, Dataset.fromTable(ratings), {
    k,
    metrics,
    histories,
    relevanceThreshold,
    candidates: sampledNegatives === undefined ? 'all' : { sampledNegatives, seed },
    intervals: resamples !== 0 && { resamples, seed },
    baselines: { seed },
    signal: io.signal,
    threads,
  });
  return { json: result, text: describe(result) };
}

function describe(result: Evaluation): string {
  const { users, interactions, unknownInteractions, intervals, definitions } = result;
  const baselines = Object.entries(result.baselines ?? {});
  const columns = [
    { head: 'metric' },
    { head: 'value', align: 'right' as const },
    ...(intervals === undefined ? [] : [{ head: '95 % interval', align: 'right' as const }]),
    ...baselines.map(([head]) => ({ head, align: 'right' as const })),
  ];
  const rows = Object.entries(result.metrics).map(([name, value]) => {
    const interval = intervals?.[name];
    const between = interval === undefined ? '-' : `${measure(interval.low)} - ${measure(interval.high)}`;
    return [
      name,
      measure(value),
      ...(intervals === undefined ? [] : [between]),
      ...baselines.map(([, metrics]) => measure(metrics[name])),
    ];
  });
  const head = heading(`${counted(interactions, 'test rating')}, ${counted(users, 'user')} with something relevant`);
  const terms = Object.entries(definitions).map(([name, definition]) => wrap(`${name}: ${definition}`));
  const intervalTerm =
    intervals === undefined ? '' : wrap('95 % interval: for another draw of users, by the bootstrap (percentiles).');
  return `${head}; ${count(unknownInteractions)} of unknown users or items\n${formatTable(columns, rows)}\n${terms.join('')}${intervalTerm}`;
}
