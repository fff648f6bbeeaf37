import type { EpochReport } from '../index.js';
import { toTextColumns } from '../report/to-table.js';
import { type Column, count, duration, formatTable, measure } from './output.js';

/** An item of a list of recommended or similar ones. */
export interface ShownItem {
  rank: number;
  itemId: unknown;
  title?: string | undefined;
  genres?: readonly string[];
  score: number;
}

/** Items with rank, id, title, genres and score; the id alone where there is no metadata. */
export function itemTable(items: readonly ShownItem[]): string {
  return recordTable(items.map(({ rank, itemId, title, genres, score }) => ({ rank, itemId, title, genres, score })));
}

/** Records as a table with a column for each key that has a value somewhere. */
export function recordTable(records: readonly object[]): string {
  const columns = toTextColumns(records);
  return formatTable(
    columns.map(({ key, head, kind }): Column => {
      const isText = kind === 'text';
      return { head, align: isText ? 'left' : 'right', flexible: key === 'genres' ? 'first' : isText };
    }),
    records.map((_, row) => columns.map(({ cells }) => cells[row] as string)),
  );
}

const MOST_EPOCHS = 20;

/** Loss per epoch. Of many epochs every n-th is shown, the first and the last always. */
export function epochTable(epochs: readonly (Omit<EpochReport, 'seconds'> & { seconds?: number })[]): string {
  const every = niceStep(epochs.length / MOST_EPOCHS);
  const shown = epochs.filter((_, i) => i === 0 || i === epochs.length - 1 || (i + 1) % every === 0);
  const columns: [Column, (epoch: (typeof epochs)[number]) => string | undefined][] = [
    [{ head: 'epoch', align: 'right' }, (e) => count(e.epoch)],
    [{ head: 'train loss', align: 'right' }, (e) => measure(e.train.loss)],
    [{ head: 'train rmse', align: 'right' }, (e) => optional(e.train.rmse, measure)],
    [{ head: 'valid loss', align: 'right' }, (e) => optional(e.valid?.loss, measure)],
    [{ head: 'valid rmse', align: 'right' }, (e) => optional(e.valid?.rmse, measure)],
    [{ head: 'time', align: 'right' }, (e) => optional(e.seconds, duration)],
  ];
  const used = columns.filter(([, cell]) => shown.some((epoch) => cell(epoch) !== undefined));
  return formatTable(
    used.map(([column]) => column),
    shown.map((epoch) => used.map(([, cell]) => cell(epoch) ?? '-')),
  );
}

const optional = (value: number | undefined, show: (value: number) => string): string | undefined =>
  value === undefined ? undefined : show(value);

/** The least of 1, 2, 5, 10, 20, 50, … that is >= x. */
function niceStep(x: number): number {
  for (let power = 1; ; power *= 10) {
    for (const step of [1, 2, 5]) if (step * power >= x) return step * power;
  }
}
