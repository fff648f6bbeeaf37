import type { Dataset } from '../dataset/dataset.js';
import type { Model } from '../model.js';
import type { EpochRecord } from '../types.js';
import type { ChartText } from './chart.js';
import { evaluationPart } from './evaluation-part.js';
import { formatCount } from './format.js';
import { drawLossChart } from './loss-chart.js';
import { hasItemVectors, mapOfItems, normsOfItems } from './model-charts.js';
import type { Chart, ReportChapter, ReportPart } from './types.js';

export interface ChapterSettings {
  name: string;
  title: string;
  test: Dataset | undefined;
  k: number;
  map: { items: number; seed: number };
  signal: AbortSignal | undefined;
}

/** The chapter on a model; see `modelChapter`. */
export async function writeModelChapter(model: Model, settings: ChapterSettings): Promise<ReportChapter> {
  const { name, title, test, signal } = settings;
  const info = model.info();
  return {
    name,
    title,
    figures: [
      { label: 'model', value: info.model },
      { label: 'ratings', value: formatCount(info.interactions) },
      { label: 'users', value: formatCount(info.users) },
      { label: 'items', value: formatCount(info.items) },
      { label: 'learnt numbers', value: formatCount(info.parameters) },
    ],
    parts: [
      { charts: await chartsOf(model, settings) },
      { tables: [{ name: 'epochs', title: 'Losses', rows: epochRows(model.history), csvOnly: true }] },
      ...(test === undefined ? [] : [await evaluationPart(model, test, signal)]),
      lists(model, settings),
      optionsPart(model),
    ],
  };
}

async function chartsOf(model: Model, { map, signal }: ChapterSettings): Promise<Chart[]> {
  const { data, history } = model;
  const charts = history.length > 0 ? [await drawLossChart(history, lossText(history))] : [];
  if (!hasItemVectors(data)) return charts;
  return [...charts, await normsOfItems(data), await mapOfItems(data, { ...map, signal })];
}

/** What a chart of these losses says. */
export function lossText(epochs: readonly EpochRecord[]): ChartText {
  const hasValid = epochs.some(({ valid }) => valid !== undefined);
  return {
    name: 'losses',
    title: 'Loss by epoch',
    description: `Loss of training${hasValid ? ' and validation' : ''} over ${formatCount(epochs.length)} epochs.`,
    ...(hasValid && { caption: 'Dashed: training. Solid: validation; the ring marks its lowest loss.' }),
  };
}

/** A row an epoch. */
export const epochRows = (epochs: readonly (EpochRecord & { seconds?: number })[]): object[] =>
  epochs.map(({ epoch, seconds, learningRate, train, valid }) => ({
    epoch,
    seconds,
    learningRate,
    trainLoss: train.loss,
    trainRmse: train.rmse,
    validLoss: valid?.loss,
    validRmse: valid?.rmse,
  }));

/** What the user with the median number of ratings is recommended, and what is like the most rated item. */
function lists(model: Model, { k }: ChapterSettings): ReportPart {
  const counts = model.seen.userCounts();
  const users = Array.from(counts.keys())
    .filter((user) => counts[user] !== 0)
    .sort((a, b) => (counts[a] as number) - (counts[b] as number) || a - b);
  const index = users[users.length >> 1] as number;
  const user = model.users.id(index);
  const itemCounts = model.seen.itemCounts();
  const known = Array.from(itemCounts.keys()).reduce(
    (best, item) => ((itemCounts[item] as number) > (itemCounts[best] as number) ? item : best),
    0,
  );
  const item = model.items.id(known);
  return {
    tables: [
      {
        name: 'recommendations',
        title: `For user ${user}`,
        caption: `The user with the median number of ratings, ${formatCount(counts[index] as number)}.`,
        rows: model.recommend({ users: [user], k }).rows(user),
      },
      ...(hasItemVectors(model.data)
        ? [
            {
              name: 'similar',
              title: `Like ${model.title(item) ?? `item ${item}`}`,
              caption: 'The most rated item.',
              rows: model.similarItems({ items: [item], k }).rows(),
            },
          ]
        : []),
    ],
  };
}

const optionsPart = ({ options }: Model): ReportPart => ({
  tables: [
    {
      name: 'options',
      title: 'Options',
      rows: Object.entries(options).map(([option, value]) => ({
        option,
        value: typeof value === 'string' ? value : JSON.stringify(value),
      })),
    },
  ],
});
