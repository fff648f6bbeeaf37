import { readFileSync } from 'node:fs';
import { tableFromIPC } from 'apache-arrow';
import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { writeAllUsers } from '../../src/cli/all-users.js';
import type { Io } from '../../src/cli/run.js';
import { Dataset, type Model, sampleItems, sampleRatings, train } from '../../src/index.js';
import { Workplace } from './spawn-cli.js';

const test = suite('all users');
// More users than one batch has.
const USERS = 5000;
let at: Workplace;
let model: Model;
const io = (signal: AbortSignal): Io => ({ json: true, signal, print: () => {}, note: () => {}, leaves: () => {} });

test.before(async () => {
  at = new Workplace(20);
  const data = Dataset.fromTable(sampleRatings({ users: USERS }), { items: sampleItems() });
  model = await train(data, { model: 'popularity' });
});
test.after(() => at.remove());

test('several batches make one file, the same rows in every format', async () => {
  const never = new AbortController().signal;
  for (const out of ['all.csv', 'all.jsonl', 'all.arrow']) {
    const { json } = await writeAllUsers(model, at.file(out), { k: 2 }, io(never));
    assert.equal(json, { users: USERS, rows: 2 * USERS, out: at.file(out) });
  }
  const table = tableFromIPC(readFileSync(at.file('all.arrow')));
  const csv = readFileSync(at.file('all.csv'), 'utf8').trimEnd().split('\n');
  const jsonl = readFileSync(at.file('all.jsonl'), 'utf8').trimEnd().split('\n');
  assert.equal([table.numRows, csv.length, jsonl.length], [2 * USERS, 2 * USERS + 1, 2 * USERS]);
  assert.is(new Set(table.getChild('userId')?.toArray()).size, USERS);
  const names = table.schema.fields.map((field) => String(field.name));
  const last = table.get(9999)?.toJSON() as Record<string, unknown>;
  assert.is(csv[0], names.join(','));
  assert.is((csv[10_000] as string).replaceAll('"', ''), names.map((name) => String(last[name])).join(','));
  assert.equal(JSON.parse(jsonl[9999] as string), table.get(9999)?.toJSON());
});

test('a signal between batches leaves no file', async () => {
  const before = at.list();
  const stop = new AbortController();
  const work = writeAllUsers(model, at.file('cut.arrow'), { k: 2 }, io(stop.signal));
  stop.abort(new Error('enough'));
  try {
    await work;
    assert.unreachable();
  } catch (error) {
    assert.is((error as Error).message, 'enough');
  }
  assert.equal(at.list(), before);
});

test.run();
