// npm run bench: see USAGE in arguments.ts. Exit codes: 0 done, 1 a driver or the work failed, 2 wrong usage, 130 broken off.
import { readFileSync } from 'node:fs';
import { type Arguments, parseArguments, USAGE, UsageError } from './arguments.js';
import { describeInput, inputOf } from './data/inputs.js';
import { commandOf, whyMissing, workOf } from './drivers/command.js';
import { loadAverage, machine } from './machine.js';
import { makeInput } from './make-input.js';
import { newProgress, type Progress } from './progress.js';
import { writeReadme } from './readme.js';
import { toMarkdown } from './report.js';
import { resultsFolder, writeResult } from './results.js';
import { parseLast, runChild } from './run-child.js';
import { countRuns, type Runner, runTrial } from './run-trial.js';
import { runScaling } from './scaling/run-scaling.js';
import { trials } from './trials.js';
import type { Parameters, ResultFile, Run, Trial } from './types.js';

/** Own runs add to the load, so it is taken before all of them. */
const load = loadAverage();

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));

/** Runs one trial and returns what its results file will hold. */
async function measure(trial: Trial, args: Arguments, progress: Progress, signal: AbortSignal): Promise<ResultFile> {
  const { size, runs, ratings, targetRmse } = args;
  const given = trial.parameters[size];
  const parameters: Parameters = {
    ...given,
    ...(given.targetRmse !== undefined && targetRmse !== undefined && { targetRmse }),
  };
  const input = inputOf(trial.input, parameters, ratings);
  await makeInput(input, signal);
  const runner: Runner = {
    whyMissing,
    run: async (driver) => {
      const command = commandOf(workOf(driver, { task: trial.task, parameters, input: input.file }));
      const outcome = await runChild(command, { signal });
      return 'failed' in outcome ? outcome : parseLast<Run>(outcome.output);
    },
  };
  const drivers = await runTrial(trial, runs, runner, progress);
  const { name, caption, quality } = trial;
  const date = new Date().toISOString().slice(0, 10);
  const described = describeInput(input);
  return {
    trial: name,
    size,
    date,
    load,
    palate: version,
    machine: machine(),
    caption,
    quality,
    parameters,
    input: described,
    drivers,
  };
}

async function main(args: Arguments, signal: AbortSignal): Promise<number> {
  if (args.help) {
    process.stdout.write(`${USAGE}\n`);
    return 0;
  }
  if (args.readme) {
    writeReadme();
    return 0;
  }
  if (load > machine().cores / 2) {
    process.stderr.write(`bench: this machine is busy (load ${load.toFixed(1)}): times and ratios will be off\n`);
  }
  const folder = args.results ?? resultsFolder;
  const total = args.chosen.reduce((sum, trial) => sum + countRuns(trial, args.runs), 0);
  const progress = newProgress(total, process.stderr);
  const results: ResultFile[] = [];
  try {
    for (const trial of args.chosen) {
      const why = trial.needs && whyMissing(trial.needs);
      if (why !== undefined) {
        progress.note(`${trial.name} left out: ${why}`, countRuns(trial, args.runs));
        continue;
      }
      const result = await measure(trial, args, progress, signal);
      writeResult(folder, result);
      results.push(result);
      if (!args.json) process.stdout.write(`${toMarkdown(result)}\n`);
    }
  } finally {
    progress.stop();
  }
  if (results.length === 0 && !args.scaling) throw new Error('nothing was measured: all trials were left out');
  const scaling = args.scaling ? await runScaling({ ...args, folder, signal }) : undefined;
  if (args.json) {
    process.stdout.write(`${JSON.stringify({ machine: machine(), results, ...(scaling && { scaling }) })}\n`);
  }
  return results.some(({ drivers }) => drivers.some(({ failed }) => failed !== undefined)) ? 1 : 0;
}

const broken = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => broken.abort());
try {
  process.exitCode = await main(parseArguments(process.argv.slice(2), trials), broken.signal);
} catch (error) {
  const text = error instanceof Error ? error.message : String(error);
  process.stderr.write(`bench: ${broken.signal.aborted ? 'broken off; what was under way left no results' : text}\n`);
  process.exitCode = broken.signal.aborted ? 130 : error instanceof UsageError ? 2 : 1;
}
