// The commands that train and serve models of item weights, and explain what they recommend.
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { onlyJson, palate, Workplace } from './spawn-cli.js';

interface Item {
  itemId: number;
  title: string;
  score: number;
  because?: { itemId: number; title: string; contribution: number; share: number }[];
}

const test = suite('item weights');
const at = new Workplace(40);
const json = async <T>(...args: string[]): Promise<T> =>
  onlyJson<T>(await palate([...args, '--json'], { cwd: at.root }));

test.before(async () => {
  await json('train', at.data, '--model', 'ease', '--neighbors', '30', '--regularization', '20', '--out', 'e.palate');
});
test.after(() => at.remove());

test('train takes their options', async () => {
  const flags = [
    '--similarity',
    'jaccard',
    '--neighbors',
    'all',
    '--shrink',
    '2.5',
    '--weighting',
    'bm25',
    '--normalize',
  ];
  await json('train', at.data, '--model', 'itemKnn', ...flags, '--rating-weights', '--out', 'k.palate');
  const { options } = await json<{ options: Record<string, unknown> }>('info', 'k.palate');
  assert.is(options.neighbors, 'all');
  assert.is(options.shrink, 2.5);
  assert.ok(options.normalize && options.ratingWeights);
  await json('train', at.data, '--model', 'slim', '--l1-regularization', '0.5', '--out', 's.palate');
  const slim = await json<{ options: Record<string, unknown>; parameters: number }>('info', 's.palate');
  assert.is(slim.options.l1Regularization, 0.5);
  assert.ok(slim.parameters > 0);
});

test('recommend --explain names what carried each item', async () => {
  const { items } = await json<{ items: Item[] }>('recommend', 'e.palate', '--user', '1', '--k', '4', '--explain');
  assert.is(items.length, 4);
  for (const { because = [], score } of items) {
    assert.ok(because.length >= 1 && because.length <= 3);
    assert.ok(because.every(({ title, share }) => title !== '' && Math.abs(share) <= 1));
    assert.ok((because[0]?.contribution as number) <= Math.abs(score) + 1);
  }
  const plain = await json<{ items: Item[] }>('recommend', 'e.palate', '--user', '1', '--k', '4');
  assert.equal(
    plain.items,
    items.map(({ because: _, ...item }) => item),
  );
  const [first] = items;
  const history = `${first?.itemId}:5`;
  const byHistory = await json<{ items: Item[] }>(
    'recommend',
    'e.palate',
    '--history',
    history,
    '--k',
    '2',
    '--explain',
  );
  assert.equal(
    byHistory.items.map(({ because }) => because?.map(({ itemId, share }) => [itemId, share])),
    [[[first?.itemId, 1]], [[first?.itemId, 1]]],
  );
  const text = await palate(['recommend', 'e.palate', '--titles', `${first?.title}`, '--explain'], { cwd: at.root });
  assert.is(text.code, 0);
  assert.match(text.stdout, /because/);
  assert.match(text.stdout, / 100%/);
});

test('--explain is refused where it cannot be', async () => {
  const all = await palate(['recommend', 'e.palate', '--all-users', '--out', 'a.csv', '--explain'], { cwd: at.root });
  assert.is(all.code, 2);
  assert.match(all.stderr, /--explain goes with single users/);
  await json('train', at.data, '--model', 'mf', '--epochs', '1', '--out', 'mf.palate');
  const mf = await palate(['recommend', 'mf.palate', '--user', '1', '--explain'], { cwd: at.root });
  assert.is(mf.code, 2);
  assert.match(mf.stderr, /whose scores are sums/);
});

test('similar and evaluate', async () => {
  const { items } = await json<{ items: Item[] }>('similar', 'e.palate', '--item', '1', '--k', '4');
  assert.is(items.length, 4);
  const { pairs } = await json<{ pairs: unknown[] }>('similar', 'e.palate', '--pairs', '3');
  assert.is(pairs.length, 3);
  const text = await palate(['similar', 'e.palate', '--item', '1'], { cwd: at.root });
  assert.match(text.stdout, /by weight/);
  const wrong = await palate(['similar', 'e.palate', '--item', '1', '--metric', 'dot'], { cwd: at.root });
  assert.is(wrong.code, 2);
  assert.match(wrong.stderr, /metric` to be left out/);
  const { metrics } = await json<{ metrics: Record<string, unknown> }>('evaluate', 'e.palate', at.data);
  assert.ok('ndcg@10' in metrics && !('rmse' in metrics));
});

test.run();
