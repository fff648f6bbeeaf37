import { parseArgs } from 'node:util';
import { UsageError } from '../arguments.js';
import type { Variant } from './variants.js';

export const USAGE =
  'npm run quality -- [--models A,B: variants whose name holds one of them] [--data FOLDER] [--folds FILE] [--seed N] ' +
  '[--json] [--results FILE], or [--kept] for the tables of the kept results';

export interface Arguments {
  help: boolean;
  /** Only print what was measured last. */
  kept: boolean;
  json: boolean;
  chosen: readonly Variant[];
  data: string | undefined;
  folds: string | undefined;
  seed: number;
  results: string | undefined;
}

/**
 * `--data` and `--folds` default to PALATE_DATA and PALATE_FOLDS.
 * @throws UsageError for unknown flags and models, and for values that do not fit.
 */
export function parseArguments(
  argv: readonly string[],
  variants: readonly Variant[],
  environment: NodeJS.ProcessEnv,
): Arguments {
  const flags = parse(argv);
  const words = flags.models?.split(',').map((word) => word.trim().toLowerCase()) ?? [''];
  const chosen = variants.filter(({ name }) => words.some((word) => name.toLowerCase().includes(word)));
  if (chosen.length === 0) {
    throw new UsageError(
      `no model is called '${flags.models}'; there are ${variants.map(({ name }) => name).join('; ')}`,
    );
  }
  const seed = Number(flags.seed);
  if (!Number.isSafeInteger(seed) || seed < 0)
    throw new UsageError(`--seed takes an integer >= 0, not '${flags.seed}'`);
  const data = flags.data ?? environment.PALATE_DATA;
  if (data === undefined && !flags.help && !flags.kept) {
    throw new UsageError('name the folder of ml-latest-small by --data or PALATE_DATA');
  }
  const { help, kept, json, results } = flags;
  return { help, kept, json, chosen, data, folds: flags.folds ?? environment.PALATE_FOLDS, seed, results };
}

function parse(argv: readonly string[]) {
  try {
    return parseArgs({
      args: [...argv],
      options: {
        help: { type: 'boolean', default: false },
        kept: { type: 'boolean', default: false },
        json: { type: 'boolean', default: false },
        models: { type: 'string' },
        data: { type: 'string' },
        folds: { type: 'string' },
        seed: { type: 'string', default: '0' },
        results: { type: 'string' },
      },
    }).values;
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}
