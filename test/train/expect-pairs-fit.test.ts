import { test } from 'uvu';
import * as assert from 'uvu/assert';
import { Dataset } from '../../src/dataset/dataset.js';
import { Interactions } from '../../src/dataset/interactions.js';
import { Vocabulary } from '../../src/dataset/vocabulary.js';
import { DataError } from '../../src/errors.js';
import type { SoftmaxConfig } from '../../src/native/binding.js';
import { expectPairsFit, mostPairs } from '../../src/train/expect-pairs-fit.js';
import { train } from '../../src/train/train.js';

/** Users with these items, all rated 1. */
function datasetOf(lists: readonly (readonly number[])[], numItems: number): Dataset {
  const offsets = Uint32Array.from([0, ...lists.map((_, user) => lists.slice(0, user + 1).flat().length)]);
  const items = Uint32Array.from(lists.flat());
  const ids = (size: number) => new Vocabulary(Int32Array.from({ length: size }, (_, n) => n));
  return new Dataset({
    users: ids(lists.length),
    items: ids(numItems),
    interactions: new Interactions({
      offsets,
      items,
      values: new Float32Array(items.length).fill(1),
      numUsers: lists.length,
      numItems,
      times: undefined,
    }),
    implicit: true,
    itemTable: undefined,
    userTable: undefined,
  });
}

test('pairs are bounded by what the users have, and by the items that anybody has', () => {
  assert.is(mostPairs(datasetOf([], 3)), 0);
  assert.is(mostPairs(datasetOf([[0], [2]], 3)), 0);
  // 0-1 and 1-2, each both ways round.
  assert.is(
    mostPairs(
      datasetOf(
        [
          [0, 1],
          [1, 2],
        ],
        3,
      ),
    ),
    4,
  );
  // Item 1 meets 0 three times, but cannot have more than three partners; 0, 2 and 3 have one each.
  assert.is(mostPairs(datasetOf([[0, 1], [1, 2], [1, 3], [1, 0], [4]], 9)), 2 + 4 + 1 + 1);
});

test('what needs more memory than there is, is refused by what it needs', () => {
  const data = datasetOf(
    [
      [0, 1],
      [1, 2],
    ],
    3,
  );
  const config = { numItems: 3, dim: 2, tables: 2, batchSize: 512, threads: 2 } as SoftmaxConfig;
  // 4 pairs of 8 bytes; 3 items with 2 floats in 2 x 4 arrays and 2 copies, and a logit for 35 rows.
  const bytes = 4 * 8 + 4 * 3 * (2 * 10 + 35);
  expectPairsFit(data, config, bytes);
  assert.throws(() => expectPairsFit(data, config, bytes - 1), /Use `objective: 'negativeSampling'`/);
});

test('a huge catalogue is refused before work starts', async () => {
  const size = 2_000_000;
  const data = datasetOf([Array.from({ length: size }, (_, item) => item)], size);
  const refused = await train(data, { model: 'itemSoftmax' }).then(
    () => assert.unreachable(),
    (error) => error,
  );
  assert.instance(refused, DataError);
  assert.match(refused.message, /GiB for up to 4\.0e\+12 different pairs of 2,000,000 items/);
  assert.match(refused.message, /'sampledSoftmax'.*`minItemRatings`/);
});

test.run();
