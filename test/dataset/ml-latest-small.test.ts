import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Dataset } from '../../src/dataset/dataset.js';
import { buildFields } from '../../src/dataset/features.js';
import { chunked, readMovieLens } from './fixtures.js';

const files = readMovieLens();

if (files === undefined) {
  test.skip('ml-latest-small is not here', () => {});
} else {
  const { ratings, movies } = files;
  const data = Dataset.fromTable(ratings, { items: movies });

  test('the whole', () => {
    const { ratingMean, density, ...counts } = data.describe();
    assert.equal(counts, { users: 610, items: 9724, interactions: 100_836, ratingMin: 0.5, ratingMax: 5 });
    assert.ok(Math.abs(ratingMean - 3.501557) < 1e-6);
    assert.ok(Math.abs(density - 100_836 / (610 * 9724)) < 1e-12);
    assert.is(Dataset.fromTable(ratings, { items: movies, includeUnrated: true }).numItems, 9742);
    assert.throws(() => data.users.expectIndex(99999, 'user'), /the data has 610 users with ids 1 … 610$/);
  });

  test('filters', () => {
    const counts = (options: Parameters<typeof Dataset.fromTable>[1]): number[] => {
      const { numUsers, numInteractions, numItems } = Dataset.fromTable(ratings, options);
      return [numUsers, numInteractions, numItems];
    };
    assert.equal(counts({ minUserRatings: 50 }), [385, 93_812, 9633]);
    assert.is(counts({ positiveThreshold: 4 })[1], 48_580);
    const core = Dataset.fromTable(ratings, { minUserRatings: 50, minItemRatings: 10 }).interactions;
    assert.ok(Math.min(...core.userCounts()) >= 50);
    assert.ok(Math.min(...core.itemCounts()) >= 10);
  });

  test('titles and genres', () => {
    for (const text of ['Toy Story (1995)', 'toy story', 'The Matrix', 'Matrix, The (1999)', 'Apollo 13', 'Se7en']) {
      if (text === 'Se7en') assert.throws(() => data.findTitle(text), /nearest: "Seven \(a\.k\.a\. Se7en\)/);
      else assert.type(data.findTitle(text), 'number');
    }
    assert.is(data.items.id(data.findTitle('Toy Story')), 1);
    assert.equal(data.genres(0), ['Adventure', 'Animation', 'Children', 'Comedy', 'Fantasy']);
    const [first] = data.genreCounts().toArray();
    assert.is(first?.genre, 'Drama');
    assert.equal(
      buildFields(data).map(({ name, labels }) => [name, labels[0]]),
      [
        ['genres', 'Action'],
        ['year', '1900–1904'],
      ],
    );
  });

  test('every title finds an item of that title', () => {
    for (let item = 0; item < data.numItems; item++) {
      const title = data.title(item) as string;
      assert.is(data.title(data.findTitle(title)), title);
    }
  });

  test('chunks make no difference', () => {
    const other = Dataset.fromTable(chunked(ratings, 9973)).interactions;
    assert.equal(other.offsets, data.interactions.offsets);
    assert.equal(other.items, data.interactions.items);
    assert.equal(other.values, data.interactions.values);
    assert.equal(other.times, data.interactions.times);
  });
}

test.run();
