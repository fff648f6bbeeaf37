import type { Dataset } from '../dataset/dataset.js';
import type { Interactions } from '../dataset/interactions.js';
import type { Vocabulary } from '../dataset/vocabulary.js';
import { DataError } from '../errors.js';
import { UNKNOWN } from '../recommend/unknown.js';

/** Test rows in the indices of a model, and what ranking metrics look for. */
export interface TestSet {
  /** (rows) user index, UNKNOWN where the vocabulary lacks the id. */
  readonly rowUsers: Uint32Array;
  /** (rows) item index, or UNKNOWN. */
  readonly rowItems: Uint32Array;
  /** (rows) */
  readonly ratings: Float32Array;
  /** (rows) unix seconds, where the test has times. */
  readonly times: Float64Array | undefined;
  /** (test users with rows + 1) the rows of each. */
  readonly rowOffsets: Uint32Array;
  /** (users) users with a relevant item, ascending. */
  readonly users: Uint32Array;
  /** (users, 2) the rows of each of them: begin, end. */
  readonly userRows: Uint32Array;
  /** (users + 1) */
  readonly relevantOffsets: Uint32Array;
  /** (relevant pairs) item index. */
  readonly relevantItems: Uint32Array;
  /** Distinct test users and items without a training interaction, and the rows with such a user or item. */
  readonly unknownUsers: number;
  readonly unknownItems: number;
  readonly unknownInteractions: number;
  /** Rows whose user has the item in training. */
  readonly seenInteractions: number;
}

/**
 * Maps test rows to the indices of a model by ids and finds the relevant ones: rows with a rating >= threshold (all rows
 * when undefined), of a user and an item with training interactions, that are not in training themselves.
 * @param trainedItems (training items) 1 for those with training interactions.
 */
export function mapTestSet(
  test: Dataset,
  training: { users: Vocabulary; items: Vocabulary; seen: Interactions },
  trainedItems: Uint8Array,
  threshold: number | undefined,
): TestSet {
  const { offsets, items, values, times, size } = test.interactions;
  const userMap = mapIds(test.users, training.users, 'user');
  const itemMap = mapIds(test.items, training.items, 'item');
  // As float32, like the ratings: 4.1 read from a Float32 column reaches 4.1.
  const least = threshold === undefined ? Number.NEGATIVE_INFINITY : Math.fround(threshold);
  const rowUsers = new Uint32Array(size);
  const rowItems = items.map((item) => itemMap[item] as number);
  const lost = new Uint8Array(test.numItems);
  const seenBy = new Uint32Array(training.items.size);
  const users: number[] = [];
  const userRows: number[] = [];
  const relevantOffsets = [0];
  const relevantItems = new Uint32Array(size);
  let [relevant, unknownUsers, unknownInteractions, seenInteractions] = [0, 0, 0, 0];

  // By index of the model, so that figures do not depend on the order in which the test has the same ids.
  const order = Uint32Array.from(userMap.keys()).sort((a, b) => (userMap[a] as number) - (userMap[b] as number));
  for (const testUser of order) {
    const begin = offsets[testUser] as number;
    const end = offsets[testUser + 1] as number;
    if (begin === end) continue;
    const user = userMap[testUser] as number;
    rowUsers.fill(user, begin, end);
    const seen = user === UNKNOWN ? undefined : training.seen.itemsOf(user);
    const known = seen !== undefined && seen.length > 0;
    if (known) for (let i = 0; i < seen.length; i++) seenBy[seen[i] as number] = testUser + 1;
    else unknownUsers++;
    for (let row = begin; row < end; row++) {
      const item = rowItems[row] as number;
      const trained = item !== UNKNOWN && trainedItems[item] === 1;
      if (!trained) lost[items[row] as number] = 1;
      if (!trained || !known) unknownInteractions++;
      else if (seenBy[item] === testUser + 1) seenInteractions++;
      else if ((values[row] as number) >= least) relevantItems[relevant++] = item;
    }
    if (relevant === relevantOffsets.at(-1)) continue;
    users.push(user);
    userRows.push(begin, end);
    relevantOffsets.push(relevant);
  }
  return {
    rowUsers,
    rowItems,
    ratings: values,
    times,
    rowOffsets: offsets.filter((offset, user) => user === 0 || offset > (offsets[user - 1] as number)),
    users: Uint32Array.from(users),
    userRows: Uint32Array.from(userRows),
    relevantOffsets: Uint32Array.from(relevantOffsets),
    relevantItems: relevantItems.slice(0, relevant),
    unknownUsers,
    unknownItems: lost.reduce((sum, x) => sum + x, 0),
    unknownInteractions,
    seenInteractions,
  };
}

/** (from.size) index in `to` of each id of `from`. DataError for integers that should match strings: none could. */
export function mapIds(from: Vocabulary, to: Vocabulary, what: string): Uint32Array {
  const indices = new Uint32Array(from.size);
  if (from.equals(to)) return indices.map((_, index) => index);
  if (to.kind === 'string' && from.kind !== 'string') {
    throw new DataError(`The ${what} ids of the test are integers, those of the model are strings; none can match`);
  }
  // -1 becomes UNKNOWN.
  for (let index = 0; index < indices.length; index++) indices[index] = to.index(from.id(index));
  return indices;
}
