import type { Chart, Dataset, Model, ReportChapter, ReportPart, ReportTable } from '../index.js';
import type { RecipeResult, SweepTrial, Variant } from '../recipes/index.js';
import { evaluationPart } from '../report/evaluation-part.js';
import { formatCount, formatMeasure, formatSeconds } from '../report/format.js';
import { drawLossChart } from '../report/loss-chart.js';
import { epochRows, lossText } from '../report/model-chapter.js';
import { hasItemVectors, mapOfItems, normsOfItems } from '../report/model-charts.js';
import { drawSweepChart, spanOf, sweepText } from '../report/sweep-chart.js';
import { headOf } from '../report/to-table.js';

/** Items of a map: enough to see its parts, and few enough to tell its points from each other. */
const MAP_ITEMS = 600;

/** The model that a recipe trained last, its own setting, with the part of the ratings that validated it. */
export interface TrainedModel {
  model: Model;
  validation: Dataset | undefined;
}

/** What a recipe found, as a chapter of the tour's report. */
export async function recipeChapter(
  result: RecipeResult,
  { model, validation }: TrainedModel,
  { charts, seed, signal }: { charts: boolean; seed: number; signal: AbortSignal },
): Promise<ReportChapter> {
  const { name, about, data, seconds, variants, sweep } = result;
  return {
    name,
    title: capitalised(titleOf(name)),
    about: `${capitalised(about)}. On ${formatCount(data.users)} users, ${formatCount(data.items)} items and ${formatCount(data.interactions)} ratings; all of it took ${formatSeconds(seconds)}.`,
    parts: [
      { tables: [settingsTable(result)] },
      {
        charts: charts ? await Promise.all(variants.map(variantChart)) : [],
        tables: variants.map(epochsTable),
      },
      ...(sweep === undefined ? [] : [await sweepPart(sweep, charts)]),
      { tables: listTables(result) },
      ...(charts && hasItemVectors(model.data)
        ? [
            {
              title: 'What the items’ vectors look like',
              charts: [
                await mapOfItems(model.data, { items: MAP_ITEMS, seed, signal }),
                await normsOfItems(model.data),
              ],
            },
          ]
        : []),
      ...(validation === undefined ? [] : [await evaluationPart(model, validation, signal)]),
    ],
  };
}

/** The measure that a recipe is judged by, in each of its settings. */
export function summaryRow({ name, seconds, variants }: RecipeResult): object {
  const [first] = variants as [Variant, ...Variant[]];
  const measure = Object.keys(first.metrics).find((key) => key.startsWith('valid')) ?? Object.keys(first.metrics)[0];
  return {
    recipe: titleOf(name),
    measure: headOf(measure as string),
    ...Object.fromEntries(variants.map((variant) => [variant.name, formatMeasure(variant.metrics[measure as string])])),
    took: formatSeconds(seconds),
  };
}

/** `co-likes` → "co-likes", `item-softmax` → "item softmax" */
const titleOf = (name: string): string => name.replace(/(?<!^co)-/g, ' ');

const capitalised = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

/** A row a variant, and what else there is to hold its metrics against. */
function settingsTable({ variants, metrics }: RecipeResult): ReportTable {
  const measured = [...new Set(variants.flatMap((variant) => Object.keys(variant.metrics)))];
  const rows = variants.map(({ name, about, epochs, seconds, metrics: found }) => ({
    setting: name,
    how: about,
    epochs: epochs.length,
    ...Object.fromEntries(measured.map((key) => [key, formatMeasure(found[key])])),
    trained: formatSeconds(seconds),
    anEpoch: formatSeconds(epochs.reduce((sum, epoch) => sum + epoch.seconds, 0) / epochs.length),
  }));
  const others = Object.entries(metrics).filter(([key]) => !measured.includes(key));
  return {
    name: 'settings',
    title: 'Settings',
    rows,
    ...(others.length > 0 && {
      caption: `For comparison: ${others.map(([key, value]) => `${headOf(key)} ${formatMeasure(value)}`).join(', ')}.`,
    }),
  };
}

function variantChart({ name, epochs }: Variant): Promise<Chart> {
  return drawLossChart(epochs, { ...lossText(epochs), name: `losses-${name}`, title: `Loss, ${name}` });
}

const epochsTable = ({ name, epochs }: Variant): ReportTable => ({
  name: `epochs-${name}`,
  title: `Epochs, ${name}`,
  rows: epochRows(epochs),
  csvOnly: true,
});

/** A chart an optimizer, on one axis. */
async function sweepPart(sweep: readonly SweepTrial[], charts: boolean): Promise<ReportPart> {
  const runs = sweep.map(({ optimizer, learningRate, status, costs }) => ({
    optimizer,
    label: String(learningRate),
    losses: costs,
    diverged: status === 'diverged',
  }));
  const domain = spanOf(runs);
  const draw = (optimizer: string): Promise<Chart> => {
    const some = runs.filter((run) => run.optimizer === optimizer);
    const text = {
      ...sweepText(some),
      name: `sweep-${optimizer}`,
      title: `${OPTIMIZERS[optimizer] ?? optimizer}, by learning rate`,
    };
    return drawSweepChart(some, text, domain);
  };
  const rows = sweep.flatMap(({ optimizer, learningRate, costs }) =>
    costs.map((cost, i) => ({ optimizer, learningRate, epoch: i + 1, cost })),
  );
  return {
    title: 'A sweep over optimizers and learning rates',
    charts: charts ? await Promise.all([...new Set(runs.map(({ optimizer }) => optimizer))].map(draw)) : [],
    tables: [{ name: 'sweep', title: 'Costs', rows, csvOnly: true }],
  };
}

const OPTIMIZERS: Readonly<Record<string, string>> = { adam: 'Adam', sgd: 'SGD', adagrad: 'AdaGrad' };

function listTables({
  user,
  recommendations,
  similarTo,
  similar,
  similarAmong,
  sections,
}: RecipeResult): ReportTable[] {
  return [
    {
      name: 'recommendations',
      title: `For user ${user.id}`,
      caption: `Chosen as ${user.chosen}, ${formatCount(user.ratings)}.`,
      rows: recommendations,
    },
    {
      name: 'similar',
      title: `Like ${similarTo.title ?? `item ${similarTo.itemId}`}`,
      caption: `Chosen ${similarAmong}.`,
      rows: similar,
    },
    ...sections.map(({ title, rows }, i) => ({ name: `more-${i + 1}`, title, rows })),
  ];
}
