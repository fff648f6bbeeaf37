import type { Command } from 'commander';
import { Dataset, evaluate, loadModel } from '../index.js';
import { integer, list, number } from './arguments.js';
import { count, counted, formatTable, heading, measure, wrap } from './output.js';
import { addReadingFlags, type ReadingFlags, readInput } from './reading.js';
import { type Io, type Reply, runCommand, usageError } from './run.js';

interface Flags extends ReadingFlags {
  k?: number[];
  metrics?: string[];
  relevanceThreshold?: number;
  allItems?: boolean;
  sampledNegatives?: number;
  seed?: number;
}

/** palate evaluate */
export function addEvaluate(program: Command): void {
  const command = program
    .command('evaluate')
    .description('measure a model on ratings that it was not trained on')
    .argument('<model>', 'model file')
    .argument('<test-ratings>', 'ratings, in any form that train reads')
    .option('--k <list>', 'lengths of lists, e.g. 10,20', list('--k', integer('--k', { min: 1 })))
    .option('--metrics <list>', 'e.g. rmse,ndcg@10,recall', list('--metrics'))
    .option('--relevance-threshold <x>', 'least rating of a relevant item', number('--relevance-threshold'))
    .option('--all-items', 'rank all items that the user has not seen (default)')
    .option(
      '--sampled-negatives <n>',
      'rank n random items for each user beside the relevant ones',
      integer('--sampled-negatives', { min: 1 }),
    )
    .option('--seed <n>', 'seed of the sampled items', integer('--seed', { min: 0 }));
  addReadingFlags(command).action((file: string, test: string, flags: Flags) =>
    runCommand(command, (io) => evaluateModel(file, test, flags, io)),
  );
}

async function evaluateModel(file: string, source: string, flags: Flags, io: Io): Promise<Reply> {
  const { k, metrics, relevanceThreshold, allItems, sampledNegatives, seed } = flags;
  if (allItems && sampledNegatives !== undefined) throw usageError('Give one of --all-items and --sampled-negatives');
  const model = await loadModel(file);
  const { ratings } = await readInput(source, flags, {}, io);
  const result = await evaluate(model, Dataset.fromTable(ratings), {
    k,
    metrics,
    relevanceThreshold,
    candidates: sampledNegatives === undefined ? 'all' : { sampledNegatives, seed },
    signal: io.signal,
  });
  const { users, interactions, unknownInteractions, definitions } = result;
  const table = formatTable(
    [{ head: 'metric' }, { head: 'value', align: 'right' }],
    Object.entries(result.metrics).map(([name, value]) => [name, measure(value)]),
  );
  const head = heading(`${counted(interactions, 'test rating')}, ${counted(users, 'user')} with something relevant`);
  const terms = Object.entries(definitions).map(([name, definition]) => wrap(`${name}: ${definition}`));
  return {
    json: result,
    text: `${head}; ${count(unknownInteractions)} of unknown users or items\n${table}\n${terms.join('')}`,
  };
}
