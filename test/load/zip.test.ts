import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { readRatings } from '../../src/load/read-ratings.js';
import { dataError, folder, leftovers, makeZip, write } from './fixtures.js';

const RATINGS = 'userId,movieId,rating,timestamp\n1,10,4.5,100\n';
const member = (name: string, content: string | Uint8Array = RATINGS) => ({ name, content });
/** What the tests of other files have left in their common folder. */
const others = new Set(readdirSync(folder));
const before = leftovers();

async function rows(name: string, zip: Uint8Array): Promise<number> {
  return (await readRatings(write(name, zip))).numRows;
}

test('folders, copies of macOS and other files are passed over', async () => {
  const zip = makeZip([
    member('__MACOSX/ml-x/._ratings.csv', 'junk'),
    member('ml-x/', ''),
    member('ml-x/README.txt', 'words'),
    member('ml-x/ratings.csv'),
    member('ml-x/old/ratings.csv', 'userId,movieId\n'),
    member('ml-x/movies.csv', 'movieId,title,genres\n'),
  ]);
  assert.is(await rows('usual.zip', zip), 1);
  assert.is(await rows('named-otherwise.data', zip), 1, 'known by its bytes');
});

test('names that try to leave the folder', async () => {
  for (const name of [
    '../ratings.csv',
    '../../../../tmp/ratings.csv',
    '/tmp/palate-evil/ratings.csv',
    'C:\\ratings.csv',
  ]) {
    const file = write('traversal.zip', makeZip([member(name)]));
    await dataError(readRatings(file));
  }
  assert.not.ok(existsSync(path.join(folder, 'ratings.csv')));
  assert.not.ok(existsSync('/tmp/palate-evil'));
  // A harmless name may look like an option or hold anything; it is never used as a path.
  assert.is(await rows('odd.zip', makeZip([member("ml '[*]$(x)/ratings.csv")])), 1);
});

test('archives that lie', async () => {
  const says = async (claim: object, message: RegExp, content: string | Uint8Array = RATINGS): Promise<void> => {
    const file = write('lie.zip', makeZip([{ name: 'd/ratings.csv', content, claim }]));
    const error = await dataError(readRatings(file));
    assert.match(error.message, message);
    assert.ok(error.message.startsWith(file));
  };
  await says({ size: 5 }, /damaged: too many bytes in the stream/);
  await says({ size: 5000 }, /damaged: not enough bytes in the stream/);
  await says({ crc: 1 }, /damaged: its checksum does not match/);
  await says({ size: 0xfffffffe }, /unpacks to more than \d+ bytes, which no honest file of this size does/);
  await says({ size: 1000 }, /damaged: too many bytes/, Buffer.alloc(300 * 2 ** 20));
  await says({}, /unpacks to more than \d+ bytes/, Buffer.alloc(300 * 2 ** 20));
  await says({ flags: 0x801 }, /encrypted, which cannot be read; unpack the zip first/);
  await says({ method: 99 }, /compressed by method 99, which cannot be read/);
});

test('damaged archives', async () => {
  const zip = makeZip([member('d/ratings.csv', RATINGS + '2,3,4,5\n'.repeat(5000)), member('d/movies.csv', 'x')]);
  for (const cut of [5, 100, zip.length - 30, zip.length - 1]) {
    const error = await dataError(readRatings(write('cut.zip', zip.subarray(0, cut))));
    assert.match(error.message, /not a readable zip file/);
  }
  const flipped = Buffer.from(zip);
  flipped.fill(0xff, 60, 90);
  assert.match((await dataError(readRatings(write('flipped.zip', flipped)))).message, /d\/ratings\.csv: damaged: /);
  const twice = makeZip([member('d/ratings.csv'), member('d/ratings.csv', 'x')]);
  assert.match((await dataError(readRatings(write('twice.zip', twice)))).message, /it holds "d\/ratings\.csv" twice/);
  assert.match(
    (await dataError(readRatings(write('empty.zip', makeZip([]))))).message,
    /none of the MovieLens layouts/,
  );
  const empty = makeZip([member('d/ratings.csv', '')]);
  assert.match(
    (await dataError(readRatings(write('empty-file.zip', empty)))).message,
    /d\/ratings\.csv: the file is empty/,
  );
});

test('abort while unpacking, and progress of it', async () => {
  const file = write('large.zip', makeZip([member('d/ratings.csv', RATINGS + '2,3,4,5\n'.repeat(6_000_000))]));
  const reason = new Error('enough');
  const controller = new AbortController();
  const phases = new Set<string>();
  try {
    await readRatings(file, {
      signal: controller.signal,
      onProgress: ({ phase, done, total }) => {
        phases.add(phase);
        assert.ok(done > 0 && total === RATINGS.length + 48_000_000);
        controller.abort(reason);
      },
    });
    assert.unreachable();
  } catch (error) {
    assert.is(error, reason);
  }
  assert.equal([...phases], ['unpack']);
  const mine = new Error('mine');
  try {
    await readRatings(file, {
      onProgress: () => {
        throw mine;
      },
    });
    assert.unreachable();
  } catch (error) {
    assert.is(error, mine);
  }
});

test('temporary files are always gone, and nothing was written beside the archives', () => {
  assert.equal(leftovers(), before);
  const mine = readdirSync(folder).filter((name) => !others.has(name));
  assert.ok(mine.every((name) => /\.(zip|data)$/.test(name)));
});

test.run();
