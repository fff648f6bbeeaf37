// itemSoftmax on the emulator: the same models as on the processor, but for rounding.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  Dataset,
  DivergedError,
  loadModel,
  type Model,
  sampleRatings,
  splitRandom,
  type TrainOptions,
  train,
} from '../../src/index.js';
import type { ItemVectorParameters } from '../../src/types.js';
import { assertClose } from '../support/assert-close.js';
import { forgetEmulator, useEmulator } from './emulated-library.js';

const data = Dataset.fromTable(sampleRatings({ users: 8 }));
const { train: known, valid } = splitRandom(data, { fractions: { train: 0.9, valid: 0.1 }, seed: 7 });

type Options = Omit<TrainOptions, 'model' | 'device'>;

const small = { dim: 5, epochs: 2, seed: 3 };
const ways: Record<string, Options> = {
  'counts of pairs': { ...small, batchSize: 33 },
  'one table': { ...small, tables: 1, selfMask: false, itemBiases: false, regularization: 0.01 },
  'a network': { ...small, hidden: 7, layerNorm: true, dropout: 0.2, clipNorm: 0.05, batchSize: 16 },
  'single pairs': { ...small, epochs: 1, mode: 'pairs', batchSize: 2048, validPairs: 0.1, testPairs: 0.1 },
  'negative sampling': { ...small, objective: 'negativeSampling', pairsPerItem: 2 },
  'sampled softmax': { ...small, objective: 'sampledSoftmax', negatives: 9, pairsPerItem: 2 },
  'unseen negatives': { ...small, objective: 'negativeSampling', rejectSeen: true, pairsPerItem: 2 },
};

function vectorsOf(model: Model): Float32Array[] {
  const { itemFactors, contextFactors, itemBiases } = model.data.parameters as ItemVectorParameters;
  return [itemFactors, contextFactors, itemBiases].filter((array) => array !== undefined);
}

if (useEmulator()) {
  const cuda = suite('itemSoftmax on the emulator');
  const folder = mkdtempSync(path.join(tmpdir(), 'palate-cuda-'));

  for (const [way, options] of Object.entries(ways)) {
    cuda(`${way}: as on the processor`, async () => {
      const validation = 'validPairs' in options ? {} : { validation: valid };
      const trained = (device: 'cpu' | 'cuda'): Promise<Model> =>
        train(known, { model: 'itemSoftmax', ...options, ...validation, device });
      const expected = await trained('cpu');
      const actual = await trained('cuda');
      // AdamW divides gradients by their size: where one is nearly zero, rounding shows.
      const tolerance = { relative: 2e-3, absolute: 1e-3 };
      const others = vectorsOf(expected);
      for (const [n, array] of vectorsOf(actual).entries())
        assertClose(array, others[n] as Float32Array, tolerance, way);
      for (const [epoch, { train, valid }] of actual.history.entries()) {
        const other = expected.history[epoch];
        assertClose(train.loss, other?.train.loss as number, { relative: 1e-4, absolute: 0 }, 'loss');
        assertClose(valid?.loss as number, other?.valid?.loss as number, { relative: 1e-4, absolute: 0 }, 'valid loss');
      }
      assert.equal(Object.keys(actual.metrics), Object.keys(expected.metrics));
    });
  }

  cuda('the same seed gives the same model, which survives its file', async () => {
    for (const objective of ['softmax', 'sampledSoftmax'] as const) {
      const options = { model: 'itemSoftmax', ...small, objective, device: 'cuda' } as const;
      const model = await train(known, options);
      assert.equal(vectorsOf(await train(known, options)), vectorsOf(model));
      const top = model.recommend({ users: [known.users.id(5)], k: 9 }).rows();
      assert.is(top.length, 9);
      const file = path.join(folder, `${objective}.palate`);
      await model.save(file);
      assert.equal((await loadModel(file)).recommend({ users: [known.users.id(5)], k: 9 }).rows(), top);
    }
  });

  cuda('keeps the best epoch when it stops early', async () => {
    const options = { ...small, epochs: 12, patience: 1, learningRate: 2, validPairs: 0.2, testPairs: 0.2 };
    const model = await train(known, { model: 'itemSoftmax', ...options, device: 'cuda' });
    const losses = model.history.map((epoch) => epoch.valid?.loss as number);
    assert.ok(losses.length < 12, `${losses.length} epochs`);
    assert.ok(Number.isFinite(model.metrics.testLoss));
  });

  cuda('stops when its signal aborts', async () => {
    for (const objective of ['softmax', 'negativeSampling'] as const) {
      const stop = new AbortController();
      const training = train(known, {
        model: 'itemSoftmax',
        ...small,
        epochs: 1000,
        objective,
        device: 'cuda',
        signal: stop.signal,
        onEpoch: () => stop.abort(new Error('enough')),
      });
      await training.then(
        () => assert.unreachable('training went on'),
        (error: Error) => assert.is(error.message, 'enough'),
      );
    }
  });

  cuda('says when it diverges', async () => {
    for (const objective of ['softmax', 'negativeSampling'] as const) {
      await train(known, { model: 'itemSoftmax', ...small, objective, learningRate: 1e30, device: 'cuda' }).then(
        () => assert.unreachable('it trained'),
        (error: Error) => assert.instance(error, DivergedError),
      );
    }
  });

  cuda.after(() => {
    rmSync(folder, { recursive: true });
    forgetEmulator();
  });
  cuda.run();
}
