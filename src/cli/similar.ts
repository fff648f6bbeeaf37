import { type Command, Option } from 'commander';
import { loadModel, type Model, type SimilarMetric } from '../index.js';
import { integer, oneOf } from './arguments.js';
import { formatTable, heading, measure } from './output.js';
import { type Reply, runCommand, usageError } from './run.js';
import { itemTable } from './text.js';

interface Flags {
  item?: string;
  title?: string;
  pairs?: number;
  k: number;
  metric?: SimilarMetric;
}

/** palate similar */
export function addSimilar(program: Command): void {
  const metrics = ['cosine', 'dot', 'isotropic'] as const;
  const command = program
    .command('similar')
    .description('list the items nearest to one, or the nearest pairs of all')
    .argument('<model>', 'model file')
    .option('--item <id>', 'an item by its id')
    .option('--title <text>', 'an item by its title')
    .option('--pairs <k>', 'the k most similar pairs', integer('--pairs', { min: 1 }))
    .addOption(new Option('--k <n>', 'length of the list').default(10).argParser(integer('--k', { min: 1 })))
    .addOption(
      new Option(
        '--metric <name>',
        `${metrics.join(', ')} (cosine without what all items share); default cosine, of item weights these`,
      ).argParser(oneOf('--metric', metrics)),
    );
  command.action((file: string, flags: Flags) => runCommand(command, () => similar(file, flags)));
}

async function similar(file: string, { item, title, pairs, k, metric }: Flags): Promise<Reply> {
  if ([item, title, pairs].filter((way) => way !== undefined).length !== 1) {
    throw usageError('Give one of --item, --title and --pairs');
  }
  const model = await loadModel(file);
  if (pairs !== undefined) return similarPairs(model, pairs, metric);
  const query = title === undefined ? { items: [item as string] } : { titles: [title] };
  const found = model.similarItems({ ...query, k, ...(metric && { metric }) });
  const id = model.items.id(found.queryIndices[0] as number);
  const items = found.rows();
  const head = heading(`Nearest to ${model.title(id) ?? `item ${id}`} by ${comparedBy(model, metric)}`);
  return { json: { item: id, title: model.title(id), items }, text: `${head}\n${itemTable(items)}` };
}

/** The metric in words, for a heading. */
function comparedBy({ data }: Model, metric: SimilarMetric | undefined): string {
  return metric ?? (data.parameters.kind === 'itemWeights' ? 'weight' : 'cosine');
}

function similarPairs(model: Model, k: number, metric: SimilarMetric | undefined): Reply {
  const pairs = model.similarPairs({ k, ...(metric && { metric }) }).rows();
  const table = formatTable(
    [
      { head: '#', align: 'right' },
      { head: 'item', flexible: true },
      { head: 'other item', flexible: true },
      { head: 'score', align: 'right' },
    ],
    pairs.map((pair) => [
      String(pair.rank),
      pair.title ?? String(pair.itemId),
      pair.otherTitle ?? String(pair.otherItemId),
      measure(pair.score),
    ]),
  );
  return { json: { pairs }, text: `${heading(`Most similar pairs by ${comparedBy(model, metric)}`)}\n${table}` };
}
