import type { FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { RecordBatchFileWriter, type Table } from 'apache-arrow';
import type { Model, RecommendOptions } from '../index.js';
import { replaceFile } from '../model-file/write-file.js';
import { counted, toJson } from './output.js';
import { type Io, type Reply, usageError } from './run.js';

/** Users a call: some megabytes of lists at a time, however many users there are. */
const BATCH = 4096;

type Writer = (handle: FileHandle, tables: AsyncIterable<Table>) => Promise<void>;

const WRITERS: Readonly<Record<string, Writer>> = {
  '.csv': async (handle, tables) => {
    let head = true;
    for await (const table of tables) {
      const names = table.schema.fields.map((field) => String(field.name));
      const lines = head ? [names.join(',')] : [];
      head = false;
      for (const row of table)
        lines.push(names.map((name) => csvCell((row as Record<string, unknown>)[name])).join(','));
      await writeLines(handle, lines);
    }
  },
  '.jsonl': async (handle, tables) => {
    for await (const table of tables) {
      const lines = Array.from(table, (row) => toJson((row as { toJSON(): unknown }).toJSON()));
      await writeLines(handle, lines);
    }
  },
  '.arrow': async (handle, tables) => {
    const writer = new RecordBatchFileWriter();
    const produce = async (): Promise<void> => {
      try {
        // Batch by batch: a table as a whole would end the file.
        for await (const table of tables) for (const batch of table.batches) writer.write(batch);
      } finally {
        writer.finish();
      }
    };
    const consume = async (): Promise<void> => {
      for await (const chunk of writer) await handle.appendFile(chunk as Uint8Array);
    };
    const ends = await Promise.allSettled([produce(), consume()]);
    for (const end of ends) if (end.status === 'rejected') throw end.reason;
  },
};

/** The writer that the name of a file asks for; wrong usage when there is none. */
export function expectListFormat(file: string): Writer {
  const write = WRITERS[path.extname(file).toLowerCase()];
  if (write === undefined) {
    throw usageError(`Expected \`--out\` to end in ${Object.keys(WRITERS).join(', ')}, received "${file}"`);
  }
  return write;
}

/** Writes the recommendations of every user, batch by batch; the format follows the name of the file. */
export async function recommendAll(model: Model, file: string, options: RecommendOptions, io: Io): Promise<Reply> {
  const write = expectListFormat(file);
  let rows = 0;
  const { users } = model;
  async function* batches(): AsyncGenerator<Table> {
    for (let begin = 0; begin < users.size; begin += BATCH) {
      // Lists are made in one blocking call each; between them a signal gets its turn.
      await setImmediate();
      io.signal.throwIfAborted();
      const indices = Array.from({ length: Math.min(BATCH, users.size - begin) }, (_, i) => begin + i);
      const table = model.recommend({ ...options, users: users.ids(indices) }).toTable();
      rows += table.numRows;
      yield table;
    }
  }
  await replaceFile(file, (handle) => write(handle, batches()));
  return {
    json: { users: users.size, rows, out: file },
    text: `Wrote ${counted(rows, 'row')} for ${counted(users.size, 'user')} to ${file}\n`,
  };
}

async function writeLines(handle: FileHandle, lines: readonly string[]): Promise<void> {
  if (lines.length > 0) await handle.appendFile(`${lines.join('\n')}\n`);
}

function csvCell(value: unknown): string {
  const text = value == null ? '' : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
