import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { homedir } from 'node:os';
import path from 'node:path';
import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { cacheFolder } from '../../src/load/cache-folder.js';
import { cachedMovieLens, type DownloadOptions, downloadMovieLens } from '../../src/load/download.js';
import type { LoadProgress } from '../../src/load/options.js';
import { readRatings } from '../../src/load/read-ratings.js';
import { dataError, folder, makeZip } from './fixtures.js';

const ZIP = makeZip([
  { name: 'ml-100k/u.data', content: '1\t2\t3\t4\n' },
  { name: 'ml-100k/pad', content: Buffer.alloc(100_000, 1) },
]);
const MD5 = createHash('md5').update(ZIP).digest('hex');

type Answer = (response: ServerResponse) => void;
let answers: Record<string, Answer> = {};
const send =
  (body: string | Buffer, status = 200): Answer =>
  (response) => {
    response.writeHead(status, { 'content-length': Buffer.byteLength(body) });
    response.end(body);
  };
const server: Server = createServer((request, response) =>
  (answers[request.url ?? ''] ?? send('not here', 404))(response),
);
let baseUrl = '';
let number = 0;

test.before(async () => {
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/data`;
});
test.after(() => {
  server.closeAllConnections();
  server.close();
});

/** Options with a cache folder of its own. */
function fresh(): DownloadOptions & { cacheDir: string } {
  number += 1;
  return { baseUrl, cacheDir: path.join(folder, `cache ${number}`, 'deep') };
}

const files = (cacheDir: string): string[] => (existsSync(cacheDir) ? readdirSync(cacheDir) : []);

test('a checked download, its cache, and reading it', async () => {
  answers = {
    '/data/ml-100k.zip.md5': send(`MD5 (ml-100k.zip) = ${MD5.toUpperCase()}\n`),
    '/data/ml-100k.zip': send(ZIP),
  };
  const options = fresh();
  assert.is(cachedMovieLens('ml-100k', { cacheDir: options.cacheDir }), undefined);
  const seen: LoadProgress[] = [];
  const file = await downloadMovieLens('ml-100k', { ...options, onProgress: (progress) => seen.push(progress) });
  assert.is(file, path.join(options.cacheDir, 'ml-100k.zip'));
  assert.ok(readFileSync(file).equals(ZIP));
  assert.equal(files(options.cacheDir), ['ml-100k.zip']);
  assert.is(cachedMovieLens('ml-100k', { cacheDir: options.cacheDir }), file);
  assert.equal(seen.at(-1), { phase: 'download', unit: 'bytes', done: ZIP.length, total: ZIP.length });
  assert.is((await readRatings(file)).numRows, 1);
  // The plain form of the sum, a base URL that ends with a slash, and a file that is there already.
  answers['/data/ml-100k.zip.md5'] = send(`${MD5}  ml-100k.zip\n`);
  writeFileSync(file, 'old');
  assert.is(await downloadMovieLens('ml-100k', { ...options, baseUrl: `${baseUrl}/` }), file);
  assert.ok(readFileSync(file).equals(ZIP));
});

test('what goes wrong leaves nothing behind, and what was there stays', async () => {
  const sum = send(`${MD5}  ml-100k.zip`);
  const cases: [Record<string, Answer>, RegExp][] = [
    [{ '/data/ml-100k.zip': send(ZIP) }, /ml-100k\.zip\.md5: the server answered 404 Not Found$/],
    [{ '/data/ml-100k.zip.md5': sum }, /ml-100k\.zip: the server answered 404 Not Found$/],
    [
      { '/data/ml-100k.zip.md5': send('<html>welcome</html>'), '/data/ml-100k.zip': send(ZIP) },
      /holds no MD5 checksum/,
    ],
    [
      { '/data/ml-100k.zip.md5': sum, '/data/ml-100k.zip': send(Buffer.concat([ZIP, ZIP])) },
      /the checksum is [0-9a-f]{32} instead of [0-9a-f]{32}; nothing was kept/,
    ],
    [{ '/data/ml-100k.zip.md5': sum, '/data/ml-100k.zip': send(ZIP.subarray(0, 50)) }, /the checksum is/],
    [{ '/data/ml-100k.zip.md5': sum, '/data/ml-100k.zip': send('') }, /the checksum is/],
    [
      {
        '/data/ml-100k.zip.md5': sum,
        '/data/ml-100k.zip': (response) => {
          response.writeHead(200, { 'content-length': ZIP.length });
          response.write(ZIP.subarray(0, 20), () => response.destroy());
        },
      },
      /cannot be downloaded \(.+\); is this machine offline\?/,
    ],
  ];
  for (const [given, says] of cases) {
    answers = given;
    const options = fresh();
    const error = await dataError(downloadMovieLens('ml-100k', options));
    assert.match(error.message, says);
    assert.equal(files(options.cacheDir), []);
    mkdirSync(options.cacheDir, { recursive: true });
    writeFileSync(path.join(options.cacheDir, 'ml-100k.zip'), 'old');
    await dataError(downloadMovieLens('ml-100k', options));
    assert.equal(files(options.cacheDir), ['ml-100k.zip']);
    assert.is(readFileSync(path.join(options.cacheDir, 'ml-100k.zip'), 'utf8'), 'old');
  }
});

test('offline: one line with the reason', async () => {
  const refused = await dataError(downloadMovieLens('ml-100k', { ...fresh(), baseUrl: 'http://127.0.0.1:9/' }));
  assert.match(
    refused.message,
    /^http:\/\/127\.0\.0\.1:9\/ml-100k\.zip\.md5: cannot be downloaded \(.+\); is this machine offline\?$/,
  );
  const nowhere = await dataError(downloadMovieLens('ml-1m', { ...fresh(), baseUrl: 'http://palate.invalid/' }));
  assert.match(nowhere.message, /cannot be downloaded \((ENOTFOUND|EAI_AGAIN|.+)\)/);
});

test('abort before and during the transfer', async () => {
  const reason = new Error('enough');
  const slow: Answer = (response) => {
    response.writeHead(200, { 'content-length': ZIP.length });
    response.write(ZIP.subarray(0, 20));
  };
  answers = { '/data/ml-100k.zip.md5': send(MD5), '/data/ml-100k.zip': slow };
  for (const delay of [-1, 0, 100]) {
    const controller = new AbortController();
    if (delay < 0) controller.abort(reason);
    else setTimeout(() => controller.abort(reason), delay);
    const options = fresh();
    try {
      await downloadMovieLens('ml-100k', { ...options, signal: controller.signal });
      assert.unreachable();
    } catch (error) {
      assert.is(error, reason);
    }
    assert.equal(files(options.cacheDir), []);
  }
});

test('an error of the callback ends the transfer', async () => {
  answers = { '/data/ml-100k.zip.md5': send(MD5), '/data/ml-100k.zip': send(ZIP) };
  const options = fresh();
  const mine = new Error('mine');
  try {
    await downloadMovieLens('ml-100k', {
      ...options,
      onProgress: () => {
        throw mine;
      },
    });
    assert.unreachable();
  } catch (error) {
    assert.is(error, mine);
  }
  assert.equal(files(options.cacheDir), []);
});

test('wrong arguments', async () => {
  for (const args of [
    ['ml-200k'],
    ['../x'],
    [5],
    ['ml-100k', { cachedir: 'x' }],
    ['ml-100k', { cacheDir: 5 }],
    ['ml-100k', { onProgress: 5 }],
  ]) {
    try {
      await downloadMovieLens(...(args as Parameters<typeof downloadMovieLens>));
      assert.unreachable(JSON.stringify(args));
    } catch (error) {
      assert.ok(error instanceof TypeError || error instanceof RangeError, String(error));
    }
  }
  assert.throws(() => cachedMovieLens('ml-1k' as never), /did you mean 'ml-1m'|one of/);
});

test('cacheFolder', () => {
  assert.is(cacheFolder({ XDG_CACHE_HOME: '/c' }, 'linux'), path.join('/c', 'palate'));
  assert.is(cacheFolder({}, 'linux'), path.join(homedir(), '.cache', 'palate'));
  assert.is(cacheFolder({}, 'darwin'), path.join(homedir(), 'Library', 'Caches', 'palate'));
  assert.is(cacheFolder({ LOCALAPPDATA: '/l' }, 'win32'), path.join('/l', 'palate', 'Cache'));
  assert.is(cacheFolder({}, 'win32'), path.join(homedir(), 'AppData', 'Local', 'palate', 'Cache'));
});

test.run();
