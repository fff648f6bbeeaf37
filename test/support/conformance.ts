/** What every model must do on every device, on data whose answer is known: the sample's people have stated tastes. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import * as assert from 'uvu/assert';
import {
  DataError,
  Dataset,
  evaluate,
  type Id,
  loadModel,
  type Model,
  sampleItems,
  sampleRatings,
  splitRandom,
  type TrainOptions,
  train,
} from '../../src/index.js';
import { specOf } from '../../src/models/index.js';

export const data = Dataset.fromTable(sampleRatings({ users: 250 }), { items: sampleItems(), includeUnrated: true });
export const { train: known, valid } = splitRandom(data, { fractions: { train: 0.9, valid: 0.1 }, seed: 7 });

const folder = mkdtempSync(path.join(tmpdir(), 'palate-conformance-'));

/** RMSE of the mean rating on the validation part. */
function rmseOfMean(): number {
  const mean = known.interactions.meanValue();
  const squares = valid.interactions.values.reduce((sum, rating) => sum + (rating - mean) ** 2, 0);
  return Math.sqrt(squares / valid.numInteractions);
}

async function bytesOf(model: Model, name: string): Promise<Buffer> {
  // Another test file of this process may have removed it.
  mkdirSync(folder, { recursive: true });
  const file = path.join(folder, `${name.replaceAll(' ', '-')}.palate`);
  await model.save(file);
  return readFileSync(file);
}

async function assertRates(model: Model, user: Id): Promise<void> {
  const rmse = model.history.at(-1)?.valid?.rmse as number;
  assert.ok(rmse < rmseOfMean() - 0.08, `validation RMSE ${rmse}, of the mean ${rmseOfMean()}`);
  const { metrics } = await evaluate(model, valid, { metrics: ['rmse'] });
  assert.ok(Math.abs((metrics.rmse as number) - rmse) < 1e-4, `evaluate says ${metrics.rmse}, training said ${rmse}`);
  const scores = model.predict({ users: [user, user, 'nobody'], items: [1, 'nothing', 1] });
  const { min, max } = known.ratingRange;
  assert.ok([...scores].every((score) => score >= min && score <= max));
}

/** Ranks better than chance, whose recall@10 is at most 10 of the items that are left to a user. */
async function assertRanks(model: Model): Promise<void> {
  const { metrics } = await evaluate(model, valid, { k: 10 });
  const left = known.numItems - Math.max(...known.interactions.userCounts());
  assert.ok((metrics['recall@10'] as number) > 10 / left, `recall@10 ${metrics['recall@10']}`);
  assert.is(metrics.rmse, undefined);
}

/** Users given by histories are the same one by one and together. */
function assertHistories(model: Model): void {
  const histories = [
    [{ item: 1, rating: 5 }, { item: 7, rating: 1 }, { item: 30 }],
    known.items.ids(known.interactions.itemsOf(3)).map((item, n) => ({
      item,
      rating: known.interactions.valuesOf(3)[n] as number,
    })),
    [{ item: 12, rating: 4 }],
  ];
  const together = model.recommend({ histories, k: 6 });
  for (const [n, history] of histories.entries()) {
    assert.equal(together.rowsOf(n), model.recommend({ history, k: 6 }).rows());
    const own = new Set(history.map(({ item }) => item));
    assert.ok(together.rowsOf(n).every(({ itemId }) => !own.has(itemId as number)));
  }
}

/** Removes the files that models were saved to. */
export const removeFiles = (): void => rmSync(folder, { recursive: true, force: true });

/** Whether a model trains in epochs whose losses fall. */
const inEpochs = ({ model, objective }: TrainOptions): boolean => {
  const spec = specOf(model, objective);
  return spec.trainer === 'factors' || 'learningRate' in spec.options;
};

/** Learns, recommends what was not seen, and survives its file. */
export async function assertLearns(name: string, options: TrainOptions): Promise<void> {
  const spec = specOf(options.model, options.objective);
  const model = await train(known, { ...options, validation: valid, seed: 3, threads: 1 });
  const user = known.users.id(17);
  const seen = new Set(known.items.ids(known.interactions.itemsOf(17)));
  const top = model.recommend({ users: [user], k: 12 });
  assert.is(top.length, 12);
  assert.ok(top.rows().every((row) => !seen.has(row.itemId) && row.title !== undefined));
  assert.ok(
    [...top.scores].every((score, n) => Number.isFinite(score) && (n === 0 || score <= (top.scores[n - 1] as number))),
  );
  assert.is(model.recommend({ users: [user], k: 10_000 }).length, known.numItems - seen.size);
  const liked = model.recommend({ history: [{ item: 1, rating: 5 }], k: 4 }).rows();
  assert.is(liked.length, 4);
  const byTitle = model.recommend({ titles: [model.title(1) as string], k: known.numItems }).rows();
  assert.is(byTitle.length, known.numItems - 1);
  assert.ok(
    byTitle.every(({ itemId }) => itemId !== 1),
    'the titles themselves are left out',
  );
  assert.throws(
    () => model.recommend({ users: ['nobody'] }),
    (error: unknown) => error instanceof DataError,
  );
  const scores = model.predict({ users: [user, user, 'nobody'], items: [1, 'nothing', 1] });
  assert.ok([...scores].every(Number.isFinite));
  if (spec.predictsRatings) await assertRates(model, user);
  else await assertRanks(model);
  if (options.model !== 'popularity') {
    assert.is(model.similarItems({ items: [1], k: 5 }).length, 5);
  }
  if (inEpochs(options)) {
    const losses = model.history.map(({ train: { loss } }) => loss);
    assert.ok((losses.at(-1) as number) < (losses[0] as number), `losses ${losses[0]} ... ${losses.at(-1)}`);
  }
  const bytes = await bytesOf(model, name);
  const again = await loadModel(path.join(folder, `${name.replaceAll(' ', '-')}.palate`));
  assert.equal(again.recommend({ users: [user], k: 12 }).rows(), top.rows());
  assert.equal(again.info(), model.info());
  assertHistories(model);
  assert.ok((await bytesOf(again, `${name} again`)).equals(bytes), 'a loaded model saves the same bytes');
}

/** The same seed gives the same bytes with 1 and 2 threads. */
export async function assertRepeats(name: string, options: TrainOptions): Promise<void> {
  const short = { ...options, ...(inEpochs(options) && { epochs: 2 }) };
  const one = await bytesOf(await train(known, { ...short, seed: 5, threads: 1 }), `${name} one`);
  const two = await bytesOf(await train(known, { ...short, seed: 5, threads: 2 }), `${name} two`);
  assert.ok(one.equals(two));
  if (!inEpochs(options)) return; // nothing is drawn at random
  const other = await bytesOf(await train(known, { ...short, seed: 6, threads: 2 }), `${name} other`);
  assert.not(one.equals(other), 'another seed gives another model');
}
