// npm run quality: see USAGE in arguments.ts. Exit codes: 0 done, 1 the work failed, 2 wrong usage, 130 broken off.
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { Evaluation } from '../../src/index.js';
import { UsageError } from '../arguments.js';
import { loadAverage, machine } from '../machine.js';
import { newProgress, type Progress } from '../progress.js';
import { QUALITY_FILE, resultsFolder, writeWhole } from '../results.js';
import { type Arguments, parseArguments, USAGE } from './arguments.js';
import { explicitFolds, implicitParts, readTables } from './data.js';
import { measureBiases, measureExplicit, measureImplicit } from './measure.js';
import { toJson, toMarkdown } from './tables.js';
import type { QualityResults } from './types.js';
import { REFERENCE, variants } from './variants.js';

/** Own runs add to the load, so it is taken before all of them. */
const load = loadAverage();

async function measureAll(args: Arguments, progress: Progress, signal: AbortSignal): Promise<QualityResults> {
  const tables = await readTables(args.data as string);
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
  const date = new Date().toISOString().slice(0, 10);
  const results: QualityResults = {
    palate: version,
    date,
    machine: machine(),
    load,
    seed: args.seed,
    explicit: [],
    implicit: [],
    baselines: {},
  };
  const explicit = args.chosen.filter(({ kind }) => kind === 'explicit');
  if (explicit.length > 0) {
    const folds = explicitFolds(tables, args.folds);
    results.explicit.push(measureBiases(folds));
    for (const variant of explicit) {
      progress.begin(variant.name);
      const result = await measureExplicit(variant, folds, signal);
      results.explicit.push(result);
      progress.end(`${variant.name}: rmse ${result.rmse.mean.toFixed(4)}`);
    }
  }
  const implicit = args.chosen.filter(({ kind }) => kind === 'implicit');
  // The reference comes first, so that the others can be compared with it.
  implicit.sort((a, b) => Number(b.name === REFERENCE) - Number(a.name === REFERENCE));
  const parts = implicit.length > 0 ? implicitParts(tables, args.seed) : undefined;
  let reference: Evaluation | undefined;
  for (const variant of implicit) {
    progress.begin(variant.name);
    const { result, evaluation } = await measureImplicit(variant, parts as never, reference, signal);
    if (variant.name === REFERENCE) reference = evaluation;
    results.implicit.push(result);
    results.baselines = evaluation.baselines ?? {};
    progress.end(`${variant.name}: ndcg@10 ${result.metrics['ndcg@10'].toFixed(4)}`);
  }
  return results;
}

async function main(args: Arguments, signal: AbortSignal): Promise<void> {
  if (args.help) {
    process.stdout.write(`${USAGE}\n`);
    return;
  }
  const file = args.results ?? path.join(resultsFolder, QUALITY_FILE);
  let results: QualityResults;
  if (args.kept) {
    if (!existsSync(file)) throw new UsageError(`no results are kept in ${file}`);
    results = JSON.parse(readFileSync(file, 'utf8'));
  } else {
    const progress = newProgress(args.chosen.length, process.stderr);
    try {
      results = await measureAll(args, progress, signal);
    } finally {
      progress.stop();
    }
    // A part of the models must not replace the results of all.
    if (args.chosen.length === variants.length || args.results !== undefined) {
      writeWhole(file, toJson(results));
    }
  }
  process.stdout.write(args.json ? `${JSON.stringify(results)}\n` : toMarkdown(results));
}

const broken = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => broken.abort());
try {
  await main(parseArguments(process.argv.slice(2), variants, process.env), broken.signal);
} catch (error) {
  const text = error instanceof Error ? error.message : String(error);
  process.stderr.write(`quality: ${broken.signal.aborted ? 'broken off; no results were written' : text}\n`);
  process.exitCode = broken.signal.aborted ? 130 : error instanceof UsageError ? 2 : 1;
}
