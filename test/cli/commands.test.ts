import { copyFileSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { onlyJson, palate, Workplace } from './spawn-cli.js';

interface Item {
  rank: number;
  itemId: number;
  title: string;
  genres: string[];
  score: number;
}

const test = suite('commands');
let at: Workplace;
const run = (...args: string[]) => palate(args, { cwd: at.root });
const json = async <T>(...args: string[]): Promise<T> => onlyJson<T>(await run(...args, '--json'));

/** For people: lines of at most 80 columns, without colours. */
function assertReadable(text: string): void {
  assert.not.match(text, '\u001b');
  for (const line of text.split('\n')) assert.ok([...line].length <= 80, line);
}

test.before(async () => {
  at = new Workplace();
  const trained = await run('train', at.data, '--model', 'mf', '--epochs', '4', '--seed', '7', '--out', 'm.palate');
  assert.is(trained.code, 0, trained.stderr);
  assertReadable(trained.stdout);
  assert.match(trained.stdout, /Wrote m\.palate/);
});
test.after(() => at.remove());

test('train prints one JSON object, and progress as plain lines on stderr', async () => {
  const args = ['train', at.data, '--model', 'mf', '--epochs', '3', '--valid', '0.1', '--threads', '1', '--seed', '7'];
  const done = await run(...args, '--out', 'v.palate', '--json');
  const result = onlyJson<Record<string, unknown> & { epochs: { epoch: number; valid: { loss: number } }[] }>(done);
  const { model, users, device, threads, seed, out } = result;
  assert.equal(
    { model, users, device, threads, seed, out },
    { model: 'mf', users: 120, device: 'cpu', threads: 1, seed: 7, out: 'v.palate' },
  );
  for (const name of ['items', 'interactions', 'seconds']) assert.type(result[name], 'number');
  assert.equal(
    result.epochs.map(({ epoch }) => epoch),
    [1, 2, 3],
  );
  assert.ok(result.epochs.every(({ valid }) => valid.loss > 0));
  // A slow machine may show a line about reading, too.
  assert.match(done.stderr, /^(ml: read .*\n)*(training mf: epoch \d\/3 {2}loss \d+\.\d+ {2}valid \d+\.\d+\n)+$/);
  assert.match(done.stderr, 'epoch 3/3');
});

test('the same seed gives the same model with one thread and with two', async () => {
  const args = ['train', at.data, '--model', 'fm', '--epochs', '2', '--seed', '7'];
  await json(...args, '--threads', '1', '--out', 'one.palate');
  await json(...args, '--threads', '2', '--out', 'two.palate');
  assert.ok(readFileSync(at.file('one.palate')).equals(readFileSync(at.file('two.palate'))));
});

test('popularity trains without epochs', async () => {
  const result = await json<{ epochs: unknown[] }>('train', at.data, '--model', 'popularity', '--out', 'p.palate');
  assert.equal(result.epochs, []);
});

test('recommend for a known user leaves out what he has seen', async () => {
  const { user, items } = await json<{ user: number; items: Item[] }>(
    'recommend',
    'm.palate',
    '--user',
    '3',
    '--k',
    '5',
  );
  assert.is(user, 3);
  assert.equal(
    items.map(({ rank }) => rank),
    [1, 2, 3, 4, 5],
  );
  assert.ok(items.every((item) => typeof item.title === 'string' && Array.isArray(item.genres)));
  assert.ok(items.every((item, i) => i === 0 || item.score <= (items[i - 1]?.score ?? 0)));
  const seen = new Set(
    readFileSync(at.file('ml/ratings.csv'), 'utf8')
      .split('\n')
      .filter((line) => line.startsWith('3,'))
      .map((line) => Number(line.split(',')[1])),
  );
  assert.ok(items.every(({ itemId }) => !seen.has(itemId)));
});

test('k larger than the catalogue lists all there is', async () => {
  const { items } = await json<{ items: Item[] }>(
    'recommend',
    'm.palate',
    '--user',
    '3',
    '--k',
    '100000',
    '--include-seen',
  );
  const facts = await json<{ items: number }>('info', 'm.palate');
  assert.is(items.length, facts.items);
});

test('recommend for several users, for a history, for titles', async () => {
  const { results } = await json<{ results: { user: number; items: Item[] }[] }>(
    'recommend',
    'm.palate',
    '--user',
    '3',
    '5',
  );
  assert.equal(
    results.map(({ user, items }) => [user, items.length]),
    [
      [3, 10],
      [5, 10],
    ],
  );
  const byHistory = await json<{ user: null; items: Item[] }>('recommend', 'm.palate', '--history', '1:5,2:4.5,3');
  assert.is(byHistory.user, null);
  assert.ok(byHistory.items.every(({ itemId }) => ![1, 2, 3].includes(itemId)));
  const byTitles = await json<{ items: Item[] }>(
    'recommend',
    'm.palate',
    '--titles',
    'Toy Story (1995);The Matrix (1999)',
  );
  assert.is(byTitles.items.length, 10);
});

test('candidates', async () => {
  writeFileSync(at.file('some.csv'), 'itemId,title\n1,x\n2,y\n3,z\n');
  const args = ['recommend', 'm.palate', '--user', '3', '--include-seen', '--candidates', 'some.csv'];
  const { items } = await json<{ items: Item[] }>(...args);
  assert.equal(items.map(({ itemId }) => itemId).sort(), [1, 2, 3]);
});

test('all users into a file', async () => {
  const result = await json('recommend', 'm.palate', '--all-users', '--k', '3', '--out', 'all.csv');
  assert.equal(result, { users: 120, rows: 360, out: 'all.csv' });
  assert.is(readFileSync(at.file('all.csv'), 'utf8').trim().split('\n').length, 361);
});

test('similar items and pairs', async () => {
  const byTitle = await json<{ item: number; items: Item[] }>(
    'similar',
    'm.palate',
    '--title',
    'Toy Story (1995)',
    '--k',
    '4',
  );
  const byId = await json<{ item: number; items: Item[] }>(
    'similar',
    'm.palate',
    '--item',
    String(byTitle.item),
    '--k',
    '4',
  );
  assert.equal(byTitle, byId);
  assert.is(byId.items.length, 4);
  assert.ok(byId.items.every(({ itemId }) => itemId !== byId.item));
  const { pairs } = await json<{ pairs: unknown[] }>('similar', 'm.palate', '--pairs', '6', '--metric', 'dot');
  assert.is(pairs.length, 6);
});

test('evaluate', async () => {
  writeFileSync(at.file('test.csv'), 'userId,movieId,rating\n3,300,5\n3,299,4\n5,298,4.5\n9999,1,3\n');
  const result = await json<{ metrics: Record<string, number>; definitions: Record<string, string> }>(
    'evaluate',
    'm.palate',
    'test.csv',
    '--k',
    '5,10',
  );
  for (const name of ['rmse', 'mae', 'precision@5', 'recall@10', 'ndcg@10', 'hitRate@10', 'map@10', 'mrr']) {
    assert.type(result.metrics[name], 'number', name);
    assert.type(result.definitions[name], 'string', name);
  }
  const some = await json<{ metrics: object }>('evaluate', 'm.palate', 'test.csv', '--metrics', 'rmse,ndcg@3');
  assert.equal(Object.keys(some.metrics), ['rmse', 'ndcg@3']);
});

test('people get tables of at most 80 columns', async () => {
  writeFileSync(at.file('test.csv'), 'userId,movieId,rating\n3,300,5\n3,299,4\n5,298,4.5\n');
  const runs = await Promise.all([
    run('recommend', 'm.palate', '--user', '3', '5'),
    run('similar', 'm.palate', '--title', 'Toy Story (1995)'),
    run('similar', 'm.palate', '--pairs', '3'),
    run('evaluate', 'm.palate', 'test.csv'),
    run('info', 'm.palate'),
  ]);
  for (const { code, stdout, stderr } of runs) {
    assert.is(code, 0, stderr);
    assert.match(stderr, /^(test\.csv: read .*\n)*$/);
    assertReadable(stdout);
  }
});

test('unknown ids and titles are one line with exit code 1', async () => {
  const cases = [
    [['recommend', 'm.palate', '--user', '424242'], /^palate: Unknown user "?424242"?; .*\n$/],
    [['recommend', 'm.palate', '--history', '424242'], /^palate: Unknown item "?424242"?; .*\n$/],
    [['similar', 'm.palate', '--item', '424242'], /^palate: Unknown item "?424242"?; .*\n$/],
    [['similar', 'm.palate', '--title', 'Toy Stori'], /^palate: Unknown title "Toy Stori"; nearest: .*Toy Story.*\n$/],
  ] as const;
  const runs = await Promise.all(cases.map(([args]) => run(...args)));
  for (const [i, { code, stdout, stderr }] of runs.entries()) {
    const line = (cases[i] as (typeof cases)[number])[1];
    assert.is(code, 1);
    assert.is(stdout, '');
    assert.match(stderr, line);
  }
});

test('a damaged model file is one line with exit code 1', async () => {
  copyFileSync(at.file('m.palate'), at.file('cut.palate'));
  truncateSync(at.file('cut.palate'), 5000);
  const bytes = readFileSync(at.file('m.palate'));
  bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] as number) ^ 0xff;
  writeFileSync(at.file('flipped.palate'), bytes);
  for (const file of ['cut.palate', 'flipped.palate']) {
    const { code, stdout, stderr } = await run('info', file);
    assert.is(code, 1, stderr);
    assert.is(stdout, '');
    assert.match(stderr, new RegExp(`^palate: .*${file}.*\\n$`));
  }
});

test('a reader that goes away ends the program quietly', async () => {
  const done = await palate(['recommend', 'm.palate', '--user', '3', '--k', '200'], {
    cwd: at.root,
    closeStdout: true,
  });
  assert.equal([done.code, done.signal, done.stderr], [0, null, '']);
});

test('doctor', async () => {
  const report = await json<{
    native: { path: string; simd: string; threads: number };
    cuda: { available: boolean; reason?: string };
  }>('doctor');
  assert.match(report.native.path, /\.node$/);
  assert.ok(report.native.threads >= 1);
  assert.ok(report.cuda.available || (report.cuda.reason ?? '') !== '');
  const forced = await json<{ native: { simd: string } }>('doctor', '--simd', 'base');
  assert.is(forced.native.simd, 'base');
});

test.run();
