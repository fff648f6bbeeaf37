import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { type CoOccurrence, countCoOccurrences, type Dataset, type Model, train } from '../../src/index.js';
import { movieLens, onData } from './movielens.js';

/** X of two movies by their ids. */
function countOf(data: Dataset, x: CoOccurrence, movie: number, other: number): number {
  const row = data.items.index(movie);
  const range = [x.offsets[row], x.offsets[row + 1]] as const;
  const at = x.items.subarray(...range).indexOf(data.items.index(other));
  return at < 0 ? 0 : x.counts[range[0] + at];
}

onData('the counts of likes over all 9,742 movies', async () => {
  const data = await movieLens({ includeUnrated: true });
  assert.is(data.numItems, 9742);
  const x = await countCoOccurrences(data);
  for (const [movie, other, count] of [
    [1, 2, 21],
    [1, 3, 11],
    [1, 5, 7],
    [1, 6, 27],
    [2, 3, 5],
    [5, 6, 3],
  ] as const) {
    assert.is(countOf(data, x, movie, other), count, `X[${movie}, ${other}]`);
    assert.is(countOf(data, x, other, movie), count, `X[${other}, ${movie}]`);
  }
  assert.is(x.items.length, 6_000_360);
  assert.is(
    x.counts.reduce((sum, count) => sum + count, 0),
    11_098_852,
  );
  assert.is(
    x.counts.reduce((sum, count) => sum + count * count, 0),
    63_482_944,
  );
  assert.is(x.largest, 168);
});

const titlesOf = (rows: readonly { title?: string }[]): (string | undefined)[] => rows.map(({ title }) => title);

function forThree(model: Model): (string | undefined)[] {
  return titlesOf(
    model.recommend({ titles: ['Apollo 13 (1995)', 'Toy Story (1995)', 'Home Alone (1990)'], k: 10 }).rows(),
  );
}

onData('coLikes by its defaults: films for three titles, and Toy Story beside its sequel', async () => {
  const data = await movieLens();
  const model = await train(data, { model: 'coLikes' });
  const found = forThree(model);
  console.log(`\n  three titles: ${found.join(', ')}`);
  const printed = [
    'Aladdin (1992)',
    'Jurassic Park (1993)',
    'Lion King, The (1994)',
    'Forrest Gump (1994)',
    'Braveheart (1995)',
    'Terminator 2: Judgment Day (1991)',
    'Fugitive, The (1993)',
    'Independence Day (a.k.a. ID4) (1996)',
  ];
  const hits = printed.filter((title) => found.includes(title));
  assert.ok(hits.length >= 6, `${hits.length} of the 8 printed films that were not asked for`);
  assert.not.ok(found.includes('Toy Story (1995)'), 'what was asked for is left out');

  const similar = titlesOf(model.similarItems({ titles: ['Toy Story (1995)'], k: 15 }).rows());
  console.log(`  like Toy Story: ${similar.join(', ')}`);
  assert.ok(similar.includes('Toy Story 2 (1999)'));
});

test.run();
