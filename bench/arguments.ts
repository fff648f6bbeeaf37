import { parseArgs } from 'node:util';
import type { Size, Trial } from './types.js';

export const USAGE =
  'npm run bench -- [words: trials whose name holds one of them] [--size small|full] [--runs N] [--ratings FILE] ' +
  '[--target-rmse X] [--json] [--results FOLDER], or [--readme] to write the results into README.md';

/** The name that stands for the curves of bench/scaling. */
export const SCALING = 'scaling';

export interface Arguments {
  help: boolean;
  /** Only write the table of README.md from the results that there are. */
  readme: boolean;
  scaling: boolean;
  chosen: readonly Trial[];
  size: Size;
  json: boolean;
  runs: number;
  ratings: string | undefined;
  targetRmse: number | undefined;
  /** Folder of the results; undefined for the one in the repository. */
  results: string | undefined;
}

/** Wrong usage: one line, exit code 2. */
export class UsageError extends Error {}

function readNumber(name: string, text: string | undefined, isRight: (n: number) => boolean, what: string) {
  if (text === undefined) return undefined;
  const number = Number(text);
  if (text.trim() === '' || !isRight(number)) throw new UsageError(`--${name} takes ${what}, not '${text}'`);
  return number;
}

function parse(argv: readonly string[]) {
  try {
    return parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: {
        help: { type: 'boolean', default: false },
        json: { type: 'boolean', default: false },
        readme: { type: 'boolean', default: false },
        size: { type: 'string', default: 'small' },
        runs: { type: 'string' },
        ratings: { type: 'string' },
        'target-rmse': { type: 'string' },
        results: { type: 'string' },
      },
    });
  } catch (error) {
    // Node adds a hint on how to pass positionals with a dash, which are none here.
    throw new UsageError((error as Error).message.replace(/\. To specify.*/s, ''));
  }
}

/** @throws UsageError for unknown words and flags, and for values that do not fit. */
export function parseArguments(argv: readonly string[], trials: readonly Trial[]): Arguments {
  const { values: flags, positionals: words } = parse(argv);
  const { size } = flags;
  if (size !== 'small' && size !== 'full') throw new UsageError(`--size takes small or full, not '${size}'`);
  const isCount = (n: number): boolean => Number.isInteger(n) && n >= 1;
  const runs = readNumber('runs', flags.runs, isCount, 'an integer >= 1') ?? (size === 'small' ? 1 : 3);
  const targetRmse = readNumber('target-rmse', flags['target-rmse'], (n) => n > 0, 'a number > 0');
  for (const word of words) {
    if (word === SCALING || trials.some(({ name }) => name.includes(word))) continue;
    const names = [...trials.map(({ name }) => name), SCALING].join(', ');
    throw new UsageError(`no trial has '${word}' in its name; there are: ${names}`);
  }
  if (flags.readme && words.length > 0) throw new UsageError('--readme runs nothing, so it takes no words');
  if (words.includes(SCALING) && flags.ratings !== undefined) {
    throw new UsageError('scaling makes ratings of several sizes itself, so it takes no --ratings');
  }
  // A whole name means that trial alone, though it may be a part of another name.
  const isChosen = (name: string): boolean =>
    words.some((word) => name === word || (name.includes(word) && trials.every((trial) => trial.name !== word)));
  return {
    help: flags.help,
    readme: flags.readme,
    scaling: words.includes(SCALING),
    chosen: words.length === 0 ? trials : trials.filter(({ name }) => isChosen(name)),
    size,
    json: flags.json,
    runs,
    ratings: flags.ratings,
    targetRmse,
    results: flags.results,
  };
}
