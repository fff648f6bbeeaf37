import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { topK, topKAsync } from '../../src/recommend/top-k.js';
import { naiveRanking, type TopkProblem } from '../oracle/topk.js';
import { realProblem } from '../support/topk-problems.js';

/** The items of each query, by the oracle. */
function expectedItems(problem: TopkProblem): number[][] {
  return Array.from({ length: problem.numQueries }, (_, q) =>
    naiveRanking(problem, q)
      .slice(0, problem.k)
      .map(({ item }) => item),
  );
}

/** The items of each query, as topK returns them. */
function items({ indices, counts }: { indices: Uint32Array; counts: Uint32Array }, k: number): number[][] {
  return Array.from(counts, (count, q) => [...indices.subarray(q * k, q * k + count)]);
}

const sizes = { numQueries: 9, numItems: 200, dim: 11, k: 12 };

test('cosine is the default, dot on request', () => {
  for (const metric of ['cosine', 'dot', undefined] as const) {
    const problem = realProblem({ ...sizes, cosine: metric !== 'dot' });
    const result = topK(problem.queries, problem.items, { dim: 11, k: 12, metric });
    assert.equal(items(result, 12), expectedItems(problem), metric);
    assert.equal([...result.counts], Array(9).fill(12));
    assert.instance(result.scores, Float32Array);
  }
});

test('exclusions as lists in any order or as CSR, candidates, biases, threads', () => {
  const problem = realProblem({ ...sizes, cosine: true }, { biases: true, exclude: true, candidates: true });
  const exclude = problem.exclude as number[][];
  const options = { dim: 11, k: 12, candidates: problem.candidates, itemBiases: problem.itemBiases };
  const expected = expectedItems(problem);
  const lists = exclude.map((list) => [...list].reverse());
  assert.equal(items(topK(problem.queries, problem.items, { ...options, exclude: lists }), 12), expected, 'lists');
  const typed = exclude.map((list) => Uint32Array.from(list));
  assert.equal(
    items(topK(problem.queries, problem.items, { ...options, exclude: typed }), 12),
    expected,
    'typed lists',
  );
  const offsets = new Uint32Array(exclude.length + 1);
  for (const [q, list] of exclude.entries()) offsets[q + 1] = offsets[q] + list.length;
  const csr = { offsets, items: Uint32Array.from(exclude.flat()) };
  for (const threads of [1, 2, 3]) {
    assert.equal(items(topK(problem.queries, problem.items, { ...options, exclude: csr, threads }), 12), expected);
  }
});

test('k beyond what there is: counts say how many, the rest is filled', () => {
  const queries = Float32Array.of(1, 0, 0, 1);
  const rows = Float32Array.of(2, 0, 0, 3, 4, 4);
  const result = topK(queries, rows, { dim: 2, k: 5, metric: 'dot', exclude: [[], [0, 1]] });
  assert.equal([...result.counts], [3, 1]);
  assert.equal([...result.indices], [2, 0, 1, ...Array(2).fill(0xffffffff), 2, ...Array(4).fill(0xffffffff)]);
  assert.equal([...result.scores], [4, 2, 0, ...Array(2).fill(-Infinity), 4, ...Array(4).fill(-Infinity)]);
  const none = topK(queries, new Float32Array(0), { dim: 2, k: 3 });
  assert.equal([...none.counts], [0, 0]);
  assert.equal([...none.indices], Array(6).fill(0xffffffff));
  assert.is(topK(new Float32Array(0), rows, { dim: 2, k: 3 }).counts.length, 0);
});

test('arrays that are views of larger buffers, also shared ones', () => {
  const problem = realProblem({ ...sizes, cosine: true });
  for (const buffer of [new ArrayBuffer(40_000), new SharedArrayBuffer(40_000)]) {
    const queries = new Float32Array(buffer, 4, problem.queries.length);
    const rows = new Float32Array(buffer, 4000, problem.items.length);
    queries.set(problem.queries);
    rows.set(problem.items);
    assert.equal(items(topK(queries, rows, { dim: 11, k: 12 }), 12), expectedItems(problem));
  }
});

