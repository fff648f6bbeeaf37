// coLikes, ials and the models without kernels of their own with `device: 'cuda'`, on the emulator: what the processor
// makes of the same options.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import {
  Dataset,
  DeviceError,
  DivergedError,
  type Model,
  type ModelName,
  sampleRatings,
  splitRandom,
  type TrainOptions,
  train,
} from '../../src/index.js';
import { gpuStages } from '../../src/models/gpu-stages.js';
import { models } from '../../src/models/index.js';
import { forgetEmulator, useEmulator } from './emulated-library.js';

const data = Dataset.fromTable(sampleRatings({ users: 60 }));
const { train: known, valid } = splitRandom(data, { fractions: { train: 0.9, valid: 0.1 }, seed: 7 });

/** Every way through the kernels, in sizes that the emulator trains within seconds; `near`: of the last loss. */
const cases: Record<string, TrainOptions & { near: number }> = {
  'coLikes of logarithms': { model: 'coLikes', dim: 8, epochs: 4, near: 1e-4 },
  'coLikes of counts': {
    model: 'coLikes',
    dim: 8,
    weighting: 'count',
    optimizer: 'sgd',
    learningRate: 2e-6,
    epochs: 4,
    near: 1e-4,
  },
  'coLikes glove': { model: 'coLikes', dim: 8, weighting: 'glove', epochs: 4, near: 1e-4 },
  'coLikes full': { model: 'coLikes', dim: 'full', epochs: 2, weighting: 'count', learningRate: 0.1, near: 1e-3 },
  ials: { model: 'ials', dim: 20, epochs: 2, near: 1e-4 },
  'ials exact': { model: 'ials', dim: 20, blockSize: 'full', epochs: 2, near: 1e-4 },
  'ials by gradients, weighted': { model: 'ials', dim: 20, solver: 'cg', epochs: 2, ratingWeight: 0.5, near: 1e-4 },
};

async function listsOf(model: Model, device: 'cpu' | 'cuda'): Promise<number[]> {
  const items: number[] = [];
  for await (const batch of model.recommendAll({ k: 5, device })) items.push(...batch.itemIndices);
  assert.ok(items.length > 0);
  return items;
}

if (useEmulator()) {
  const cuda = suite('on the emulator');

  for (const [name, { near, ...options }] of Object.entries(cases)) {
    cuda(`${name}: near the processor, and the same bits again with 1 and 2 threads`, async () => {
      const validation = options.model === 'ials' ? { validation: valid } : {};
      const on = (device: 'cpu' | 'cuda', threads: number): Promise<Model> =>
        train(known, { ...options, ...validation, seed: 3, device, threads });
      const [cpu, first, second] = [await on('cpu', 1), await on('cuda', 1), await on('cuda', 2)];
      assert.equal(first.data.parameters, second.data.parameters);
      assert.equal(first.history, second.history);
      for (const [n, { train: expected, valid: validated }] of cpu.history.entries()) {
        const { train: actual, valid: checked } = first.history[n] as (typeof cpu.history)[number];
        assert.ok(Math.abs(actual.loss - expected.loss) <= near * Math.abs(expected.loss), `${n}: ${actual.loss}`);
        assert.is(checked === undefined, validated === undefined);
        if (validated === undefined || checked === undefined) continue;
        assert.ok(Math.abs(checked.loss - validated.loss) <= near * validated.loss, `${n}: ${checked.loss}`);
      }
      assert.equal(await listsOf(first, 'cuda'), await listsOf(first, 'cpu'));
    });
  }

  for (const model of Object.keys(models) as ModelName[]) {
    if (gpuStages(model).training === 'cuda' || model === 'bayesianFm') continue;
    cuda(`${model}: trains on the processor, and recommends`, async () => {
      const [cpu, asked] = [
        await train(known, { model, device: 'cpu' }),
        await train(known, { model, device: 'cuda' }),
      ];
      assert.equal(asked.data.parameters, cpu.data.parameters);
      assert.equal(await listsOf(asked, 'cuda'), await listsOf(cpu, 'cpu'));
    });
  }

  cuda('a block of ials that is too wide says what to do', async () => {
    await train(known, { model: 'ials', dim: 130, blockSize: 'full', device: 'cuda' }).then(
      () => assert.unreachable('it trained'),
      (error: Error) => {
        assert.instance(error, DeviceError);
        assert.match(error.message, /`blockSize` to 128/);
      },
    );
  });

  cuda('a training that runs away says so, and one that is stopped stops', async () => {
    const options: TrainOptions = {
      model: 'coLikes',
      dim: 4,
      optimizer: 'sgd',
      weighting: 'count',
      learningRate: 1e9,
      device: 'cuda',
    };
    await train(known, options).then(
      () => assert.unreachable('it ended well'),
      (error: Error) => assert.instance(error, DivergedError),
    );
    for (const model of ['coLikes', 'ials'] as const) {
      const stop = new AbortController();
      const onEpoch = (): void => stop.abort(new Error('enough'));
      const training = train(known, { model, dim: 4, epochs: 500, device: 'cuda', signal: stop.signal, onEpoch });
      await training.then(
        () => assert.unreachable('it went on'),
        (error: Error) => assert.is(error.message, 'enough'),
      );
    }
  });

  cuda.after(forgetEmulator);
  cuda.run();
}
