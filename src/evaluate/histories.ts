import { Table } from 'apache-arrow';
import { Dataset } from '../dataset/dataset.js';
import { Interactions } from '../dataset/interactions.js';
import type { Vocabulary } from '../dataset/vocabulary.js';
import { typeError } from '../options.js';
import { type ItemLists, machineThreads } from '../recommend/select-top-k.js';
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
  const atOnce = threads ?? machineThreads;
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
  /** Folds users in one after another and has as many searched at once as there are threads, each on one. */
  const eachUser = async <T>(
    users: Uint32Array,
    search: (found: HistorySearch, row: number) => Promise<T>,
    use: (result: T, row: number) => void,
  ): Promise<void> => {
    for (let first = 0; first < users.length; first += atOnce) {
      const rows = Array.from(users.subarray(first, first + atOnce), (user, n) => search(fold(user), first + n));
      for (const [n, result] of (await Promise.all(rows)).entries()) use(result, first + n);
    }
  };
  return {
    dim: serving.dim,
    async rank({ users, k, candidates }, signal) {
      const lists = new Uint32Array(users.length * k);
      await eachUser(
        users,
        ({ search, items }) => search.start({ k, exclude: whole(items), candidates, threads: 1 }, signal),
        ({ indices }, row) => lists.set(indices, row * k),
      );
      return lists;
    },
    async rankFirst({ users, candidates, targets }, signal) {
      const ranks = new Uint32Array(users.length);
      await eachUser(
        users,
        ({ search, items }, row) => {
          const wanted = targets.items.subarray(targets.offsets[row], targets.offsets[row + 1]);
          return search.rankFirst({ exclude: whole(items), candidates, targets: whole(wanted), threads: 1 }, signal);
        },
        ([rank], row) => {
          ranks[row] = rank as number;
        },
      );
      return ranks;
    },
    rankAmong: (user, items) => fold(user).search.sort(items),
  };
}

/** A list that belongs to a single user. */
const whole = (items: Uint32Array): ItemLists => ({ offsets: Uint32Array.of(0, items.length), items });
