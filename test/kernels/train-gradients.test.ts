import { test } from 'uvu';
import * as assert from 'uvu/assert';
import type { TrainerConfig } from '../../src/native/binding.js';
import {
  addScoreGradient,
  differenceAt,
  differenceByGlobalBias,
  gradientNorm,
  kinds,
  zerosLike,
} from '../oracle/train-gradient.js';
import { type OracleParameters, ratingLoss, rawScore, trainingPairs } from '../oracle/train-loss.js';
import { assertClose } from '../support/assert-close.js';
import {
  atEachLevel,
  newTrainer,
  readParameters,
  runEpochs,
  type Shape,
  trainerConfig,
} from '../support/train-problems.js';

/** Gradients here are of order 1 / ratings to 1; parameters near 1 are rounded to 6e-8. */
const tolerance = { relative: 2e-5, absolute: 3e-6 };

/** Gradient of the mean loss by central differences; biases that are not trained get none. */
function differences(config: TrainerConfig, p: OracleParameters): OracleParameters {
  const gradient = zerosLike(p);
  for (const kind of kinds) {
    gradient[kind].factors = p[kind].factors.map((_, at) => differenceAt(config, p, p[kind].factors, at));
    if (config.biases)
      gradient[kind].biases = p[kind].biases.map((_, at) => differenceAt(config, p, p[kind].biases, at));
  }
  if (config.trainGlobalBias) gradient.globalBias = differenceByGlobalBias(config, p);
  return gradient;
}

/** Parameters that some steps have moved away from zero biases, and what one step of rate 1 takes from them. */
async function fullStep(config: TrainerConfig): Promise<{ before: OracleParameters; step: OracleParameters }> {
  const trainer = newTrainer(config);
  await runEpochs(trainer, config.link === 'identity' ? [0.02, 0.01] : [0.2, 0.1]);
  const before = readParameters(trainer, config);
  await runEpochs(trainer, [1]);
  const after = readParameters(trainer, config);
  trainer.dispose();
  const step = zerosLike(before);
  for (const kind of kinds) {
    step[kind].factors = before[kind].factors.map((x, at) => x - after[kind].factors[at]);
    step[kind].biases = before[kind].biases.map((x, at) => x - after[kind].biases[at]);
  }
  step.globalBias = before.globalBias - after.globalBias;
  return { before, step };
}

function assertStep(step: OracleParameters, expected: OracleParameters, what: string): void {
  for (const kind of kinds) {
    assertClose(step[kind].factors, expected[kind].factors, tolerance, `${what} ${kind} factors`);
    assertClose(step[kind].biases, expected[kind].biases, tolerance, `${what} ${kind} biases`);
  }
  assertClose(step.globalBias, expected.globalBias, tolerance, `${what} global bias`);
}

const losses: Record<string, Partial<TrainerConfig>> = {
  identity: { objective: 'squared', link: 'identity' },
  sigmoid: { objective: 'squared', link: 'sigmoid' },
  logistic: { objective: 'logistic', link: 'sigmoid' },
};

const shapes: (Shape & { loss: string; options?: Partial<TrainerConfig> })[] = [
  { users: 1, items: 1, ratings: 1, dim: 1, loss: 'identity' },
  { users: 1, items: 5, ratings: 4, dim: 3, loss: 'logistic' },
  { users: 6, items: 1, ratings: 5, dim: 16, loss: 'sigmoid', options: { trainGlobalBias: true } },
  { users: 5, items: 7, ratings: 14, dim: 31, loss: 'identity', options: { biases: false } },
  { users: 5, items: 7, ratings: 14, dim: 33, loss: 'logistic', options: { trainGlobalBias: true } },
  { users: 4, items: 3, ratings: 5, dim: 129, loss: 'sigmoid' },
  { users: 1, items: 1, ratings: 1, dim: 1, fields: 'both', loss: 'logistic' },
  { users: 1, items: 5, ratings: 4, dim: 16, fields: 'both', loss: 'identity' },
  { users: 6, items: 6, ratings: 12, dim: 3, fields: 'both', loss: 'sigmoid', options: { trainGlobalBias: true } },
  { users: 6, items: 6, ratings: 12, dim: 3, fields: 'both', loss: 'identity', options: { withinSide: false } },
  { users: 6, items: 6, ratings: 12, dim: 31, fields: 'items', loss: 'logistic', options: { trainGlobalBias: true } },
  { users: 5, items: 6, ratings: 10, dim: 33, fields: 'both', loss: 'sigmoid', options: { biases: false } },
  { users: 3, items: 4, ratings: 5, dim: 129, fields: 'items', loss: 'identity' },
];

