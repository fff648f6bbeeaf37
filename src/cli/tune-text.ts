import type { Evaluation, Trial, TuneResult, Values } from '../index.js';
import { type Column, count, counted, duration, formatTable, measure } from './output.js';
import { kebab } from './words.js';

/** Trials that a terminal shows. */
const MOST_TRIALS = 10;

/** Short heads: a line has room for some ten columns. */
const headOf = (key: string): string =>
  kebab(key).replace(/[-.]/g, ' ').replace('regularization', 'reg').replace('learning rate', 'rate');

const valueText = (value: unknown): string => (typeof value === 'object' ? JSON.stringify(value) : String(value));

/** The best trials with their values, the metric, and how long they took. */
export function trialTable({ ranking, metric }: TuneResult): string {
  const shown = ranking.slice(0, MOST_TRIALS);
  const keys = Object.keys(shown[0]?.values ?? {});
  const columns: [Column, (trial: Trial) => string][] = [
    [{ head: 'trial', align: 'right' }, ({ index }) => count(index + 1)],
    [{ head: 'status' }, ({ status }) => status],
    ...keys.map((key): [Column, (trial: Trial) => string] => [
      { head: headOf(key), align: 'right', flexible: true },
      ({ values }) => valueText(values[key]),
    ]),
    [{ head: metric, align: 'right' }, ({ metrics }) => measure(metrics[metric])],
    [{ head: 'trained', align: 'right' }, ({ epochs }) => count(epochs.length)],
    [{ head: 'time', align: 'right' }, ({ seconds }) => duration(seconds)],
  ];
  const table = formatTable(
    columns.map(([column]) => column),
    shown.map((trial) => columns.map(([, cell]) => cell(trial))),
  );
  const more = ranking.length - shown.length;
  return more > 0 ? `${table}and ${counted(more, 'trial')} behind them\n` : table;
}

/**
 * The values of a trial as flags of `palate train`; undefined where one of them has no such form.
 * { dim: 8, 'regularization.user': 1, 'regularization.item': 2 } → --dim 8 --regularization user=1,item=2
 */
export function valueFlags(values: Values): string | undefined {
  const flags = new Map<string, string>();
  for (const [key, value] of Object.entries(values)) {
    if (typeof value !== 'number' && typeof value !== 'string') return undefined;
    const [root, part] = key.split('.') as [string, string | undefined];
    const before = flags.get(root);
    const text = part === undefined ? `${value}` : `${part}=${value}`;
    flags.set(root, before === undefined ? text : `${before},${text}`);
  }
  return [...flags].map(([root, text]) => `--${kebab(root)} ${text}`).join(' ');
}

/** How many trials came to what end. */
export function statusText(trials: readonly Trial[]): string {
  const words = (['ok', 'stopped', 'diverged', 'failed'] as const).flatMap((status) => {
    const number = trials.filter((trial) => trial.status === status).length;
    return number === 0 ? [] : [`${count(number)} ${status}`];
  });
  return `${counted(trials.length, 'trial')}: ${words.join(', ')}`;
}

/** The measures of the test part, a line each. */
export const testTable = ({ metrics }: Evaluation): string =>
  formatTable(
    [{ head: 'test metric' }, { head: 'value', align: 'right' }],
    Object.entries(metrics).map(([name, value]) => [name, measure(value)]),
  );
