import { setImmediate } from 'node:timers/promises';
import type { Dataset } from '../index.js';
import { replaceFile } from '../model-file/write-file.js';
import { csvCell } from '../report/to-csv.js';

/** Rows of one write. */
const ROWS = 2 ** 16;

/** Writes the interactions as CSV, whole or not at all: ids, then ratings and times where there are any. */
export async function writeRatings(file: string, data: Dataset, signal: AbortSignal): Promise<void> {
  const { items, values, times, offsets, size } = data.interactions;
  const columns = ['userId', 'itemId', ...(data.implicit ? [] : ['rating']), ...(times ? ['timestamp'] : [])];
  const itemCells = Array.from({ length: data.numItems }, (_, item) => csvCell(data.items.id(item)));
  await replaceFile(file, async (handle) => {
    let lines = [columns.join(',')];
    const flush = async (): Promise<void> => {
      signal.throwIfAborted();
      await handle.appendFile(`${lines.join('\n')}\n`);
      lines = [];
      await setImmediate();
    };
    for (let user = 0; user < data.numUsers; user++) {
      const cell = csvCell(data.users.id(user));
      const end = offsets[user + 1] as number;
      for (let at = offsets[user] as number; at < end; at++) {
        const rating = data.implicit ? '' : `,${shortest(values[at] as number)}`;
        const time = times === undefined ? '' : `,${times[at]}`;
        lines.push(`${cell},${itemCells[items[at] as number]}${rating}${time}`);
        if (lines.length >= ROWS) await flush();
      }
    }
    if (lines.length > 0 || size === 0) await flush();
  });
}

/** The shorter text of a float32 that reads as the same one: 4.1 and not 4.099999904632568. */
function shortest(value: number): string {
  const rounded = Number(value.toPrecision(7));
  return String(Math.fround(rounded) === value ? rounded : value);
}
