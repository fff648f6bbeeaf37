import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Random } from '../../src/dataset/random.js';
import { describeCatalogue } from '../../src/evaluate/catalogue.js';
import { listDiversity } from '../../src/evaluate/diversity.js';
import { coverageOf, giniOf } from '../../src/evaluate/metrics.js';
import { oracleGini, oracleListDiversity } from '../oracle/metrics.js';
import { assertNear, dataset } from './fixtures.js';

const row = (user: number, item: number) => ({ user, item, rating: 4 });

test('two items by hand', async () => {
  // Item 0 has users 0 to 3, item 1 has users 3 and 4: one of both, 1 / sqrt(4 * 2).
  const data = dataset([row(0, 0), row(1, 0), row(2, 0), row(3, 0), row(3, 1), row(4, 1), row(5, 2)]);
  const catalogue = describeCatalogue({ seen: data.interactions });
  const lists = [Uint32Array.of(1, 0), Uint32Array.of(0, 2), Uint32Array.of(0), new Uint32Array(0)];
  const [both, neither, one, none] = await listDiversity(lists, catalogue);
  assertNear(both, 1 - 1 / Math.sqrt(8), 'one user in common');
  assertNear(neither, 1, 'nobody in common');
  assert.ok(Number.isNaN(one) && Number.isNaN(none), 'no pairs');
});

test('few lists and many, which are counted in two ways, agree with the oracle', async () => {
  const random = new Random(2);
  const train = Array.from({ length: 60 * 31 }, (_, n) => row(n % 60, Math.floor(n / 60))).filter(
    ({ item }) => random.float() < 0.7 - item / 50,
  );
  const data = dataset(train);
  const catalogue = describeCatalogue({ seen: data.interactions });
  const everything = Uint32Array.from({ length: data.numItems }, (_, item) => item).reverse();
  const some = (n: number): Uint32Array =>
    Uint32Array.from(new Set(Array.from({ length: 2 + (n % 9) }, () => random.below(data.numItems))));
  for (const size of [0, 1, 129, 1000]) {
    const lists = size === 1 ? [everything] : Array.from({ length: size }, (_, n) => some(n));
    const values = await listDiversity(lists, catalogue);
    for (const [n, list] of lists.entries()) {
      const ids = Array.from(list, (item) => data.items.id(item) as number);
      assertNear(values[n], oracleListDiversity(train, ids), `list ${n} of ${size}`);
    }
  }
});

test('gini and coverage of exposures', () => {
  assert.is(giniOf(Float64Array.of(3, 3, 3)), 0);
  assert.is(giniOf(Float64Array.of(0, 0, 0, 8)), 3 / 4);
  // (-2 * 1 + 0 * 2 + 2 * 5) / (3 * 8)
  assertNear(giniOf(Float64Array.of(5, 1, 2)), 8 / 24, 'three');
  const random = new Random(5);
  const exposures = Float64Array.from({ length: 129 }, () => random.below(7));
  assertNear(giniOf(exposures), oracleGini([...exposures]), 'random');
  assert.is(coverageOf(Float64Array.of(0, 2, 0, 1)), 1 / 2);
});

test('a signal stops it', async () => {
  const users = 4000;
  const train = Array.from({ length: users * 50 }, (_, n) => row(n % users, Math.floor(n / users)));
  const catalogue = describeCatalogue({ seen: dataset(train).interactions });
  const lists = Array.from({ length: 200 }, () => Uint32Array.from({ length: 50 }, (_, item) => item));
  try {
    await listDiversity(lists, catalogue, AbortSignal.abort(new Error('enough')));
    assert.unreachable();
  } catch (error) {
    assert.is((error as Error).message, 'enough');
  }
});

test.run();