for (const { loss, options, ...shape } of shapes) {
  const words = [loss, `${shape.users} x ${shape.items}`, `dim ${shape.dim}`, `fields ${shape.fields ?? 'none'}`];
  test(`a full step of rate 1 is the gradient: ${words.join(', ')} ${JSON.stringify(options ?? {})}`, async () => {
    const config = trainerConfig(shape, { ...losses[loss], ...options });
    let expected: OracleParameters | undefined;
    await atEachLevel(async (level) => {
      const { before, step } = await fullStep(config);
      expected ??= differences(config, before);
      assertStep(step, expected, level);
    });
  });
}

test('the chain rule of the oracle agrees with differences', async () => {
  for (const loss of Object.values(losses)) {
    const config = trainerConfig({ users: 4, items: 5, ratings: 9, dim: 3, fields: 'both' }, loss);
    const p = readParameters(newTrainer(config), config);
    const gradient = zerosLike(p);
    const { users, items, values } = trainingPairs(config);
    for (let n = 0; n < values.length; n++) {
      const { slope } = ratingLoss(config, rawScore(config, p, users[n], items[n]), values[n]);
      addScoreGradient(gradient, config, p, users[n], items[n], slope / values.length);
    }
    const expected = differences({ ...config, trainGlobalBias: true }, p);
    for (const kind of kinds) {
      const tight = { relative: 1e-7, absolute: 1e-9 };
      assertClose(gradient[kind].factors, expected[kind].factors, tight, kind);
      assertClose(gradient[kind].biases, expected[kind].biases, tight, kind);
    }
    assertClose(gradient.globalBias, expected.globalBias, { relative: 1e-7, absolute: 1e-9 }, 'global bias');
  }
});

const penalties = {
  regularizationUser: 0.3,
  regularizationItem: 0.05,
  regularizationBias: 0.2,
  regularizationFeature: 0.1,
};

test('coupled L2 adds each kind of row times its penalty, but not to the intercept', async () => {
  for (const fields of ['none', 'both'] as const) {
    const shape = { users: 5, items: 6, ratings: 12, dim: 17, fields };
    const config = trainerConfig(shape, { ...losses.sigmoid, ...penalties, trainGlobalBias: true });
    const { before, step } = await fullStep(config);
    const expected = differences(config, before);
    const penalty = {
      users: config.regularizationUser,
      items: config.regularizationItem,
      features: config.regularizationFeature,
    };
    for (const kind of kinds) {
      expected[kind].factors = expected[kind].factors.map((g, at) => g + penalty[kind] * before[kind].factors[at]);
      expected[kind].biases = expected[kind].biases.map((g, at) => g + 0.2 * before[kind].biases[at]);
    }
    assertStep(step, expected, fields);
  }
});

test('clipNorm scales a longer gradient to that norm, before L2, and leaves a shorter one', async () => {
  const shape = { users: 5, items: 6, ratings: 12, dim: 17, fields: 'both' } as const;
  for (const options of [{ trainGlobalBias: true }, { biases: false }]) {
    for (const clipNorm of [0.01, 0.25, 1000]) {
      const config = trainerConfig(shape, { ...losses.identity, ...options, regularizationItem: 0.05, clipNorm });
      const rates = clipNorm < 1 ? undefined : [0.01];
      const trainer = newTrainer(config);
      await runEpochs(trainer, rates ?? [1, 1, 1]);
      const before = readParameters(trainer, config);
      await runEpochs(trainer, [1]);
      const after = readParameters(trainer, config);
      const expected = differences(config, before);
      const norm = gradientNorm(config, expected);
      assert.is(norm > clipNorm, clipNorm < 1, `norm ${norm} against ${clipNorm}`);
      const scale = Math.min(1, clipNorm / norm);
      const step = zerosLike(before);
      for (const kind of kinds) {
        const l2 = kind === 'items' ? 0.05 : 0;
        step[kind].factors = before[kind].factors.map((x, at) => x - after[kind].factors[at]);
        step[kind].biases = before[kind].biases.map((x, at) => x - after[kind].biases[at]);
        expected[kind].factors = expected[kind].factors.map((g, at) => scale * g + l2 * before[kind].factors[at]);
        expected[kind].biases = expected[kind].biases.map((g) => scale * g);
      }
      step.globalBias = before.globalBias - after.globalBias;
      expected.globalBias *= scale;
      assertStep(step, expected, `clipNorm ${clipNorm}`);
    }
  }
});

test('rows without ratings start and stay at zero', async () => {
  const config = trainerConfig({ users: 5, items: 6, ratings: 10, dim: 8 }, { ...penalties, optimizer: 'adam' });
  const trainer = newTrainer(config);
  await runEpochs(trainer, [0.1, 0.1]);
  const { users, items } = readParameters(trainer, config);
  assert.ok(users.factors.subarray(32).every((x) => x === 0) && users.biases[4] === 0);
  assert.ok(items.factors.subarray(40).every((x) => x === 0) && items.biases[5] === 0);
  assert.ok(users.factors.subarray(0, 32).every((x) => x !== 0));
});

test.run();
