import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { DataError } from '../../src/errors.js';
import { Model } from '../../src/model.js';
import { native } from '../../src/native/load.js';
import type { Recommendations } from '../../src/recommend/ranked-items.js';
import type { RecommendAllOptions, RecommendOptions } from '../../src/types.js';
import { tinyModel } from '../support/tiny-model.js';

const model = new Model(tinyModel({ numUsers: 129, numItems: 33, dim: 17 }));
/** A tenth of a second of work for each batch of half the users. */
const slow = new Model(tinyModel({ numUsers: 1000, numItems: 8000, dim: 2048 }));

/** All rows as [user, item, score, rank]. */
const rowsOf = (results: readonly Recommendations[]): unknown[] =>
  results.flatMap((result) => {
    const { userIds, itemIds, scores, ranks } = result;
    return Array.from(scores, (score, n) => [userIds?.[n], itemIds[n], score, ranks[n]]);
  });

async function collect(options: RecommendAllOptions, of: Model = model): Promise<Recommendations[]> {
  const batches: Recommendations[] = [];
  for await (const batch of of.recommendAll(options)) batches.push(batch);
  return batches;
}

/** Message of the error that work rejects with. */
const rejection = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'none',
    (error: Error) => error.message,
  );

test('batches of any size: together what recommend returns for all users', async () => {
  const users = Array.from({ length: 129 }, (_, n) => 10 * (n + 1));
  const variants: RecommendOptions[] = [
    {},
    { k: 33, excludeSeen: false },
    { k: 3, candidateItems: [1, 4, 7, 8], excludeItems: [4] },
    { k: 2, candidateItems: [] },
  ];
  for (const options of variants) {
    const expected = rowsOf([model.recommend({ ...options, users })]);
    for (const batchSize of [1, 2, 31, 33, 128, 129, 1000, undefined]) {
      const batches = await collect({ ...options, ...(batchSize !== undefined && { batchSize }), threads: 2 });
      assert.is(batches.length, Math.ceil(129 / (batchSize ?? 4096)));
      assert.equal(rowsOf(batches), expected, `batches of ${batchSize}`);
    }
  }
});

test('a batch counts its users from 0 and names them', async () => {
  const [, second] = await collect({ k: 2, batchSize: 100 });
  assert.equal([...(second?.userIndices ?? [])].slice(0, 2), [100, 101]);
  assert.equal([...(second?.queries ?? [])].slice(0, 4), [0, 0, 1, 1]);
  assert.equal(second?.toTable().getChild('userId')?.get(0), 1010);
});

test('a model without vectors, and one without users', async () => {
  const plain = new Model(tinyModel({ numUsers: 7, dim: 0 }));
  const users = Array.from({ length: 7 }, (_, n) => 10 * (n + 1));
  assert.equal(rowsOf(await collect({ k: 5, batchSize: 3 }, plain)), rowsOf([plain.recommend({ users, k: 5 })]));
  assert.equal(await collect({}, new Model(tinyModel({ numUsers: 0 }))), []);
});

test('wrong options are told before the first batch', () => {
  assert.throws(() => model.recommendAll({ batchSize: 0 }), /Expected `batchSize` to be an integer >= 1, received 0/);
  assert.throws(() => model.recommendAll({ k: 1.5 }), /`k`/);
  assert.throws(() => model.recommendAll({ threads: 0 }), /`threads`/);
  assert.throws(() => model.recommendAll({ signal: 1 as never }), /Expected `signal` to be an AbortSignal/);
  assert.throws(() => model.recommendAll({ batchsize: 3 } as never), /did you mean `batchSize`/);
  assert.throws(
    () => model.recommendAll({ excludeItems: [1000] }),
    (error: unknown) => error instanceof DataError,
  );
});