const rejected: [string, () => unknown, RegExp, typeof TypeError | typeof RangeError][] = [];
{
  const queries = new Float32Array(6);
  const rows = new Float32Array(9);
  const call = (options: object): (() => unknown) => {
    return () => topK(queries, rows, { dim: 3, k: 2, ...options } as Parameters<typeof topK>[2]);
  };
  rejected.push(
    ['an unknown option', call({ treads: 2 }), /`treads` in topK; did you mean `threads`/, TypeError],
    ['no dim', call({ dim: undefined }), /`dim` to be an integer/, TypeError],
    ['dim 0', call({ dim: 0 }), /`dim`/, RangeError],
    [
      'a dim that does not divide',
      call({ dim: 4 }),
      /`queries` to be a whole number of rows of 4, received 6/,
      RangeError,
    ],
    ['k 0', call({ k: 0 }), /`k`/, RangeError],
    ['k as text', call({ k: '5' }), /`k` to be an integer >= 1, received "5" \(string\)/, TypeError],
    ['k beyond any array', call({ k: 2 ** 40 }), /`k` to be an integer <= 2147483647 for 2 queries/, RangeError],
    ['a near metric', call({ metric: 'cosin' }), /did you mean 'cosine'/, RangeError],
    ['too few lists', call({ exclude: [[0]] }), /`exclude` to be 2 lists/, RangeError],
    ['an excluded item that is none', call({ exclude: [[3], []] }), /`exclude`/, RangeError],
    ['exclusions of another kind', call({ exclude: { offsets: [0, 0, 0], items: [] } }), /`exclude`/, TypeError],
    [
      'descending offsets',
      call({ exclude: { offsets: Uint32Array.of(0, 2, 1), items: Uint32Array.of(0, 1) } }),
      /`exclude.offsets`/,
      RangeError,
    ],
    [
      'offsets beyond the items',
      call({ exclude: { offsets: Uint32Array.of(0, 1, 3), items: Uint32Array.of(0, 1) } }),
      /`exclude.offsets`/,
      RangeError,
    ],
    [
      'descending exclusions',
      call({ exclude: { offsets: Uint32Array.of(0, 2, 2), items: Uint32Array.of(1, 0) } }),
      /`exclude.items`/,
      RangeError,
    ],
    ['candidates of another length', call({ candidates: new Uint8Array(2) }), /`candidates`/, TypeError],
    ['biases of another type', call({ itemBiases: new Float64Array(3) }), /`itemBiases`/, TypeError],
    ['no threads', call({ threads: 0 }), /`threads`/, RangeError],
    ['plain arrays', () => topK([1, 2] as never, rows, { dim: 1, k: 1 }), /`queries` to be a Float32Array/, TypeError],
  );
}

for (const [what, call, message, type] of rejected) {
  test(`rejects ${what}`, () => {
    assert.throws(call, (error: Error) => {
      assert.instance(error, type);
      assert.match(error.message, message);
      assert.is((error as NodeJS.ErrnoException).code, 'ERR_PALATE_OPTION');
      return true;
    });
  });
}

async function rejection(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => undefined,
    (error: unknown) => error,
  );
}

test('off the event loop: the same results, errors and signals as rejections', async () => {
  const { queries, items } = realProblem(sizes);
  for (const options of [{ k: 12 }, { k: 300, metric: 'dot', threads: 2 }] as const) {
    const all = { dim: 11, ...options };
    assert.equal(await topKAsync(queries, items, all), topK(queries, items, all));
  }
  const wrong = await rejection(topKAsync(queries, items, { dim: 11, k: 0 }));
  assert.match(String(wrong), 'RangeError: Expected `k` to be an integer >= 1, received 0');
  assert.match(
    String(await rejection(topKAsync(queries, items, { dim: 11, k: 1, signal: 3 as never }))),
    'Expected `signal` to be an AbortSignal',
  );
  const reason = new Error('enough');
  const stop = new AbortController();
  const search = rejection(topKAsync(queries, items, { dim: 11, k: 1, signal: stop.signal }));
  stop.abort(reason);
  assert.is(await search, reason);
  assert.is(await rejection(topKAsync(queries, items, { dim: 11, k: 1, signal: AbortSignal.abort(reason) })), reason);
});

test.run();
