import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { sampleItems, sampleRatings } from '../../src/load/sample.js';

const main = fileURLToPath(new URL('../../src/cli/main.ts', import.meta.url));

export interface Finished {
  code: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  stderr: string;
}

export interface SpawnOptions {
  cwd?: string;
  env?: Record<string, string>;
  /** Called with the process and all of stderr so far whenever there is more of it. */
  onStderr?: (child: ChildProcess, stderr: string) => void;
  /** The reader of stdout goes away at once. */
  closeStdout?: boolean;
}

/** Runs the command line from source and waits for its end. */
export function palate(args: readonly string[], options: SpawnOptions = {}): Promise<Finished> {
  const { PALATE_DATA: _, NO_COLOR: __, FORCE_COLOR: ___, ...inherited } = process.env;
  const child = spawn(process.execPath, ['--import', import.meta.resolve('tsx'), main, ...args], {
    cwd: options.cwd,
    env: { ...inherited, ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  if (options.closeStdout) child.stdout.destroy();
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
    options.onStderr?.(child, stderr);
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => resolve({ code, signal, stdout, stderr }));
  });
}

/** A folder that holds the sample as MovieLens would write it, and what a test makes beside it. */
export class Workplace {
  readonly root: string = mkdtempSync(path.join(tmpdir(), 'palate-test-'));
  /** MovieLens folder (layout ml-latest). */
  readonly data: string = path.join(this.root, 'ml');

  constructor(users = 120) {
    mkdirSync(this.data);
    const quote = (text: string): string => (text.includes(',') ? `"${text}"` : text);
    const ratings = sampleRatings({ users });
    const rows = Array.from(ratings, (row) => `${row.userId},${row.itemId},${row.rating},${row.time}`);
    writeFileSync(this.file('ml/ratings.csv'), `${['userId,movieId,rating,timestamp', ...rows].join('\n')}\n`);
    const films = Array.from(
      sampleItems(),
      (film) =>
        `${film.itemId},${quote(film.title as string)},${Array.from(film.genres as Iterable<string>).join('|')}`,
    );
    writeFileSync(this.file('ml/movies.csv'), `${['movieId,title,genres', ...films].join('\n')}\n`);
  }

  file(name: string): string {
    return path.join(this.root, name);
  }

  /** Names of everything in it, hidden files too. */
  list(): string[] {
    return readdirSync(this.root, { recursive: true, encoding: 'utf8' }).sort();
  }

  remove(): void {
    rmSync(this.root, { recursive: true, force: true });
  }
}

/** The one JSON object of a successful run. */
export function onlyJson<T = Record<string, unknown>>({ code, stdout, stderr }: Finished): T {
  if (code !== 0) throw new Error(`exit code ${code}: ${stderr}`);
  const lines = stdout.split('\n');
  if (lines.length !== 2 || lines[1] !== '') throw new Error(`not one line: ${stdout.slice(0, 200)}`);
  return JSON.parse(lines[0] as string) as T;
}
