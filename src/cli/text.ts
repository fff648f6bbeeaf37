import type { EpochReport } from '../index.js';
import { type Column, count, duration, formatTable, measure } from './output.js';

/** A recommended or similar item as a table shows it. */
export interface ShownItem {
  rank: number;
  itemId: unknown;
  title?: string | undefined;
  genres?: readonly string[];
  score: number;
}

/** Items with rank, title, genres and score; the id stands in for a missing title. */
export function itemTable(items: readonly ShownItem[]): string {
  const titled = items.some((item) => item.title !== undefined);
  const tagged = items.some((item) => (item.genres?.length ?? 0) > 0);
  const columns: Column[] = [
    { head: '#', align: 'right' },
    { head: 'item', align: 'right' },
  ];
  if (titled) columns.push({ head: 'title', flexible: true });
  if (tagged) columns.push({ head: 'genres', flexible: true });
  columns.push({ head: 'score', align: 'right' });
  const rows = items.map((item) => [
    count(item.rank),
    String(item.itemId),
    ...(titled ? [item.title ?? ''] : []),
    ...(tagged ? [(item.genres ?? []).join(', ')] : []),
    measure(item.score),
  ]);
  return formatTable(columns, rows);
}

const MOST_EPOCHS = 20;

/** Loss per epoch. Of many epochs every n-th is shown, the first and the last always. */
export function epochTable(epochs: readonly (Omit<EpochReport, 'seconds'> & { seconds?: number })[]): string {
  const every = niceStep(epochs.length / MOST_EPOCHS);
  const shown = epochs.filter((_, i) => i === 0 || i === epochs.length - 1 || (i + 1) % every === 0);
  const columns: [Column, (epoch: (typeof epochs)[number]) => string | undefined][] = [
    [{ head: 'epoch', align: 'right' }, (e) => count(e.epoch)],
    [{ head: 'train loss', align: 'right' }, (e) => measure(e.train.loss)],
    [{ head: 'train rmse', align: 'right' }, (e) => e.train.rmse && measure(e.train.rmse)],
    [{ head: 'valid loss', align: 'right' }, (e) => e.valid && measure(e.valid.loss)],
    [{ head: 'valid rmse', align: 'right' }, (e) => e.valid?.rmse && measure(e.valid.rmse)],
    [{ head: 'time', align: 'right' }, (e) => e.seconds && duration(e.seconds)],
  ];
  const used = columns.filter(([, cell]) => shown.some((epoch) => cell(epoch)));
  return formatTable(
    used.map(([column]) => column),
    shown.map((epoch) => used.map(([, cell]) => cell(epoch) ?? '-')),
  );
}

/** The least of 1, 2, 5, 10, 20, 50, … that is >= x. */
function niceStep(x: number): number {
  for (let power = 1; ; power *= 10) {
    for (const step of [1, 2, 5]) if (step * power >= x) return step * power;
  }
}
