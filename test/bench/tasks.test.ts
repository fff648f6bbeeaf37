import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { withPlaces, writeColumns } from '../../bench/data/columns-file.js';
import { readTimedPart } from '../../bench/data/dataset-of-columns.js';
import { makeFactors } from '../../bench/data/factors-file.js';
import { whyMissing } from '../../bench/drivers/command.js';
import { repeat, spread } from '../../bench/measure.js';
import { tasks } from '../../bench/tasks/index.js';
import { trainOptions } from '../../bench/tasks/train.js';
import { trials } from '../../bench/trials.js';
import type { Measurement, Parameters, Work } from '../../bench/types.js';
import { itemsByTime } from '../../src/dataset/time-order.js';
import { Dataset, DeviceError, sampleRatings, splitRandom, train } from '../../src/index.js';

const folder = mkdtempSync(path.join(tmpdir(), 'palate-bench-tasks-'));
test.after(() => rmSync(folder, { recursive: true }));

const sample = Dataset.fromTable(sampleRatings());
const data = sample.subset(Uint32Array.from({ length: 5000 }, (_, n) => n * 10)); // a tenth, for speed
const parts = splitRandom(data, { fractions: { train: 0.9, test: 0.1 }, seed: 42 });
const columns = path.join(folder, 'sample.columns');
writeColumns(columns, parts.train.interactions, parts.test.interactions);
const factors = path.join(folder, 'factors.bin');
makeFactors(factors, 33, 129, 16);

async function run(
  task: Work['task'],
  implementation: string,
  parameters: Parameters,
  device: Work['device'] = 'cpu',
): Promise<Measurement> {
  const input = task === 'topk' || task === 'topk-all' ? factors : columns;
  const implementations = await tasks[task].load();
  const result = await implementations[implementation]?.({
    task,
    driver: 'palate',
    parameters,
    input,
    threads: 2,
    device,
  });
  assert.ok(result !== undefined && result.seconds.median > 0, `${task} ${implementation}`);
  return result as Measurement;
}

test('top-k drivers of Node find the exact answers', async () => {
  for (const k of [1, 10]) {
    for (const name of ['palate', 'typescript']) {
      assert.is((await run('topk', name, { k, budget: 0 })).quality?.recall, 1, `${name}, k ${k}`);
    }
    const all = await run('topk-all', 'palate', { k });
    assert.is(all.quality?.recall, 1);
    assert.is(all.quality?.results, 33 * k);
  }
});

test('the options of every training trial are options of train, and it learns', async () => {
  for (const { name, task, parameters, needs } of trials) {
    if (task !== 'train' || needs !== undefined) continue;
    const few: Parameters = { ...parameters.full, dim: 8, epochs: 2 };
    assert.is(trainOptions(few).epochs, 2, name);
    const { quality: before } = await run('train', 'palate', few);
    const { quality } = await run('train', 'palate', { ...few, epochs: 12 });
    assert.ok((quality?.testRmse as number) < (before?.testRmse as number), `${name}: ${quality?.testRmse}`);
    assert.is(quality?.testLoss !== undefined, few.objective === 'logistic', name);
  }
});

test('trials for GPUs work on the GPU, and fail where there is none', async () => {
  const before = process.env.PALATE_CUDA_LIBRARY;
  process.env.PALATE_CUDA_LIBRARY = path.join(folder, 'none.so');
  try {
    const onGpus = trials.filter(({ needs }) => needs === 'palate-cuda');
    assert.ok(onGpus.length > 0);
    for (const { name, task, parameters } of onGpus) {
      await run(task, 'palate', { ...parameters.small, seeds: 1 }, 'cuda').then(
        () => assert.unreachable(`${name} ran`),
        (error: Error) => assert.instance(error, DeviceError, name),
      );
    }
    assert.match(whyMissing('palate-cuda') as string, /names no file/);
  } finally {
    if (before === undefined) delete process.env.PALATE_CUDA_LIBRARY;
    else process.env.PALATE_CUDA_LIBRARY = before;
  }
});

