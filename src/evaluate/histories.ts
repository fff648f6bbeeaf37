import { setImmediate } from 'node:timers/promises';
import { Table } from 'apache-arrow';
import { Dataset } from '../dataset/dataset.js';
import { Interactions } from '../dataset/interactions.js';
import type { Vocabulary } from '../dataset/vocabulary.js';
import { typeError } from '../options.js';
import type { HistorySearch } from '../recommend/serving.js';
import { servingOf } from '../recommend/serving-of.js';
import type { HistoryEntry, ModelData } from '../types.js';
import type { Ranker } from './ranker.js';
import { mapIds } from './test-set.js';

/** Users whom a model was not trained on, and what they have in its item indices. */
export interface Asked {
  users: Vocabulary;
  seen: Interactions;
  /** Values of `seen` are no ratings. */
  implicit: boolean;
}

/** Users folded in between two turns of the event loop. */
const TURN = 16;

/** Histories in the item indices of a model; items that it does not know are left out. */
export function readHistories(data: ModelData, histories: Dataset | Table): Asked {
  if (!(histories instanceof Dataset) && !Table.isTable(histories)) {
    throw typeError('histories', 'a Dataset or an Arrow Table', histories);
  }
  const given = histories instanceof Dataset ? histories : Dataset.fromTable(histories);
  const itemMap = mapIds(given.items, data.items, 'item');
  const { offsets, items, values, numUsers } = given.interactions;
  const seen = { offsets: new Uint32Array(numUsers + 1), items: [] as number[], values: [] as number[] };
  for (let user = 0; user < numUsers; user++) {
    const known = Array.from({ length: (offsets[user + 1] as number) - (offsets[user] as number) }, (_, n) => {
      const at = (offsets[user] as number) + n;
      return { item: itemMap[items[at] as number] as number, value: values[at] as number };
    }).filter(({ item }) => item < data.items.size);
    known.sort((a, b) => a.item - b.item);
    for (const { item, value } of known) {
      seen.items.push(item);
      seen.values.push(value);
    }
    seen.offsets[user + 1] = seen.items.length;
  }
  return {
    users: given.users,
    seen: new Interactions({
      numUsers,
      numItems: data.items.size,
      offsets: seen.offsets,
      items: Uint32Array.from(seen.items),
      values: Float32Array.from(seen.values),
      times: undefined,
    }),
    implicit: given.implicit,
  };
}

/** Ranks for users who are folded in one after another. */
export function historyRanker(data: ModelData, { seen, implicit }: Asked, threads: number | undefined): Ranker {
  const serving = servingOf(data);
  const fold = (user: number): HistorySearch => {
    const ratings = seen.valuesOf(user);
    const history = Array.from(
      seen.itemsOf(user),
      (item, n): HistoryEntry => ({
        item: data.items.id(item),
        ...(!implicit && !data.implicit && { rating: ratings[n] as number }),
      }),
    );
    return serving.forHistory(history, undefined);
  };
  const whole = (items: Uint32Array) => ({ offsets: Uint32Array.of(0, items.length), items });
  return {
    dim: serving.dim,
    async rank({ users, k, candidates }, signal) {
      const lists = new Uint32Array(users.length * k);
      for (const [row, user] of users.entries()) {
        if (row % TURN === 0) await setImmediate();
        signal.throwIfAborted();
        const { search, items } = fold(user);
        lists.set(search.run({ k, exclude: whole(items), candidates, threads }).indices, row * k);
      }
      return lists;
    },
    async rankFirst({ users, candidates, targets }, signal) {
      const ranks = new Uint32Array(users.length);
      for (const [row, user] of users.entries()) {
        const { search, items } = fold(user);
        const wanted = targets.items.subarray(targets.offsets[row], targets.offsets[row + 1]);
        const options = { exclude: whole(items), candidates, targets: whole(wanted), threads };
        ranks[row] = (await search.rankFirst(options, signal))[0] as number;
      }
      return ranks;
    },
    rankAmong: (user, items) => fold(user).search.sort(items),
  };
}
