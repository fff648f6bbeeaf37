// Whole trainings with `device: 'cuda'`, on the emulator, must do what every model must do: see support/conformance.ts.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { DivergedError, type TrainOptions, train } from '../../src/index.js';
import { assertLearns, assertRepeats, known, removeFiles, valid } from '../support/conformance.js';
import { forgetEmulator, useEmulator } from './emulated-library.js';

/** Every model, and every way through the kernels of mf and fm, in sizes that the emulator trains within seconds. */
const cases: Record<string, TrainOptions> = {
  'mf row by row': { model: 'mf', dim: 8 },
  'mf adagrad': { model: 'mf', dim: 8, optimizer: 'adagrad' },
  'mf adam in blocks': { model: 'mf', dim: 8, optimizer: 'adam', batchSize: 64, epochs: 10, learningRate: 0.015 },
  'mf full batch': { model: 'mf', dim: 8, optimizer: 'adam', batchSize: 'full', epochs: 40, learningRate: 0.024 },
  'fm row by row': { model: 'fm', dim: 8 },
  'fm adam in batches': { model: 'fm', dim: 8, optimizer: 'adam', batchSize: 512, epochs: 10, learningRate: 0.015 },
  'mf with the implicit term': { model: 'mf', implicitTerm: true, dim: 24 },
  'mf bpr': { model: 'mf', objective: 'bpr', positiveThreshold: 3.5, epochs: 60 },
  'item softmax': { model: 'itemSoftmax', dim: 8, epochs: 6 },
  'item softmax sampled': { model: 'itemSoftmax', objective: 'sampledSoftmax', dim: 8, epochs: 4, pairsPerItem: 4 },
  'co-likes': { model: 'coLikes', dim: 8, epochs: 12 },
  ials: { model: 'ials', dim: 8, epochs: 4 },
  popularity: { model: 'popularity' },
  'item knn': { model: 'itemKnn' },
  ease: { model: 'ease' },
  slim: { model: 'slim' },
  'bayesian fm': { model: 'bayesianFm', epochs: 40, servingDim: 256 },
};

if (useEmulator()) {
  const cuda = suite('on the emulator');
  cuda.after(removeFiles);

  for (const [name, options] of Object.entries(cases)) {
    cuda(`${name}: learns, recommends what was not seen, and survives its file`, () =>
      assertLearns(name, { ...options, device: 'cuda' }),
    );
    cuda(`${name}: the same seed gives the same bytes with 1 and 2 threads`, () =>
      assertRepeats(name, { ...options, device: 'cuda' }),
    );
  }

  cuda('a training stops when its signal aborts', async () => {
    const stop = new AbortController();
    const training = train(known, {
      model: 'mf',
      dim: 8,
      epochs: 1000,
      device: 'cuda',
      signal: stop.signal,
      onEpoch: ({ epoch }) => {
        if (epoch === 1) stop.abort(new Error('enough'));
      },
    });
    await training.then(
      () => assert.unreachable('it went on'),
      (error: Error) => assert.is(error.message, 'enough'),
    );
  });

  cuda('a training that runs away says so', async () => {
    const options = { link: 'identity', learningRate: 1e15, schedule: { type: 'constant' } } as const;
    for (const batchSize of [1, 'full'] as const) {
      const training = train(known, { model: 'mf', dim: 4, batchSize, optimizer: 'sgd', device: 'cuda', ...options });
      await training.then(
        () => assert.unreachable('it ended well'),
        (error: Error) => assert.instance(error, DivergedError),
      );
    }
  });

  cuda('the losses come near those of the processor', async () => {
    for (const model of ['mf', 'fm'] as const) {
      const rmses: number[] = [];
      for (const device of ['cpu', 'cuda'] as const) {
        const { history } = await train(known, { model, dim: 8, validation: valid, seed: 3, device });
        rmses.push(history.at(-1)?.valid?.rmse as number);
      }
      const [cpu, onDevice] = rmses;
      assert.ok(Math.abs(onDevice - cpu) < 0.02, `${model}: RMSE ${onDevice} on CUDA, ${cpu} on the processor`);
    }
  });

  cuda.after(forgetEmulator);
  cuda.run();
}
