import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { evaluate, type Model, splitRandom, type TrainOptions, train } from '../../src/index.js';
import { parts } from '../support/update-parts.js';
import { movieLens, onData } from './movielens.js';

/** The loss before and after an update, and of a training on all: the RMSE, or what is missing of ndcg@10. */
async function losses(options: TrainOptions): Promise<{ stale: number; updated: number; best: number }> {
  const { train: known, valid } = splitRandom(await movieLens(), { fractions: { train: 0.9, valid: 0.1 }, seed: 1 });
  const { base, added } = parts(known);
  const isRanking = options.model === 'ials' || options.model === 'coLikes';
  const lossOf = async (model: Model): Promise<number> => {
    const { metrics } = await evaluate(model, valid, { k: 10, metrics: [isRanking ? 'ndcg' : 'rmse'] });
    return isRanking ? 1 - (metrics['ndcg@10'] as number) : (metrics.rmse as number);
  };
  const old = await train(base, options);
  const [stale, updated, best] = [
    await lossOf(old),
    await lossOf(await old.update(added)),
    await lossOf(await train(base.extend(added), options)),
  ];
  console.log(
    `\n  ${options.model}: ${stale.toFixed(4)} before, ${updated.toFixed(4)} updated, ${best.toFixed(4)} retrained`,
  );
  return { stale, updated, best };
}

for (const model of ['mf', 'fm', 'ials', 'coLikes'] as const) {
  onData(`${model}: an update of a quarter of the ratings is nearly as good as a training on all of them`, async () => {
    const { stale, updated, best } = await losses({ model });
    assert.ok(updated < best + 0.01, `${updated}, retrained ${best}`);
    assert.ok(updated < stale - 0.005, `${updated}, before ${stale}`);
  });
}

test.run();
