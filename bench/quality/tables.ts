import type { Difference, Interval } from '../../src/index.js';
import { describeMachine } from '../machine.js';
import { formatTime } from '../report.js';
import type { ExplicitResult, ImplicitResult, OverFolds, QualityResults } from './types.js';
import { REFERENCE } from './variants.js';

const COMMAND = 'npm run quality';

const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
const table = (heads: readonly string[], rows: readonly (readonly string[])[]): string =>
  [row(heads), row(heads.map((_, n) => (n === 0 ? '---' : '---:'))), ...rows.map(row)].join('\n');

const places = (value: number | undefined, digits = 4): string => (value === undefined ? '–' : value.toFixed(digits));
const withDeviation = ({ mean, deviation }: OverFolds): string => `${places(mean)} ± ${places(deviation)}`;

function withInterval(value: number | undefined, interval: Interval | undefined): string {
  if (value === undefined) return '–';
  return interval === undefined
    ? places(value)
    : `${places(value)} (${places(interval.low)} to ${places(interval.high)})`;
}

function withSign({ difference, low, high }: Difference): string {
  const sign = (value: number): string => `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(4)}`;
  return `${sign(difference)} (${sign(low)} to ${sign(high)})`;
}

const timeOf = (seconds: number | undefined): string => (seconds === undefined ? '–' : formatTime(seconds));

function explicitTable(results: readonly ExplicitResult[]): string {
  return table(
    ['ratings', 'rmse', 'mae', 'training a fold'],
    results.map(({ variant, rmse, mae, seconds }) => [
      variant,
      withDeviation(rmse),
      withDeviation(mae),
      timeOf(seconds),
    ]),
  );
}

const OF_ITEMS = ['coverage@10', 'novelty@10', 'diversity@10', 'popularity@10'] as const;

function implicitTable(results: readonly ImplicitResult[], baselines: QualityResults['baselines']): string {
  const ofItems = (metrics: Readonly<Record<string, number>>): string[] =>
    OF_ITEMS.map((name) => places(metrics[name], name.startsWith('novelty') ? 2 : 3));
  const beside = (['random', 'popularity'] as const).map((name) => {
    const metrics = baselines[name] ?? {};
    return [
      `${name} (baseline)`,
      places(metrics['ndcg@10']),
      '–',
      places(metrics['recall@20']),
      ...ofItems(metrics),
      '–',
    ];
  });
  const rows = results.map(({ variant, metrics, intervals, differences, seconds }) => [
    variant,
    withInterval(metrics['ndcg@10'], intervals['ndcg@10']),
    differences['ndcg@10'] === undefined ? '–' : withSign(differences['ndcg@10']),
    withInterval(metrics['recall@20'], intervals['recall@20']),
    ...ofItems(metrics),
    formatTime(seconds),
  ]);
  const heads = ['likes', 'ndcg@10', `ndcg@10 − ${REFERENCE}`, 'recall@20', ...OF_ITEMS, 'training'];
  return table(heads, [...beside, ...rows]);
}

/** What README.md says of all models: one figure of each with its spread, and the time. */
export function toSummary({ explicit, implicit, baselines, machine, date, seed }: QualityResults): string {
  const ranked = implicit.map(({ variant, metrics, intervals, seconds }) => [
    variant,
    withInterval(metrics['ndcg@10'], intervals['ndcg@10']),
    formatTime(seconds),
  ]);
  const popularity = ['popularity (baseline)', places(baselines.popularity?.['ndcg@10']), '–'];
  return [
    `\`${COMMAND}\` on ${describeMachine(machine)}; ${date}. ml-latest-small, all models by their defaults. Ratings: mean ± ` +
      `deviation over five folds. Likes (at least 4): 80 % of each user to train on, 20 % to test, seed ${seed}; 95 % ` +
      'intervals over users.',
    table(
      ['ratings', 'RMSE', 'training a fold'],
      explicit.map(({ variant, rmse, seconds }) => [variant, withDeviation(rmse), timeOf(seconds)]),
    ),
    table(['likes', 'ndcg@10', 'training'], [popularity, ...ranked]),
  ].join('\n\n');
}

/** Both tables with what they show; a table without rows is left out. */
export function toMarkdown({ explicit, implicit, baselines, machine, date, load, seed }: QualityResults): string {
  const busy = load > machine.cores / 2 ? `, with a load of ${load.toFixed(1)} besides` : '';
  const parts = [`\`${COMMAND}\` on ${describeMachine(machine)}, ${date}${busy}. All models by their defaults.`];
  if (explicit.length > 0) {
    parts.push(
      'Ratings of ml-latest-small, five folds: mean ± standard deviation over the folds.',
      explicitTable(explicit),
    );
  }
  if (implicit.length > 0) {
    parts.push(
      `Likes (ratings of at least 4), 80 % of each user to train on and 20 % to test, seed ${seed}; all films that a user ` +
        'has not liked in training are ranked. In brackets 95 % intervals over users, by the bootstrap; those of ' +
        'differences are paired.',
      implicitTable(implicit, baselines),
    );
  }
  return `${parts.join('\n\n')}\n`;
}

/** As JSON, a line for each model, so that a change shows which ones moved. */
export function toJson(results: QualityResults): string {
  const { explicit, implicit, ...head } = results;
  const list = (rows: readonly unknown[]): string =>
    rows.length === 0 ? '[]' : `[\n${rows.map((row) => `    ${JSON.stringify(row)}`).join(',\n')}\n  ]`;
  const fields = Object.entries(head).map(([key, value]) => [key, JSON.stringify(value)]);
  const all = [...fields, ['explicit', list(explicit)], ['implicit', list(implicit)]];
  return `{\n${all.map(([key, value]) => `  "${key}": ${value}`).join(',\n')}\n}\n`;
}
