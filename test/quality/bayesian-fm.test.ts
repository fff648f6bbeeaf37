import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { evaluate, train } from '../../src/index.js';
import { movieLensFolds, onFolds } from './movielens.js';

// The bounds leave some .005 for what the seed makes of so few samples of one fold.
const cases = [
  { what: 'ids alone', options: { fields: [], implicitBlocks: false, epochs: 100 }, bound: 0.846 },
  {
    what: 'ids alone, ordinal',
    options: { fields: [], implicitBlocks: false, epochs: 100, link: 'ordinal' },
    bound: 0.852,
  },
  { what: 'genres, years and who rated what', options: {}, bound: 0.814 },
  { what: 'the same, ordinal', options: { link: 'ordinal' }, bound: 0.815 },
  { what: 'time slots beside them', options: { timeSlots: true }, bound: 0.8 },
] as const;

onFolds('bayesianFm by few samples is beyond what mf reaches with any, as evaluate measures it', async () => {
  const [fold] = await movieLensFolds();
  const { train: part, test: held } = fold as { train: never; test: never };
  for (const { what, options, bound } of cases) {
    const model = await train(part, { model: 'bayesianFm', epochs: 40, ...options });
    const { metrics } = await evaluate(model, held, { metrics: ['rmse'] });
    console.log(`\n  ${what}: rmse ${metrics.rmse?.toFixed(4)} on the first fold`);
    assert.ok((metrics.rmse as number) < bound, `${what}: ${metrics.rmse}`);
  }
});

test.run();
