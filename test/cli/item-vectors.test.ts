// The commands that serve a model, on one of item vectors.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Dataset } from '../../src/dataset/dataset.js';
import { Model, readTables, train } from '../../src/index.js';
import { noise } from '../support/tiny-model.js';
import { onlyJson, palate, Workplace } from './spawn-cli.js';

interface Item {
  itemId: number;
  title: string;
  score: number;
}

const test = suite('item vectors');
const at = new Workplace(40);
const json = async <T>(...args: string[]): Promise<T> =>
  onlyJson<T>(await palate([...args, '--json'], { cwd: at.root }));

test.before(async () => {
  const { ratings, items } = await readTables(at.data);
  const { data } = await train(Dataset.fromTable(ratings, { items }), { model: 'popularity' });
  const random = noise(3);
  const itemFactors = Float32Array.from({ length: data.items.size * 8 }, random);
  const parameters = { kind: 'itemVectors', dim: 8, itemFactors, userVector: 'meanCosine' } as const;
  await new Model({ ...data, parameters }).save(at.file('v.palate'));
});
test.after(() => at.remove());

test('recommend to users, by a history, by titles', async () => {
  const { items } = await json<{ items: Item[] }>('recommend', 'v.palate', '--user', '1', '--k', '5');
  assert.is(items.length, 5);
  assert.ok(items.every(({ title, score }) => title !== '' && Math.abs(score) <= 1));
  const [first, second] = items;
  const titles = `${first?.title};${second?.title}`;
  const byTitles = await json<{ items: Item[] }>('recommend', 'v.palate', '--titles', titles, '--k', '20');
  assert.is(byTitles.items.length, 20);
  assert.ok(byTitles.items.every(({ itemId }) => itemId !== first?.itemId && itemId !== second?.itemId));
  const history = `${first?.itemId},${second?.itemId}:4`;
  const byHistory = await json<{ items: Item[] }>('recommend', 'v.palate', '--history', history, '--k', '20');
  assert.equal(byHistory.items, byTitles.items, 'ratings do not count in a mean cosine');
  const unknown = await palate(['recommend', 'v.palate', '--titles', `${first?.title.slice(1)}`], { cwd: at.root });
  assert.is(unknown.code, 1);
  assert.match(unknown.stderr, /Unknown title .*; nearest: "/);
  const all = await json<{ rows: number }>('recommend', 'v.palate', '--all-users', '--out', 'all.csv', '--k', '3');
  assert.is(all.rows, 120);
});

test('similar, evaluate, info', async () => {
  const similar = await json<{ items: Item[] }>('similar', 'v.palate', '--item', '1', '--k', '4');
  assert.is(similar.items.length, 4);
  const { pairs } = await json<{ pairs: unknown[] }>('similar', 'v.palate', '--pairs', '3');
  assert.is(pairs.length, 3);
  const { metrics } = await json<{ metrics: Record<string, unknown> }>('evaluate', 'v.palate', at.data);
  assert.ok('ndcg@10' in metrics && !('rmse' in metrics));
  const info = await json<{ dim: number; parameters: number; items: number }>('info', 'v.palate');
  assert.equal([info.dim, info.parameters], [8, 8 * info.items]);
});

test.run();
