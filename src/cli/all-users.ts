import type { FileHandle } from 'node:fs/promises';
import path from 'node:path';
import { RecordBatchFileWriter, type Table } from 'apache-arrow';
import type { Model, RecommendAllOptions } from '../index.js';
import { replaceFile } from '../model-file/write-file.js';
import { csvCell } from '../report/to-csv.js';
import { counted, toJson } from './output.js';
import { type Io, type Reply, usageError } from './run.js';

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
export async function writeAllUsers(model: Model, file: string, options: RecommendAllOptions, io: Io): Promise<Reply> {
  const write = expectListFormat(file);
  let rows = 0;
  async function* tables(): AsyncGenerator<Table> {
    for await (const batch of model.recommendAll({ ...options, signal: io.signal })) {
      rows += batch.length;
      yield batch.toTable();
    }
  }
  await replaceFile(file, (handle) => write(handle, tables()));
  const users = model.users.size;
  return {
    json: { users, rows, out: file },
    text: `Wrote ${counted(rows, 'row')} for ${counted(users, 'user')} to ${file}\n`,
  };
}

async function writeLines(handle: FileHandle, lines: readonly string[]): Promise<void> {
  if (lines.length > 0) await handle.appendFile(`${lines.join('\n')}\n`);
}
