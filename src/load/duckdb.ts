import { createRequire } from 'node:module';
import { availableParallelism } from 'node:os';
import type { DuckDBResult } from '@duckdb/node-api';
import { MissingPackageError } from '../errors.js';

/** The few raw functions of `@duckdb/node-bindings` that give a chunk's memory without a copy. */
export interface DuckDBBindings {
  data_chunk_get_vector(chunk: unknown, column: number): unknown;
  vector_get_data(vector: unknown, bytes: number): Uint8Array;
  get_data_from_pointer(buffer: ArrayBufferLike, offset: number, bytes: number): Uint8Array;
}

type SqlValue = string | number | bigint | boolean | null;

/** An in-memory database that can read the files it was opened for and nothing else. */
export interface DuckDB {
  bindings: DuckDBBindings;
  /** The files as SQL literals, for `read_csv` and `read_parquet`. */
  fileLiterals: readonly string[];
  /** Runs a query; its chunks come one by one. @throws QueryError */
  stream(sql: string): Promise<DuckDBResult>;
  /** Runs a query with a small result. @throws QueryError */
  rows(sql: string): Promise<SqlValue[][]>;
  /** Stops the running query, which then rejects. */
  interrupt(): void;
}

/** A query failed: the data (or, seldom, our SQL) is wrong. The message is DuckDB's first line. */
export class QueryError extends Error {
  override readonly name = 'QueryError';
  /** 1-based line of a CSV file when DuckDB names one. */
  readonly line: number | undefined;

  constructor(cause: unknown) {
    const text = cause instanceof Error ? cause.message : String(cause);
    const lines = text.split('\n').filter((line) => line.trim() !== '' && !line.startsWith('Original Line'));
    super(lines.slice(0, 2).join(': '), { cause });
    const line = /CSV Error on Line: (\d+)/.exec(text)?.[1];
    this.line = line === undefined ? undefined : Number(line);
  }
}

/** Text as an SQL literal. */
export function sqlText(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/**
 * Opens DuckDB for reading `files` (absolute paths), calls `use` and closes it. Nothing else on the machine can be
 * opened, written or downloaded: the configuration is locked before any data is looked at.
 *
 * @throws MissingPackageError when `@duckdb/node-api` is not installed
 */
export async function withDuckDB<T>(files: readonly string[], use: (db: DuckDB) => Promise<T>): Promise<T> {
  const { api, bindings } = await importDuckDB();
  const threads = String(Math.min(8, Math.max(2, availableParallelism())));
  const instance = await api.DuckDBInstance.create(':memory:', {
    threads,
    autoinstall_known_extensions: 'false',
    autoload_known_extensions: 'false',
    temp_directory: '',
  });
  try {
    const connection = await instance.connect();
    try {
      // In a path, `*`, `?` and `[` are a pattern to DuckDB unless each stands in brackets; access is checked on both
      // spellings.
      const patterns = files.map((file) => file.replace(/[*?[]/g, '[$&]'));
      for (const setting of [
        `allowed_paths = [${[...files, ...patterns].map(sqlText).join(', ')}]`,
        'enable_external_access = false',
        // Date-times without a zone are UTC, whatever this machine's zone is.
        "TimeZone = 'UTC'",
        // Room for what every thread has parsed ahead; with DuckDB's 1 MB default only one thread works at a time.
        "streaming_buffer_size = '64MB'",
        'lock_configuration = true',
      ]) {
        await connection.run(`SET ${setting}`);
      }
      return await use({
        bindings,
        fileLiterals: patterns.map(sqlText),
        stream: (sql) => checked(() => connection.stream(sql)),
        rows: (sql) => checked(async () => (await connection.runAndReadAll(sql)).getRows() as SqlValue[][]),
        interrupt: () => connection.interrupt(),
      });
    } finally {
      connection.closeSync();
    }
  } finally {
    instance.closeSync();
  }
}

async function checked<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw new QueryError(error);
  }
}

async function importDuckDB(): Promise<{ api: typeof import('@duckdb/node-api'); bindings: DuckDBBindings }> {
  try {
    const api = await import('@duckdb/node-api');
    // The bindings are a dependency of the package, not ours: find them from where the package lies.
    const require = createRequire(import.meta.url);
    const bindings = createRequire(require.resolve('@duckdb/node-api'))('@duckdb/node-bindings') as DuckDBBindings;
    return { api, bindings };
  } catch (cause) {
    throw new MissingPackageError(
      'Reading files needs the package @duckdb/node-api, which is not installed or has no binary for this machine: `npm install @duckdb/node-api`',
      { cause },
    );
  }
}
