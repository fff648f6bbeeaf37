import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { foldIn } from '../../src/recommend/fold-in.js';
import { recommend } from '../../src/recommend/recommend.js';
import type { FactorModelData, HistoryEntry } from '../../src/types.js';
import { normalCdf } from '../oracle/normal-draws.js';
import { tinyModel } from '../support/tiny-model.js';

/** Half stars whose cutpoints lie ever further apart. */
function ordinalModel(): FactorModelData {
  const tiny = tinyModel({ link: 'identity' });
  const categories = {
    values: Array.from({ length: 10 }, (_, c) => 0.5 + c / 2),
    cutpoints: Array.from({ length: 9 }, (_, k) => -1 + k ** 1.3 / 5),
  };
  return { ...tiny, parameters: { ...tiny.parameters, globalBias: 0, link: 'ordinal', categories } };
}

/** The objective that fold-in minimises, written out; theta = factors, then the bias. */
function objective(data: FactorModelData, history: readonly HistoryEntry[], theta: ArrayLike<number>): number {
  const { parameters: p, options } = data;
  const { user, bias } = options.regularization as { user: number; bias: number };
  const rowWise = options.batchSize === 1;
  const scale = rowWise ? history.length ** (options.regularizationPower as number) : data.seen.size / 2;
  let sum = bias * scale * (theta[p.dim] as number) ** 2;
  for (let k = 0; k < p.dim; k++) sum += user * scale * (theta[k] as number) ** 2;
  for (const { item, rating } of history) {
    const i = (item as number) - 1;
    let x = p.globalBias + (p.itemBiases[i] as number) + (theta[p.dim] as number);
    for (let k = 0; k < p.dim; k++) x += (p.itemFactors[i * p.dim + k] as number) * (theta[k] as number);
    const r = rating ?? p.range.max;
    const s = 1 / (1 + Math.exp(-x));
    const span = p.range.max - p.range.min;
    const t = (r - p.range.min) / span;
    if (p.categories !== undefined) {
      const { values, cutpoints } = p.categories;
      const c = values.indexOf(r);
      sum += -2 * Math.log(normalCdf((cutpoints[c] ?? Infinity) - x) - normalCdf((cutpoints[c - 1] ?? -Infinity) - x));
    } else if (options.objective === 'logistic') sum += -t * Math.log(s) - (1 - t) * Math.log(1 - s);
    else if (p.link === 'sigmoid') sum += (r - p.range.min - span * s) ** 2;
    else sum += (r - x) ** 2;
  }
  return sum;
}

const history: HistoryEntry[] = [
  { item: 3, rating: 4.5 },
  { item: 7, rating: 1 },
  { item: 20, rating: 5 },
  { item: 21 },
];
const long: HistoryEntry[] = Array.from({ length: 30 }, (_, n) => ({ item: n + 1, rating: 0.5 + (n % 10) * 0.5 }));

for (const [name, data] of [
  ['identity', tinyModel({ link: 'identity' })],
  ['sigmoid', tinyModel({ link: 'sigmoid' })],
  [
    'sigmoid, batches',
    tinyModel({
      link: 'sigmoid',
      options: { batchSize: 64, regularization: { user: 0.01, item: 0, bias: 0.01, feature: 0 } },
    }),
  ],
  ['logistic', tinyModel({ link: 'sigmoid', options: { objective: 'logistic' } })],
  ['ordinal', ordinalModel()],
] as const) {
  for (const entries of [history, long]) {
    test(`solve: ${name}, ${entries.length} entries: the objective has a zero gradient and a minimum`, () => {
      const user = foldIn(data, entries, 'solve');
      const theta = [...user.factors, user.bias];
      const at = objective(data, entries, theta);
      for (let k = 0; k < theta.length; k++) {
        const step = 1e-3;
        const moved = (by: number): number =>
          objective(
            data,
            entries,
            theta.map((v, n) => (n === k ? v + by : v)),
          );
        const slope = (moved(step) - moved(-step)) / (2 * step);
        assert.ok(Math.abs(slope) < 2e-3 * Math.max(1, at), `slope ${slope} of parameter ${k} at ${at}`);
        assert.ok(moved(0.05) > at && moved(-0.05) > at);
      }
    });
  }
}

test('a history that is rated like a known user by the model itself gives that user back, with little penalty', () => {
  const data = tinyModel({ options: { regularization: { user: 1e-5, item: 0, bias: 1e-5, feature: 0 } } });
  const { parameters: p } = data;
  const range = { min: -100, max: 100 };
  const wide = { ...data, parameters: { ...p, range } };
  const entries = Array.from({ length: 33 }, (_, i) => {
    let x = p.globalBias + (p.userBiases[1] as number) + (p.itemBiases[i] as number);
    for (let k = 0; k < p.dim; k++)
      x += (p.userFactors[p.dim + k] as number) * (p.itemFactors[i * p.dim + k] as number);
    return { item: i + 1, rating: x };
  });
  const user = foldIn(wide, entries, 'solve');
  for (let k = 0; k < p.dim; k++)
    assert.ok(Math.abs((user.factors[k] as number) - (p.userFactors[p.dim + k] as number)) < 1e-3);
  assert.ok(Math.abs(user.bias - (p.userBiases[1] as number)) < 1e-3);
});

test('sum adds weighted rows; disliked items push away', () => {
  const data = tinyModel({ dim: 2 });
  const row = (item: number, k: number): number => data.parameters.itemFactors[(item - 1) * 2 + k] as number;
  const user = foldIn(data, [{ item: 3 }, { item: 4, rating: 0.5 }, { item: 9, rating: 2.75 }], 'sum');
  for (const k of [0, 1]) assert.ok(Math.abs((user.factors[k] as number) - 0.2 * (row(3, k) - row(4, k))) < 1e-6);
  assert.is(user.bias, 0);
});

test('the items of a history are not recommended, unless asked for', () => {
  const data = tinyModel();
  const items = recommend(data, { history: long.slice(0, 20), k: 100 }).itemIds;
  assert.equal(
    [...items].sort((a, b) => Number(a) - Number(b)),
    Array.from({ length: 13 }, (_, n) => n + 21),
  );
  assert.is(recommend(data, { history: long, k: 100, excludeSeen: false }).length, 33);
  assert.equal([...recommend(data, { titles: ['Film 3 (1992)', 'film 4'], k: 100 }).itemIds].includes(3), false);
});

test('of an item named twice the last entry counts', () => {
  const data = tinyModel();
  const twice = foldIn(
    data,
    [
      { item: 3, rating: 1 },
      { item: 3, rating: 5 },
    ],
    'solve',
  );
  assert.equal(twice, foldIn(data, [{ item: 3, rating: 5 }], 'solve'));
});

test.run();
