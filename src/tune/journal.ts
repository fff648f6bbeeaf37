import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import path from 'node:path';
import { DataError } from '../errors.js';
import { decodeJson, encodeJson } from '../model-file/json.js';
import { syncFolder, writeAll } from '../model-file/write-file.js';
import type { Plan, Trial } from './trial.js';

/** What a search is: two searches with equal headers have the same trials. */
export type JournalHeader = Readonly<Record<string, unknown>> & { palateJournal: number };

/** Format of the file; raised when an older palate could not go on with it. */
export const JOURNAL_VERSION = 1;

const STATUSES: readonly unknown[] = ['ok', 'stopped', 'diverged', 'failed'];

type Entry = Omit<Trial, 'options'>;

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isEntry(value: unknown): value is Entry {
  if (!isRecord(value)) return false;
  const { index, values, status, metrics, seconds, epochs, error } = value;
  const isReport = (report: unknown): boolean =>
    isRecord(report) && typeof report.epoch === 'number' && isRecord(report.train);
  return (
    Number.isSafeInteger(index) &&
    isRecord(values) &&
    STATUSES.includes(status) &&
    isRecord(metrics) &&
    Object.values(metrics).every((metric) => typeof metric === 'number') &&
    typeof seconds === 'number' &&
    Array.isArray(epochs) &&
    epochs.every(isReport) &&
    (error === undefined || typeof error === 'string')
  );
}

const encode = (value: unknown): Buffer => Buffer.concat([encodeJson(value), Buffer.from('\n')]);

/** Undefined for a line that is no JSON. */
function decode(line: Buffer): unknown {
  try {
    return decodeJson(line);
  } catch {
    return undefined;
  }
}

/** Lines that end; what a crash left of another one is not among them. */
function wholeLines(bytes: Buffer): { lines: Buffer[]; length: number } {
  const lines: Buffer[] = [];
  let begin = 0;
  for (let end = bytes.indexOf(10); end >= 0; end = bytes.indexOf(10, begin)) {
    lines.push(bytes.subarray(begin, end));
    begin = end + 1;
  }
  return { lines, length: begin };
}

function checkHeader(file: string, line: Buffer, header: JournalHeader): void {
  const found = decode(line);
  if (!isRecord(found) || typeof found.palateJournal !== 'number') {
    throw new DataError(`${file} is not the journal of a search; name another file`, { file, line: 1 });
  }
  for (const key of new Set([...Object.keys(header), ...Object.keys(found)])) {
    if (encodeJson({ value: header[key] }).equals(encodeJson({ value: found[key] }))) continue;
    const what = key === 'palateJournal' ? 'by another version of palate' : `with another \`${key}\``;
    throw new DataError(`${file} was begun ${what}; give what it was begun with, or another file`, { file, line: 1 });
  }
}

/**
 * The file of a search: a line with its header, then a line for each finished trial, each on the disk before the next.
 * A line that a crash cut short is dropped when the file is opened again.
 */
export class Journal {
  readonly #file: string;
  readonly #handle: FileHandle;
  readonly #entries: readonly Entry[];
  #end: number;
  #last: Promise<void> = Promise.resolve();

  private constructor(file: string, handle: FileHandle, entries: readonly Entry[], end: number) {
    this.#file = file;
    this.#handle = handle;
    this.#entries = entries;
    this.#end = end;
  }

  /** Begins a journal, or goes on with one. DataError where the file is another search's, damaged or no journal. */
  static async open(file: string, header: JournalHeader): Promise<Journal> {
    const handle = await open(file, constants.O_RDWR | constants.O_CREAT).catch((cause) => {
      throw new DataError(`The journal ${file} cannot be opened: ${cause.message}`, { file, cause });
    });
    try {
      // A device might be read for ever.
      if (!(await handle.stat()).isFile()) throw new DataError(`The journal ${file} is no regular file`, { file });
      const bytes = await handle.readFile();
      const { lines, length } = wholeLines(bytes);
      const first = encode(header);
      if (lines.length === 0) {
        // Nothing, or a header that was cut. Anything else is somebody's file.
        if (!first.subarray(0, bytes.length).equals(bytes)) checkHeader(file, bytes, header);
        const journal = new Journal(file, handle, [], 0);
        await journal.#write(first);
        await syncFolder(path.dirname(path.resolve(file)));
        return journal;
      }
      checkHeader(file, lines[0] as Buffer, header);
      const entries = lines.slice(1).map((line, at): Entry => {
        const entry = decode(line);
        if (isEntry(entry)) return entry;
        throw new DataError(`${file}, line ${at + 2}: not a trial; the journal is damaged`, { file, line: at + 2 });
      });
      await handle.truncate(length);
      return new Journal(file, handle, entries, length);
    } catch (error) {
      await handle.close();
      throw error;
    }
  }

  /** The finished trials of a search, by index. DataError for one whose values are not those of the plan. */
  trials(plans: readonly Plan[]): Map<number, Trial> {
    const found = new Map<number, Trial>();
    for (const [at, entry] of this.#entries.entries()) {
      // A search of fewer trials than before leaves the others alone.
      const plan = plans[entry.index];
      if (plan === undefined) continue;
      if (!encodeJson(plan.values).equals(encodeJson(entry.values))) {
        const line = at + 2;
        throw new DataError(`${this.#file}, line ${line}: trial ${entry.index} has other values than this search`, {
          file: this.#file,
          line,
        });
      }
      found.set(entry.index, { ...entry, ...plan });
    }
    return found;
  }

  /** Resolves once the trial is on the disk. */
  add({ options: _, ...entry }: Trial): Promise<void> {
    const line = encode(entry);
    this.#last = this.#last.then(() => this.#write(line));
    return this.#last;
  }

  async #write(line: Buffer): Promise<void> {
    await writeAll(this.#handle, line, this.#end);
    await this.#handle.sync();
    this.#end += line.length;
  }

  close(): Promise<void> {
    return this.#handle.close();
  }
}
