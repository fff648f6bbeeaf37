// npm run bench -- [WORDS] [--json] [--size small|full] [--runs N] [--ratings FILE]
import { spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { native } from '../src/native/load.js';
import { makeRatings } from './make-ratings.js';
import { ratingsFile } from './ratings-file.js';
import { toMarkdown } from './report.js';
import { trials } from './trials.js';
import type { DriverResult, Measurement, Trial, TrialParameters, TrialResult } from './types.js';

type Run = (Measurement & { peakKilobytes: number }) | { skipped: string };

const here = (file: string): string => fileURLToPath(new URL(file, import.meta.url));
const say = (text: string): void => void process.stderr.write(`${text}\n`);

function runChild(task: string, driver: string, parameters: TrialParameters): Promise<Run> {
  return new Promise((resolve, reject) => {
    const args = ['--import', 'tsx', here('./child.ts'), task, driver, JSON.stringify(parameters)];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    let output = '';
    child.stdout.on('data', (chunk) => {
      output += chunk;
    });
    child.on('error', reject);
    child.on('close', (code, signal) => {
      if (code === 0) resolve(JSON.parse(output) as Run);
      else reject(new Error(`driver '${driver}' of '${task}' ended with ${signal ?? `code ${code}`}`));
    });
  });
}

function summarize(driver: string, runs: readonly Run[]): DriverResult {
  const skipped = runs.find((run) => 'skipped' in run);
  if (skipped !== undefined) return { driver, skipped: skipped.skipped };
  const measured = (runs as Extract<Run, Measurement>[]).toSorted((a, b) => a.seconds - b.seconds);
  const median = measured[measured.length >> 1] as (typeof measured)[number];
  return {
    driver,
    seconds: {
      median: median.seconds,
      min: (measured[0] as Measurement).seconds,
      max: (measured.at(-1) as Measurement).seconds,
    },
    peakMegabytes: median.peakKilobytes / 1024,
    ...(median.parts && { parts: median.parts }),
    ...(median.quality && { quality: median.quality }),
  };
}

/** Drivers take turns, after one run of each that does not count. */
async function runTrial(trial: Trial, parameters: TrialParameters, runs: number): Promise<TrialResult> {
  const results = new Map<string, Run[]>(trial.drivers.map((driver) => [driver, []]));
  for (let round = 0; round <= runs; round++) {
    for (const driver of trial.drivers) {
      const earlier = results.get(driver) as Run[];
      if (earlier.some((run) => 'skipped' in run)) continue;
      say(`${trial.task}: ${driver} ${round === 0 ? 'warm-up' : `run ${round} of ${runs}`}`);
      const run = await runChild(trial.task, driver, parameters);
      if (round > 0 || 'skipped' in run) earlier.push(run);
    }
  }
  return {
    task: trial.task,
    caption: trial.caption,
    parameters,
    runs,
    drivers: trial.drivers.map((driver) => summarize(driver, results.get(driver) as Run[])),
  };
}

const { values: flags, positionals: words } = parseArgs({
  allowPositionals: true,
  options: {
    json: { type: 'boolean', default: false },
    size: { type: 'string', default: 'small' },
    runs: { type: 'string', default: '3' },
    ratings: { type: 'string' },
  },
});
const runs = Number(flags.runs);
if (flags.size !== 'small' && flags.size !== 'full') throw new Error('--size takes small or full');
if (!Number.isInteger(runs) || runs < 1) throw new Error('--runs takes an integer >= 1');
const size = flags.size;
const chosen = trials.filter((t) => words.every((w) => `${t.task} ${t.drivers.join(' ')}`.includes(w)));
if (chosen.length === 0)
  throw new Error(`no trial matches ${words.join(' ')}; there are: ${trials.map((t) => t.task).join(', ')}`);

const machine = {
  cpu: cpus()[0]?.model ?? 'unknown',
  cores: cpus().length,
  memoryGigabytes: Math.round(totalmem() / 2 ** 30),
  node: process.version,
  simd: native().simdLevels().active,
};
const results: TrialResult[] = [];
for (const trial of chosen) {
  const parameters: TrialParameters = {
    ...trial.parameters[size],
    ...(flags.ratings !== undefined && { ratings: flags.ratings }),
  };
  if (flags.ratings === undefined && typeof parameters.rows === 'number') {
    const file = ratingsFile(parameters);
    makeRatings(file, parameters.rows, (share) => say(`making ${file}: ${Math.round(share * 100)} %`));
  }
  const result = await runTrial(trial, parameters, runs);
  results.push(result);
  mkdirSync(here('./results'), { recursive: true });
  const { ratings: _, ...shown } = result.parameters; // a path of this machine says nothing to others
  const record = { machine, size, ...result, parameters: shown };
  writeFileSync(here(`./results/${trial.task}-${size}.json`), `${JSON.stringify(record, null, 2)}\n`);
  if (!flags.json) process.stdout.write(`${toMarkdown({ ...result, parameters: shown })}\n`);
}
if (flags.json) process.stdout.write(`${JSON.stringify({ machine, results })}\n`);
