import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Random } from '../../src/dataset/random.js';
import type { TuneResult } from '../../src/tune/result.js';
import { Rungs } from '../../src/tune/rungs.js';
import { search } from '../../src/tune/search.js';
import { playHalving } from '../oracle/halving.js';
import { data, fakeTrain, outcome } from './fixtures.js';

const EPOCHS = 40;

/** Losses that fall, each trial's at its own pace, some of them equal. */
function curves(trials: number, seed: number): number[][] {
  const random = new Random(seed);
  return Array.from({ length: trials }, () => {
    const [start, rate] = [1 + random.below(4), 0.6 + random.float() / 2.5];
    return Array.from({ length: EPOCHS }, (_, epoch) => Math.round(10 * start * rate ** epoch) / 10);
  });
}

/** A search whose trials have these curves; `dim` says which one a trial has drawn. */
function searchCurves(
  table: readonly number[][],
  halving: { minEpochs: number; factor: number },
  parallel: number,
  jitter = 0,
): Promise<TuneResult> {
  return search(
    data,
    {
      model: 'mf',
      strategy: 'halving',
      trials: table.length,
      space: { dim: table.map((_, t) => t + 1) },
      options: { epochs: EPOCHS },
      halving,
      parallel,
    },
    fakeTrain(({ dim }) => table[(dim as number) - 1], jitter),
  );
}

test('rungs stand at minEpochs times powers of the factor', () => {
  const rungs = new Rungs({ minEpochs: 2, factor: 3 }, 1);
  const found = Array.from({ length: 60 }, (_, epoch) => [epoch, rungs.rungAt(epoch)]).filter(
    ([, rung]) => rung !== undefined,
  );
  assert.equal(found, [
    [2, 0],
    [6, 1],
    [18, 2],
    [54, 3],
  ]);
});

for (const [minEpochs, factor] of [
  [1, 2],
  [1, 3],
  [2, 4],
]) {
  test(`halving by ${factor} from epoch ${minEpochs} stops whom the slow twin stops, with 1, 2 and 5 trials at once`, async () => {
    for (const seed of [1, 2, 3]) {
      const table = curves(33, seed);
      const one = await searchCurves(table, { minEpochs, factor }, 1);
      const order = one.trials.map(({ values }) => (values.dim as number) - 1);
      const expected = playHalving(
        order.map((t) => table[t]),
        minEpochs,
        factor,
      );
      assert.equal(
        one.trials.map(({ epochs, status }) => ({ epochs: epochs.length, stopped: status === 'stopped' })),
        expected,
      );
      assert.ok(new Set(expected.map(({ epochs }) => epochs)).size > 2, 'some stop at the first rung, some later');
      for (const parallel of [2, 5]) {
        assert.equal(outcome(await searchCurves(table, { minEpochs, factor }, parallel, seed)), outcome(one));
      }
    }
  });
}

test('of equal scores the earlier goes on; NaN is the worst', async () => {
  const rungs = new Rungs({ minEpochs: 1, factor: 2 }, 4);
  assert.equal([await rungs.arrive(0, 0, 1), await rungs.arrive(1, 0, 1)], [true, false]);
  assert.is(await rungs.arrive(2, 0, Number.NaN), false);
  assert.is(await rungs.arrive(3, 0, 0.5), true);
});

test('an answer waits for the earlier trials, and comes when they arrive, end, or the search is over', async () => {
  const rungs = new Rungs({ minEpochs: 1, factor: 2 }, 3);
  const answers: (boolean | undefined)[] = [undefined, undefined];
  const ask = (trial: number, rung: number, at: number): void => {
    void rungs.arrive(trial, rung, trial).then((answer) => {
      answers[at] = answer;
    });
  };
  const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
  ask(2, 0, 0);
  await turn();
  assert.is(answers[0], undefined);
  rungs.end(0);
  await turn();
  assert.is(answers[0], undefined);
  await rungs.arrive(1, 0, 5);
  await turn();
  assert.is(answers[0], true, 'the smaller of two');
  ask(2, 1, 1);
  await turn();
  assert.is(answers[1], undefined);
  rungs.close();
  await turn();
  assert.is(answers[1], false);
});

test.run();