test('the event loop stays free, and a signal stops a search in the middle', async () => {
  const stop = new AbortController();
  let ticks = 0;
  const timer = setInterval(() => {
    if (++ticks === 5) stop.abort(new Error('enough'));
  }, 5);
  const batches: Recommendations[] = [];
  const error = await rejection(
    (async () => {
      for await (const batch of slow.recommendAll({ signal: stop.signal, threads: 1 })) batches.push(batch);
    })(),
  );
  clearInterval(timer);
  assert.is(error, 'enough');
  assert.equal(batches, []);
});

test('a signal between batches: the one that was computed ahead is not handed out', async () => {
  const stop = new AbortController();
  let batches = 0;
  const error = await rejection(
    (async () => {
      for await (const _ of model.recommendAll({ batchSize: 10, signal: stop.signal })) {
        batches++;
        await new Promise((done) => setTimeout(done, 20));
        stop.abort(new Error('enough'));
      }
    })(),
  );
  assert.is(error, 'enough');
  assert.is(batches, 1);
  const early = AbortSignal.abort(new Error('before'));
  assert.is(await rejection(collect({ signal: early })), 'before');
});

test('leaving early stops the batch ahead', async () => {
  const addon = native();
  const { startTopk } = addon;
  const outcomes: Promise<string>[] = [];
  addon.startTopk = (...args) => {
    const outcome = startTopk(...args);
    outcomes.push(outcome);
    return outcome;
  };
  try {
    for await (const batch of slow.recommendAll({ batchSize: 500, threads: 1 })) {
      assert.is(batch.length, 5000);
      break;
    }
    assert.equal(await Promise.all(outcomes), ['ok', 'cancelled']);
  } finally {
    addon.startTopk = startTopk;
  }
  const iterator = slow.recommendAll({ batchSize: 500 });
  await iterator.next();
  assert.equal(await iterator.return(), { done: true, value: undefined });
  assert.equal(await iterator.next(), { done: true, value: undefined });
});

test('a worker is terminated in the middle', async () => {
  const script = `
    const { parentPort, workerData } = require('node:worker_threads');
    (async () => {
      (await import(workerData.tsx)).register();
      const { Model } = await import(workerData.model);
      const { tinyModel } = await import(workerData.support);
      const model = new Model(tinyModel({ numUsers: 1000, numItems: 8000, dim: 512 }));
      for (;;) for await (const batch of model.recommendAll({ batchSize: 400 })) parentPort.postMessage(batch.length);
    })();`;
  const workerData = {
    tsx: import.meta.resolve('tsx/esm/api'),
    model: new URL('../../src/model.ts', import.meta.url).href,
    support: new URL('../support/tiny-model.ts', import.meta.url).href,
  };
  const worker = new Worker(script, { eval: true, execArgv: [], workerData });
  assert.equal(await once(worker, 'message'), [4000]);
  assert.is(await worker.terminate(), 1);
  assert.is((await collect({ k: 2 }))[0]?.length, 258);
});

test('an error of the body reaches the caller', async () => {
  const error = await rejection(
    (async () => {
      for await (const _ of model.recommendAll({ batchSize: 1 })) throw new Error('of the body');
    })(),
  );
  assert.is(error, 'of the body');
});

test('no more than one batch is computed ahead', async () => {
  const data = tinyModel({ numUsers: 40, numItems: 33, dim: 17 });
  let searched = 0;
  // Each batch reads its users' factors once.
  const factors = data.parameters.userFactors;
  factors.subarray = (begin, end) => {
    searched++;
    return Float32Array.prototype.subarray.call(factors, begin, end) as typeof factors;
  };
  const iterator = new Model(data).recommendAll({ batchSize: 4 });
  await new Promise((done) => setTimeout(done, 30));
  assert.is(searched, 0, 'nothing before the first is asked for');
  for (const wanted of [2, 3, 4]) {
    await iterator.next();
    await new Promise((done) => setTimeout(done, 30));
    assert.is(searched, wanted);
  }
  await iterator.return();
  assert.is(searched, 4);
});

test.run();