test('evaluation takes the users asked for', async () => {
  const few = await run('evaluate', 'palate', { dim: 4, testUsers: 5 });
  // One of them may have untrained items alone.
  assert.ok((few.quality?.users as number) >= 3 && (few.quality?.users as number) <= 5);
  const all = await run('evaluate', 'palate', { dim: 4, testUsers: 1e6 });
  assert.ok((all.quality?.users as number) > 20);
  assert.ok((all.quality?.ndcg as number) > 0 && (all.quality?.ndcg as number) < 1);
  assert.is(Object.keys(all.parts ?? {}).length, 2);
});

test('plain loops train each way, whole or in part', async () => {
  for (const { name, task, parameters, needs } of trials) {
    if (task !== 'train' || needs !== undefined) continue;
    const whole = await run('train', 'typescript', { ...parameters.full, dim: 4, budget: 60 });
    assert.is(whole.extrapolated, undefined, name);
  }
  const part = await run('train', 'typescript', { model: 'mf', dim: 4, batchSize: 10, learningRate: 0.01, budget: 0 });
  assert.match(part.extrapolated ?? '', /^10 of [\d,]+ ratings$/);
});

test('skip-gram trains on histories in the order of time, and ranks', async () => {
  const histories = path.join(folder, 'sample.histories');
  writeColumns(histories, withPlaces(parts.train.interactions), parts.test.interactions);
  const { interactions } = readTimedPart(histories);
  const [before, after] = [parts.train.interactions, interactions].map((part) =>
    Array.from(itemsByTime(part, part.times as Float64Array)),
  );
  assert.equal(after, before);
  const few = { dim: 8, window: 3, negatives: 2, learningRate: 0.05, epochs: 3 };
  const implementations = await tasks['skip-gram'].load();
  const work = {
    task: 'skip-gram',
    driver: 'palate',
    parameters: few,
    input: histories,
    threads: 2,
    device: 'cpu',
  } as const;
  const result = (await implementations.palate?.(work)) as Measurement;
  const { 'ndcg@10': ndcg, thousandWordsPerSecond } = result.quality as Record<string, number>;
  assert.ok((ndcg as number) > 0 && (ndcg as number) < 1);
  const words = parts.train.numInteractions;
  assert.ok(Math.abs((thousandWordsPerSecond as number) * 1000 * result.seconds.median - words) < 1e-6 * words);
});

test('training to an RMSE stops at the first epoch that reaches it', async () => {
  const options = { model: 'mf', dim: 8, learningRate: 0.02, decay: 0.97, epochs: 30 } as const;
  const curve: number[] = [];
  await train(parts.train, {
    ...trainOptions(options),
    schedule: { type: 'exponential', factor: 0.97 },
    validation: parts.test,
    onEpoch: ({ valid }) => curve.push(valid?.rmse as number),
  });
  const targetRmse = (curve[3] as number) + 1e-6;
  const { quality } = await run('train-to-rmse', 'palate', { ...options, targetRmse });
  assert.is(quality?.epochs, curve.findIndex((rmse) => rmse <= targetRmse) + 1);
  assert.is(quality?.testRmse, curve[(quality?.epochs as number) - 1]);
  try {
    await run('train-to-rmse', 'palate', { ...options, epochs: 2, targetRmse: 0.01 });
    assert.unreachable('an RMSE of .01');
  } catch (error) {
    assert.match((error as Error).message, /RMSE 0\.01 was not reached: [\d.]+ after 2 epochs; see --target-rmse/);
  }
});

test('repeat warms up, measures at least three times, and spreads are of what was measured', () => {
  let calls = 0;
  const seconds = repeat(() => {
    calls += 1;
  }, 0);
  assert.is(calls, 5);
  assert.ok(seconds.min <= seconds.median && seconds.median <= seconds.max);
  assert.equal(spread([3, 1, 2]), { median: 2, min: 1, max: 3 });
  assert.equal(spread([2, 1]), { median: 2, min: 1, max: 2 });
  assert.throws(() => spread([]), /no samples/);
});

test.run();
