// palate update: new ratings from a file into a model file, whole or not at all; and what explains the result.
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { loadModel } from '../../src/index.js';
import { onlyJson, palate, Workplace } from './spawn-cli.js';

const test = suite('update');
const at = new Workplace(60);
const run = (...args: string[]) => palate(args, { cwd: at.root });
const json = async <T>(...args: string[]): Promise<T> => onlyJson<T>(await run(...args, '--json'));

test.before(async () => {
  await json('train', at.data, '--model', 'ials', '--dim', '8', '--epochs', '8', '--seed', '3', '--out', 'a.palate');
  await json('train', at.data, '--model', 'mf', '--epochs', '4', '--out', 'm.palate');
  const lines = [
    'userId,movieId,rating,timestamp',
    '1,5,0.5,2000000000',
    '9001,1,5,2000000001',
    '9001,9002,4,2000000002',
  ];
  writeFileSync(at.file('new.csv'), `${lines.join('\n')}\n`);
  writeFileSync(at.file('films.csv'), 'movieId,title,genres\n9002,Brand New (2026),Drama|War\n');
});
test.after(() => at.remove());

test('one JSON object, progress on stderr, and a model that knows the new user, item and rating', async () => {
  const before = readFileSync(at.file('a.palate'));
  const done = await run(
    'update',
    'a.palate',
    'new.csv',
    '--items',
    'films.csv',
    '--epochs',
    '3',
    '--out',
    'b.palate',
    '--json',
  );
  const result = onlyJson<Record<string, unknown> & { epochs: { epoch: number }[] }>(done);
  assert.match(done.stderr, 'updating ials: epoch 3/3');
  const { model, newUsers, newItems, out, epochs } = result;
  assert.equal({ model, newUsers, newItems, out }, { model: 'ials', newUsers: 1, newItems: 1, out: 'b.palate' });
  assert.equal(
    epochs.map(({ epoch }) => epoch),
    [1, 2, 3],
  );
  assert.ok(readFileSync(at.file('a.palate')).equals(before));
  const updated = await loadModel(at.file('b.palate'));
  assert.is(updated.title(9002), 'Brand New (2026)');
  assert.is(updated.history.length, 11);
  const user = updated.users.index(1);
  const place = [...updated.seen.itemsOf(user)].indexOf(updated.items.index(5));
  assert.is(updated.seen.valuesOf(user)[place], 0.5);
  const { items } = await json<{ items: { because: { itemId: number; share: number }[] }[] }>(
    'recommend',
    'b.palate',
    '--user',
    '9001',
    '--k',
    '3',
    '--explain',
  );
  for (const { because } of items)
    assert.ok(because.length > 0 && because.every(({ itemId }) => [1, 9002].includes(itemId)));
});

test('for people, and in place', async () => {
  copyFileSync(at.file('m.palate'), at.file('place.palate'));
  const done = await run('update', 'place.palate', 'new.csv', '--out', 'place.palate');
  assert.is(done.code, 0, done.stderr);
  assert.match(done.stdout, /^mf: 61 users \(1 new\), .*\(1 new\), .* ratings \(\d new\)\n/);
  assert.match(done.stdout, /Updated in .*\. Wrote place\.palate/);
  for (const line of done.stdout.split('\n')) assert.ok([...line].length <= 80, line);
  assert.is((await loadModel(at.file('place.palate'))).users.size, 61);
});

test('what is wrong is one clear line, and nothing is written', async () => {
  writeFileSync(at.file('likes.csv'), 'userId,movieId\n1,2\n');
  writeFileSync(at.file('names.csv'), 'userId,movieId,rating,timestamp\nanna,2,3,5\n');
  const before = at.list();
  for (const [args, code, pattern] of [
    [['a.palate', 'new.csv'], 2, /needs --out FILE/],
    [['a.palate', 'new.csv', '--out', 'new.csv'], 1, /is a file that this command reads/],
    [['a.palate', 'likes.csv', '--out', 'x.palate'], 1, /have no ratings/],
    [['a.palate', 'names.csv', '--out', 'x.palate'], 1, /cannot stand in one vocabulary/],
    [
      ['a.palate', 'new.csv', '--out', 'x.palate', '--learning-rate', '0.1'],
      2,
      /'ials' has no option `--learning-rate`/,
    ],
    [['none.palate', 'new.csv', '--out', 'x.palate'], 1, /no such file/],
  ] as const) {
    const failed = await run('update', ...args);
    assert.is(failed.code, code, failed.stderr);
    assert.match(failed.stderr, pattern);
    assert.is(failed.stdout, '');
    assert.is(failed.stderr.trim().split('\n').length, 1);
  }
  assert.equal(at.list(), before);
});

test('--explain of a model whose scores are no sums says why', async () => {
  const failed = await run('recommend', 'm.palate', '--user', '1', '--explain');
  assert.is(failed.code, 2);
  assert.match(failed.stderr, /link 'sigmoid' makes users that are not linear/);
});

test.run();
