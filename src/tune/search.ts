import { Dataset } from '../dataset/dataset.js';
import { evaluate } from '../evaluate/evaluate.js';
import type { Evaluation } from '../evaluate/measure.js';
import type { Model } from '../model.js';
import { splitRandom } from '../split/split-random.js';
import type { Criterion } from './criterion.js';
import { fingerprintOf } from './fingerprint.js';
import { JOURNAL_VERSION, Journal, type JournalHeader } from './journal.js';
import { readOptions, type SearchOptions, type TuneOptions, type TuneProgress } from './options.js';
import { type Parts, type Planned, planTrials } from './plan.js';
import { TuneResult } from './result.js';
import { rungOf, runTrial, type Surroundings, type Train } from './run-trial.js';
import { Rungs } from './rungs.js';
import { sortTrials, type Trial } from './trial.js';

/** A search under way: what it shares, and what it has found. */
interface Search {
  given: SearchOptions;
  parts: Parts;
  planned: Planned;
  train: Train;
  journal: Journal | undefined;
  /** Aborted with the caller's reason, or with an error that is no trial's own: of a callback, of the journal. */
  stop: AbortController;
}

function splitParts(data: Dataset, { validation, seed }: SearchOptions): Parts {
  if (typeof validation !== 'number') return { training: data, validation };
  const parts = splitRandom(data, { fractions: { train: 1 - validation, valid: validation }, seed });
  return { training: parts.train, validation: parts.valid };
}

async function headerOf(data: Dataset, given: SearchOptions, { axes, model, rungs }: Planned): Promise<JournalHeader> {
  const { strategy, seed, criterion, fixed, validation } = given;
  return {
    palateJournal: JOURNAL_VERSION,
    model,
    // A list: the order of the keys decides the trials.
    space: axes,
    strategy,
    ...(strategy === 'halving' && { halving: rungs }),
    metric: criterion.name,
    seed,
    options: fixed,
    data: await fingerprintOf(data),
    validation: validation instanceof Dataset ? await fingerprintOf(validation) : validation,
  };
}

/** Tells the rungs what the journal knows of earlier trials. */
function replay(trials: Iterable<Trial>, { lastEpochs }: Planned, rungs: Rungs, criterion: Criterion): void {
  for (const { index, epochs } of trials) {
    for (const report of epochs) {
      const at = rungOf(report, lastEpochs[index] as number, rungs, criterion);
      if (at !== undefined) void rungs.arrive(index, at.rung, at.score);
    }
    rungs.end(index);
  }
}

interface Found {
  trials: Trial[];
  /** The best trial that has run now, and its model; the journal keeps no models. */
  kept: { trial: Trial; model: Model } | undefined;
}

/** Runs the trials that the journal lacks, several at once, in order. */
async function runTrials({ given, parts, planned, train, journal, stop }: Search): Promise<Found> {
  const { strategy, criterion, parallel, onTrial, onEpoch } = given;
  const { plans, lastEpochs } = planned;
  const trials = journal?.trials(plans) ?? new Map<number, Trial>();
  const rungs = strategy === 'halving' ? new Rungs(planned.rungs, plans.length) : undefined;
  if (rungs !== undefined) {
    replay(trials.values(), planned, rungs, criterion);
    stop.signal.addEventListener('abort', () => rungs.close());
  }
  const progress = (): TuneProgress => ({ done: trials.size, total: plans.length });
  const surroundings: Surroundings = {
    train,
    data: parts.training,
    validation: parts.validation,
    criterion,
    threads: Math.max(1, Math.floor(given.threads / parallel)),
    rungs,
    signal: stop.signal,
    onEpoch: (report, plan) => {
      try {
        onEpoch?.(report, plan, progress());
      } catch (error) {
        // It comes out of training, where it would pass for the trial's own.
        stop.abort(error);
        throw error;
      }
    },
  };
  let kept: Found['kept'];
  const missing = plans.filter(({ index }) => !trials.has(index)).values();
  const work = async (): Promise<void> => {
    for (const plan of missing) {
      const { trial, model } = await runTrial(plan, lastEpochs[plan.index] as number, surroundings);
      await journal?.add(trial);
      trials.set(trial.index, trial);
      if (model !== undefined && (kept === undefined || sortTrials([kept.trial, trial], criterion)[0] === trial)) {
        kept = { trial, model };
      }
      onTrial?.(trial, progress());
    }
  };
  const workers = Array.from({ length: Math.min(parallel, plans.length) }, () =>
    work().catch((error: unknown) => stop.abort(error)),
  );
  await Promise.all(workers);
  stop.signal.throwIfAborted();
  return { trials: plans.map(({ index }) => trials.get(index) as Trial), kept };
}

/** Ranks the trials, and scores the test part by the best. */
async function finish(search: Search, { trials, kept }: Found): Promise<TuneResult> {
  const { given, parts, train, stop } = search;
  const { criterion, threads, test } = given;
  const { signal } = stop;
  const ranking = sortTrials(trials, criterion);
  const best = ranking[0]?.status === 'ok' ? ranking[0] : undefined;
  let model: Model | undefined;
  if (best !== undefined) {
    // A trial of the journal is trained again: equal seeds give equal bits.
    model =
      kept?.trial === best
        ? kept.model
        : await train(parts.training, { ...best.options, validation: parts.validation, threads, signal });
  }
  let measured: Evaluation | undefined;
  if (model !== undefined && test !== undefined) {
    measured = await evaluate(model, test, { ...criterion.evaluation, threads, signal });
  }
  return new TuneResult(criterion.name, { trials, ranking, best, model, test: measured });
}

/** `tune` with a trainer of the caller's choice. */
export async function search(data: Dataset, options: TuneOptions, train: Train): Promise<TuneResult> {
  const given = readOptions(data, options);
  given.signal?.throwIfAborted();
  const parts = splitParts(data, given);
  const planned = planTrials(options.model, options.space, given, parts);
  const stop = new AbortController();
  const onAbort = (): void => stop.abort(given.signal?.reason);
  given.signal?.addEventListener('abort', onAbort, { once: true });
  let journal: Journal | undefined;
  try {
    journal =
      given.journal === undefined ? undefined : await Journal.open(given.journal, await headerOf(data, given, planned));
    const running: Search = { given, parts, planned, train, journal, stop };
    return await finish(running, await runTrials(running));
  } finally {
    given.signal?.removeEventListener('abort', onAbort);
    await journal?.close();
  }
}
