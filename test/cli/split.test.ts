import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { onlyJson, palate, Workplace } from './spawn-cli.js';

interface Split {
  by: string;
  files: { file: string; users: number; items: number; interactions: number }[];
}

const test = suite('split');
let at: Workplace;
const run = (...args: string[]) => palate(args, { cwd: at.root });
const json = async <T>(...args: string[]): Promise<T> => onlyJson<T>(await run(...args, '--json'));

test.before(() => {
  at = new Workplace(60);
});
test.after(() => at.remove());

const rowsOf = (file: string): string[] => readFileSync(at.file(file), 'utf8').trim().split('\n').slice(1).sort();

test('the parts are together what was read, to the character', async () => {
  for (const [by, ...flags] of [
    ['random', '--test', '0.3'],
    ['user', '--seed', '1'],
    ['time', '--test', '0.1'],
    ['last', '--last', '2'],
    ['users', '--held-out', '7', '--history', '0.5'],
  ] as const) {
    const { files } = await json<Split>('split', 'ml', '--by', by, ...flags, '--out', by);
    const names = by === 'users' ? ['train', 'history', 'test'] : ['train', 'test'];
    assert.equal(
      files.map(({ file }) => file.replaceAll('\\', '/')),
      names.map((name) => `${by}/${name}.csv`),
    );
    const rows = files.map(({ file }) => rowsOf(file));
    assert.equal(
      rows.map(({ length }) => length),
      files.map(({ interactions }) => interactions),
    );
    assert.equal(rows.flat().sort(), rowsOf('ml/ratings.csv'), by);
  }
  assert.match(readFileSync(at.file('user/test.csv'), 'utf8'), /^userId,itemId,rating,timestamp\n\d+,\d+,[\d.]+,\d+\n/);
});

test('folds test each rating once', async () => {
  const { files } = await json<Split>('split', 'ml', '--by', 'folds', '--folds', '3', '--out', 'folds');
  assert.is(files.length, 6);
  assert.equal([1, 2, 3].flatMap((n) => rowsOf(`folds/test-${n}.csv`)).sort(), rowsOf('ml/ratings.csv'));
});

test('two columns without a head go through split, train and evaluate', async () => {
  const pairs = Array.from({ length: 900 }, (_, n) => `${n % 30} ${(n * 7 + Math.floor(n / 30)) % 41}`);
  writeFileSync(at.file('pairs.txt'), `${pairs.join('\n')}\n`);
  await json('split', 'pairs.txt', '--by', 'user', '--out', 'pairs');
  assert.match(readFileSync(at.file('pairs/train.csv'), 'utf8'), /^userId,itemId\n\d+,\d+\n/);
  await json('train', 'pairs/train.csv', '--model', 'ease', '--out', 'p.palate');
  const { metrics } = await json<{ metrics: object }>('evaluate', 'p.palate', 'pairs/test.csv', '--k', '20');
  assert.ok('recall@20' in metrics && !('rmse' in metrics));
});

test('users held out are evaluated from their histories, with intervals and baselines', async () => {
  await json('split', 'ml', '--by', 'users', '--held-out', '20', '--out', 'held');
  await json('train', 'held/train.csv', '--model', 'ease', '--out', 'h.palate');
  const args = ['evaluate', 'h.palate', 'held/test.csv', '--metrics', 'ndcg@10,mrr', '--resamples', '200'];
  const without = await json<{ users: number }>(...args);
  assert.is(without.users, 0, 'nobody is known');
  const result = await json<{
    users: number;
    metrics: Record<string, number>;
    intervals: Record<string, { low: number; high: number }>;
    baselines: Record<string, Record<string, number>>;
  }>(...args, '--history', 'held/history.csv');
  assert.is(result.users, 20);
  assert.equal(Object.keys(result.baselines), ['popularity', 'random']);
  for (const name of ['ndcg@10', 'mrr']) {
    const { low, high } = result.intervals[name] as { low: number; high: number };
    const value = result.metrics[name] as number;
    assert.ok(low < value && value < high, `${low} ${value} ${high}`);
    assert.type(result.baselines.random?.[name], 'number');
  }
  const { stdout } = await run(...args, '--history', 'held/history.csv');
  assert.match(stdout, /metric +value +95 % interval +popularity +random/);
  const plain = await json<object>(...args, '--history', 'held/history.csv', '--resamples', '0');
  assert.not.ok('intervals' in plain);
});

test('misuse writes nothing', async () => {
  for (const [args, message] of [
    [['--out', 'none'], /--by WAY/],
    [['--by', 'last'], /--out FOLDER/],
    [['--by', 'last', '--test', '0.1', '--out', 'none'], /--test does not go with --by last/],
    [['--by', 'user', '--held-out', '3', '--out', 'none'], /--held-out does not go with --by user/],
    [['--by', 'chance', '--out', 'none'], /`--by`|--by/],
  ] as const) {
    const { code, stderr } = await run('split', 'ml', ...args);
    assert.is(code, 2, stderr);
    assert.match(stderr, message);
  }
  assert.not.ok(existsSync(at.file('none')));
});

test.run();
