import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { partialName } from './data/partial.js';
import type { ResultFile } from './types.js';

/** What `npm run quality` keeps in `resultsFolder`. */
export const QUALITY_FILE = 'quality.json';

/** The results that the repository keeps. */
export const resultsFolder: string = fileURLToPath(new URL('./results', import.meta.url));

/** Writes a file in one step: whoever looks, and whatever ends this process, sees the old one or the new one. */
export function writeWhole(file: string, text: string): void {
  mkdirSync(path.dirname(file), { recursive: true });
  const partial = partialName(file);
  try {
    writeFileSync(partial, text);
    renameSync(partial, file);
  } catch (error) {
    rmSync(partial, { force: true });
    throw error;
  }
}

export function writeResult(folder: string, result: ResultFile): void {
  writeWhole(path.join(folder, `${result.trial}-${result.size}.json`), `${JSON.stringify(result, null, 2)}\n`);
}

/** Every result of full size in a folder, by trial. */
export function readResults(folder: string): Map<string, ResultFile> {
  if (!existsSync(folder)) return new Map();
  const results = readdirSync(folder)
    .filter((name) => name.endsWith('-full.json') && !name.startsWith('scaling'))
    .map((name) => JSON.parse(readFileSync(path.join(folder, name), 'utf8')) as ResultFile);
  return new Map(results.map((result) => [result.trial, result]));
}
