import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { Random } from '../../src/dataset/random.js';
import { groupByGenre } from '../../src/report/genre-groups.js';
import { placeLabels } from '../../src/report/place-labels.js';
import { principalPlane } from '../../src/report/principal-plane.js';
import { projectItems } from '../../src/report/project-items.js';

const test = suite('report embedding');

/** Rows around as many directions as there are groups, row i in group i % groups. */
function clusters(rows: number, dim: number, groups: number): Float32Array {
  const random = new Random(3);
  const vectors = new Float32Array(rows * dim);
  for (let row = 0; row < rows; row++) {
    for (let k = 0; k < dim; k++) vectors[row * dim + k] = 0.15 * (random.float() - 0.5) + (k === row % groups ? 1 : 0);
  }
  return vectors;
}

const distance = (places: Float64Array, a: number, b: number): number =>
  Math.hypot(
    (places[2 * a] as number) - (places[2 * b] as number),
    (places[2 * a + 1] as number) - (places[2 * b + 1] as number),
  );

test('neighbours stay neighbours, and equal seeds give equal maps', async () => {
  const vectors = clusters(129, 8, 3);
  const places = await projectItems(vectors, 8, { seed: 1 });
  assert.is(places.length, 2 * 129);
  assert.ok(places.every(Number.isFinite));
  let kept = 0;
  for (let row = 0; row < 129; row++) {
    const others = Array.from({ length: 129 }, (_, other) => other).filter((other) => other !== row);
    const nearest = others.reduce((best, other) =>
      distance(places, row, other) < distance(places, row, best) ? other : best,
    );
    if (nearest % 3 === row % 3) kept++;
  }
  assert.ok(kept >= 127, `${kept} of 129 rows have a neighbour of their own group`);
  assert.equal(await projectItems(vectors, 8, { seed: 1 }), places);
  assert.not.equal(await projectItems(vectors, 8, { seed: 2 }), places);
});

test('few rows, equal rows, one dimension', async () => {
  for (const [rows, dim] of [
    [5, 3],
    [31, 1],
    [33, 2],
  ] as const) {
    const places = await projectItems(new Float32Array(rows * dim).fill(1), dim, { seed: 0 });
    assert.is(places.length, 2 * rows);
    assert.ok(places.every(Number.isFinite), `${rows} rows of ${dim}`);
  }
});

test('an abort ends the layout with its reason', async () => {
  const reason = new Error('enough');
  try {
    await projectItems(clusters(33, 4, 2), 4, { seed: 1, signal: AbortSignal.abort(reason) });
    assert.unreachable();
  } catch (error) {
    assert.is(error, reason);
  }
});

test('the principal plane: scores of the two directions of greatest variance', () => {
  // On a circle of directions the normalised rows are (cos t, sin t): their mean is 0, both variances known.
  const rows = 64;
  const vectors = new Float32Array(rows * 3);
  for (let row = 0; row < rows; row++) {
    const angle = (2 * Math.PI * row) / rows;
    vectors.set([3 * Math.cos(angle), 0, 3 * Math.sin(angle)], row * 3);
  }
  const plane = principalPlane(vectors, 3, 1);
  for (let row = 0; row < rows; row++) {
    // Of standard deviation 1 each, so every point has the length sqrt(2).
    assert.ok(Math.abs(Math.hypot(plane[2 * row] as number, plane[2 * row + 1] as number) - Math.SQRT2) < 1e-5);
  }
});

test('genres: an item has its rarest, rare and supernumerary ones have none', () => {
  const genres = [
    ...Array.from({ length: 50 }, () => ['Comedy', 'Drama']),
    ...Array.from({ length: 30 }, () => ['Comedy', 'Horror']),
    ...Array.from({ length: 19 }, () => ['War']),
    ['Film-Noir', 'Comedy'],
    [],
  ];
  const { groups, groupOf } = groupByGenre(genres, 2);
  assert.equal(groups, ['Drama', 'Horror', 'other']);
  assert.equal(
    [groupOf[0], groupOf[50], groupOf[80], groupOf[99], groupOf[100]],
    ['Drama', 'Horror', 'other', 'other', 'other'],
  );
  assert.equal(groupByGenre([], 3), { groups: [], groupOf: [] });
  assert.equal(groupByGenre([['a'], ['a']], 3).groups, ['a']);
});

test('labels: the first come first, none covers another or leaves the plot', () => {
  const options = { fontSize: 10, width: 200, most: 3 };
  const label = (x: number, y: number, text = 'abcdefgh'): { x: number; y: number; text: string } => ({ x, y, text });
  const placed = placeLabels(
    [label(0, 0), label(10, 5), label(0, 20), label(195, 50), label(100, 0), label(0, 90)],
    options,
  );
  assert.equal(placed, [label(0, 0), label(0, 20), label(100, 0)]);
  assert.equal(placeLabels([], options), []);
});

test.run();
